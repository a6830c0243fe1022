"""Loads packages with Keras 3, tf_keras and MLflow, and says what each predicts. JSON on stdin and stdout."""

import contextlib
import json
import sys

import keras
import mlflow
import numpy as np
import tensorflow as tf
import tf_keras
from mlflow.pyfunc.scoring_server import infer_and_parse_data


def summary(model):
    lines = []
    model.summary(print_fn=lambda line, **_: lines.append(line))
    return "\n".join(lines)


def refusal(model, rows):
    try:
        model.predict(rows)
    except mlflow.exceptions.MlflowException as error:
        return str(error)
    return None


def ask(folder):
    pyfunc = mlflow.pyfunc.load_model(folder)
    example = np.asarray(pyfunc.input_example, dtype=np.float32)
    h5 = f"{folder}/data/model.h5"
    new, old = keras.models.load_model(h5, compile=False), tf_keras.models.load_model(h5, compile=False)
    info = mlflow.models.get_model_info(folder)
    with open(f"{folder}/serving_input_example.json") as file:
        serving = infer_and_parse_data(json.load(file), schema=info.signature.inputs)
    return {
        "example": example.tolist(),
        "serving": np.asarray(serving).tolist(),
        "keras": new(example).numpy().tolist(),
        "tf_keras": old(example).numpy().tolist(),
        "pyfunc": np.asarray(pyfunc.predict(example)).tolist(),
        "refusal": refusal(pyfunc, example[..., :-1]),
        "summary": summary(new),
        "metadata": info.metadata,
    }


tf.config.run_functions_eagerly(True)  # tracing takes longer than the few answers
with contextlib.redirect_stdout(sys.stderr):  # Keras shows its progress there
    answers = {name: ask(folder) for name, folder in json.load(sys.stdin).items()}
print(json.dumps(answers))
