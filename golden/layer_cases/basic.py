"""Dense and the layers without parameters."""

import torch
from torch.nn import functional as F

ACTIVATIONS = {
    "linear": lambda x: x, "relu": F.relu, "leakyRelu": F.leaky_relu, "elu": F.elu, "selu": F.selu, "gelu": F.gelu,
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "swish": F.silu, "softplus": F.softplus,
    "softsign": F.softsign, "sigmoid": torch.sigmoid, "hardSigmoid": F.hardsigmoid, "tanh": torch.tanh,
    "exponential": torch.exp, "softmax": lambda x: F.softmax(x, -1), "logSoftmax": lambda x: F.log_softmax(x, -1),
}


def cases(case, draw):
    rows = []
    for name, activation in ACTIVATIONS.items():
        rows.append(case("dense", {"units": 4, "activation": name}, [draw(3, 5)], {"kernel": draw(5, 4), "bias": draw(4)},
                          lambda x, kernel, bias, f=activation: f(x @ kernel + bias)))
        rows.append(case("activation", {"activation": name}, [draw(3, 5)], {}, lambda x, f=activation: f(x)))
    rows.append(case("dense", {"units": 2, "useBias": False}, [draw(2, 3, 5)], {"kernel": draw(5, 2)}, lambda x, kernel: x @ kernel))
    rows.append(case("flatten", {}, [draw(2, 3, 4)], {}, lambda x: x.flatten(1)))
    rows.append(case("reshape", {"targetShape": [4, -1]}, [draw(2, 3, 4)], {}, lambda x: x.reshape(2, 4, 3)))
    rows.append(case("rescaling", {"scale": 0.25, "offset": -1.5}, [draw(2, 3)], {}, lambda x: x * 0.25 - 1.5))
    rows.append(case("add", {}, [draw(2, 3), draw(2, 3), draw(2, 3)], {}, lambda a, b, c: a + b + c))
    rows.append(case("concatenate", {}, [draw(2, 3), draw(2, 1)], {}, lambda a, b: torch.cat([a, b], -1)))
    rows.append(case("concatenate", {"axis": 1}, [draw(2, 3, 2), draw(2, 1, 2)], {}, lambda a, b: torch.cat([a, b], 1)))
    rows.append(case("dropout", {"rate": 0.5}, [draw(2, 3)], {}, lambda x: x))
    rows.append(case("gaussianNoise", {"stddev": 0.5}, [draw(2, 3)], {}, lambda x: x))
    return rows
