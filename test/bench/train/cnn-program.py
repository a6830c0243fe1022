"""What cnn-program.ts does, in Keras. Arguments: ROOT, EPOCHS, and how many images are for training and validation."""

import sys
from pathlib import Path

import stages
import keras
import numpy as np
from network import build_network

stages.done("imports")
root = Path(sys.argv[1]) / "cifar10"
epochs, train_count, validation_count = map(int, sys.argv[2:])


def read(*names):
    records = np.concatenate([np.fromfile(root / name, np.uint8).reshape(-1, 3073) for name in names])
    images = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1).astype("float32") / 255
    return images, records[:, 0].astype("int32")


images, labels = read(*[f"data_batch_{number}.bin" for number in range(1, 6)])
train = images[:train_count], labels[:train_count]
validation = tuple(each[train_count:train_count + validation_count] for each in (images, labels))
test = read("test_batch.bin")
stages.done("data")
model = build_network()
model.fit(*train, batch_size=64, epochs=epochs, validation_data=validation, verbose=0, callbacks=[
    keras.callbacks.EarlyStopping(monitor="val_loss", patience=epochs, restore_best_weights=True),
    keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, _: stages.done(f"epoch {epoch + 1}")),
])
accuracy = model.evaluate(*test, batch_size=256, verbose=0)[1]
stages.done("test")
stages.end(accuracy=accuracy)
