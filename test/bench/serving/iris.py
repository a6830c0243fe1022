"""Iris by FastAPI, pydantic and scikit-learn on uvicorn with uvloop and httptools: iris.py sync|async PORT ROWS"""

import json
import sys

import numpy as np
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field
from sklearn.linear_model import LogisticRegression

from measuring import Measuring

kind, port, rows = sys.argv[1], int(sys.argv[2]), json.load(open(sys.argv[3]))
classes = ["setosa", "versicolor", "virginica"]
model = LogisticRegression(max_iter=1000).fit(np.array(rows["inputs"]), np.array(rows["labels"]))


class Flower(BaseModel):
    model_config = ConfigDict(extra="forbid")
    sepal_length: float = Field(ge=0, le=30)
    sepal_width: float = Field(ge=0, le=30)
    petal_length: float = Field(ge=0, le=30)
    petal_width: float = Field(ge=0, le=30)


class Answer(BaseModel):
    label: str = Field(serialization_alias="class")
    probabilities: dict[str, float]


app = FastAPI()


def answer(flower: Flower) -> Answer:
    row = [[flower.sepal_length, flower.sepal_width, flower.petal_length, flower.petal_width]]
    probabilities = model.predict_proba(np.array(row))[0]
    return Answer(
        label=classes[int(probabilities.argmax())],
        probabilities=dict(zip(classes, map(float, probabilities))),
    )


if kind == "sync":

    @app.post("/predict")
    def predict(flower: Flower) -> Answer:
        return answer(flower)

else:

    @app.post("/predict")
    async def predict(flower: Flower) -> Answer:
        return answer(flower)


uvicorn.run(Measuring(app), port=port, loop="uvloop", http="httptools", log_level="warning", access_log=False)
