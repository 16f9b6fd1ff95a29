"""Writes drift.json: distances and tests of SciPy between samples: population stability (as Jeffreys' divergence), Jensen-Shannon, Kolmogorov-Smirnov, chi-square."""

import json
from pathlib import Path

import numpy as np
import scipy
from scipy import stats
from scipy.spatial.distance import jensenshannon

SEED = 37


def shares(rng):
    rows = []
    for bins in (2, 3, 8, 20):
        for scale in (10, 300, 5000):
            a = rng.integers(1, scale, bins)
            b = rng.integers(1, scale, bins)
            p, q = a / a.sum(), b / b.sum()
            rows.append({
                "reference": a.tolist(),
                "seen": b.tolist(),
                "psi": float(stats.entropy(p, q) + stats.entropy(q, p)),
                "jensenShannon": float(jensenshannon(p, q, base=2)),
            })
    return rows


def chi_squares(rng):
    rows = []
    for bins, scale in ((2, 50), (3, 2000), (7, 100), (21, 400), (60, 30)):
        for same in (True, False):
            p = rng.dirichlet(np.full(bins, 3.0))
            q = p if same else rng.dirichlet(np.full(bins, 3.0))
            a, b = rng.multinomial(scale * 3, p) + 1, rng.multinomial(scale, q) + 1
            found = stats.chi2_contingency(np.array([a, b]), correction=False)
            rows.append({"reference": a.tolist(), "seen": b.tolist(), "statistic": float(found.statistic), "pValue": float(found.pvalue)})
    return rows


def kolmogorov_smirnovs(rng):
    """Of whole numbers from 0 to 10: the shares at or below each say all there is to know."""
    rows = []
    for n, m, shift in ((50, 40, 0.0), (400, 300, 0.0), (400, 300, 0.6), (5000, 700, 0.05), (2000, 2000, 2.5), (30, 2000, 0.2)):
        a = np.clip(np.round(rng.normal(5, 2, n)), 0, 10)
        b = np.clip(np.round(rng.normal(5 + shift, 2, m)), 0, 10)
        statistic = float(stats.ks_2samp(a, b, method="asymp").statistic)
        rows.append({
            "reference": np.bincount(a.astype(int), minlength=11).tolist(),
            "seen": np.bincount(b.astype(int), minlength=11).tolist(),
            "statistic": statistic,
            "pValue": float(stats.kstwobign.sf(np.sqrt(n * m / (n + m)) * statistic)),
        })
    return rows


def main():
    rng = np.random.default_rng(SEED)
    values = {
        "versions": {"scipy": scipy.__version__, "numpy": np.__version__},
        "shares": shares(rng),
        "chiSquare": chi_squares(rng),
        "kolmogorovSmirnov": kolmogorov_smirnovs(rng),
    }
    Path(__file__).with_suffix(".json").write_text(json.dumps(values, indent=1) + "\n")


if __name__ == "__main__":
    main()
