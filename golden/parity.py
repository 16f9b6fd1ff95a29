"""Whole trainings in PyTorch: same weights, same batches, twenty steps; the loss curve is the golden value."""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

STEPS = 20
BATCH = 16


def numbers(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.9g}") for v in tensor.detach().double().flatten().tolist()]}


def classifier(optimizer_of, **facts):
    """784-like MLP, small: 12-16-16-5, ReLU, cross-entropy from logits of a softmax."""
    torch.manual_seed(1)
    layers = nn.ModuleList([nn.Linear(12, 16), nn.Linear(16, 16), nn.Linear(16, 5)])
    weights = {}
    for i, layer in enumerate(layers):
        name = "dense" if i == 0 else f"dense_{i}"
        weights[f"{name}/kernel"] = numbers(layer.weight.T)
        weights[f"{name}/bias"] = numbers(layer.bias)
    x = torch.rand(STEPS, BATCH, 12)
    y = torch.randint(0, 5, (STEPS, BATCH))
    optimizer = optimizer_of(layers.parameters())
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        h = F.relu(layers[0](x[step]))
        h = F.relu(layers[1](h))
        loss = F.cross_entropy(layers[2](h), y[step])
        losses.append(loss.item())
        loss.backward()
        if "clip" in facts:
            nn.utils.clip_grad_norm_(layers.parameters(), facts["clip"])
        optimizer.step()
    return {"kind": "classifier", **facts, "weights": weights, "x": numbers(x), "y": numbers(y), "losses": losses,
            "final": numbers(layers[2].weight.T)}


def regression():
    """Two inputs, shared layer, sum, L2 penalty on one kernel, two outputs with loss weights; Adam."""
    torch.manual_seed(2)
    shared, head_a, head_b = nn.Linear(6, 8), nn.Linear(8, 3), nn.Linear(16, 1)
    weights = {"shared/kernel": numbers(shared.weight.T), "shared/bias": numbers(shared.bias),
               "a/kernel": numbers(head_a.weight.T), "a/bias": numbers(head_a.bias),
               "b/kernel": numbers(head_b.weight.T), "b/bias": numbers(head_b.bias)}
    left, right = torch.randn(STEPS, BATCH, 6), torch.randn(STEPS, BATCH, 6)
    target_a, target_b = torch.randn(STEPS, BATCH, 3), torch.rand(STEPS, BATCH, 1).round()
    sample_weight = torch.rand(STEPS, BATCH) + 0.5
    parameters = [*shared.parameters(), *head_a.parameters(), *head_b.parameters()]
    optimizer = torch.optim.Adam(parameters, 0.01)
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        h, k = torch.tanh(shared(left[step])), torch.tanh(shared(right[step]))
        a = head_a(h + k)
        b = torch.sigmoid(head_b(torch.cat([h, k], -1)))
        w = sample_weight[step]
        loss_a = (((a - target_a[step]) ** 2).mean(-1) * w).mean()
        loss_b = (F.binary_cross_entropy(b, target_b[step], reduction="none").mean(-1) * w).mean()
        loss = loss_a + 0.3 * loss_b + 0.05 * (shared.weight ** 2).sum()
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    return {"kind": "functional", "weights": weights, "left": numbers(left), "right": numbers(right), "a": numbers(target_a),
            "b": numbers(target_b), "sample_weight": numbers(sample_weight), "losses": losses}


def main():
    torch.set_num_threads(1)
    runs = {
        "sgd momentum": classifier(lambda p: torch.optim.SGD(p, 0.1, momentum=0.9), optimizer={"type": "sgd", "config": {"learningRate": 0.1, "momentum": 0.9}}),
        "adam": classifier(lambda p: torch.optim.Adam(p, 0.01), optimizer={"type": "adam", "config": {"learningRate": 0.01}}),
        "adamw with clipping": classifier(lambda p: torch.optim.AdamW(p, 0.01, weight_decay=0.1), clip=0.5,
                                          optimizer={"type": "adamw", "config": {"learningRate": 0.01, "weightDecay": 0.1, "globalClipNorm": 0.5}}),
        "functional": regression(),
    }
    path = Path(__file__).parent / "parity.json"
    path.write_text(json.dumps({"torch": torch.__version__, "runs": runs}) + "\n")
    print(path)


if __name__ == "__main__":
    main()
