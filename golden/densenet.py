"""DenseNet-40-12 in PyTorch: the losses of 30 steps on the first pictures of CIFAR-10, from the weights that ours starts with.

Needs the data sets (STRATUS_DATA) and a built repository. Takes some minutes.
"""

import gzip
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F

# A rate of 0.1 as in the paper makes rounding grow: with another number of threads a run of ours is 2e-3 off after five steps. At 0.01 it
# is 3e-3 off after thirty, at a third of that rounding stays below what is compared.
STEPS, BATCH, RATE = 30, 64, 0.003
ROOT = Path(__file__).parent.parent


def start():
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weights"
        subprocess.run(["node", "--import", "./tools/typescript-loader.mjs", "golden/densenet_start.ts", file], cwd=ROOT, check=True)
        head, _, body = file.read_bytes().partition(b"\n")
    numbers, weights, at = np.frombuffer(body, np.float32), {}, 0
    for name, shape in json.loads(head):
        size = int(np.prod(shape))
        weights[name] = torch.tensor(numbers[at : at + size].reshape(shape))
        at += size
    return weights


def main():
    data = os.environ.get("STRATUS_DATA")
    if not data:
        print("densenet: skipped, STRATUS_DATA is not set")
        return
    records = np.frombuffer(gzip.open(Path(data) / "cifar-10" / "data_batch_1.bin.gz").read(), np.uint8).reshape(-1, 3073)
    weights = start()
    moved = [w.requires_grad_(True) for name, w in weights.items() if "moving" not in name]
    optimizer = torch.optim.SGD(moved, RATE, momentum=0.9, nesterov=True, weight_decay=1e-4)
    losses = []
    for step in range(STEPS):
        rows = records[step * BATCH : (step + 1) * BATCH]
        x = torch.tensor(rows[:, 1:].reshape(-1, 3, 32, 32).astype(np.float32)) / 64 - 2
        counts = {"conv": 0, "norm": 0}

        def conv(x, padding):
            i = counts["conv"]
            counts["conv"] += 1
            return F.conv2d(x, weights[f"conv2D{'' if i == 0 else f'_{i}'}/kernel"], padding=padding)

        def relu(x):
            i = counts["norm"]
            counts["norm"] += 1
            name = f"batchNormalization{'' if i == 0 else f'_{i}'}"
            return F.relu(F.batch_norm(x, None, None, weights[f"{name}/gamma"], weights[f"{name}/beta"], training=True, eps=1e-5))

        x = conv(x, 1)
        for block in range(3):
            if block > 0:
                x = F.avg_pool2d(conv(relu(x), 0), 2)
            for _ in range(12):
                x = torch.cat([x, conv(relu(x), 1)], 1)
        scores = relu(x).mean((2, 3)) @ weights["class/kernel"] + weights["class/bias"]
        loss = F.cross_entropy(scores, torch.tensor(rows[:, 0].astype(np.int64)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(f"{loss.item():.7g}"))
        print(step, losses[-1], flush=True)
    path = Path(__file__).parent / "densenet.json"
    path.write_text(json.dumps({"torch": torch.__version__, "steps": STEPS, "batch": BATCH, "learningRate": RATE, "losses": losses}) + "\n")
    print(path)


if __name__ == "__main__":
    main()
