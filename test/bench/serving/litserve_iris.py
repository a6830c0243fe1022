"""Iris by LitServe and scikit-learn: litserve_iris.py PORT ROWS"""

import json
import sys

import litserve
import numpy as np
from sklearn.linear_model import LogisticRegression

from measuring import Measuring

classes = ["setosa", "versicolor", "virginica"]
names = ["sepal_length", "sepal_width", "petal_length", "petal_width"]


class Iris(litserve.LitAPI):
    def setup(self, device):
        rows = json.load(open(sys.argv[2]))
        self.model = LogisticRegression(max_iter=1000).fit(np.array(rows["inputs"]), np.array(rows["labels"]))

    def decode_request(self, request):
        return np.array([[request[name] for name in names]])

    def predict(self, row):
        return self.model.predict_proba(row)[0]

    def encode_response(self, probabilities):
        by_class = dict(zip(classes, map(float, probabilities)))
        return {"class": classes[int(probabilities.argmax())], "probabilities": by_class}


if __name__ == "__main__":
    server = litserve.LitServer(Iris(), accelerator="cpu", workers_per_device=1, middlewares=[(Measuring, {})])
    server.run(host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False, generate_client_file=False)
