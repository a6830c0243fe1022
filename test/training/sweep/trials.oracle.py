"""The combinations of a grid as scikit-learn has them, and how well draws fit the distributions they should come from (SciPy)."""
import json
import sys

import numpy as np
from scipy import stats
from sklearn.model_selection import ParameterGrid

question = json.load(sys.stdin)
log = question["log"]
integers = question["integers"]
whole = np.arange(integers["min"], integers["max"] + 1)
# each whole number has the share of the log scale that is rounded to it
edges = stats.loguniform(integers["min"] - 0.5, integers["max"] + 0.5)
shares = edges.cdf(whole + 0.5) - edges.cdf(whole - 0.5)
json.dump(
    {
        "grid": list(ParameterGrid(question["grid"])),
        "log": stats.kstest(log["draws"], stats.loguniform(log["min"], log["max"]).cdf).pvalue,
        "linear": stats.kstest(
            question["linear"]["draws"],
            stats.uniform(question["linear"]["min"], question["linear"]["max"] - question["linear"]["min"]).cdf,
        ).pvalue,
        "first": stats.kstest(question["first"], "uniform").pvalue,
        "values": stats.chisquare(question["values"]).pvalue,
        "integers": stats.chisquare(
            [integers["draws"].count(int(value)) for value in whole], shares * len(integers["draws"])
        ).pvalue,
    },
    sys.stdout,
)
