"""CPU and wall milliseconds of the same step in Keras, a graph of its own layers; see step.ts."""

import json
import pathlib
import resource
import sys

import keras
import numpy as np

sys.path.append(str(pathlib.Path(__file__).parent.parent / "train"))
from measured import measured  # noqa: E402

layers = keras.layers
hidden, rows, tokens, vocabulary = int(sys.argv[1]), int(sys.argv[2]), 128, 30522


def norm(x):
    return layers.LayerNormalization(epsilon=1e-12)(x)


inputs = keras.Input((tokens,), dtype="int32")
mask = keras.ops.expand_dims(keras.ops.not_equal(inputs, 0), 1)
x = layers.Embedding(vocabulary, hidden)(inputs) + layers.Embedding(512, hidden)(keras.ops.arange(tokens))
x = layers.Dropout(0.1)(norm(x))
for _ in range(6):
    x = norm(x + layers.MultiHeadAttention(12, hidden // 12, dropout=0.1)(x, x, attention_mask=mask))
    inner = layers.Dense(4 * hidden, activation=lambda value: keras.activations.gelu(value, approximate=False))(x)
    x = norm(x + layers.Dropout(0.1)(layers.Dense(hidden)(inner)))
head = layers.Dropout(0.2)(layers.Dense(hidden, activation="relu")(x[:, 0]))
model = keras.Model(inputs, layers.Dense(2)(head))
optimizer = keras.optimizers.AdamW(5e-5, weight_decay=0.01, global_clipnorm=1.0)
model.compile(optimizer, keras.losses.SparseCategoricalCrossentropy(from_logits=True))
ids = 1 + (np.arange(rows * tokens) * 7919 % (vocabulary - 1)).reshape(rows, tokens)
labels = np.arange(rows) % 2
cost = measured(lambda: model.train_on_batch(ids, labels), 6)
print(json.dumps({**cost, "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))
