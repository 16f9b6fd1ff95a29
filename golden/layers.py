"""Each layer's forward value and gradients in PyTorch, float64."""

import importlib
import json
from pathlib import Path

import torch


def numbers(tensor):
    entry = {"shape": list(tensor.shape), "data": [float(f"{v:.12g}") for v in tensor.detach().double().flatten().tolist()]}
    return entry if tensor.is_floating_point() else {**entry, "dtype": str(tensor.dtype).removeprefix("torch.")}


def as_list(values):
    return list(values) if isinstance(values, (tuple, list)) else [values]


def case(layer, config, inputs, parameters, function, training=False, updates=None, mask=None):
    """One row: `function(*inputs, **parameters)` gives the output, or a tuple of outputs.

    A `/` in a parameter's name becomes `_` in the function's argument. Whole-number inputs have no gradient. `training` builds the graph
    that trains; `updates` are the values that parameters without gradients (given among `parameters`) have after the step: a dict, or a
    function of the same arguments. `mask` is the mask of the first input, [batch, steps] of booleans.
    """
    updates = updates or {}
    arguments = {name.replace("/", "_"): value for name, value in parameters.items()}
    after = updates(*inputs, **arguments) if callable(updates) else updates
    still = set(after)
    tensors = [t for t in [*inputs, *(v for name, v in parameters.items() if name not in still)] if t.is_floating_point()]
    for tensor in tensors:
        tensor.requires_grad_(True)
    outputs = as_list(function(*inputs, **arguments))
    seeds = [torch.linspace(-1, 1, y.numel(), dtype=torch.float64).reshape(y.shape) for y in outputs]
    total = sum((y * seed).sum() for y, seed in zip(outputs, seeds))
    grads = torch.autograd.grad(total, tensors, allow_unused=True) if tensors else []
    return {"layer": layer, "config": config, "inputs": [numbers(x) for x in inputs],
            "parameters": {name: numbers(value) for name, value in parameters.items()}, "outputs": [numbers(y) for y in outputs],
            "seeds": [numbers(seed) for seed in seeds],
            # Of the float inputs, then of the parameters that are not updated by rule.
            "gradients": [numbers(torch.zeros_like(t) if g is None else g) for t, g in zip(tensors, grads)],
            "training": training, "updates": {name: numbers(value) for name, value in after.items()},
            **({} if mask is None else {"mask": numbers(mask)})}


def main():
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64)
    here = Path(__file__).parent
    cases = []
    for path in sorted((here / "layer_cases").glob("*.py")):
        torch.manual_seed(0)  # a module's numbers do not depend on the others
        cases += importlib.import_module(f"layer_cases.{path.stem}").cases(case, draw)
    path = here / "layers.json"
    path.write_text(json.dumps({"torch": torch.__version__, "cases": cases}) + "\n")
    print(path)


if __name__ == "__main__":
    main()
