"""Layers in JAX, as its guides write them: functions of parameters, which are made with a key."""
import jax
import jax.numpy as jnp
from jax import lax, nn, random

orthogonal = nn.initializers.orthogonal()
glorot = nn.initializers.glorot_uniform()


def normal(key, shape):
    return 0.02 * random.normal(key, shape)


def keys(seed=0):
    """As many keys as are wanted."""
    key = random.key(seed)
    while True:
        key, own = random.split(key)
        yield own


def dense_of(k, fan_in, fan_out, start=glorot, bias=True):
    made = {"w": start(next(k), (fan_in, fan_out))}
    return made | {"b": jnp.zeros(fan_out)} if bias else made


def dense(p, x):
    y = x @ p["w"]
    return y + p["b"] if "b" in p else y


def norm_of(width):
    return {"scale": jnp.ones(width), "shift": jnp.zeros(width)}


def layer_norm(p, x, epsilon=1e-5):
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    return (x - mean) * lax.rsqrt(variance + epsilon) * p["scale"] + p["shift"]


def batch_norm(p, x, epsilon=1e-3):
    """With the batch's own figures; running means are as cheap as they are small, and left out in favour of JAX."""
    mean, variance = x.mean((0, 1, 2)), x.var((0, 1, 2))
    return (x - mean) * (lax.rsqrt(variance + epsilon) * p["scale"]) + p["shift"]


def conv(w, x, stride=1, padding="VALID"):
    return lax.conv_general_dilated(x, w, (stride, stride), padding, dimension_numbers=("NHWC", "HWIO", "NHWC"))


def max_pool(x):
    return lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def max_pool_blocks(x):
    """The same by a maximum over blocks, whose gradient XLA's CPU backend makes faster."""
    n, h, w, c = x.shape
    return x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))


def dropout(key, x, rate):
    keep = random.bernoulli(key, 1 - rate, x.shape)
    return jnp.where(keep, x / (1 - rate), 0)


def lstm_of(k, fan_in, units):
    bias = jnp.zeros(4 * units).at[units : 2 * units].set(1)
    return {"w": glorot(next(k), (fan_in, 4 * units)), "r": orthogonal(next(k), (units, 4 * units)), "b": bias}


def lstm(p, x, unroll):
    """[batch, steps, features] to [steps, batch, units]: inputs of all steps by one product, then a scan."""
    z = jnp.swapaxes(x @ p["w"] + p["b"], 0, 1)
    units = p["r"].shape[0]

    def step(state, z):
        h, c = state
        i, f, g, o = jnp.split(z + h @ p["r"], 4, axis=-1)
        c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
        h = nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    start = jnp.zeros((x.shape[0], units))
    return lax.scan(step, (start, start), z, unroll=unroll)[1]


def gru_of(k, fan_in, units):
    made = {"w": glorot(next(k), (fan_in, 3 * units)), "r": orthogonal(next(k), (units, 3 * units))}
    return made | {"b": jnp.zeros(3 * units), "s": jnp.zeros(3 * units)}  # two arrays: each is donated once


def gru(p, x, unroll):
    z = jnp.swapaxes(x @ p["w"] + p["b"], 0, 1)

    def step(h, z):
        update, reset, candidate = jnp.split(z, 3, axis=-1)
        own_update, own_reset, own = jnp.split(h @ p["r"] + p["s"], 3, axis=-1)
        u = nn.sigmoid(update + own_update)
        n = jnp.tanh(candidate + nn.sigmoid(reset + own_reset) * own)
        h = u * h + (1 - u) * n
        return h, h

    return lax.scan(step, jnp.zeros((x.shape[0], p["r"].shape[0])), z, unroll=unroll)[1]


def attention_of(k, width, start=glorot, bias=True):
    return {"qkv": dense_of(k, width, 3 * width, start, bias), "out": dense_of(k, width, width, start, bias)}


def attention(p, x, heads, causal=False, seen=None):
    """`seen` [batch, steps]: what may be looked at."""
    batch, length, width = x.shape
    q, k, v = jnp.split(dense(p["qkv"], x).reshape(batch, length, 3 * heads, width // heads), 3, axis=2)
    mask = None if seen is None else seen[:, None, None, :]
    y = nn.dot_product_attention(q, k, v, mask=mask, is_causal=causal)
    return dense(p["out"], y.reshape(batch, length, width))


def of_class(scores, y):
    """Mean cross-entropy; a class below 0 is not counted."""
    own = jnp.take_along_axis(scores, jnp.maximum(y, 0)[..., None], -1)[..., 0]
    lost = nn.logsumexp(scores, -1) - own
    return jnp.where(y >= 0, lost, 0).sum() / (y >= 0).sum()


def of_praise(score, y):
    return (nn.softplus(score) - y * score).mean()
