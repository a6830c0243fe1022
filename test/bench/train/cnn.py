"""CPU and wall milliseconds of Keras' training step and inference for each batch size (arguments), and peak memory in MiB."""

import json
import resource
import sys

import numpy as np
import tensorflow as tf
from measured import measured
from network import build_network

model = build_network()
answer = tf.function(lambda x: model(x, training=False))
sizes = []
for rows in map(int, sys.argv[1:]):
    images = np.random.rand(rows, 32, 32, 3).astype("float32")
    labels = np.arange(rows) % 10
    batch = tf.constant(images)
    times = max(10, 2560 // rows) if rows > 8 else 300
    size = {"rows": rows, "infer": measured(lambda: answer(batch).numpy(), times)}
    if rows > 1:
        size["step"] = measured(lambda: model.train_on_batch(images, labels), times)
    sizes.append(size)
print(json.dumps({"sizes": sizes, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
