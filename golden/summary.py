"""Moments and quantiles by NumPy, for golden/summary.json."""

import json
import pathlib

import numpy

PROBABILITIES = [0, 0.01, 0.05, 0.1, 0.25, 0.3333, 0.5, 0.75, 0.9, 0.95, 0.99, 1]


def columns():
    random = numpy.random.default_rng(7)
    return {
        "one": numpy.array([3.5]),
        "two": numpy.array([-1.0, 2.0]),
        "few": numpy.array([31.0, 47, 25, 31, 19, 64, 31]),
        "normal": numpy.round(random.normal(10, 3, 60), 4),
        "large and close": 1e9 + numpy.round(random.uniform(0, 1, 40), 3),
        "heavy tails": numpy.round(random.standard_cauchy(60) * 100, 3),
        "tiny": random.uniform(0, 1e-300, 20),
    }


def main():
    cases = {
        name: {
            "values": x.tolist(),
            "mean": float(numpy.mean(x)),
            "variance": float(numpy.var(x)),
            "quantiles": numpy.quantile(x, PROBABILITIES).tolist(),
        }
        for name, x in columns().items()
    }
    result = {"versions": {"numpy": numpy.__version__}, "probabilities": PROBABILITIES, "columns": cases}
    path = pathlib.Path(__file__).parent / "summary.json"
    path.write_text(json.dumps(result) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
