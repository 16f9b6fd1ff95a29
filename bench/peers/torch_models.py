"""Models in PyTorch, as its guides write them. Arguments: threads, folder with the data, name of the model.

A model is its variants and a function that makes, of the data and a variant, a step: from the number of a batch to its loss. The
counterpart has the same name in bench/shared/step-models.ts.
"""
import json
import os
import sys
import time

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from channel import serve

THREADS, FOLDER, NAME = int(sys.argv[1]), sys.argv[2], sys.argv[3]
torch.set_num_threads(THREADS)
torch.manual_seed(0)


def arrays():
    """What bench/shared/arrays.ts wrote, by name."""
    with open(os.path.join(FOLDER, "arrays.json"), encoding="utf-8") as file:
        table = json.load(file)
    return {
        name: torch.from_numpy(np.fromfile(os.path.join(FOLDER, name), entry["dtype"]).reshape(entry["shape"]))
        for name, entry in table.items()
    }


def training(model, loss_of, optimizer):
    """The loop's body that PyTorch's tutorials show."""

    def step(*batch):
        optimizer.zero_grad()
        loss = loss_of(model, *batch)
        loss.backward()
        optimizer.step()
        return loss.detach()

    return step


def batched(step, batch, *tensors):
    count = len(tensors[0]) // batch
    parts = [tuple(t[i * batch : (i + 1) * batch] for t in tensors) for i in range(count)]
    return lambda i: step(*parts[i % count])


def classify(model, x, y):
    return functional.cross_entropy(model(x), y)


def positive(model, x, y):
    return functional.binary_cross_entropy_with_logits(model(x).squeeze(-1), y)


def like_keras(model):
    """Weights begin as Keras' do, so that losses and trainings can be compared. Normalisations begin alike in both."""
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
        elif isinstance(layer, nn.Embedding):
            nn.init.uniform_(layer.weight, -0.05, 0.05)
        elif isinstance(layer, nn.LSTM):
            for name, weight in layer.named_parameters():
                if "weight_ih" in name:
                    nn.init.xavier_uniform_(weight)
                elif "weight_hh" in name:
                    nn.init.orthogonal_(weight)
                else:
                    nn.init.zeros_(weight)
                if "bias_ih" in name:  # of the four gates the second is to forget
                    nn.init.ones_(weight.detach()[layer.hidden_size : 2 * layer.hidden_size])
    return model


def picture_model(build):
    """Pictures are numbers from 0 to 1 in memory already, channels first, in either order of memory."""
    variants = {"eager": (None, False), "fused SGD": (True, False), "fused SGD, channels last": (True, True)}

    def make(data, variant):
        fused, last = variants[variant]
        layout = torch.channels_last if last else torch.contiguous_format
        x = (data["x"].permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=layout)
        model = like_keras(build()).to(memory_format=layout)
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, fused=fused)
        return batched(training(model, classify, optimizer), 128, x, data["y"].long())

    return list(variants), make


def cifar_cnn():
    return nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 6 * 6, 64), nn.ReLU(), nn.Linear(64, 10),
    )  # fmt: skip


def batch_norm_cnn():
    def block(inputs, filters):
        return [nn.Conv2d(inputs, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]

    return nn.Sequential(
        *block(3, 32), *block(32, 32), nn.MaxPool2d(2),
        *block(32, 64), *block(64, 64), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(64 * 8 * 8, 10),
    )  # fmt: skip


class Lstm(nn.Module):
    """Two layers in one module, for which oneDNN has a fused kernel."""

    def __init__(self, vocabulary, width, units):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.lstm = nn.LSTM(width, units, num_layers=2, batch_first=True)
        self.positive = nn.Linear(units, 1)

    def forward(self, x):
        _, (hidden, _) = self.lstm(self.embedding(x))
        return self.positive(hidden[-1])


def word_model(build, batch):
    """Sequences of words; int64, as PyTorch's embedding prefers."""
    variants = {"eager": None, "fused Adam": True}

    def make(data, variant):
        model = like_keras(build())
        optimizer = torch.optim.Adam(model.parameters(), 1e-3, fused=variants[variant])
        return batched(training(model, positive, optimizer), batch, data["x"].long(), data["y"].float())

    return list(variants), make


class Encoder(nn.Module):
    """The parts of torch.nn, with its mask for padding."""

    def __init__(self, vocabulary=20_000, length=256, width=64, heads=4, rate=0.2):
        super().__init__()
        self.words = nn.Embedding(vocabulary, width)
        self.positions = nn.Parameter(torch.randn(length, width) * 0.02)
        self.drop = nn.Dropout(rate)
        self.block = nn.TransformerEncoderLayer(width, heads, 2 * width, rate, batch_first=True, norm_first=True)
        self.head_drop = nn.Dropout(0.4)
        self.positive = nn.Linear(width, 1)
        nn.init.uniform_(self.words.weight, -0.05, 0.05)

    def attend(self, x, padding):
        return self.block(x, src_key_padding_mask=padding)

    def forward(self, tokens):
        padding = tokens == 0
        x = self.attend(self.drop(self.words(tokens) + self.positions), padding)
        real = (~padding).unsqueeze(-1).float()
        mean = (x * real).sum(1) / real.sum(1)
        return self.positive(self.head_drop(mean))


class DirectEncoder(Encoder):
    """The same with scaled_dot_product_attention called directly, as newer code does."""

    def attend(self, x, padding):
        block = self.block
        batch, length, width = x.shape
        heads, rate = block.self_attn.num_heads, block.dropout.p
        qkv = functional.linear(block.norm1(x), block.self_attn.in_proj_weight, block.self_attn.in_proj_bias)
        q, k, v = qkv.view(batch, length, 3, heads, width // heads).permute(2, 0, 3, 1, 4)
        seen = ~padding[:, None, None, :]
        y = functional.scaled_dot_product_attention(q, k, v, attn_mask=seen, dropout_p=rate if self.training else 0.0)
        x = x + block.dropout1(block.self_attn.out_proj(y.transpose(1, 2).reshape(batch, length, width)))
        hidden = block.dropout(functional.relu(block.linear1(block.norm2(x))))
        return x + block.dropout2(block.linear2(hidden))


def encoder():
    variants = {
        "nn.TransformerEncoderLayer": (Encoder, None),
        "nn.TransformerEncoderLayer, fused Adam": (Encoder, True),
        "scaled_dot_product_attention, fused Adam": (DirectEncoder, True),
    }

    def make(data, variant):
        build, fused = variants[variant]
        model = build()
        optimizer = torch.optim.Adam(model.parameters(), 5e-4, fused=fused)
        return batched(training(model, positive, optimizer), 32, data["x"].long(), data["y"].float())

    return list(variants), make


class GptBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(width, dim=2)
        )
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    """nanoGPT's model.py."""

    def __init__(self, vocabulary=65, block=64, width=128, heads=4, layers=4):
        super().__init__()
        self.words, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(block, width)
        self.blocks = nn.Sequential(*(GptBlock(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens):
        x = self.words(tokens) + self.positions(torch.arange(tokens.shape[1]))
        return functional.linear(self.norm(self.blocks(x)), self.words.weight)  # the same table at both ends


def next_token(model, x, y):
    return functional.cross_entropy(model(x).flatten(0, 1), y.flatten())


def gpt():
    variants = {"eager": None, "fused AdamW": True}

    def make(data, variant):
        model = Gpt()
        groups = [
            {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
            {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, 1e-3, betas=(0.9, 0.99), fused=variants[variant])

        def step(x, y):
            optimizer.zero_grad(set_to_none=True)
            loss = next_token(model, x, y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return loss.detach()

        return batched(step, 12, data["x"].long(), data["y"].long())

    return list(variants), make


def gcn():
    """Kipf's pygcn, over all papers at once. The graph is a sparse matrix, or edges that are gathered and added up (as in PyG)."""
    variants = {
        "sparse CSR": (True, None),
        "sparse CSR, fused Adam": (True, True),
        "gather and index_add, fused Adam": (False, True),
    }

    def make(data, variant):
        sparse, fused = variants[variant]
        x, (source, target), y = data["words"][0], data["citations"][0].long(), data["y"][0].long()
        nodes = len(x)
        loops = torch.arange(nodes)
        source, target = torch.cat([source, loops]), torch.cat([target, loops])
        degree = torch.zeros(nodes).index_add(0, target, torch.ones(len(target)))
        share = (degree[source] * degree[target]).rsqrt()
        matrix = torch.sparse_coo_tensor(torch.stack([target, source]), share, (nodes, nodes)).coalesce().to_sparse_csr()

        def spread(h):
            if sparse:
                return matrix @ h  # symmetric, so that the gradient is the same product
            return torch.zeros_like(h).index_add(0, target, h[source] * share[:, None])

        first, second = nn.Linear(x.shape[1], 16, bias=False), nn.Linear(16, 7, bias=False)
        biases = nn.ParameterList([torch.zeros(16), torch.zeros(7)])
        nn.init.xavier_uniform_(first.weight)
        nn.init.xavier_uniform_(second.weight)
        model = nn.ModuleList([first, second, biases])
        optimizer = torch.optim.Adam(
            [
                {"params": first.parameters(), "weight_decay": 5e-4},
                {"params": [*second.parameters(), *biases], "weight_decay": 0.0},
            ],
            0.01,
            fused=fused,
        )
        learn = torch.nonzero(y >= 0).squeeze(1)

        def loss_of(_, features, labels):
            h = functional.relu(spread(first(functional.dropout(features))) + biases[0])
            scores = spread(second(functional.dropout(h))) + biases[1]
            return functional.cross_entropy(scores[learn], labels[learn])

        step = training(model, loss_of, optimizer)
        return lambda i: step(x, y)

    return list(variants), make


def train_pictures(build):
    """Whole epochs over shuffled pictures; the accuracy on the test pictures at the end."""

    def train(seed, epochs):
        data = arrays()
        x, test_x = ((data[name].permute(0, 3, 1, 2).float() / 255).contiguous() for name in ("x", "testX"))
        y, test_y = data["y"].long(), data["testY"].long()
        torch.manual_seed(seed)
        model = like_keras(build())
        step = training(model, classify, torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, fused=True))
        start = time.perf_counter()
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(128):
                step(x[rows], y[rows])
        with torch.no_grad():
            correct = sum(
                (model(part).argmax(1) == labels).sum().item()
                for part, labels in zip(test_x.split(1000), test_y.split(1000))
            )
        return {"seconds": time.perf_counter() - start, "accuracy": correct / len(test_y)}

    return train


def train_reviews(seed, epochs):
    """The mission's LSTM with the mission's SGD."""
    data = arrays()
    x, test_x = data["x"].long(), data["testX"].long()
    y, test_y = data["y"].float(), data["testY"].float()
    torch.manual_seed(seed)
    model = like_keras(Lstm(20_000, 100, 100))
    step = training(model, positive, torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, fused=True))
    start = time.perf_counter()
    for _ in range(epochs):
        for rows in torch.randperm(len(x)).split(128):
            step(x[rows], y[rows])
    with torch.no_grad():
        right = sum(
            ((model(part).squeeze(-1) > 0).float() == labels).sum().item()
            for part, labels in zip(test_x.split(500), test_y.split(500))
        )
    return {"seconds": time.perf_counter() - start, "accuracy": right / len(test_y)}


TRAIN = {"cifar-cnn": train_pictures(cifar_cnn), "imdb-lstm": train_reviews}
MODELS = {
    "cifar-cnn": lambda: picture_model(cifar_cnn),
    "batch-norm-cnn": lambda: picture_model(batch_norm_cnn),
    "char-gpt": gpt,
    "cora-gcn": gcn,
    "transformer": encoder,
    "imdb-lstm": lambda: word_model(lambda: Lstm(20_000, 100, 100), 128),
}
VARIANTS, MAKE = MODELS[NAME]() if NAME in MODELS else ([], None)
running = {}
memory_of = {}


def steps(variant, count):
    if variant not in running:
        if not memory_of:
            memory_of.update(arrays())
        running[variant] = [MAKE(memory_of, variant), 0]
    step, at = running[variant]
    start = time.perf_counter()
    losses = [step(at + i) for i in range(count)]
    ms = (time.perf_counter() - start) * 1e3
    running[variant][1] = at + count
    return {"ms": ms, "steps": count, "loss": torch.stack(losses).mean().item()}


def memory():
    """What the kernel has counted: resident memory at its highest."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return {"peakMb": int(lines["VmHWM"].split()[0]) / 1024}
    except (OSError, KeyError):
        return {"peakMb": None}


serve(
    {"library": "PyTorch", "version": torch.__version__.split("+")[0], "threads": THREADS, "variants": VARIANTS},
    {"steps": steps, "memory": memory, "train": TRAIN.get(NAME)},
)
