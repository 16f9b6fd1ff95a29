"""Each layer's forward value and gradients in PyTorch, float64."""

import json
from pathlib import Path

import torch
from torch.nn import functional as F


def numbers(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.12g}") for v in tensor.detach().double().flatten().tolist()]}


ACTIVATIONS = {
    "linear": lambda x: x, "relu": F.relu, "leakyRelu": F.leaky_relu, "elu": F.elu, "selu": F.selu, "gelu": F.gelu,
    "geluTanh": lambda x: F.gelu(x, approximate="tanh"), "silu": F.silu, "swish": F.silu, "softplus": F.softplus,
    "softsign": F.softsign, "sigmoid": torch.sigmoid, "hardSigmoid": F.hardsigmoid, "tanh": torch.tanh,
    "exponential": torch.exp, "softmax": lambda x: F.softmax(x, -1), "logSoftmax": lambda x: F.log_softmax(x, -1),
}


def case(layer, config, inputs, parameters, function):
    for tensor in [*inputs, *parameters.values()]:
        tensor.requires_grad_(True)
    y = function(*inputs, **{name.replace("/", "_"): value for name, value in parameters.items()})
    seed = torch.linspace(-1, 1, y.numel(), dtype=torch.float64).reshape(y.shape)
    tensors = [*inputs, *parameters.values()]
    grads = torch.autograd.grad((y * seed).sum(), tensors, allow_unused=True)
    return {"layer": layer, "config": config, "inputs": [numbers(x) for x in inputs],
            "parameters": {name: numbers(value) for name, value in parameters.items()}, "output": numbers(y), "seed": numbers(seed),
            "gradients": [numbers(torch.zeros_like(t) if g is None else g) for t, g in zip(tensors, grads)]}


def main():
    torch.manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64)
    cases = []
    for name, activation in ACTIVATIONS.items():
        cases.append(case("dense", {"units": 4, "activation": name}, [draw(3, 5)], {"kernel": draw(5, 4), "bias": draw(4)},
                          lambda x, kernel, bias, f=activation: f(x @ kernel + bias)))
        cases.append(case("activation", {"activation": name}, [draw(3, 5)], {}, lambda x, f=activation: f(x)))
    cases.append(case("dense", {"units": 2, "useBias": False}, [draw(2, 3, 5)], {"kernel": draw(5, 2)}, lambda x, kernel: x @ kernel))
    cases.append(case("flatten", {}, [draw(2, 3, 4)], {}, lambda x: x.flatten(1)))
    cases.append(case("reshape", {"targetShape": [4, -1]}, [draw(2, 3, 4)], {}, lambda x: x.reshape(2, 4, 3)))
    cases.append(case("rescaling", {"scale": 0.25, "offset": -1.5}, [draw(2, 3)], {}, lambda x: x * 0.25 - 1.5))
    cases.append(case("add", {}, [draw(2, 3), draw(2, 3), draw(2, 3)], {}, lambda a, b, c: a + b + c))
    cases.append(case("concatenate", {}, [draw(2, 3), draw(2, 1)], {}, lambda a, b: torch.cat([a, b], -1)))
    cases.append(case("concatenate", {"axis": 1}, [draw(2, 3, 2), draw(2, 1, 2)], {}, lambda a, b: torch.cat([a, b], 1)))
    cases.append(case("dropout", {"rate": 0.5}, [draw(2, 3)], {}, lambda x: x))
    cases.append(case("gaussianNoise", {"stddev": 0.5}, [draw(2, 3)], {}, lambda x: x))
    path = Path(__file__).parent / "layers.json"
    path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")
    print(path)


if __name__ == "__main__":
    main()
