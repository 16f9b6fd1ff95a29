"""Ten steps of every optimizer of PyTorch on two small parameters, for golden/optim.json.

Each optimizer, with every option that changes its formula, is crossed with weight decay and each kind of clipping.
Lion is not in PyTorch: it is written down here from algorithm 2 of Chen et al. 2023 (arXiv 2302.06675).
"""

import itertools
import json
import pathlib

import torch

DTYPES = {"float32": torch.float32, "float64": torch.float64}
KEPT_STEPS = (1, 2, 3, 10)
STEPS = 10


class Lion(torch.optim.Optimizer):
    def __init__(self, params, lr, betas=(0.9, 0.99), weight_decay=0.0):
        super().__init__(params, {"lr": lr, "betas": betas, "weight_decay": weight_decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("exp_avg", torch.zeros_like(p))
                p.mul_(1 - group["lr"] * group["weight_decay"])
                p.sub_(group["lr"] * torch.sign(beta1 * m + (1 - beta1) * p.grad))
                m.mul_(beta2).add_(p.grad, alpha=1 - beta2)


# Our type and options, PyTorch's class and options, and for each slot of ours the state of PyTorch and its factor to ours.
OPTIMIZERS = [
    ("sgd", {"learningRate": 0.1}, torch.optim.SGD, {"lr": 0.1}, {}),
    ("sgd", {"learningRate": 0.1, "momentum": 0.9}, torch.optim.SGD, {"lr": 0.1, "momentum": 0.9}, {"momentum": ("momentum_buffer", 1)}),
    (
        "sgd",
        {"learningRate": 0.1, "momentum": 0.8, "nesterov": True},
        torch.optim.SGD,
        {"lr": 0.1, "momentum": 0.8, "nesterov": True},
        {"momentum": ("momentum_buffer", 1)},
    ),
    ("adagrad", {"learningRate": 0.1}, torch.optim.Adagrad, {"lr": 0.1}, {"accumulator": ("sum", 1)}),
    (
        "adagrad",
        {"learningRate": 0.1, "initialAccumulatorValue": 0.1, "epsilon": 1e-3},
        torch.optim.Adagrad,
        {"lr": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-3},
        {"accumulator": ("sum", 1)},
    ),
    ("rmsprop", {"learningRate": 0.02}, torch.optim.RMSprop, {"lr": 0.02}, {"velocity": ("square_avg", 100)}),
    (
        "rmsprop",
        {"learningRate": 0.02, "rho": 0.9, "epsilon": 1e-2},
        torch.optim.RMSprop,
        {"lr": 0.02, "alpha": 0.9, "eps": 1e-2},
        {"velocity": ("square_avg", 10)},
    ),
    (
        "rmsprop",
        {"learningRate": 0.02, "rho": 0.9, "centered": True},
        torch.optim.RMSprop,
        {"lr": 0.02, "alpha": 0.9, "centered": True},
        {"velocity": ("square_avg", 10), "average": ("grad_avg", 10)},
    ),
    (
        "rmsprop",
        {"learningRate": 0.02, "rho": 0.9, "momentum": 0.9},
        torch.optim.RMSprop,
        {"lr": 0.02, "alpha": 0.9, "momentum": 0.9},
        {"velocity": ("square_avg", 10), "momentum": ("momentum_buffer", 0.1**0.5)},
    ),
    (
        "rmsprop",
        {"learningRate": 0.02, "rho": 0.9, "momentum": 0.9, "centered": True},
        torch.optim.RMSprop,
        {"lr": 0.02, "alpha": 0.9, "momentum": 0.9, "centered": True},
        {"velocity": ("square_avg", 10), "average": ("grad_avg", 10), "momentum": ("momentum_buffer", 0.1**0.5)},
    ),
    ("adam", {"learningRate": 0.05}, torch.optim.Adam, {"lr": 0.05}, {"momentum": ("exp_avg", 10), "velocity": ("exp_avg_sq", 1000)}),
    (
        "adam",
        {"learningRate": 0.05, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-2},
        torch.optim.Adam,
        {"lr": 0.05, "betas": (0.8, 0.9), "eps": 1e-2},
        {"momentum": ("exp_avg", 5), "velocity": ("exp_avg_sq", 10)},
    ),
    (
        "adam",
        {"learningRate": 0.05, "beta2": 0.8, "amsgrad": True},
        torch.optim.Adam,
        {"lr": 0.05, "betas": (0.9, 0.8), "amsgrad": True},
        {"momentum": ("exp_avg", 10), "velocity": ("exp_avg_sq", 5), "velocityMax": ("max_exp_avg_sq", 5)},
    ),
    ("adamw", {"learningRate": 0.05}, torch.optim.AdamW, {"lr": 0.05}, {"momentum": ("exp_avg", 10), "velocity": ("exp_avg_sq", 1000)}),
    (
        "adamw",
        {"learningRate": 0.05, "beta2": 0.8, "amsgrad": True},
        torch.optim.AdamW,
        {"lr": 0.05, "betas": (0.9, 0.8), "amsgrad": True},
        {"momentum": ("exp_avg", 10), "velocity": ("exp_avg_sq", 5), "velocityMax": ("max_exp_avg_sq", 5)},
    ),
    (
        "adadelta",
        {},
        torch.optim.Adadelta,
        {},
        {"gradients": ("square_avg", 10), "deltas": ("acc_delta", 10)},
    ),
    (
        "adadelta",
        {"learningRate": 0.5, "rho": 0.8, "epsilon": 1e-3},
        torch.optim.Adadelta,
        {"lr": 0.5, "rho": 0.8, "eps": 1e-3},
        {"gradients": ("square_avg", 5), "deltas": ("acc_delta", 5)},
    ),
    ("lion", {"learningRate": 0.01}, Lion, {"lr": 0.01}, {"momentum": ("exp_avg", 100)}),
    ("lion", {"learningRate": 0.01, "beta1": 0.95, "beta2": 0.9}, Lion, {"lr": 0.01, "betas": (0.95, 0.9)}, {"momentum": ("exp_avg", 10)}),
]
DECAYS = [{}, {"weightDecay": 0.1}]
CLIPPINGS = [{}, {"clipValue": 0.5}, {"clipNorm": 1.0}, {"globalClipNorm": 1.5}]
# The rate changes in the middle: that is where formulas that agree at a constant rate part.
RATES = [1, 1, 1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.25]


def clip(params, options):
    if "clipValue" in options:
        torch.nn.utils.clip_grad_value_(params, options["clipValue"])
    if "clipNorm" in options:
        for p in params:
            torch.nn.utils.clip_grad_norm_([p], options["clipNorm"])
    if "globalClipNorm" in options:
        torch.nn.utils.clip_grad_norm_(params, options["globalClipNorm"])


def run(dtype, cls, torch_options, common, slots, start, gradients):
    params = [torch.nn.Parameter(torch.tensor(p, dtype=dtype)) for p in start]
    given = dict(torch_options)
    if "weightDecay" in common:
        given["weight_decay"] = common["weightDecay"]
    optimizer = cls(params, **given)
    rate = optimizer.param_groups[0]["lr"]
    kept = {}
    for i, step in enumerate(gradients):
        for p, g in zip(params, step, strict=True):
            p.grad = torch.tensor(g, dtype=dtype)
        clip(params, common)
        optimizer.param_groups[0]["lr"] = rate * RATES[i]
        optimizer.step()
        if i + 1 in KEPT_STEPS:
            kept[i + 1] = [p.detach().tolist() for p in params]
    state = [
        {ours: (optimizer.state[p][theirs].double() * factor).tolist() for ours, (theirs, factor) in slots.items()} for p in params
    ]
    return {"parameters": kept, "slots": state}


def rounded(x):
    if isinstance(x, float):
        return float(f"{x:.12g}")
    if isinstance(x, list):
        return [rounded(v) for v in x]
    return {k: rounded(v) for k, v in x.items()} if isinstance(x, dict) else x


def main():
    torch.manual_seed(20)
    start = [torch.randn(2, 3).tolist(), torch.randn(4).tolist()]
    gradients = [[torch.randn(2, 3).mul(2).tolist(), torch.randn(4).tolist()] for _ in range(STEPS)]
    for step in gradients:
        step[1][3] *= 1e-4  # one element with small gradients, where epsilon matters
    gradients[3][0][0][1] = 0.0
    cases = []
    for (name, options, cls, torch_options, slots), decay, clipping in itertools.product(OPTIMIZERS, DECAYS, CLIPPINGS):
        common = {**decay, **clipping}
        for dtype_name, dtype in DTYPES.items():
            if dtype_name == "float64" and clipping:
                continue  # the same graph but for the dtype
            result = run(dtype, cls, torch_options, common, slots, start, gradients)
            cases.append({"type": name, "options": {**options, **common}, "dtype": dtype_name, **rounded(result)})
    golden = {"versions": {"torch": torch.__version__}, "start": start, "gradients": gradients, "rates": RATES, "cases": cases}
    out = pathlib.Path(__file__).with_name("optim.json")
    out.write_text(json.dumps(golden, separators=(",", ":")).replace('{"type"', '\n{"type"') + "\n")
    print(out.name, len(cases), "cases")


if __name__ == "__main__":
    main()
