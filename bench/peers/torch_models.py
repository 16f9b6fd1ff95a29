"""Models in PyTorch, as its guides write them. Arguments: threads, folder with the data, name of the model.

A model is its variants and a function that makes, of the data and a variant, a step: from the number of a batch to its loss. The
counterpart has the same name in bench/shared/step-models.ts.
"""
import time

import torch
from torch import nn
from torch.nn import functional

from channel import peak_memory, serve
from torch_large import LARGE
from torch_training import NAME, THREADS, arrays, batched, classify, like_keras, positive, training


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


class Reader(nn.Module):
    """All layers in one module; for LSTM oneDNN has a fused kernel."""

    def __init__(self, kind, layers, vocabulary=20_000, width=100, units=100):
        super().__init__()
        self.embedding = nn.Embedding(vocabulary, width)
        self.layers = kind(width, units, num_layers=layers, batch_first=True)
        self.positive = nn.Linear(units, 1)

    def forward(self, x):
        out, _ = self.layers(self.embedding(x))
        return self.positive(out[:, -1])


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
    model = like_keras(Reader(nn.LSTM, 2))
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
    "cora-gcn": gcn,
    "transformer": encoder,
    "imdb-lstm": lambda: word_model(lambda: Reader(nn.LSTM, 2), 128),
    "lstm": lambda: word_model(lambda: Reader(nn.LSTM, 1), 128),
    "gru": lambda: word_model(lambda: Reader(nn.GRU, 1), 128),
    **LARGE,
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


serve(
    {"library": "PyTorch", "version": torch.__version__.split("+")[0], "threads": THREADS, "variants": VARIANTS},
    {"steps": steps, "memory": peak_memory, "train": TRAIN.get(NAME)},
)
