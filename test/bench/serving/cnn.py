"""The CNN by FastAPI and Keras, on raw bytes: cnn.py plain|batched PORT MODEL.h5 [MOST_ROWS_OF_A_BATCH]"""

import sys

import numpy as np
import tensorflow as tf
import tf_keras
import uvicorn
from fastapi import FastAPI, HTTPException, Request
from pydantic import BaseModel, Field

from greedy import Greedy
from measuring import Measuring

kind, port = sys.argv[1], int(sys.argv[2])
most = int(sys.argv[4]) if len(sys.argv) > 4 else 64
model = tf_keras.models.load_model(sys.argv[3], compile=False)
call = tf.function(lambda images: model(images, training=False), reduce_retracing=True)
sizes = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64]
for size in sizes:
    call(tf.zeros([size, 32, 32, 3]))
classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]


class Answer(BaseModel):
    label: str = Field(serialization_alias="class")
    probabilities: dict[str, float]


def compute(batch):
    filled = np.zeros([next(size for size in sizes if size >= len(batch)), 32, 32, 3], np.float32)
    filled[: len(batch)] = batch
    return call(tf.constant(filled)).numpy()[: len(batch)]


greedy = Greedy(lambda images: compute(np.stack(images)), most=most)


async def ask(image):
    return compute(image[None])[0] if kind == "plain" else await greedy.ask(image)


app = FastAPI()


@app.post("/predict")
async def predict(request: Request) -> Answer:
    body = await request.body()
    if len(body) != 3072:
        raise HTTPException(422, "an image has 3072 bytes")
    row = await ask(np.frombuffer(body, np.uint8).reshape(32, 32, 3).astype(np.float32) / 255)
    return Answer(label=classes[int(row.argmax())], probabilities=dict(zip(classes, map(float, row))))


uvicorn.run(Measuring(app), port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False)
