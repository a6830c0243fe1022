"""The CNN by LitServe and Keras in batches, on base64 in JSON, since LitServe reads no plain bytes: litserve_cnn.py PORT MODEL.h5"""

import base64
import sys

import litserve
import numpy as np

from measuring import Measuring

classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
sizes = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]


class Cnn(litserve.LitAPI):
    def setup(self, device):
        import tensorflow as tf
        import tf_keras

        model = tf_keras.models.load_model(sys.argv[2], compile=False)
        self.call = tf.function(lambda images: model(images, training=False), reduce_retracing=True)
        self.constant = tf.constant
        for size in sizes:
            self.call(tf.zeros([size, 32, 32, 3]))

    def decode_request(self, request):
        return np.frombuffer(base64.b64decode(request["image"]), np.uint8).reshape(32, 32, 3).astype(np.float32) / 255

    def predict(self, batch):
        filled = np.zeros([next(size for size in sizes if size >= len(batch)), 32, 32, 3], np.float32)
        filled[: len(batch)] = batch
        return self.call(self.constant(filled)).numpy()[: len(batch)]

    def encode_response(self, row):
        return {"class": classes[int(row.argmax())], "probabilities": dict(zip(classes, map(float, row)))}


if __name__ == "__main__":
    api = Cnn(max_batch_size=64, batch_timeout=0.002)
    server = litserve.LitServer(api, accelerator="cpu", workers_per_device=1, middlewares=[(Measuring, {})])
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, generate_client_file=False)
