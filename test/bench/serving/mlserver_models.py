"""Writes Iris by scikit-learn for MLServer and for MLflow's server: mlserver_models.py ROWS MLSERVER_FOLDER MLFLOW_FOLDER"""

import json
import pathlib
import sys

import joblib
import mlflow.sklearn
import numpy as np
from sklearn.linear_model import LogisticRegression

rows = json.load(open(sys.argv[1]))
model = LogisticRegression(max_iter=1000).fit(np.array(rows["inputs"]), np.array(rows["labels"]))
folder = pathlib.Path(sys.argv[2])
folder.mkdir(parents=True)
joblib.dump(model, folder / "model.joblib")
settings = {"name": "iris", "implementation": "mlserver_sklearn.SKLearnModel", "parameters": {"uri": "./model.joblib"}}
(folder / "model-settings.json").write_text(json.dumps(settings))
(folder / "settings.json").write_text(json.dumps({"debug": False, "metrics_endpoint": None}))
mlflow.sklearn.save_model(model, sys.argv[3], pyfunc_predict_fn="predict_proba", serialization_format="cloudpickle")
