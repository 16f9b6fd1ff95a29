"""Values and gradients of every case of every op, from PyTorch, for golden/ops.json. The cases are in golden/ops_cases.json.

Each case is one expression over its inputs a, b, c, ... in float64. Gradients are those of sum(weights * (y + y * y / 2)) over
all float outputs y; second derivatives are the gradients of the sum of all gradients times fixed directions. The weights and
directions are those of packages/core/test/support/build-row.ts.
"""

import json
import math
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

HERE = pathlib.Path(__file__).parent
DTYPES = {
    "float": torch.float64,
    "float32": torch.float32,
    "float64": torch.float64,
    "int8": torch.int8,
    "uint8": torch.uint8,
    "int16": torch.int16,
    "int32": torch.int32,
    "int64": torch.int64,
    "uint32": torch.int64,  # PyTorch can store uint32, but not calculate with it
    "uint64": torch.int64,
    "bool": torch.bool,
}


# The random stream, written down a second time: see packages/core/src/tensor/rng.ts.
def mix(x):
    x = np.uint32(x)
    x = (x ^ (x >> np.uint32(16))) * np.uint32(0x7FEB352D)
    x = (x ^ (x >> np.uint32(15))) * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def key_of(key):
    return np.array(key.tolist(), dtype=np.uint32)


def bits(key, count):
    with np.errstate(over="ignore"):
        i = np.arange(count, dtype=np.uint32)
        return mix(mix(i * np.uint32(0x9E3779B9) + key[0:1]) ^ key[1:2])


def fold(key, salt):
    with np.errstate(over="ignore"):
        salt = np.array([salt], dtype=np.uint32)
        left = mix(key[0:1] ^ mix(salt + np.uint32(0x85EBCA6B)))
        right = mix(key[1:2] + mix(salt ^ np.uint32(0xC2B2AE35)))
    return np.concatenate([left, right])


def uniform(key, shape):
    return (bits(key, math.prod(shape)) >> np.uint32(8)).astype(np.float64) * 2.0**-24


def random_bits(key, shape):
    return torch.tensor(bits(key_of(key), math.prod(shape)).astype(np.int64)).reshape(shape)


def random_uniform(key, shape):
    return torch.tensor(uniform(key_of(key), shape)).reshape(shape)


def random_normal(key, shape):
    k = key_of(key)
    u, v = uniform(fold(k, 1), shape), uniform(fold(k, 2), shape)
    return torch.tensor(np.sqrt(-2 * np.log(1 - u)) * np.cos(2 * np.pi * v)).reshape(shape)


def dropout_mask(key, rows, columns, rate):
    """The rule of packages/core/src/ops/dropout-mask.ts, for a shape that is cut into rows and columns."""
    k = key_of(key)

    def halves(start, count):
        with np.errstate(over="ignore"):
            i = np.arange(count, dtype=np.uint32) + np.uint32(start)
            words = mix(mix(i * np.uint32(0x9E3779B9) + k[0:1]) ^ k[1:2]).astype(np.int64)
        return words % 65536, words // 65536

    (p, q), (r, s) = halves(0, rows), halves(2**31, columns)
    drawn = (p[:, None] + r) * (2 * (q[:, None] + s) + 1) % 65536
    dropped = round(rate * 65536)
    return torch.tensor((drawn >= dropped) * (65536 / (65536 - dropped)))


def fold_key(key, salt):
    return torch.tensor(fold(key_of(key), salt).astype(np.int64))


def scan(step, states, inputs, reverse=False):
    """Loops over the first axis of the inputs. A step takes and gives lists: states and inputs, states and outputs."""
    stacks = []
    times = range(len(inputs[0]))
    for t in reversed(times) if reverse else times:
        states, outputs = step(states, [x[t] for x in inputs])
        stacks.append(outputs)
    return (*states, *(torch.stack(ys[::-1] if reverse else ys) for ys in zip(*stacks)))


NAMES = {f.__name__: f for f in (scan, random_bits, random_uniform, random_normal, dropout_mask, fold_key)} | {"torch": torch, "F": F, "math": math}


def weights(y, k):
    return torch.tensor([((i * 7 + k * 3) % 11) / 8 + 0.25 for i in range(y.numel())], dtype=y.dtype).reshape(y.shape)


def directions(x, k):
    return torch.tensor([((i * 5 + k * 3) % 13) / 8 - 0.75 for i in range(x.numel())], dtype=x.dtype).reshape(x.shape)


def read(item):
    values = [float(v) for v in item["values"]]
    dtype = DTYPES[item["dtype"]]
    if dtype.is_floating_point:
        return torch.tensor(values, dtype=dtype).reshape(item["shape"]).requires_grad_()
    return torch.tensor([int(v) for v in values]).to(dtype).reshape(item["shape"])


def gradients(total, wrt):
    if not total.requires_grad:
        return [torch.zeros_like(x) for x in wrt]
    return torch.autograd.grad(total, wrt, create_graph=True, allow_unused=True, materialize_grads=True)


def number(v):
    if isinstance(v, (bool, int)):
        return int(v)
    if not math.isfinite(v):
        return "NaN" if math.isnan(v) else "Infinity" if v > 0 else "-Infinity"
    return "-0" if v == 0 and math.copysign(1, v) < 0 else int(v) if v == int(v) and abs(v) < 2**53 else v


def packed(t):
    return [list(t.shape), [number(v) for v in t.detach().flatten().tolist()]]


def evaluate(case):
    inputs = [read(item) for item in case["inputs"]]
    made = eval(case["torch"], NAMES, dict(zip("abcdefgh", inputs)))
    outputs = list(made) if isinstance(made, (tuple, list)) else [made]
    result = {"outputs": [packed(y) for y in outputs]}
    wrt = [x for x in inputs if x.is_floating_point()]
    floats = [(k, y) for k, y in enumerate(outputs) if y.is_floating_point()]
    if case["gradient"] and wrt and floats:
        loss = sum((weights(y, k) * (y + y * y / 2)).sum() for k, y in floats)
        first = gradients(loss, wrt)
        second = gradients(sum((directions(x, k) * g).sum() for k, (x, g) in enumerate(zip(wrt, first))), wrt)
        result["gradients"] = [packed(g) for g in first]
        result["second"] = [packed(h) for h in second]
    return result


def main():
    cases = json.loads((HERE / "ops_cases.json").read_text(encoding="utf-8"))
    rows = []
    for case in cases:
        try:
            rows.append(f"{json.dumps(case['id'])}:{json.dumps(evaluate(case), separators=(',', ':'))}")
        except Exception as e:
            raise RuntimeError(f"{case['id']}: {case['torch']}") from e
    versions = {"torch": torch.__version__.split("+")[0], "numpy": np.__version__}
    text = f'{{"versions":{json.dumps(versions)},"cases":{{\n' + ",\n".join(rows) + "\n}}\n"
    (HERE / "ops.json").write_text(text, encoding="utf-8")
    print(f"ops.json: {len(cases)} cases, {len(text)} bytes")


if __name__ == "__main__":
    main()
