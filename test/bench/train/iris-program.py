"""What iris-program.ts does, in Keras. Arguments: ROOT, EPOCHS, and how many rows are for training and validation."""

import csv
import sys
from pathlib import Path

import stages
import keras
import numpy as np

stages.done("imports")
epochs, train_count, validation_count = map(int, sys.argv[2:])
with open(Path(sys.argv[1]) / "iris.csv") as file:
    rows = list(csv.DictReader(file))
classes = sorted({row["species"] for row in rows})
names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]
inputs = np.array([[float(row[name]) for name in names] for row in rows], "float32")
labels = np.array([classes.index(row["species"]) for row in rows])
order = np.random.default_rng(42).permutation(len(rows))
train, validation, test = np.split(order, [train_count, train_count + validation_count])
inputs = (inputs - inputs[train].mean(axis=0)) / inputs[train].std(axis=0)
stages.done("data")
keras.utils.set_random_seed(42)
model = keras.Sequential([
    keras.Input((4,)),
    keras.layers.Dense(16, activation="relu"),
    keras.layers.Dense(3, activation="softmax"),
])
model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(
    inputs[train], labels[train], batch_size=16, epochs=epochs, verbose=0,
    validation_data=(inputs[validation], labels[validation]),
    callbacks=[keras.callbacks.EarlyStopping(monitor="val_loss", patience=epochs, restore_best_weights=True)],
)
stages.done("training")
accuracy = model.evaluate(inputs[test], labels[test], verbose=0)[1]
stages.done("test")
stages.end(accuracy=accuracy)
