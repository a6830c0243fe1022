"""scikit-learn's iris, as rows of numbers and a class name."""
import json
import sys

from sklearn.datasets import load_iris

iris = load_iris()
names = [str(name) for name in iris.target_names]
json.dump({"inputs": iris.data.tolist(), "labels": [names[label] for label in iris.target]}, sys.stdout)
