"""Steps of PyTorch's optimizers on an embedding with sparse gradients, for golden/sparse_rows.json.

The loss is the mean square between what was looked up and a target. Rows that no batch reads, rows that only some batches read, and
rows that occur twice in one batch are among them.
"""

import json
import pathlib

import torch

ROWS, WIDTH, BATCH, STEPS = 7, 3, 2, 6
IDS = [
    [[0, 2, 2, 5], [1, 2, 0, 0]],
    [[4, 4, 4, 4], [4, 4, 4, 4]],
    [[0, 1, 2, 4], [5, 1, 1, 2]],
    [[5, 5, 0, 1], [2, 4, 4, 0]],
    [[1, 1, 1, 0], [2, 2, 5, 4]],
    [[0, 2, 2, 5], [1, 2, 0, 0]],
]

# Our type and options, PyTorch's class and options. Where SparseAdam adds its epsilon differs a little from Adam: it is made so small that
# this does not count.
CASES = [
    ("sgd", {"learningRate": 0.5}, torch.optim.SGD, {"lr": 0.5}),
    (
        "adam",
        {"learningRate": 0.05, "epsilon": 1e-16},
        torch.optim.SparseAdam,
        {"lr": 0.05, "eps": 1e-16},
    ),
    (
        "adam",
        {"learningRate": 0.05, "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-16},
        torch.optim.SparseAdam,
        {"lr": 0.05, "betas": (0.8, 0.95), "eps": 1e-16},
    ),
    ("adagrad", {"learningRate": 0.1}, torch.optim.Adagrad, {"lr": 0.1}),
    (
        "adagrad",
        {"learningRate": 0.1, "initialAccumulatorValue": 0.1, "epsilon": 1e-3},
        torch.optim.Adagrad,
        {"lr": 0.1, "initial_accumulator_value": 0.1, "eps": 1e-3},
    ),
]


def trained(start, targets, make, options):
    table = torch.nn.Embedding.from_pretrained(start.clone(), freeze=False, sparse=True)
    optimizer = make(table.parameters(), **options)
    after = []
    for ids, target in zip(IDS, targets):
        optimizer.zero_grad()
        loss = ((table(torch.tensor(ids)).reshape(BATCH, -1) - target) ** 2).mean()
        loss.backward()
        assert table.weight.grad.is_sparse
        optimizer.step()
        after.append(table.weight.detach().tolist())
    return after


def main():
    torch.manual_seed(20)
    start = torch.randn(ROWS, WIDTH)
    targets = [torch.randn(BATCH, 4 * WIDTH) for _ in range(STEPS)]
    cases = [
        {"type": kind, "options": options, "torch": make.__name__, "tables": trained(start, targets, make, theirs)}
        for kind, options, make, theirs in CASES
    ]
    content = {
        "torch": torch.__version__,
        "start": start.tolist(),
        "ids": IDS,
        "targets": [t.tolist() for t in targets],
        "cases": cases,
    }
    pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(content, indent=None) + "\n")
    print(f"sparse_rows.json: {len(cases)} cases")


if __name__ == "__main__":
    main()
