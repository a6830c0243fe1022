"""Logs points to MLflow as Python programs do; JSON in on stdin, seconds out on stdout."""

import json
import sys
import time

from mlflow import MlflowClient, log_metrics, set_experiment, set_tracking_uri, start_run
from mlflow.entities import Metric

request = json.load(sys.stdin)
uri, steps, names = request["uri"], request["steps"], request["names"]
set_tracking_uri(uri)
set_experiment("overhead")


def values(step):
    return {f"metric_{index}": 1 / (step + index + 1) for index in range(names)}


if request["way"] == "log_metrics":
    with start_run():
        log_metrics(values(0), step=0)  # imports and connects
        began = time.perf_counter()
        for step in range(1, steps + 1):
            log_metrics(values(step), step=step)
        seconds = time.perf_counter() - began
else:
    client = MlflowClient(uri)
    with start_run() as run:
        log_metrics(values(0), step=0)
        began = time.perf_counter()
        waiting = []
        for step in range(1, steps + 1):
            now = int(time.time() * 1000)
            waiting += [Metric(key, value, now, step) for key, value in values(step).items()]
            while len(waiting) >= 1000:
                client.log_batch(run.info.run_id, metrics=waiting[:1000])
                waiting = waiting[1000:]
        if waiting:
            client.log_batch(run.info.run_id, metrics=waiting)
        seconds = time.perf_counter() - began
json.dump({"seconds": seconds}, sys.stdout)
