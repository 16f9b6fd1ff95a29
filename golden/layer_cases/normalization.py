"""Normalisations: batch (training with its moving statistics, masked, frozen statistics), layer, group, instance, RMS, unit."""

import torch
from torch.nn import functional as F


def last(function):
    """Of channels first, for channels last."""
    return lambda x, *rest, **named: function(x.movedim(-1, 1), *rest, **named).movedim(1, -1)


def along(values, x, axis):
    """A list as a tensor that broadcasts to `x` along one axis."""
    return values.reshape([-1 if i == axis % x.ndim else 1 for i in range(x.ndim)])


def moved(moving, now, momentum):
    return moving * momentum + now * (1 - momentum)


def statistics(axis):
    """As Keras: the moving variance is that of n, not of n - 1 as in PyTorch."""
    def after(x, movingMean, movingVariance, momentum=0.99, **_):
        others = [i for i in range(x.ndim) if i != axis % x.ndim]
        return {"movingMean": moved(movingMean, x.mean(others), momentum),
                "movingVariance": moved(movingVariance, x.var(others, correction=0), momentum)}
    return after


def batch_norm(x, gamma=None, beta=None, eps=1e-3, **_):
    return F.batch_norm(x, None, None, gamma, beta, True, 0, eps)


def batch_parameters(draw, channels):
    return {"gamma": draw(channels), "beta": draw(channels), **moving(draw, channels)}


def moving(draw, channels):
    return {"movingMean": draw(channels), "movingVariance": draw(channels).abs() + 0.5}


def inference(axis, eps=1e-3):
    def function(x, movingMean, movingVariance, gamma=None, beta=None):
        y = (x - along(movingMean, x, axis)) / (along(movingVariance, x, axis) + eps).sqrt()
        y = y if gamma is None else y * along(gamma, x, axis)
        return y if beta is None else y + along(beta, x, axis)
    return function


def masked(mask, eps=1e-3):
    def function(x, gamma, beta, **_):
        real = x[mask]
        return (x - real.mean(0)) / (real.var(0, correction=0) + eps).sqrt() * gamma + beta
    return function


def masked_statistics(mask):
    def after(x, movingMean, movingVariance, **_):
        return {"movingMean": moved(movingMean, x[mask].mean(0), 0.99),
                "movingVariance": moved(movingVariance, x[mask].var(0, correction=0), 0.99)}
    return after


def batch_cases(case, draw):
    name = "batchNormalization"
    rows = []
    for config, shape, axis in [({}, (5, 3), -1), ({}, (2, 3, 2, 4), -1), ({"axis": 1}, (3, 4, 5), 1), ({"axis": 1}, (2, 3, 8, 16), 1)]:
        function = batch_norm if axis == 1 else last(batch_norm)
        channels = shape[axis]
        rows.append(case(name, config, [draw(*shape) * 2 + 1], batch_parameters(draw, channels), function, training=True,
                         updates=statistics(axis)))
        rows.append(case(name, config, [draw(*shape)], batch_parameters(draw, channels), inference(axis)))
    options = {"momentum": 0.75, "epsilon": 0.125}
    rows.append(case(name, options, [draw(4, 3)], batch_parameters(draw, 3), lambda x, **named: batch_norm(x, eps=0.125, **named),
                     training=True, updates=lambda x, **named: statistics(-1)(x, momentum=0.75, **named)))
    rows.append(case(name, options, [draw(4, 3)], batch_parameters(draw, 3), inference(-1, 0.125)))
    for config in [{"center": False}, {"scale": False}, {"center": False, "scale": False}]:
        off = {"center": "beta", "scale": "gamma"}
        kept = lambda values: {key: value for key, value in values.items() if key not in [off[option] for option in config]}
        rows.append(case(name, config, [draw(4, 3)], kept(batch_parameters(draw, 3)), batch_norm, training=True, updates=statistics(-1)))
        rows.append(case(name, config, [draw(4, 3)], kept(batch_parameters(draw, 3)), inference(-1)))
        rows.append(case(name, config, [draw(2, 2, 3)], kept(batch_parameters(draw, 3)), inference(-1)))
    # Far from zero: the variance must not come from the mean of squares.
    rows.append(case(name, {}, [draw(8, 2) + 100], batch_parameters(draw, 2), batch_norm, training=True, updates=statistics(-1)))
    # One value for each channel has no variance.
    rows.append(case(name, {}, [draw(1, 3)], batch_parameters(draw, 3), lambda x, beta, **_: 0 * x + beta, training=True,
                     updates=statistics(-1)))
    mask = torch.tensor([[True, True, False], [True, False, False]])
    rows.append(case(name, {}, [draw(2, 3, 4)], batch_parameters(draw, 4), masked(mask), training=True,
                     updates=masked_statistics(mask), mask=mask))
    rows.append(case(name, {}, [draw(2, 3, 4)], batch_parameters(draw, 4), inference(-1), mask=mask))
    return rows


def layer_norm(axes, eps=1e-3):
    def function(x, gamma=None, beta=None):
        shape = [x.shape[i] if i in [a % x.ndim for a in axes] else 1 for i in range(x.ndim)]
        y = (x - x.mean(axes, keepdim=True)) / (x.var(axes, correction=0, keepdim=True) + eps).sqrt()
        y = y if gamma is None else y * gamma.reshape(shape)
        return y if beta is None else y + beta.reshape(shape)
    return function


def layer_cases(case, draw):
    name = "layerNormalization"
    both = lambda *shape: {"gamma": draw(*shape), "beta": draw(*shape)}
    return [
        case(name, {}, [draw(3, 4)], both(4), lambda x, gamma, beta: F.layer_norm(x, (4,), gamma, beta, 1e-3)),
        case(name, {"epsilon": 1e-5}, [draw(2, 3, 4)], both(4), lambda x, gamma, beta: F.layer_norm(x, (4,), gamma, beta), training=True),
        case(name, {"axis": [1, 2]}, [draw(2, 3, 4)], both(3, 4), lambda x, gamma, beta: F.layer_norm(x, (3, 4), gamma, beta, 1e-3)),
        case(name, {"axis": [-1, 1]}, [draw(2, 3, 2, 4)], both(3, 4), layer_norm([1, 3])),
        case(name, {"axis": 1}, [draw(2, 3, 4)], both(3), layer_norm([1])),
        case(name, {"center": False}, [draw(3, 4)], {"gamma": draw(4)}, layer_norm([1])),
        case(name, {"scale": False}, [draw(3, 4)], {"beta": draw(4)}, layer_norm([1])),
        case(name, {"scale": False, "center": False, "axis": 1}, [draw(2, 3, 4)], {}, layer_norm([1])),
        case(name, {}, [draw(3, 4) + 100], both(4), layer_norm([1])),
    ]


def group_cases(case, draw):
    both = lambda channels: {"gamma": draw(channels), "beta": draw(channels)}
    group = lambda groups: lambda x, gamma=None, beta=None: F.group_norm(x, groups, gamma, beta, 1e-3)
    instance = lambda x, gamma=None, beta=None: F.instance_norm(x, weight=gamma, bias=beta, eps=1e-3)
    return [
        case("groupNormalization", {"groups": 2}, [draw(2, 3, 2, 4)], both(4), last(group(2))),
        case("groupNormalization", {"groups": 2, "axis": 1}, [draw(2, 4, 3)], both(4), group(2)),
        case("groupNormalization", {}, [draw(1, 2, 64)], both(64), last(group(32))),
        case("groupNormalization", {"groups": -1}, [draw(2, 5, 3)], both(3), last(group(3))),
        case("groupNormalization", {"groups": 1, "axis": 1, "scale": False}, [draw(2, 4, 3)], {"beta": draw(4)},
             lambda x, beta: F.group_norm(x, 1, eps=1e-3) + beta[:, None]),
        case("groupNormalization", {"groups": 3, "center": False}, [draw(4, 6)], {"gamma": draw(6)}, group(3)),
        case("instanceNormalization", {}, [draw(2, 5, 3)], both(3), last(instance)),
        case("instanceNormalization", {"axis": 1, "center": False, "scale": False}, [draw(2, 3, 2, 2)], {}, instance),
    ]


def cases(case, draw):
    rms = lambda axes: lambda x, scale: x / (x.square().mean(axes, keepdim=True) + 1e-6).sqrt() * scale
    zeros = draw(2, 3)
    zeros[1] = 0
    return [
        *batch_cases(case, draw), *layer_cases(case, draw), *group_cases(case, draw),
        case("rmsNormalization", {}, [draw(2, 3, 4)], {"scale": draw(4)}, lambda x, scale: F.rms_norm(x, (4,), scale, 1e-6)),
        case("rmsNormalization", {"axis": [1, 2]}, [draw(2, 3, 4)], {"scale": draw(3, 4)}, rms([1, 2])),
        case("unitNormalization", {}, [draw(2, 3, 4)], {}, lambda x: F.normalize(x, dim=-1)),
        case("unitNormalization", {"axis": 1}, [draw(2, 3, 4)], {}, lambda x: F.normalize(x, dim=1)),
        case("unitNormalization", {"axis": [1, 2]}, [draw(2, 3, 4)], {}, lambda x: x / x.square().sum([1, 2], keepdim=True).sqrt()),
        case("unitNormalization", {}, [zeros], {}, lambda x: x / x.square().sum(1, keepdim=True).clamp(min=1e-12).sqrt()),
    ]
