"""The MLP in JAX with optax. Arguments: threads, folder with the data."""
import time

from jax_setting import FOLDER, THREADS

import jax
import jax.numpy as jnp
import optax
from jax import lax

from channel import BATCH, batches, serve, weights
from jax_layers import of_class


def loss_of(parameters, x, y):
    w0, b0, w1, b1, w2, b2 = parameters
    x = jax.nn.relu(x @ w0 + b0)
    return of_class(jax.nn.relu(x @ w1 + b1) @ w2 + b2, y)


optimizer = optax.sgd(0.01, 0.9)


def update(state, batch):
    parameters, slots = state
    loss, gradient = jax.value_and_grad(loss_of)(parameters, *batch)
    changes, slots = optimizer.update(gradient, slots)
    return (optax.apply_updates(parameters, changes), slots), loss


class Steps:
    def __init__(self):
        x, y = batches(FOLDER)
        self.x = jnp.asarray(x.reshape(-1, BATCH, x.shape[1]))
        self.y = jnp.asarray(y.reshape(-1, BATCH))
        parameters = [jnp.asarray(weight) for weight in weights(FOLDER)]
        self.state = (parameters, optimizer.init(parameters))
        self.at = 0


class Jit(Steps):
    """A compiled step, called from Python; buffers are donated."""

    def __init__(self):
        super().__init__()
        self.batches = list(zip(self.x, self.y))
        self.step = jax.jit(update, donate_argnums=0)

    def run(self, count):
        losses = []
        start = time.perf_counter()
        for _ in range(count):
            self.state, loss = self.step(self.state, self.batches[self.at])
            self.at = (self.at + 1) % len(self.batches)
            losses.append(loss)
        jax.block_until_ready(self.state)
        ms = (time.perf_counter() - start) * 1e3
        return ms, sum(float(loss) for loss in losses) / count, count


class Scanned(Steps):
    """32 steps a call, by a scan over batches: no Python between them."""

    def __init__(self):
        super().__init__()
        self.steps = jax.jit(lambda state, x, y: lax.scan(update, state, (x, y)), donate_argnums=0)
        self.parts = [(self.x[i : i + 32], self.y[i : i + 32]) for i in range(0, len(self.x), 32)]

    def run(self, count):
        calls = max(1, count // 32)
        losses = []
        start = time.perf_counter()
        for _ in range(calls):
            self.state, loss = self.steps(self.state, *self.parts[self.at])
            self.at = (self.at + 1) % len(self.parts)
            losses.append(loss)
        jax.block_until_ready(self.state)
        ms = (time.perf_counter() - start) * 1e3
        return ms, float(jnp.concatenate(losses).mean()), 32 * calls


VARIANTS = {"jit": Jit, "jit, 32 steps a call": Scanned}
running = {}


def steps(variant, count):
    if variant not in running:
        running[variant] = VARIANTS[variant]()
    ms, loss, done = running[variant].run(count)
    return {"ms": ms, "steps": done, "loss": loss}


serve(
    {"library": "JAX", "version": jax.__version__, "threads": THREADS, "variants": list(VARIANTS)},
    {"steps": steps},
)
