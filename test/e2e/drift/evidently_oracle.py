"""What Evidently says of drift: a list of {columns: {name: [reference, window]}, classes: [...], embeddings: [...]} on stdin, its answers on stdout."""

import json
import sys
import warnings

import pandas as pd

warnings.filterwarnings("ignore")
from evidently.legacy.calculations.stattests import chi_stat_test, ks_stat_test, psi_stat_test
from evidently.legacy.metrics.data_drift.embedding_drift_methods import mmd, model



def told(test, pair, kind, threshold):
    score, is_drifted = test.func(pd.Series(pair[0]), pd.Series(pair[1]), kind, threshold)
    return {"score": float(score), "isDrifted": bool(is_drifted)}


def embeddings(method, pair):
    score, is_drifted, _ = method(*(pd.DataFrame(rows) for rows in pair))
    return {"score": float(score), "isDrifted": bool(is_drifted)}


def answer(asked):
    columns = {
        name: {"ks": told(ks_stat_test, pair, "num", 0.01), "psi": told(psi_stat_test, pair, "num", 0.2)}
        for name, pair in asked["columns"].items()
    }
    classes = {
        "chiSquare": told(chi_stat_test, asked["classes"], "cat", 0.01),
        "psi": told(psi_stat_test, asked["classes"], "cat", 0.2),
    }
    moved = {"classifier": embeddings(model(), asked["embeddings"]), "mmd": embeddings(mmd(), asked["embeddings"])}
    return {"columns": columns, "classes": classes, "embeddings": moved}


json.dump([answer(asked) for asked in json.load(sys.stdin)], sys.stdout)
