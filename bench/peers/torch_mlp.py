"""The MLP in PyTorch. Arguments: threads, folder with the data."""
import sys
import time

import torch
from torch import nn
from torch.nn import functional

from channel import BATCH, batches, mnist, serve, weights

THREADS, FOLDER = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(THREADS)


def build(initial=None):
    model = nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 128), nn.ReLU(), nn.Linear(128, 10))
    linear = [layer for layer in model if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for i, layer in enumerate(linear):
            if initial is None:  # Keras' defaults, as in the other libraries
                nn.init.xavier_uniform_(layer.weight)
                nn.init.zeros_(layer.bias)
            else:
                layer.weight.copy_(torch.from_numpy(initial[2 * i]).T)
                layer.bias.copy_(torch.from_numpy(initial[2 * i + 1]))
    return model


def step_of(model, fused, compiled):
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, fused=fused)

    def loss_of(x, y):
        return functional.cross_entropy(model(x), y)

    forward = torch.compile(loss_of) if compiled else loss_of

    def step(x, y):
        optimizer.zero_grad()
        loss = forward(x, y)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


# Eager as most people write it; with the fused optimizer; with forward and backward compiled besides.
VARIANTS = {"eager": (None, False), "eager, fused SGD": (True, False), "compiled, fused SGD": (True, True)}


class Steps:
    def __init__(self, variant):
        if not Steps.data:
            x, y = batches(FOLDER)
            Steps.data = (torch.from_numpy(x), torch.from_numpy(y).long())
        self.step = step_of(build(weights(FOLDER)), *VARIANTS[variant])
        self.at = 0

    data = ()

    def run(self, count):
        x, y = Steps.data
        losses = []
        start = time.perf_counter()
        for _ in range(count):
            losses.append(self.step(x[self.at : self.at + BATCH], y[self.at : self.at + BATCH]))
            self.at = (self.at + BATCH) % len(x)
        ms = (time.perf_counter() - start) * 1e3
        return ms, torch.stack(losses).mean().item()


running = {}


def steps(variant, count):
    if variant not in running:
        running[variant] = Steps(variant)
    ms, loss = running[variant].run(count)
    return {"ms": ms, "steps": count, "loss": loss}


images = []


def train(seed, epochs):
    """Whole epochs with validation after each, data in memory: no loader that could slow it down."""
    if not images:
        images.extend(torch.from_numpy(array) for array in mnist(FOLDER))
    x, y, test_x, test_y = images
    y, test_y = y.long(), test_y.long()
    torch.manual_seed(seed)
    model = build()
    step = step_of(model, True, False)
    start = time.perf_counter()
    accuracy = 0.0
    for _ in range(epochs):
        order = torch.randperm(len(x))
        for rows in order.split(BATCH):
            step(x[rows], y[rows])
        with torch.no_grad():
            correct = loss = 0
            for images_, labels in zip(test_x.split(1000), test_y.split(1000)):
                logits = model(images_)
                loss += functional.cross_entropy(logits, labels, reduction="sum")
                correct += (logits.argmax(1) == labels).sum()
            accuracy = correct.item() / len(test_y)
    return {"seconds": time.perf_counter() - start, "accuracy": accuracy}


serve(
    {"library": "PyTorch", "version": torch.__version__.split("+")[0], "threads": THREADS, "variants": list(VARIANTS)},
    {"steps": steps, "train": train},
)
