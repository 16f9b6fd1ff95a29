"""Writes losses.json: the loss of each sample and its gradient, by PyTorch in float64, checked against Keras where that can be had."""

import json
import os
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
try:
    import keras

    keras.config.set_floatx("float64")
except ImportError:
    keras = None

EPSILON = 1e-7
rng = np.random.default_rng()


def single(x):
    """Numbers that float32 holds exactly, so that every runtime starts from the same ones."""
    return np.asarray(x, np.float32).astype(np.float64)


def logits(*shape):
    return single(rng.normal(0, 2, shape))


def probabilities(*shape):
    e = np.exp(rng.normal(0, 1.5, shape))
    return single(e / e.sum(-1, keepdims=True))


def labels(*shape, classes):
    return rng.integers(0, classes, shape)


def one_hot(*shape):
    return np.eye(shape[-1])[rng.integers(0, shape[-1], shape[:-1])]


def binary(*shape):
    return rng.integers(0, 2, shape).astype(np.float64)


def per_sample(x):
    return x if x.dim() <= 1 else x.flatten(1).mean(1)


def inside(p):
    return p.clamp(EPSILON, 1 - EPSILON)


def smooth(t, s, classes):
    return t * (1 - s) + s / classes


def sparse_categorical_crossentropy(t, y, from_logits, smoothing, ignored=None):
    t = t.reshape(y.shape[:-1]).long()
    if not from_logits:
        y = torch.log(inside(y))  # cross_entropy scales them to sum to 1
    if ignored is None:
        return per_sample(F.cross_entropy(y.movedim(-1, 1), t, reduction="none", label_smoothing=smoothing))
    loss = F.cross_entropy(y.movedim(-1, 1), t, reduction="none", label_smoothing=smoothing, ignore_index=ignored)
    count = (t != ignored).sum()
    value = loss.reshape(len(t), -1).sum(1) * len(t) / count.clamp(min=1)
    if count > 0:  # the mean over the batch is PyTorch's mean over the positions that count
        torch.testing.assert_close(value.mean(), F.cross_entropy(y.movedim(-1, 1), t, label_smoothing=smoothing, ignore_index=ignored))
    return value


def categorical_crossentropy(t, y, from_logits, smoothing):
    t = smooth(t, smoothing, y.shape[-1])
    if from_logits:
        return per_sample(F.cross_entropy(y.movedim(-1, 1), t.movedim(-1, 1), reduction="none"))
    p = inside(y / y.sum(-1, keepdim=True))
    return per_sample(-(t * torch.log(p)).sum(-1))


def binary_crossentropy(t, y, from_logits, smoothing):
    t = smooth(t.reshape(y.shape), smoothing, 2)
    if from_logits:
        return per_sample(F.binary_cross_entropy_with_logits(y, t, reduction="none"))
    p = inside(y)
    return per_sample(-(t * torch.log(p) + (1 - t) * torch.log(1 - p)))


def kl_divergence(t, y, from_logits):
    t = t.clamp(EPSILON, 1)
    log_p = F.log_softmax(y, -1) if from_logits else torch.log(y.clamp(EPSILON, 1))
    return per_sample(F.kl_div(log_p, t, reduction="none").sum(-1))


def hinge(t, y):
    return per_sample(F.relu(1 - torch.where(t == 0, -1.0, t).reshape(y.shape) * y))


def cosine_similarity(t, y):
    unit = lambda x: x / x.norm(dim=-1, keepdim=True).clamp(min=EPSILON)
    return per_sample(-(unit(t) * unit(y)).sum(-1))


crossentropies = {
    "sparseCategoricalCrossentropy": sparse_categorical_crossentropy,
    "categoricalCrossentropy": categorical_crossentropy,
    "binaryCrossentropy": binary_crossentropy,
}
others = {
    "meanSquaredError": lambda t, y: per_sample(F.mse_loss(y, t.reshape(y.shape), reduction="none")),
    "meanAbsoluteError": lambda t, y: per_sample(F.l1_loss(y, t.reshape(y.shape), reduction="none")),
    "huber": lambda t, y, delta=1.0: per_sample(F.huber_loss(y, t.reshape(y.shape), reduction="none", delta=delta)),
    "hinge": hinge,
    "cosineSimilarity": cosine_similarity,
}

activations = {"softmax": lambda z: torch.softmax(z, -1), "sigmoid": torch.sigmoid}


def torch_loss(loss, t, y, options, activation):
    if loss in crossentropies:
        known = activation is not None or options.get("fromLogits", False)  # an activation is undone, not inverted
        ignored = [options["ignoreClass"]] if "ignoreClass" in options else []
        return crossentropies[loss](t, y, known, options.get("labelSmoothing", 0.0), *ignored)
    if loss == "klDivergence":
        return kl_divergence(t, y, activation is not None)
    y = activations[activation](y) if activation else y
    return others[loss](t, y, **options)


def keras_loss(loss, t, y, options, activation):
    name = "".join("_" + c.lower() if c.isupper() else c for c in loss)
    if "ignoreClass" in options:
        return None  # Keras takes the mean of each sample first
    if loss in crossentropies:
        options = {"from_logits": activation is not None or options.get("fromLogits", False), "label_smoothing": options.get("labelSmoothing", 0.0)}
        if loss == "sparseCategoricalCrossentropy" and options.pop("label_smoothing") > 0:
            return None  # Keras has none
    elif activation:
        y = activations[activation](torch.from_numpy(y)).numpy()
    t = t if loss == "sparseCategoricalCrossentropy" else t.reshape(y.shape)
    y = y.reshape(-1, 1) if y.ndim == 1 else y
    t = t.reshape(-1, 1) if y.shape[-1] == 1 else t
    value = np.asarray(getattr(keras.losses, name)(t, y, **options))
    return value.reshape(len(value), -1).mean(1)


cases = []


def case(name, loss, t, y, activation=None, extreme=False, **options):
    z = torch.tensor(y, dtype=torch.float64, requires_grad=True)
    value = torch_loss(loss, torch.tensor(t), z, options, activation)
    (gradient,) = torch.autograd.grad(value.sum(), z)
    assert value.shape == (len(y),) and torch.isfinite(value).all() and torch.isfinite(gradient).all(), name
    checked = False
    if keras and not extreme:
        expected = keras_loss(loss, t, y, options, activation)
        if expected is not None:
            np.testing.assert_allclose(value.detach().numpy(), expected, rtol=1e-6, atol=1e-9, err_msg=f"{loss} {name}")
            checked = True
    cases.append(
        {
            "name": f"{loss} {name}",
            "loss": loss,
            "options": options,
            "activation": activation,
            "target": {"dtype": "int32" if np.issubdtype(t.dtype, np.integer) else "float", "shape": list(t.shape), "values": t.flatten().tolist()},
            "prediction": {"shape": list(y.shape), "values": y.flatten().tolist()},
            "value": value.tolist(),
            "gradient": gradient.flatten().tolist(),
            "keras": checked,
        }
    )


def build():
    global rng
    rng = np.random.default_rng(20260)
    cases.clear()
    large = single([[1000, -1000, 0], [-1000, 1000, 1000], [1000, 999, -1000]])
    edges = single([[1, 0, 0], [0, 1, 0], [0.25, 0.5, 0.25], [1e-9, 1 - 1e-6, 1e-6]])

    sparse = "sparseCategoricalCrossentropy"
    for s in (0.0, 0.1):
        case(f"logits s={s}", sparse, labels(4, classes=3), logits(4, 3), fromLogits=True, labelSmoothing=s)
        case(f"logits over time s={s}", sparse, labels(2, 5, classes=7), logits(2, 5, 7), fromLogits=True, labelSmoothing=s)
        case(f"softmax s={s}", sparse, labels(4, classes=3), logits(4, 3), activation="softmax", labelSmoothing=s)
        case(f"softmax over time s={s}", sparse, labels(2, 5, classes=7), logits(2, 5, 7), activation="softmax", labelSmoothing=s)
        case(f"probabilities s={s}", sparse, labels(5, classes=4), probabilities(5, 4), labelSmoothing=s)
        case(f"large softmax s={s}", sparse, np.array([1, 0, 2]), large, activation="softmax", extreme=True, labelSmoothing=s)
    case("labels with an axis of 1", sparse, labels(4, 1, classes=3), logits(4, 3), fromLogits=True)
    case("probabilities not of sum 1", sparse, labels(4, classes=3), single(probabilities(4, 3) * 0.7))
    case("probabilities 0 and 1", sparse, np.array([0, 0, 1, 0]), edges)
    case("large logits", sparse, np.array([1, 0, 2]), large, extreme=True, fromLogits=True)

    dense = "categoricalCrossentropy"
    for s in (0.0, 0.2):
        case(f"logits s={s}", dense, one_hot(4, 3), logits(4, 3), fromLogits=True, labelSmoothing=s)
        case(f"logits over time s={s}", dense, one_hot(2, 5, 7), logits(2, 5, 7), fromLogits=True, labelSmoothing=s)
        case(f"softmax s={s}", dense, one_hot(4, 3), logits(4, 3), activation="softmax", labelSmoothing=s)
        case(f"probabilities s={s}", dense, one_hot(5, 4), probabilities(5, 4), labelSmoothing=s)
        case(f"large softmax s={s}", dense, np.eye(3)[[1, 0, 2]], large, activation="softmax", extreme=True, labelSmoothing=s)
    case("soft targets", dense, probabilities(4, 3), logits(4, 3), fromLogits=True)
    case("probabilities not of sum 1", dense, one_hot(4, 3), single(probabilities(4, 3) * 1.3))
    case("probabilities 0 and 1", dense, np.eye(3)[[0, 0, 1, 0]], edges)
    case("large logits", dense, np.eye(3)[[1, 0, 2]], large, extreme=True, fromLogits=True)

    two = "binaryCrossentropy"
    for s in (0.0, 0.1):
        case(f"logits s={s}", two, binary(6, 1), logits(6, 1), fromLogits=True, labelSmoothing=s)
        case(f"logits of several s={s}", two, binary(2, 3, 4), logits(2, 3, 4), fromLogits=True, labelSmoothing=s)
        case(f"sigmoid s={s}", two, binary(3, 5), logits(3, 5), activation="sigmoid", labelSmoothing=s)
        case(f"probabilities s={s}", two, binary(3, 5), single(rng.uniform(0.05, 0.95, (3, 5))), labelSmoothing=s)
        case(f"large sigmoid s={s}", two, np.array([[1.0, 0, 1], [0, 1, 0], [0, 0, 1]]), large, activation="sigmoid", extreme=True, labelSmoothing=s)
    case("zero logits", two, binary(3, 2), np.zeros((3, 2)), fromLogits=True)
    case("one axis", two, binary(5), logits(5), fromLogits=True)
    case("targets of one axis", two, binary(5), logits(5, 1), fromLogits=True)
    case("soft targets", two, single(rng.uniform(0, 1, (3, 2))), logits(3, 2), fromLogits=True)
    case("probabilities 0 and 1", two, np.array([[1.0, 0, 1], [0, 1, 0], [0, 0, 1], [1, 0, 0]]), single(np.array([[0.25, 0.5, 1], [0, 0.75, 1], [0, 1, 1], [1, 1, 0]])))

    for loss in ("meanSquaredError", "meanAbsoluteError", "huber"):
        for shape in ((5,), (4, 1), (3, 4), (2, 3, 4)):
            case(f"of {list(shape)}", loss, logits(*shape), logits(*shape))
        case("targets of one axis", loss, logits(4), logits(4, 1))
    case("delta 0.5", "huber", logits(3, 4), logits(3, 4), delta=0.5)
    case("delta 2.5", "huber", logits(3, 4), logits(3, 4), delta=2.5)
    case("of equal", "huber", np.ones((2, 2)), np.ones((2, 2)))
    case("of equal", "meanAbsoluteError", np.ones((2, 2)), np.ones((2, 2)))

    case("probabilities", "klDivergence", probabilities(4, 3), probabilities(4, 3))
    case("probabilities over time", "klDivergence", probabilities(2, 3, 4), probabilities(2, 3, 4))
    case("with zeros", "klDivergence", one_hot(4, 3), single([[0, 0.5, 0.5], [0.25, 0.5, 0.25], [0.75, 0.25, 0], [0.125, 0.75, 0.125]]))
    case("softmax", "klDivergence", probabilities(4, 3), logits(4, 3), activation="softmax")
    case("large softmax", "klDivergence", probabilities(3, 3), large, activation="softmax", extreme=True)

    case("of -1 and 1", "hinge", binary(4, 3) * 2 - 1, logits(4, 3))
    case("of 0 and 1", "hinge", np.array([[0.0, 1, 1], [1, 0, 0], [0, 0, 1]]), logits(3, 3))
    case("of one unit", "hinge", binary(5, 1) * 2 - 1, logits(5, 1))

    case("of [4, 3]", "cosineSimilarity", logits(4, 3), logits(4, 3))
    case("of [2, 3, 4]", "cosineSimilarity", logits(2, 3, 4), logits(2, 3, 4))
    case("same and opposite", "cosineSimilarity", single([[3, 4], [3, 4], [1, 0]]), single([[6, 8], [-3, -4], [0, 2]]))
    case("zero target", "cosineSimilarity", np.zeros((2, 3)), logits(2, 3))

    over_time = np.array([[0, -1, 2, -1], [-1, -1, -1, 1], [1, 2, 0, -1]])
    case("ignoring -1", sparse, over_time, logits(3, 4, 3), fromLogits=True, ignoreClass=-1)
    case("ignoring -1, softmax", sparse, over_time, logits(3, 4, 3), activation="softmax", ignoreClass=-1, labelSmoothing=0.1)
    case("ignoring class 0", sparse, np.array([0, 2, 1, 0]), logits(4, 3), fromLogits=True, ignoreClass=0)
    case("ignoring 255, probabilities", sparse, np.array([1, 255, 0, 1]), probabilities(4, 3), ignoreClass=255)
    case("ignoring all", sparse, np.full((2, 3), -1), logits(2, 3, 4), fromLogits=True, ignoreClass=-1)


def main():
    build()
    versions = {"torch": torch.__version__.split("+")[0], "numpy": np.__version__}
    if keras:
        versions["keras"] = keras.__version__
    rows = ",\n  ".join(json.dumps(c) for c in cases)
    text = f'{{\n "versions": {json.dumps(versions)},\n "cases": [\n  {rows}\n ]\n}}\n'
    pathlib.Path(__file__).with_name("losses.json").write_text(text, encoding="utf-8")
    print(f"losses.json: {len(cases)} cases, {sum(c['keras'] for c in cases)} agree with Keras")


if __name__ == "__main__":
    main()
