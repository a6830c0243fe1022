"""Loads registered models with mlflow.pyfunc by URI and predicts rows. JSON on stdin and stdout."""

import contextlib
import json
import sys

with contextlib.redirect_stdout(sys.stderr):
    import mlflow
    import numpy

    request = json.load(sys.stdin)
    mlflow.set_tracking_uri(request["trackingUri"])
    rows = numpy.array(request["rows"], dtype="float32")
    answers = {uri: numpy.asarray(mlflow.pyfunc.load_model(uri).predict(rows)).tolist() for uri in request["uris"]}
    try:
        mlflow.pyfunc.load_model(request["uris"][0]).predict(rows[:, :-1])
        refusal = None
    except mlflow.exceptions.MlflowException as error:
        refusal = str(error)

json.dump({"answers": answers, "refusal": refusal}, sys.stdout)
