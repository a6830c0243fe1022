"""scikit-learn's metrics of predictions. JSON on stdin and stdout."""

import json
import sys

import numpy as np
from sklearn import metrics


def measure(case):
    labels, classes = case["labels"], case["classes"]
    probabilities = np.array(case["probabilities"])
    predicted = [classes[index] for index in probabilities.argmax(axis=1)]
    order = np.argsort(classes)  # log_loss wants its columns in sorted order
    loss = metrics.log_loss(labels, probabilities[:, order], labels=sorted(classes))
    return {
        "accuracy": metrics.accuracy_score(labels, predicted),
        "log_loss": loss,
        "macro_f1": metrics.f1_score(labels, predicted, average="macro"),
        "confusion": metrics.confusion_matrix(labels, predicted, labels=classes).tolist(),
    }


print(json.dumps([measure(case) for case in json.load(sys.stdin)]))
