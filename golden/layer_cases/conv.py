"""Convolution: plain, depthwise, separable and transposed, in one to three axes, channels last and first."""

from torch.nn import functional as F



def first(x):
    return x.movedim(-1, 1)


def last(y):
    return y.movedim(1, -1)


def cases(case, draw):
    rows = []

    def plain(name, rank, x, channels, config, function, data_format="channelsLast"):
        """`function(image, kernel, bias)` works channels-first."""
        out, groups = config["filters"], config.get("groups", 1)
        size = config["kernelSize"]
        window = size if isinstance(size, list) else [size] * rank
        parameters = {"kernel": draw(out, channels // groups, *window)}
        if config.get("useBias", True):
            parameters["bias"] = draw(out)
        rows.append(layer(name, config, x, parameters, lambda image, kernel, bias=None: function(image, kernel, bias), data_format))

    def layer(name, config, x, parameters, function, data_format):
        if data_format == "channelsFirst":
            return case(name, {**config, "dataFormat": data_format}, [x], parameters, lambda x, **p: function(x, **p))
        return case(name, config, [x], parameters, lambda x, **p: last(function(first(x), **p)))

    plain("conv1d", 1, draw(2, 7, 3), 3, {"filters": 4, "kernelSize": 3}, F.conv1d)
    plain("conv1d", 1, draw(2, 6, 2), 2, {"filters": 3, "kernelSize": 3, "padding": "causal", "dilationRate": 2},
          lambda x, k, b: F.conv1d(F.pad(x, (4, 0)), k, b, dilation=2))
    plain("conv1d", 1, draw(2, 3, 7), 3, {"filters": 2, "kernelSize": 4, "padding": "same", "strides": 2, "activation": "softmax"},
          lambda x, k, b: F.softmax(F.conv1d(F.pad(x, (1, 2)), k, b, stride=2), -1), "channelsFirst")
    plain("conv2d", 2, draw(2, 5, 6, 3), 3, {"filters": 4, "kernelSize": 3, "activation": "relu"}, lambda x, k, b: F.relu(F.conv2d(x, k, b)))
    plain("conv2d", 2, draw(2, 6, 5, 2), 2, {"filters": 3, "kernelSize": [3, 2], "padding": "same", "strides": 2, "activation": "softmax"},
          lambda x, k, b: F.softmax(F.conv2d(F.pad(x, (0, 1, 0, 1)), k, b, stride=2), 1))
    plain("conv2d", 2, draw(2, 5, 5, 4), 4, {"filters": 6, "kernelSize": 3, "padding": "same", "groups": 2, "useBias": False},
          lambda x, k, b: F.conv2d(x, k, b, padding=1, groups=2))
    plain("conv2d", 2, draw(2, 3, 6, 7), 3, {"filters": 2, "kernelSize": 2, "padding": [1, [0, 2]], "dilationRate": [1, 3]},
          lambda x, k, b: F.conv2d(F.pad(x, (0, 2, 1, 1)), k, b, dilation=(1, 3)), "channelsFirst")
    plain("conv2d", 2, draw(2, 4, 4, 8), 8, {"filters": 2, "kernelSize": 3, "padding": 1}, lambda x, k, b: F.conv2d(x, k, b, padding=1))
    plain("conv3d", 3, draw(1, 4, 4, 5, 2), 2, {"filters": 3, "kernelSize": 2, "strides": [1, 2, 2]},
          lambda x, k, b: F.conv3d(x, k, b, stride=(1, 2, 2)))
    plain("conv3d", 3, draw(2, 2, 3, 3, 3), 2, {"filters": 2, "kernelSize": 3, "padding": "same", "activation": "tanh"},
          lambda x, k, b: F.conv3d(x, k, b, padding=1).tanh(), "channelsFirst")

    def depthwise(name, config, x, channels, window, function, data_format="channelsLast"):
        out = channels * config.get("depthMultiplier", 1)
        parameters = {"depthwiseKernel": draw(out, 1, *window), "bias": draw(out)}
        rows.append(layer(name, config, x, parameters, lambda x, depthwiseKernel, bias: function(x, depthwiseKernel, bias), data_format))

    depthwise("depthwiseConv1d", {"kernelSize": 3, "depthMultiplier": 2}, draw(2, 6, 3), 3, [3], lambda x, k, b: F.conv1d(x, k, b, groups=3))
    depthwise("depthwiseConv1d", {"kernelSize": 2, "padding": "same", "dilationRate": 2}, draw(2, 2, 6), 2, [2],
              lambda x, k, b: F.conv1d(x, k, b, padding=1, dilation=2, groups=2), "channelsFirst")
    depthwise("depthwiseConv2d", {"kernelSize": 3, "padding": "same", "activation": "relu"}, draw(2, 4, 5, 3), 3, [3, 3],
              lambda x, k, b: F.relu(F.conv2d(x, k, b, padding=1, groups=3)))
    depthwise("depthwiseConv2d", {"kernelSize": [3, 2], "strides": 2, "depthMultiplier": 2}, draw(2, 2, 5, 4), 2, [3, 2],
              lambda x, k, b: F.conv2d(x, k, b, stride=2, groups=2), "channelsFirst")

    def separable(name, config, x, channels, window, function, data_format="channelsLast"):
        middle, out = channels * config.get("depthMultiplier", 1), config["filters"]
        parameters = {"depthwiseKernel": draw(middle, 1, *window), "pointwiseKernel": draw(out, middle, *[1 for _ in window]), "bias": draw(out)}
        rows.append(layer(name, config, x, parameters,
                          lambda x, depthwiseKernel, pointwiseKernel, bias: function(x, depthwiseKernel, pointwiseKernel, bias), data_format))

    separable("separableConv1d", {"filters": 4, "kernelSize": 3, "activation": "relu"}, draw(2, 6, 3), 3, [3],
              lambda x, d, p, b: F.relu(F.conv1d(F.conv1d(x, d, groups=3), p, b)))
    separable("separableConv1d", {"filters": 2, "kernelSize": 3, "padding": "same", "strides": 2, "depthMultiplier": 2}, draw(2, 2, 6), 2, [3],
              lambda x, d, p, b: F.conv1d(F.conv1d(F.pad(x, (0, 1)), d, stride=2, groups=2), p, b), "channelsFirst")
    separable("separableConv2d", {"filters": 5, "kernelSize": 3, "padding": "same"}, draw(2, 4, 4, 3), 3, [3, 3],
              lambda x, d, p, b: F.conv2d(F.conv2d(x, d, padding=1, groups=3), p, b))
    separable("separableConv2d", {"filters": 2, "kernelSize": 2, "depthMultiplier": 2, "dilationRate": 2}, draw(2, 2, 5, 4), 2, [2, 2],
              lambda x, d, p, b: F.conv2d(F.conv2d(x, d, dilation=2, groups=2), p, b), "channelsFirst")

    def transposed(name, rank, x, channels, config, function, data_format="channelsLast"):
        out, size = config["filters"], config["kernelSize"]
        window = size if isinstance(size, list) else [size] * rank
        parameters = {"kernel": draw(channels, out, *window), "bias": draw(out)}
        rows.append(layer(name, config, x, parameters, lambda image, kernel, bias: function(image, kernel, bias), data_format))

    # Which elements 'same' cuts off is Keras' choice: the result is as large as the input times the stride.
    transposed("conv1dTranspose", 1, draw(2, 4, 3), 3, {"filters": 2, "kernelSize": 3, "strides": 2, "padding": "same"},
               lambda x, k, b: F.conv_transpose1d(x, k, b, stride=2)[:, :, :8])
    transposed("conv1dTranspose", 1, draw(2, 3, 4), 3, {"filters": 2, "kernelSize": 2, "strides": 3},
               lambda x, k, b: F.conv_transpose1d(x, k, b, stride=3, output_padding=1), "channelsFirst")
    transposed("conv2dTranspose", 2, draw(2, 3, 4, 3), 3, {"filters": 2, "kernelSize": 3, "activation": "relu"},
               lambda x, k, b: F.relu(F.conv_transpose2d(x, k, b)))
    transposed("conv2dTranspose", 2, draw(1, 3, 3, 2), 2, {"filters": 3, "kernelSize": 4, "strides": 2, "padding": "same"},
               lambda x, k, b: F.conv_transpose2d(x, k, b, stride=2, padding=1))
    transposed("conv2dTranspose", 2, draw(2, 3, 3, 2), 3, {"filters": 2, "kernelSize": 3, "strides": 2, "padding": 1, "outputPadding": 1},
               lambda x, k, b: F.conv_transpose2d(x, k, b, stride=2, padding=1, output_padding=1), "channelsFirst")
    transposed("conv3dTranspose", 3, draw(1, 2, 3, 2, 2), 2, {"filters": 3, "kernelSize": 2, "strides": 2},
               lambda x, k, b: F.conv_transpose3d(x, k, b, stride=2))
    transposed("conv3dTranspose", 3, draw(1, 2, 2, 3, 2), 2, {"filters": 2, "kernelSize": [1, 3, 2], "dilationRate": [1, 1, 2]},
               lambda x, k, b: F.conv_transpose3d(x, k, b, dilation=(1, 1, 2)), "channelsFirst")
    return rows
