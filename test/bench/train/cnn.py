"""The network of cnn.ts in Keras: CPU and wall milliseconds of a training step and of inference, and peak memory."""

import json
import resource
import time

import keras
import numpy as np
import tensorflow as tf

layers = keras.layers
model = keras.Sequential([
    keras.Input((32, 32, 3)),
    layers.Conv2D(32, 3, padding="same", activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(64, 3, padding="same", activation="relu"),
    layers.MaxPooling2D(2),
    layers.Conv2D(64, 3, padding="same", activation="relu"),
    layers.Flatten(),
    layers.Dense(64, activation="relu"),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
images = np.random.rand(64, 32, 32, 3).astype("float32")
labels = np.eye(10, dtype="float32")[np.arange(64) % 10]
answer = tf.function(lambda x: model(x, training=False))


def measure(run, times):
    for _ in range(4):
        run()
    walls = []
    cpu = time.process_time()
    for _ in range(times):
        start = time.perf_counter()
        run()
        walls.append((time.perf_counter() - start) * 1000)
    return {"cpu": (time.process_time() - cpu) * 1000 / times, "wall": min(walls)}


figures = {"step": measure(lambda: model.train_on_batch(images, labels), 40)}
for rows in (64, 1):
    batch = tf.constant(images[:rows])
    figures[f"infer-{rows}"] = measure(lambda: answer(batch).numpy(), 40 if rows == 64 else 300)
figures["memory"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps(figures))
