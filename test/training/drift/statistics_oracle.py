"""SciPy's answers for the drift tests: a list of two rows of counts each on stdin, one JSON on stdout."""

import json
import sys

import numpy as np
from scipy import special, stats

answers = []
for one, other in json.load(sys.stdin):
    table = np.array([one, other])
    table = table[:, table.sum(axis=0) > 0]
    chi = stats.chi2_contingency(table, correction=False) if table.shape[1] > 1 else None
    bins = np.arange(len(one))
    ks = stats.ks_2samp(np.repeat(bins, one), np.repeat(bins, other), method="asymp")
    n, m = sum(one), sum(other)
    answers.append(
        {
            "chiSquare": {"statistic": chi.statistic, "p": chi.pvalue} if chi else {"statistic": 0, "p": 1},
            "kolmogorovSmirnov": {
                "statistic": ks.statistic,
                "p": special.kolmogorov(ks.statistic * np.sqrt(n * m / (n + m))),
            },
        }
    )
print(json.dumps(answers))
