"""NumPy's principal components of mean word embeddings: {table, rows, more, axes} on stdin; distances and components of `more` on stdout."""

import json
import sys

import numpy as np
from scipy.spatial.distance import mahalanobis

asked = json.load(sys.stdin)
table = np.array(asked["table"])
embed = lambda rows: np.array([table[row].mean(axis=0) for row in rows])
fitted = embed(asked["rows"])
mean = fitted.mean(axis=0)
values, vectors = np.linalg.eigh(np.cov(fitted, rowvar=False, bias=True))
order = np.argsort(values)[::-1][: asked["axes"]]
components = (embed(asked["more"]) - mean) @ vectors[:, order] / np.sqrt(values[order])
within = (fitted - mean) @ vectors[:, order]
inverse = np.linalg.inv(np.cov(within, rowvar=False, bias=True))
origin = np.zeros(len(order))
distances = [mahalanobis((point - mean) @ vectors[:, order], origin, inverse) for point in embed(asked["more"])]
print(json.dumps({"components": np.abs(components).tolist(), "distances": distances}))
