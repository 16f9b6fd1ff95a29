"""Writes metrics.json: metrics by NumPy's plain formulas, checked against Keras where that can be had."""

import json
import os
import pathlib

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
try:
    import keras

    keras.config.set_floatx("float64")
except ImportError:
    keras = None

rng = np.random.default_rng()


def single(x):
    """Numbers that float32 holds exactly, so that every runtime starts from the same ones."""
    return np.asarray(x, np.float32).astype(np.float64)


def normal(*shape):
    return single(rng.normal(0, 1, shape))


def uniform(*shape):
    return single(rng.uniform(0, 1, shape))


def labels(*shape, classes):
    return rng.integers(0, classes, shape)


def one_hot(*shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def binary(*shape):
    return rng.integers(0, 2, shape).astype(np.float64)


def weights(n):
    return single(rng.choice([0, 0.5, 1, 2, 3], n))


def share(a, b):
    return np.divide(a, b, out=np.zeros_like(np.asarray(a, float)), where=np.asarray(b) != 0)


def spread(w, shape):
    """The weight of each sample, for each of its elements."""
    return np.broadcast_to(w.reshape(-1, *[1] * (len(shape) - 1)), shape)


def mean(x, w):
    w = spread(w, x.shape)
    return float(share((x * w).sum(), w.sum()))


def is_sparse(t, y):
    return y.ndim > 1 and y.shape[-1] > 1 and (t.ndim < y.ndim or t.shape[-1] == 1)


def class_of(t, y):
    return t.reshape(y.shape[:-1]) if is_sparse(t, y) else t.argmax(-1)


def class_accuracy(t, y, w, ignoreClass=None):
    hits = (y.argmax(-1) == class_of(t, y)).astype(float)
    if ignoreClass is None:
        return mean(hits, w)
    counted = spread(w, hits.shape) * (class_of(t, y) != ignoreClass)
    return float(share((hits * counted).sum(), counted.sum()))


def binary_accuracy(t, y, w, threshold=0.5):
    return mean(((y > threshold) == (t.reshape(y.shape) > 0.5)).astype(float), w)


def accuracy(t, y, w):
    return binary_accuracy(t, y, w) if y.ndim == 1 or y.shape[-1] == 1 else class_accuracy(t, y, w)


def top_k(t, y, w, k=5):
    wanted = np.take_along_axis(y, class_of(t, y)[..., None], -1)
    return mean(((y > wanted).sum(-1) < k).astype(float), w)


def class_metric(figure):
    def metric(t, y, w, average=None, threshold=None):
        classes = y.shape[-1]
        t = np.eye(classes)[class_of(t, y)] if is_sparse(t, y) else t.reshape(y.shape)
        if threshold is None and average:
            yes = np.eye(classes)[y.argmax(-1)]
        else:
            yes = (y > (0.5 if threshold is None else threshold)).astype(float)
        w = spread(w, y.shape)
        axes = tuple(range(y.ndim - 1)) if average in ("macro", "weighted") else None
        right, predicted, wanted = ((x * w).sum(axes) for x in (t * yes, yes, t))
        figures = figure(right, predicted, wanted)
        if average == "weighted":
            return float(share((figures * wanted).sum(), wanted.sum()))
        return float(np.mean(figures))

    return metric


precision = class_metric(lambda right, predicted, wanted: share(right, predicted))
recall = class_metric(lambda right, predicted, wanted: share(right, wanted))
f1_score = class_metric(lambda right, predicted, wanted: share(2 * right, predicted + wanted))


def auc(t, y, w, numThresholds=200, curve="ROC", fromLogits=False):
    y, t, w = (x.ravel() for x in (y, t.reshape(y.shape), spread(w, y.shape)))
    y = 1 / (1 + np.exp(-y)) if fromLogits else y
    thresholds = np.array([-1e-7, *((i + 1) / (numThresholds - 1) for i in range(numThresholds - 2)), 1 + 1e-7])
    tp = np.array([(w * t)[y > c].sum() for c in thresholds])
    fp = np.array([(w * (1 - t))[y > c].sum() for c in thresholds])
    positive, negative = (w * t).sum(), (w * (1 - t)).sum()
    if curve == "ROC":
        x, h = share(fp, np.full_like(fp, negative)), share(tp, np.full_like(tp, positive))
        return float(((x[:-1] - x[1:]) * (h[:-1] + h[1:]) / 2).sum())
    p = tp + fp
    dtp, dp = tp[:-1] - tp[1:], p[:-1] - p[1:]
    slope = share(dtp, dp)
    intercept = tp[1:] - slope * p[1:]
    growth = np.where((p[:-1] > 0) & (p[1:] > 0), share(p[:-1], p[1:]), 1)
    return float(share((slope * (dtp + intercept * np.log(growth))).sum(), positive))


def confusion_matrix(t, y, w):
    if y.ndim == 1 or y.shape[-1] == 1:
        classes, wanted, got = 2, (t.reshape(y.shape) > 0.5).astype(int), (y > 0.5).astype(int)
    else:
        classes, wanted, got = y.shape[-1], class_of(t, y), y.argmax(-1)
    counts = np.zeros((classes, classes))
    np.add.at(counts, (wanted.ravel(), got.ravel()), spread(w, got.shape).ravel())
    return counts.tolist()


def mean_absolute_error(t, y, w):
    return mean(np.abs(y - t.reshape(y.shape)), w)


def mean_squared_error(t, y, w):
    return mean((y - t.reshape(y.shape)) ** 2, w)


def r2_score(t, y, w):
    t = t.reshape(y.shape)
    columns = y.shape[-1] if y.ndim > 1 else 1
    t, y, w = (x.reshape(-1, columns) for x in (t, y, spread(w, y.shape)))
    centre = share((w * t).sum(0), w.sum(0))
    total = (w * (t - centre) ** 2).sum(0)
    return float(np.where(total > 0, 1 - share((w * (t - y) ** 2).sum(0), total), 0).mean())


formulas = {
    "accuracy": accuracy,
    "binaryAccuracy": binary_accuracy,
    "categoricalAccuracy": class_accuracy,
    "sparseCategoricalAccuracy": class_accuracy,
    "topKCategoricalAccuracy": top_k,
    "sparseTopKCategoricalAccuracy": top_k,
    "precision": precision,
    "recall": recall,
    "f1Score": f1_score,
    "auc": auc,
    "confusionMatrix": confusion_matrix,
    "meanAbsoluteError": mean_absolute_error,
    "meanSquaredError": mean_squared_error,
    "rootMeanSquaredError": lambda t, y, w: mean_squared_error(t, y, w) ** 0.5,
    "r2Score": r2_score,
}


def keras_metric(metric, t, y, w, options):
    """What Keras says, or None where it has no such metric or asks for something else."""
    k = keras.metrics
    if metric == "accuracy":
        metric = "binaryAccuracy" if y.ndim == 1 or y.shape[-1] == 1 else "sparseCategoricalAccuracy" if is_sparse(t, y) else "categoricalAccuracy"
    if metric in ("precision", "recall", "f1Score"):
        average, threshold = options.get("average"), options.get("threshold")
        if metric == "f1Score" and average and y.ndim == 2:
            t = np.eye(y.shape[-1])[class_of(t, y)] if is_sparse(t, y) else t
            m = k.F1Score(average=average, threshold=threshold)
        elif metric != "f1Score" and not average:
            m = {"precision": k.Precision, "recall": k.Recall}[metric](thresholds=threshold)
        else:
            return None
    elif metric == "auc":
        m = k.AUC(num_thresholds=options.get("numThresholds", 200), curve=options.get("curve", "ROC"), from_logits=options.get("fromLogits", False))
    elif metric == "confusionMatrix" or (metric == "r2Score" and y.ndim != 2) or "ignoreClass" in options:
        return None
    else:
        m = getattr(k, metric[0].upper() + metric[1:])(**options)
    if metric != "sparseCategoricalAccuracy" and metric != "sparseTopKCategoricalAccuracy":
        t = t.reshape(y.shape)
    if y.ndim == 1:
        y, t = y.reshape(-1, 1), t.reshape(-1, 1)
    if "topk" in metric.lower():
        y = y.astype(np.float32)  # TensorFlow's in_top_k takes nothing else
    counted = y.shape if metric in ("precision", "recall", "auc") or (metric == "f1Score" and not average) else y.shape[:-1]
    m.update_state(t, y, sample_weight=spread(w, counted))
    return float(m.result())


cases = []


def case(name, metric, t, y, w=None, unlike_keras=None, **options):
    for weight in (None, weights(len(y)) if w is None else w):
        each = np.ones(len(y)) if weight is None else weight
        result = formulas[metric](t, y, each, **options)
        assert np.isfinite(result).all(), name
        expected = keras_metric(metric, t, y, each, options) if keras and not unlike_keras else None
        if expected is not None:
            np.testing.assert_allclose(result, expected, rtol=2e-6, atol=1e-7, err_msg=f"{metric} {name}")
        cases.append(
            {
                "name": f"{metric} {name}{'' if weight is None else ', weighted'}",
                "metric": metric,
                "options": options,
                "target": {"dtype": "int32" if np.issubdtype(t.dtype, np.integer) else "float", "shape": list(t.shape), "values": t.flatten().tolist()},
                "prediction": {"shape": list(y.shape), "values": y.flatten().tolist()},
                "weight": None if weight is None else weight.tolist(),
                "result": result,
                "keras": expected is not None,
            }
        )


def build():
    global rng
    rng = np.random.default_rng(20261)
    cases.clear()

    case("class numbers", "accuracy", labels(8, classes=3), normal(8, 3))
    case("class numbers with an axis of 1", "accuracy", labels(8, 1, classes=3), normal(8, 3))
    case("class numbers over time", "accuracy", labels(4, 5, classes=3), normal(4, 5, 3))
    case("one-hot", "accuracy", one_hot(8, 3), normal(8, 3))
    case("yes or no", "accuracy", binary(8, 1), uniform(8, 1))
    case("yes or no, one axis", "accuracy", binary(8), uniform(8))
    case("yes or no, targets of one axis", "accuracy", binary(8), uniform(8, 1))
    case("of classes", "sparseCategoricalAccuracy", labels(8, classes=4), normal(8, 4))
    case("of classes", "categoricalAccuracy", one_hot(8, 4), normal(8, 4))
    case("over time", "categoricalAccuracy", one_hot(3, 4, 5), normal(3, 4, 5))
    case("of several", "binaryAccuracy", binary(6, 4), uniform(6, 4))
    case("of logits", "binaryAccuracy", binary(6, 4), normal(6, 4), threshold=0.0)
    case("at the threshold", "binaryAccuracy", np.array([[0.0], [1], [1]]), np.array([[0.5], [0.5], [0.75]]))

    for k in (1, 3, 5):
        case(f"k={k}", "topKCategoricalAccuracy", one_hot(12, 8), normal(12, 8), k=k)
        case(f"k={k}", "sparseTopKCategoricalAccuracy", labels(12, classes=8), normal(12, 8), k=k)
    case("over time", "sparseTopKCategoricalAccuracy", labels(3, 4, classes=8), normal(3, 4, 8), k=2)
    case("more than there are", "sparseTopKCategoricalAccuracy", labels(4, classes=3), normal(4, 3), unlike_keras="refuses", k=5)
    case("ties", "sparseTopKCategoricalAccuracy", np.array([0, 1, 2]), single([[1, 1, 0], [2, 2, 2], [3, 3, 1]]), k=2)

    for metric in ("precision", "recall", "f1Score"):
        case("yes or no", metric, binary(12, 1), uniform(12, 1))
        case("yes or no, one axis", metric, binary(12), uniform(12))
        case("of several", metric, binary(6, 4), uniform(6, 4))
        case("threshold", metric, binary(12, 1), uniform(12, 1), threshold=0.3)
        case("nothing predicted", metric, binary(6, 1), np.zeros((6, 1)))
        case("nothing wanted", metric, np.zeros((6, 1)), uniform(6, 1))
        for average in ("macro", "micro", "weighted"):
            case(f"{average} of class numbers", metric, labels(20, classes=4), normal(20, 4), average=average)
            case(f"{average} of one-hot", metric, one_hot(20, 4), normal(20, 4), average=average)
            case(f"{average} of several", metric, binary(10, 3), uniform(10, 3), average=average, threshold=0.4)
            case(f"{average} over time", metric, labels(4, 5, classes=3), normal(4, 5, 3), average=average)
            case(f"{average} with a class that never occurs", metric, labels(10, classes=2), normal(10, 4), average=average)

    for curve in ("ROC", "PR"):
        t = binary(60, 1)
        case(f"{curve}", "auc", t, single(np.clip(0.3 * t + 0.7 * uniform(60, 1), 0, 1)), curve=curve)
        case(f"{curve} of several", "auc", binary(20, 3), uniform(20, 3), curve=curve)
        case(f"{curve} with few thresholds", "auc", binary(30, 1), uniform(30, 1), curve=curve, numThresholds=7)
        case(f"{curve} of logits", "auc", binary(30, 1), normal(30, 1), curve=curve, fromLogits=True)
        case(f"{curve} on thresholds", "auc", np.array([0.0, 0, 1, 1, 1, 0]), np.array([0, 0.5, 0.5, 1, 0, 1.0]), curve=curve, numThresholds=3)
        case(f"{curve} without positives", "auc", np.zeros(5), uniform(5), curve=curve)
        case(f"{curve} without negatives", "auc", np.ones(5), uniform(5), curve=curve)

    case("class numbers", "confusionMatrix", labels(20, classes=4), normal(20, 4))
    case("one-hot", "confusionMatrix", one_hot(20, 4), normal(20, 4))
    case("over time", "confusionMatrix", labels(4, 5, classes=3), normal(4, 5, 3))
    case("yes or no", "confusionMatrix", binary(12, 1), uniform(12, 1))
    case("yes or no, one axis", "confusionMatrix", binary(12), uniform(12))

    for metric in ("meanAbsoluteError", "meanSquaredError", "rootMeanSquaredError"):
        case("of numbers", metric, normal(8, 1), normal(8, 1))
        case("of vectors", metric, normal(6, 3), normal(6, 3))
        case("of one axis", metric, normal(6), normal(6))
        case("of matrices", metric, normal(4, 2, 3), normal(4, 2, 3))
        case("targets of one axis", metric, normal(6), normal(6, 1))

    t = normal(10, 3)
    case("of vectors", "r2Score", t, single(t + 0.3 * normal(10, 3)))
    case("of numbers", "r2Score", normal(10, 1), normal(10, 1))
    case("of one axis", "r2Score", normal(10), normal(10))
    case("of matrices", "r2Score", normal(5, 4, 2), normal(5, 4, 2))
    far = single(10000 + 0.5 * normal(20, 1))
    case("far from zero", "r2Score", far, single(far + 0.1 * normal(20, 1)))
    case("equal targets", "r2Score", np.full((4, 1), 0.75), normal(4, 1))
    case("equal targets, exact", "r2Score", np.ones((4, 2)), np.ones((4, 2)), unlike_keras="NaN")
    case("of one sample", "r2Score", normal(1, 1), normal(1, 1), w=np.array([2.0]))

    for metric in ("accuracy", "meanSquaredError", "rootMeanSquaredError", "precision", "r2Score", "auc", "confusionMatrix"):
        case("of weight 0", metric, binary(3, 1), uniform(3, 1), w=np.zeros(3), unlike_keras="NaN in some")

    sparse = "sparseCategoricalAccuracy"
    case("ignoring -1", sparse, np.array([2, -1, 0, -1, 1, 2]), normal(6, 3), ignoreClass=-1)
    case("ignoring class 0 over time", sparse, labels(4, 5, classes=3), normal(4, 5, 3), ignoreClass=0)
    case("ignoring all", sparse, np.full((3,), -1), normal(3, 3), ignoreClass=-1)


def main():
    build()
    versions = {"numpy": np.__version__}
    if keras:
        versions["keras"] = keras.__version__
    rows = ",\n  ".join(json.dumps(c) for c in cases)
    text = f'{{\n "versions": {json.dumps(versions)},\n "cases": [\n  {rows}\n ]\n}}\n'
    pathlib.Path(__file__).with_name("metrics.json").write_text(text, encoding="utf-8")
    print(f"metrics.json: {len(cases)} cases, {sum(c['keras'] for c in cases)} agree with Keras")


if __name__ == "__main__":
    main()
