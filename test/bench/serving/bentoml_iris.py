"""Iris by BentoML and scikit-learn: bentoml serve bentoml_iris:Iris, with the rows' file in BENCH_ROWS"""

import json
import os

import bentoml
import numpy as np
from sklearn.linear_model import LogisticRegression

from measuring import Measuring

classes = ["setosa", "versicolor", "virginica"]


@bentoml.service(workers=1, logging={"access": {"enabled": False}})
class Iris:
    def __init__(self):
        rows = json.load(open(os.environ["BENCH_ROWS"]))
        self.model = LogisticRegression(max_iter=1000).fit(np.array(rows["inputs"]), np.array(rows["labels"]))

    @bentoml.api
    def predict(self, sepal_length: float, sepal_width: float, petal_length: float, petal_width: float) -> dict:
        probabilities = self.model.predict_proba(np.array([[sepal_length, sepal_width, petal_length, petal_width]]))[0]
        by_class = dict(zip(classes, map(float, probabilities)))
        return {"class": classes[int(probabilities.argmax())], "probabilities": by_class}


Iris.add_asgi_middleware(Measuring)
