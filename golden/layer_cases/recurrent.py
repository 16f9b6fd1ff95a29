"""Recurrent layers: PyTorch's own functions where they exist, else (reset before, masks, other activations) a loop over the steps.

Our gates are in Keras' order: LSTM i, f, c, o, which is PyTorch's; GRU z, r, h, where PyTorch has r, z, n.
"""

import torch
from torch.nn import functional as F

BOTH = [False, True]  # the graph that predicts has another kernel than the one that trains


def zeros(x, units, count=1):
    return torch.zeros(count, x.shape[0], units, dtype=x.dtype)


def lstm(x, kernel, recurrent, bias=None, h=None, c=None):
    units = recurrent.shape[0]
    weights = [kernel.T, recurrent.T] + ([] if bias is None else [bias, torch.zeros_like(bias)])
    state = (zeros(x, units) if h is None else h[None], zeros(x, units) if c is None else c[None])
    y, h, c = torch.lstm(x.transpose(0, 1), state, weights, bias is not None, 1, 0.0, False, False, False)
    return y.transpose(0, 1), h[0], c[0]


def gru(x, kernel, recurrent, bias=None, h=None):
    units = recurrent.shape[0]
    swap = lambda w: torch.cat([w[..., units:2 * units], w[..., :units], w[..., 2 * units:]], -1)
    weights = [swap(kernel).T, swap(recurrent).T] + ([] if bias is None else [swap(bias[0]), swap(bias[1])])
    state = zeros(x, units) if h is None else h[None]
    y, h = torch.gru(x.transpose(0, 1), state, weights, bias is not None, 1, 0.0, False, False, False)
    return y.transpose(0, 1), h[0]


def rnn(x, kernel, recurrent, bias, h=None, function=torch.rnn_tanh):
    state = zeros(x, recurrent.shape[0]) if h is None else h[None]
    y, h = function(x.transpose(0, 1), state, [kernel.T, recurrent.T, bias, torch.zeros_like(bias)], True, 1, 0.0, False, False, False)
    return y.transpose(0, 1), h[0]


def lstm_step(x, state, kernel, recurrent, bias, activation=torch.tanh, gate=torch.sigmoid):
    h, c = state
    i, f, g, o = (x @ kernel + h @ recurrent + bias).chunk(4, -1)
    c = gate(f) * c + gate(i) * activation(g)
    return gate(o) * activation(c), c


def gru_step(x, state, kernel, recurrent, bias, activation=torch.tanh, gate=torch.sigmoid, reset_after=True):
    (h,) = state
    if reset_after:
        (xz, xr, xh), (hz, hr, hh) = (x @ kernel + bias[0]).chunk(3, -1), (h @ recurrent + bias[1]).chunk(3, -1)
        z, r = gate(xz + hz), gate(xr + hr)
        return (z * h + (1 - z) * activation(xh + r * hh),)
    (xz, xr, xh), (uz, ur, uh) = (x @ kernel + bias).chunk(3, -1), recurrent.chunk(3, -1)
    z, r = gate(xz + h @ uz), gate(xr + h @ ur)
    return (z * h + (1 - z) * activation(xh + (r * h) @ uh),)


def rnn_step(x, state, kernel, recurrent, bias, activation=torch.tanh):
    return (activation(x @ kernel + state[0] @ recurrent + bias),)


def loop(step, x, state, *weights, mask=None, **options):
    """All steps; a padded one keeps the state, and its output is that of the step before."""
    y = []
    for t in range(x.shape[1]):
        after = step(x[:, t], state, *weights, **options)
        if mask is not None:
            after = tuple(torch.where(mask[:, t, None], new, old) for new, old in zip(after, state))
        state = after
        y.append(state[0])
    return torch.stack(y, 1), *state


def simple(case, draw):
    weights = lambda: {"kernel": draw(3, 2), "recurrentKernel": draw(2, 2), "bias": draw(2)}
    rows = []
    for training in BOTH:
        rows.append(case("simpleRNN", {"units": 2}, [draw(2, 4, 3)], weights(),
                         lambda x, kernel, recurrentKernel, bias: rnn(x, kernel, recurrentKernel, bias)[1], training))
        rows.append(case("simpleRNN", {"units": 2, "activation": "relu", "returnSequences": True, "returnState": True},
                         [draw(2, 4, 3), draw(2, 2)], weights(),
                         lambda x, h, kernel, recurrentKernel, bias: rnn(x, kernel, recurrentKernel, bias, h, torch.rnn_relu), training))
        rows.append(case("simpleRNN", {"units": 2, "goBackwards": True, "returnSequences": True}, [draw(2, 4, 3)], weights(),
                         lambda x, kernel, recurrentKernel, bias: rnn(x.flip(1), kernel, recurrentKernel, bias)[0], training))
    mask = torch.tensor([[True, True, False, False], [False, True, False, True]])
    rows.append(case("simpleRNN", {"units": 2, "returnSequences": True}, [draw(2, 4, 3)], weights(),
                     lambda x, kernel, recurrentKernel, bias: loop(rnn_step, x, zeros(x, 2), kernel, recurrentKernel, bias, mask=mask)[0],
                     mask=mask))
    return rows


def long_short(case, draw):
    weights = lambda: {"kernel": draw(3, 8), "recurrentKernel": draw(2, 8), "bias": draw(8)}
    rows = []
    for training in BOTH:
        rows.append(case("lstm", {"units": 2}, [draw(2, 4, 3)], weights(),
                         lambda x, kernel, recurrentKernel, bias: lstm(x, kernel, recurrentKernel, bias)[1], training))
        rows.append(case("lstm", {"units": 2, "returnSequences": True, "returnState": True}, [draw(2, 4, 3), draw(2, 2), draw(2, 2)],
                         weights(), lambda x, h, c, kernel, recurrentKernel, bias: lstm(x, kernel, recurrentKernel, bias, h, c), training))
        rows.append(case("lstm", {"units": 2, "useBias": False, "goBackwards": True, "returnSequences": True, "returnState": True},
                         [draw(2, 4, 3)], {"kernel": draw(3, 8), "recurrentKernel": draw(2, 8)},
                         lambda x, kernel, recurrentKernel: lstm(x.flip(1), kernel, recurrentKernel), training))
        # No kernel has this activation of gates.
        rows.append(case("lstm", {"units": 2, "activation": "relu", "recurrentActivation": "hardSigmoid", "returnSequences": True},
                         [draw(2, 4, 3)], weights(), lambda x, kernel, recurrentKernel, bias: loop(
                             lstm_step, x, (*zeros(x, 2, 2),), kernel, recurrentKernel, bias, activation=F.relu, gate=F.hardsigmoid)[0],
                         training))
        # Padding after, before, between, and nothing else.
        mask = torch.tensor([[True, True, False, False], [False, False, True, True], [True, False, True, False], [False] * 4])
        for config, flip in [({"returnSequences": True, "returnState": True}, False), ({"goBackwards": True, "returnState": True}, True)]:
            turned = lambda t, flip=flip: t.flip(1) if flip else t
            result = lambda y, h, c, all=not flip: (y if all else h, h, c)
            rows.append(case("lstm", {"units": 2, **config}, [draw(4, 4, 3), draw(4, 2), draw(4, 2)], weights(),
                             lambda x, h, c, kernel, recurrentKernel, bias, turned=turned, result=result: result(*loop(
                                 lstm_step, turned(x), (h, c), kernel, recurrentKernel, bias, mask=turned(mask))),
                             training, mask=mask))
    held = {"stateH": draw(2, 2), "stateC": draw(2, 2)}
    rows.append(case("lstm", {"units": 2, "stateful": True, "batchSize": 2}, [draw(2, 4, 3)], {**weights(), **held},
                     lambda x, kernel, recurrentKernel, bias, stateH, stateC: lstm(x, kernel, recurrentKernel, bias, stateH, stateC)[1],
                     True, updates=lambda x, kernel, recurrentKernel, bias, stateH, stateC: dict(
                         zip(["stateH", "stateC"], lstm(x, kernel, recurrentKernel, bias, stateH, stateC)[1:]))))
    return rows


def gated(case, draw):
    weights = lambda: {"kernel": draw(3, 6), "recurrentKernel": draw(2, 6), "bias": draw(2, 6)}
    before = lambda: {"kernel": draw(3, 6), "recurrentKernel": draw(2, 6), "bias": draw(6)}
    rows = []
    for training in BOTH:
        rows.append(case("gru", {"units": 2}, [draw(2, 4, 3)], weights(),
                         lambda x, kernel, recurrentKernel, bias: gru(x, kernel, recurrentKernel, bias)[1], training))
        rows.append(case("gru", {"units": 2, "returnSequences": True, "returnState": True}, [draw(2, 4, 3), draw(2, 2)], weights(),
                         lambda x, h, kernel, recurrentKernel, bias: gru(x, kernel, recurrentKernel, bias, h), training))
        rows.append(case("gru", {"units": 2, "useBias": False, "goBackwards": True, "returnSequences": True}, [draw(2, 4, 3)],
                         {"kernel": draw(3, 6), "recurrentKernel": draw(2, 6)},
                         lambda x, kernel, recurrentKernel: gru(x.flip(1), kernel, recurrentKernel)[0], training))
        rows.append(case("gru", {"units": 2, "resetAfter": False, "returnSequences": True}, [draw(2, 4, 3)], before(),
                         lambda x, kernel, recurrentKernel, bias: loop(
                             gru_step, x, zeros(x, 2), kernel, recurrentKernel, bias, reset_after=False)[0], training))
    mask = torch.tensor([[True, True, False, False], [False, False, True, True]])
    for after in BOTH:
        rows.append(case("gru", {"units": 2, "resetAfter": after, "returnSequences": True, "returnState": True}, [draw(2, 4, 3)],
                         weights() if after else before(), lambda x, kernel, recurrentKernel, bias, after=after: loop(
                             gru_step, x, zeros(x, 2), kernel, recurrentKernel, bias, mask=mask, reset_after=after), True, mask=mask))
    return rows


MERGE = {"concat": lambda a, b: torch.cat([a, b], -1), "sum": lambda a, b: a + b, "mul": lambda a, b: a * b,
         "ave": lambda a, b: (a + b) / 2, None: lambda a, b: (a, b)}


def both_ways(case, draw):
    weights = lambda: {f"{way}/{name}": tensor for way in ["forward", "backward"] for name, tensor in [
        ("kernel", draw(3, 8)), ("recurrentKernel", draw(2, 8)), ("bias", draw(8))]}

    def run(mode, sequences):
        def of(x, forward_kernel, forward_recurrentKernel, forward_bias, backward_kernel, backward_recurrentKernel, backward_bias):
            there = lstm(x, forward_kernel, forward_recurrentKernel, forward_bias)
            back = lstm(x.flip(1), backward_kernel, backward_recurrentKernel, backward_bias)
            return MERGE[mode](there[0], back[0].flip(1)) if sequences else MERGE[mode](there[1], back[1])
        return of

    mask = torch.tensor([[True, True, False, False], [False, False, True, True]])

    def masked(x, h, k, forward_kernel, forward_recurrentKernel, forward_bias, backward_kernel, backward_recurrentKernel, backward_bias):
        there = loop(gru_step, x, (h,), forward_kernel, forward_recurrentKernel, forward_bias, mask=mask)
        back = loop(gru_step, x.flip(1), (k,), backward_kernel, backward_recurrentKernel, backward_bias, mask=mask.flip(1))
        return torch.cat([there[0], back[0].flip(1)], -1), there[1], back[1]

    inner = {"layer": "GRU", "config": {"units": 2, "returnSequences": True, "returnState": True}}
    gates = {f"{way}/{name}": tensor for way in ["forward", "backward"] for name, tensor in [
        ("kernel", draw(3, 6)), ("recurrentKernel", draw(2, 6)), ("bias", draw(2, 6))]}
    rows = [case("bidirectional", {"layer": inner}, [draw(2, 4, 3), draw(2, 2), draw(2, 2)], gates, masked, True, mask=mask)]
    for mode in [None, *(mode for mode in MERGE if mode)]:
        for training, sequences in [(False, True), (True, mode == "concat")]:
            inner = {"layer": "LSTM", "config": {"units": 2, "returnSequences": sequences}}
            rows.append(case("bidirectional", {"layer": inner, "mergeMode": mode}, [draw(2, 4, 3)], weights(), run(mode, sequences),
                             training))

    return rows


def cases(case, draw):
    padded = draw(2, 3, 2) * torch.tensor([[[1], [0], [1]], [[1], [1], [0]]])
    inner = {"layer": "Dense", "config": {"units": 2, "activation": "tanh"}}
    return [
        *simple(case, draw), *long_short(case, draw), *gated(case, draw), *both_ways(case, draw),
        case("masking", {}, [padded], {}, lambda x: x * (x != 0).any(-1, keepdim=True)),
        case("masking", {"maskValue": 1}, [torch.ones(1, 2, 2, dtype=torch.float64) * torch.tensor([[[1, 1], [1, 2]]])], {},
             lambda x: x * (x != 1).any(-1, keepdim=True)),
        case("timeDistributed", {"layer": inner}, [draw(2, 3, 4, 5)], {"kernel": draw(5, 2), "bias": draw(2)},
             lambda x, kernel, bias: torch.tanh(x @ kernel + bias)),
    ]
