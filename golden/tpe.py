"""Writes tpe.json: what Optuna's TPE sampler makes of the same observations (densities), what it finds on known functions, and what its fANOVA says.

Needs Optuna, NumPy and scikit-learn only; ours are other random numbers, so what was found is compared as a distribution over seeds.
"""

import json
import math
from pathlib import Path

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers._tpe.parzen_estimator import _ParzenEstimator, _ParzenEstimatorParameters
from optuna.samplers._tpe.sampler import default_weights

optuna.logging.set_verbosity(optuna.logging.ERROR)

SEEDS = 20
TRIALS = 100


def densities():
    """Log densities of Parzen estimators of 0, 1, 2, 7 and 40 observations."""
    rng = np.random.RandomState(7)
    kinds = {
        "uniform": FloatDistribution(-3.0, 7.0),
        "logUniform": FloatDistribution(1e-5, 1e-1, log=True),
        "int": IntDistribution(2, 190),
        "intStep": IntDistribution(16, 1600, step=16),
        "intLog": IntDistribution(1, 2000, log=True),
        "choice": CategoricalDistribution(["a", "b", "c"]),
    }

    def drawn(kind, n):
        if kind == "uniform":
            return rng.uniform(-3, 7, n)
        if kind == "logUniform":
            return np.exp(rng.uniform(math.log(1e-5), math.log(1e-1), n))
        # None twice: of equal ones NumPy's sort takes any first, and the widths depend on it.
        if kind == "int":
            return rng.permutation(np.arange(2, 191))[:n].astype(float)
        if kind == "intStep":
            return 16.0 * rng.permutation(np.arange(1, 101))[:n]
        if kind == "intLog":
            return rng.permutation(np.unique(np.floor(np.exp(rng.uniform(0, math.log(2000.99), 400)))))[:n]
        return rng.randint(0, 3, n).astype(float)

    parameters = _ParzenEstimatorParameters(1.0, True, False, default_weights, True)
    rows = []
    for names in [[k] for k in kinds] + [list(kinds)]:
        for n in [0, 1, 2, 7, 40]:
            seen = {k: drawn(k, n) for k in names}
            at = {k: drawn(k, 5) for k in names}
            estimator = _ParzenEstimator(seen, {k: kinds[k] for k in names}, parameters)
            rows.append(
                {
                    "axes": names,
                    "seen": {k: v.tolist() for k, v in seen.items()},
                    "at": {k: v.tolist() for k, v in at.items()},
                    "logDensity": estimator.log_pdf(at).tolist(),
                }
            )
    return rows


def branin(t):
    x, y = t.suggest_float("x", -5, 10), t.suggest_float("y", 0, 15)
    a = y - 5.1 / (4 * math.pi**2) * x * x + 5 / math.pi * x - 6
    return a * a + 10 * (1 - 1 / (8 * math.pi)) * math.cos(x) + 10


A = np.array([[10, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]])
P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartmann6(t):
    x = np.array([t.suggest_float(f"x{i}", 0, 1) for i in range(6)])
    return -float(np.array([1, 1.2, 3, 3.2]) @ np.exp(-(A * (x - P) ** 2).sum(1)))


def mixed(t):
    """A training, simplified: two optimizers with good learning rates of their own, one with a momentum, and a number of units."""
    optimizer = t.suggest_categorical("optimizer", ["adam", "sgd", "rmsprop"])
    rate = math.log10(t.suggest_float("learningRate", 1e-5, 1, log=True))
    units = t.suggest_int("units", 8, 512, log=True)
    loss = 0.1 * (math.log2(units) - 7) ** 2
    if optimizer == "adam":
        return loss + (rate + 3) ** 2 + 0.05
    if optimizer == "sgd":
        return loss + (rate + 1) ** 2 + 4 * (t.suggest_float("momentum", 0, 1) - 0.9) ** 2
    return loss + (rate + 3.5) ** 2 + 0.5


def found(objective, **options):
    best = []
    for seed in range(SEEDS):
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed, **options))
        study.optimize(objective, n_trials=TRIALS)
        best.append(study.best_value)
    return sorted(best)


def fanova():
    """Importances of main effects of 5 x1 + 2 x2 + x3, of 200 samples."""
    rng = np.random.RandomState(3)
    x = rng.uniform(0, 1, (200, 3))
    study = optuna.create_study()
    space = {f"x{i}": FloatDistribution(0, 1) for i in range(3)}
    for row in x:
        value = float(5 * row[0] + 2 * row[1] + row[2])
        params = {f"x{i}": float(v) for i, v in enumerate(row)}
        study.add_trial(optuna.trial.create_trial(params=params, distributions=space, value=value))
    evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
    raw = optuna.importance.get_param_importances(study, evaluator=evaluator, normalize=False)
    return {"samples": x.tolist(), "importances": {k: float(v) for k, v in raw.items()}}


def main():
    objectives = {"branin": branin, "hartmann6": hartmann6, "mixed": mixed}
    out = {
        "versions": {"optuna": optuna.__version__, "numpy": np.__version__},
        "densities": densities(),
        "trials": TRIALS,
        "foundTogether": {name: found(f, multivariate=True, group=True) for name, f in objectives.items()},
        "fanova": fanova(),
    }
    path = Path(__file__).with_name("tpe.json")
    path.write_text(json.dumps(out, indent=1) + "\n")


if __name__ == "__main__":
    main()
