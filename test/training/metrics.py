"""scikit-learn's metrics, and expected calibration error in numpy, for each case of labels and probabilities."""
import json
import sys
import warnings

import numpy as np
from sklearn import metrics

warnings.filterwarnings("ignore")


def calibration_error(labels, probabilities):
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, 16)
    error = 0.0
    for low, high in zip(edges[:-1], edges[1:]):
        members = (confidence > low) & (confidence <= high)
        if members.any():
            error += members.mean() * abs(right[members].mean() - confidence[members].mean())
    return error


def scores(case):
    labels, probabilities = np.array(case["labels"]), np.array(case["probabilities"])
    classes = list(range(probabilities.shape[1]))
    predictions = probabilities.argmax(axis=1)
    precision, recall, f1, support = metrics.precision_recall_fscore_support(
        labels, predictions, labels=classes, zero_division=0
    )
    return {
        "accuracy": metrics.accuracy_score(labels, predictions),
        "log_loss": metrics.log_loss(labels, probabilities, labels=classes),
        "macro_f1": metrics.f1_score(labels, predictions, average="macro", zero_division=0),
        "calibration_error": calibration_error(labels, probabilities),
        "precision": precision.tolist(),
        "recall": recall.tolist(),
        "f1": f1.tolist(),
        "support": support.tolist(),
        "confusion": metrics.confusion_matrix(labels, predictions, labels=classes).tolist(),
    }


json.dump([scores(case) for case in json.load(sys.stdin)], sys.stdout)
