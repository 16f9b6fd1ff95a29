"""Training steps in JAX with optax: compiled whole, with donated buffers. Arguments: threads, folder with the data, name of the model.

A model is its parameters, its loss `(parameters, key, x…, y)`, an optimizer, a batch size and its data.
"""
import sys
import time

from jax_setting import FOLDER, THREADS

import jax
import jax.numpy as jnp
import optax
from jax import nn, random

import jax_layers as layers
from channel import arrays, peak_memory, serve

NAME = sys.argv[3]


def pictures(batch, parameters, scores):
    """Pictures are numbers from 0 to 1 in memory already."""
    return {
        "parameters": parameters,
        "loss": lambda p, _, x, y: layers.of_class(scores(p, x), y),
        "optimizer": optax.sgd(0.01, 0.9),
        "batch": batch,
        "data": lambda data: (data["x"].astype("float32") / 255, data["y"]),
    }


def cnn(pool):
    k = layers.keys()
    parameters = {
        "c1": layers.glorot(next(k), (3, 3, 3, 32)), "b1": jnp.zeros(32),
        "c2": layers.glorot(next(k), (3, 3, 32, 64)), "b2": jnp.zeros(64),
        "d1": layers.dense_of(k, 64 * 36, 64), "d2": layers.dense_of(k, 64, 10),
    }  # fmt: skip

    def scores(p, x):
        x = pool(nn.relu(layers.conv(p["c1"], x) + p["b1"]))
        x = pool(nn.relu(layers.conv(p["c2"], x) + p["b2"]))
        return layers.dense(p["d2"], nn.relu(layers.dense(p["d1"], x.reshape(len(x), -1))))

    return pictures(128, parameters, scores)


def batch_norm_cnn(pool):
    k = layers.keys()
    sizes = [(3, 32), (32, 32), (32, 64), (64, 64)]
    parameters = {
        "blocks": [{"c": layers.glorot(next(k), (3, 3, *size)), "n": layers.norm_of(size[1])} for size in sizes],
        "d": layers.dense_of(k, 64 * 64, 10),
    }

    def scores(p, x):
        for i, block in enumerate(p["blocks"]):
            x = nn.relu(layers.batch_norm(block["n"], layers.conv(block["c"], x, padding="SAME")))
            x = pool(x) if i % 2 else x
        return layers.dense(p["d"], x.reshape(len(x), -1))

    return pictures(128, parameters, scores)


def resnet18():
    k = layers.keys()

    def unit(inputs, filters, size):
        return {"c": layers.glorot(next(k), (size, size, inputs, filters)), "n": layers.norm_of(filters)}

    shape = [(64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)]
    blocks = [
        {"a": unit(i, o, 3), "b": unit(o, o, 3)} | ({"short": unit(i, o, 1)} if i != o else {}) for i, o, _ in shape
    ]
    parameters = {"first": unit(3, 64, 7), "blocks": blocks, "d": layers.dense_of(k, 512, 1000)}

    def convolution(p, x, stride):
        size = p["c"].shape[0] // 2
        return layers.batch_norm(p["n"], layers.conv(p["c"], x, stride, [(size, size)] * 2), 1e-5)

    def scores(p, x):
        x = nn.relu(convolution(p["first"], x, 2))
        x = jax.lax.reduce_window(
            x, -jnp.inf, jax.lax.max, (1, 3, 3, 1), (1, 2, 2, 1), [(0, 0), (1, 1), (1, 1), (0, 0)]
        )
        for block, (_, _, stride) in zip(p["blocks"], shape):
            y = convolution(block["b"], nn.relu(convolution(block["a"], x, stride)), 1)
            x = nn.relu(y + (convolution(block["short"], x, stride) if "short" in block else x))
        return layers.dense(p["d"], x.mean((1, 2)))

    return pictures(8, parameters, scores)


def reader(make, run, count, unroll):
    k = layers.keys()
    table = random.uniform(next(k), (20_000, 100), minval=-0.05, maxval=0.05)
    parameters = {"words": table, "layers": [make(k, 100, 100) for _ in range(count)], "d": layers.dense_of(k, 100, 1)}

    def loss(p, _, x, y):
        x = p["words"][x]
        for layer in p["layers"]:
            steps = run(layer, x, unroll)
            x = jnp.swapaxes(steps, 0, 1)
        return layers.of_praise(layers.dense(p["d"], steps[-1])[:, 0], y)

    return {"parameters": parameters, "loss": loss, "optimizer": optax.adam(1e-3), "batch": 128}


def encoder(length=256, width=64):
    k = layers.keys()
    parameters = {
        "words": random.uniform(next(k), (20_000, width), minval=-0.05, maxval=0.05),
        "places": layers.normal(next(k), (length, width)),
        "n1": layers.norm_of(width), "n2": layers.norm_of(width), "a": layers.attention_of(k, width),
        "up": layers.dense_of(k, width, 2 * width), "down": layers.dense_of(k, 2 * width, width), "d": layers.dense_of(k, width, 1),
    }  # fmt: skip

    def loss(p, key, tokens, y):
        drops = iter(random.split(key, 5))
        real = tokens != 0
        x = layers.dropout(next(drops), p["words"][tokens] + p["places"], 0.2)
        x = x + layers.dropout(next(drops), layers.attention(p["a"], layers.layer_norm(p["n1"], x), 4, seen=real), 0.2)
        hidden = layers.dropout(next(drops), nn.relu(layers.dense(p["up"], layers.layer_norm(p["n2"], x))), 0.2)
        x = x + layers.dropout(next(drops), layers.dense(p["down"], hidden), 0.2)
        mean = (x * real[..., None]).sum(1) / real.sum(1, keepdims=True)
        return layers.of_praise(layers.dense(p["d"], layers.dropout(next(drops), mean, 0.4))[:, 0], y)

    return {"parameters": parameters, "loss": loss, "optimizer": optax.adam(5e-4), "batch": 32}


def matrices(p):
    return jax.tree.map(lambda weight: weight.ndim > 1, p)


def gpt(batch, vocabulary=65, block=64, width=128, heads=4, count=4):
    k = layers.keys()

    def dense_of(fan_in, fan_out):
        return layers.dense_of(k, fan_in, fan_out, layers.normal, bias=False)

    def block_of():
        attention = layers.attention_of(k, width, layers.normal, bias=False)
        norms = {"n1": layers.norm_of(width), "n2": layers.norm_of(width)}
        return {"a": attention, "up": dense_of(width, 4 * width), "down": dense_of(4 * width, width)} | norms

    parameters = {
        "words": layers.normal(next(k), (vocabulary, width)),
        "places": layers.normal(next(k), (block, width)),
        "blocks": [block_of() for _ in range(count)],
        "n": layers.norm_of(width),
    }

    def loss(p, _, tokens, y):
        x = p["words"][tokens] + p["places"]
        for own in p["blocks"]:
            x = x + layers.attention(own["a"], layers.layer_norm(own["n1"], x), heads, causal=True)
            hidden = nn.gelu(layers.dense(own["up"], layers.layer_norm(own["n2"], x)), approximate=False)
            x = x + layers.dense(own["down"], hidden)
        return layers.of_class(layers.layer_norm(p["n"], x) @ p["words"].T, y)

    adamw = optax.adamw(1e-3, b2=0.99, weight_decay=0.1, mask=matrices)
    return {
        "parameters": parameters,
        "loss": loss,
        "optimizer": optax.chain(optax.clip_by_global_norm(1.0), adamw),
        "batch": batch,
    }


def bert(vocabulary=30_522, width=768, count=12, heads=12):
    k = layers.keys()

    def dense_of(fan_in, fan_out):
        return layers.dense_of(k, fan_in, fan_out, layers.normal)

    def block_of():
        norms = {"n1": layers.norm_of(width), "n2": layers.norm_of(width)}
        attention = layers.attention_of(k, width, layers.normal)
        return {"a": attention, "up": dense_of(width, 4 * width), "down": dense_of(4 * width, width)} | norms

    parameters = {
        "words": layers.normal(next(k), (vocabulary, width)),
        "kinds": layers.normal(next(k), (2, width)),
        "places": layers.normal(next(k), (512, width)),
        "n": layers.norm_of(width),
        "blocks": [block_of() for _ in range(count)],
        "guess": dense_of(width, width),
        "guess_norm": layers.norm_of(width),
        "bias": jnp.zeros(vocabulary),
    }

    def norm(p, x):
        return layers.layer_norm(p, x, 1e-12)

    def loss(p, _, tokens, segments, y):
        x = norm(p["n"], p["words"][tokens] + p["kinds"][segments] + p["places"][: tokens.shape[1]])
        for own in p["blocks"]:
            x = norm(own["n1"], x + layers.attention(own["a"], x, heads, seen=tokens != 0))
            hidden = nn.gelu(layers.dense(own["up"], x), approximate=False)
            x = norm(own["n2"], x + layers.dense(own["down"], hidden))
        x = norm(p["guess_norm"], nn.gelu(layers.dense(p["guess"], x), approximate=False))
        return layers.of_class(x @ p["words"].T + p["bias"], y)

    return {
        "parameters": parameters,
        "loss": loss,
        "optimizer": optax.adamw(1e-4, weight_decay=0.01, mask=matrices),
        "batch": 2,
        "data": lambda data: (data["tokens"], data["segments"], data["y"]),
    }


def pooled(build):
    return {"jit": lambda: build(layers.max_pool), "jit, pooling by blocks": lambda: build(layers.max_pool_blocks)}


def unrolled(make, run, count):
    return {
        "jit, scan": lambda: reader(make, run, count, 1),
        "jit, scan of 4 steps at a time": lambda: reader(make, run, count, 4),
    }


MODELS = {
    "cifar-cnn": pooled(cnn),
    "batch-norm-cnn": pooled(batch_norm_cnn),
    "resnet-18": {"jit": resnet18},
    "imdb-lstm": unrolled(layers.lstm_of, layers.lstm, 2),
    "lstm": unrolled(layers.lstm_of, layers.lstm, 1),
    "gru": unrolled(layers.gru_of, layers.gru, 1),
    "transformer": {"jit": encoder},
    "char-gpt": {"jit": lambda: gpt(12)},
    "gpt-10m": {"jit": lambda: gpt(4, block=256, width=384, heads=6, count=6)},
    "gpt2-124m": {"jit": lambda: gpt(1, 50_257, 256, 768, 12, 12)},
    "bert-base": {"jit": bert},
}


class Training:
    """Batches lie in JAX's memory; parameters and optimizer state are replaced in place."""

    def __init__(self, model, data):
        loss_of, optimizer, batch = model["loss"], model["optimizer"], model["batch"]
        self.parameters, self.key = model["parameters"], random.key(1)
        self.state = optimizer.init(self.parameters)
        parts = model.get("data", lambda data: (data["x"], data["y"]))(data)
        self.batches = [
            tuple(jnp.asarray(part[i : i + batch]) for part in parts) for i in range(0, len(parts[0]), batch)
        ]
        self.at = 0

        def step(parameters, state, key, *batch):
            key, own = random.split(key)
            loss, gradient = jax.value_and_grad(loss_of)(parameters, own, *batch)
            updates, state = optimizer.update(gradient, state, parameters)
            return optax.apply_updates(parameters, updates), state, key, loss

        self.step = jax.jit(step, donate_argnums=(0, 1, 2))

    def run(self, count):
        losses = []
        start = time.perf_counter()
        for _ in range(count):
            batch = self.batches[self.at]
            self.parameters, self.state, self.key, loss = self.step(self.parameters, self.state, self.key, *batch)
            self.at = (self.at + 1) % len(self.batches)
            losses.append(loss)
        jax.block_until_ready((self.parameters, losses))
        ms = (time.perf_counter() - start) * 1e3
        return ms, sum(float(loss) for loss in losses) / count


running = {}
memory_of = {}


def steps(variant, count):
    if variant not in running:
        if not memory_of:
            memory_of.update(arrays(FOLDER))
        running[variant] = Training(MODELS[NAME][variant](), memory_of)
    ms, loss = running[variant].run(count)
    return {"ms": ms, "steps": count, "loss": loss}


serve(
    {"library": "JAX", "version": jax.__version__, "threads": THREADS, "variants": list(MODELS.get(NAME, {}))},
    {"steps": steps, "memory": peak_memory},
)
