"""The gate's statistics from SciPy and statsmodels, Tango's interval from its score equation by brentq."""
import json
import sys

import numpy as np
from scipy import optimize, stats
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests


def likelihood_rate(n, gained, lost, difference):
    """The rate of lost examples that maximises the likelihood, searched for numerically instead of by the formula."""
    low, high = max(0.0, -difference), (1 - difference) / 2

    def derivative(q):
        return gained / (q + difference) + lost / q - 2 * (n - gained - lost) / (1 - 2 * q - difference)

    low_inside, high_inside = low + 1e-13, high - 1e-13
    if low_inside >= high_inside or derivative(low_inside) <= 0:
        return low
    if derivative(high_inside) >= 0:
        return high
    return optimize.brentq(derivative, low_inside, high_inside, xtol=1e-16, rtol=1e-15)


def score(n, gained, lost, difference):
    q = likelihood_rate(n, gained, lost, difference)
    variance = n * (2 * q + difference - difference**2)
    return (gained - lost - n * difference) / np.sqrt(variance)


def tango(n, gained, lost, confidence):
    z = stats.norm.ppf((1 + confidence) / 2)
    observed = (gained - lost) / n
    edge = 1 - 1e-9
    lower = -1.0 if observed == -1 else optimize.brentq(
        lambda d: (score(n, gained, lost, d) if d != observed else 0) - z, -edge, observed, xtol=1e-13)
    upper = 1.0 if observed == 1 else optimize.brentq(
        lambda d: (score(n, gained, lost, d) if d != observed else 0) + z, observed, edge, xtol=1e-13)
    return [lower, upper]


def newcombe(n, gained, lost, both, confidence):
    """Newcombe 1998, method 10: Wilson limits of both proportions and their correlation, with phi's continuity correction."""
    z = stats.norm.ppf((1 + confidence) / 2)
    neither = n - gained - lost - both

    def wilson(x):
        interval = stats.binomtest(x, n).proportion_ci(confidence, method="wilson")
        return x / n, interval.low, interval.high

    p1, l1, u1 = wilson(both + gained)
    p2, l2, u2 = wilson(both + lost)
    product = (both + gained) * (lost + neither) * (both + lost) * (gained + neither)
    covariance = both * neither - gained * lost
    if covariance > 0:
        covariance = max(covariance - n / 2, 0)
    phi = covariance / np.sqrt(product) if product > 0 else 0.0
    d = p1 - p2
    lower = d - np.sqrt((p1 - l1) ** 2 - 2 * phi * (p1 - l1) * (u2 - p2) + (u2 - p2) ** 2)
    upper = d + np.sqrt((p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2)
    return [lower, upper]


def bca(given):
    """SciPy's BCa interval on the bootstrap distribution that is given: no resampling of its own."""
    statistic = STATISTICS[given["statistic"]]
    data = tuple(np.array(column) for column in given["columns"])

    class Earlier:
        bootstrap_distribution = np.array(given["distribution"])

    result = stats.bootstrap(data, statistic, n_resamples=0, bootstrap_result=Earlier, paired=True, vectorized=False,
                             confidence_level=given["confidence"], method="BCa")
    own = stats.bootstrap(data, statistic, n_resamples=4000, paired=True, vectorized=False,
                          confidence_level=given["confidence"], method="BCa", rng=np.random.default_rng(1)) if given["own"] else result
    return {"observed": float(statistic(*data)), "interval": list(result.confidence_interval),
            "own": list(own.confidence_interval)}


def macro_f1(labels, answers, classes):
    scores = []
    for index in range(classes):
        hits = np.sum((labels == index) & (answers == index))
        shown = np.sum(labels == index) + np.sum(answers == index)
        if shown:
            scores.append(2 * hits / shown)
    return np.mean(scores)


STATISTICS = {
    "mean": lambda differences: np.mean(differences),
    "macro_f1": lambda labels, candidate, champion: macro_f1(labels, candidate, 3) - macro_f1(labels, champion, 3),
}


def power(given):
    """The chance that gained and lost differ by more than z times the root of their sum, over every possible table."""
    n, changed, drop, confidence = given
    z = stats.norm.ppf((1 + confidence) / 2)
    share = max(changed, drop)
    gained, lost = np.meshgrid(np.arange(n + 1), np.arange(n + 1), indexing="ij")
    found = (gained + lost <= n) & (lost - gained > z * np.sqrt(gained + lost))
    counts = np.column_stack([gained[found], lost[found], n - gained[found] - lost[found]])
    return stats.multinomial.pmf(counts, n, [(share - drop) / 2, (share + drop) / 2, 1 - share]).sum()


request = json.load(sys.stdin)
print(json.dumps({
    "cdf": [stats.norm.cdf(x) for x in request["cdf"]],
    "quantile": [stats.norm.ppf(p) for p in request["quantile"]],
    "pmf": [stats.binom.pmf(*one) for one in request["binomial"]],
    "tail": [stats.binom.sf(k - 1, n, p) for k, n, p in request["binomial"]],
    "mcnemar": [mcnemar([[0, gained], [lost, 0]], exact=True).pvalue for gained, lost in request["mcnemar"]],
    "binomtest": [stats.binomtest(gained, gained + lost).pvalue if gained + lost else 1.0 for gained, lost in request["mcnemar"]],
    "holm": [multipletests(p_values, method="holm")[1].tolist() for p_values in request["holm"]],
    "tango": [tango(*one) for one in request["tango"]],
    "score": [score(*one) for one in request["score"]],
    "newcombe": [newcombe(*one) for one in request["newcombe"]],
    "power": [power(one) for one in request["power"]],
    "bca": [bca(one) for one in request["bca"]],
}))
