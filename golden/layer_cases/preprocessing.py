"""Layers that bring raw numbers into shape."""

import torch
from torch.nn import functional as F


def cases(case, draw):
    mean, variance = [0.5, -1.0, 2.0], [4.0, 0.0, 0.25]
    tokens = torch.tensor([[3], [0], [5]]).int()
    lists = torch.tensor([[3, 0, 3], [1, 1, 1]]).int()
    scale = torch.tensor([2.0, 1.0, 0.5], dtype=torch.float64)
    encode = lambda x: F.one_hot(x.long(), 6).double()
    return [
        case("normalization", {"mean": mean, "variance": variance}, [draw(4, 3)], {},
             lambda x: (x - torch.tensor(mean, dtype=torch.float64)) / scale),
        case("normalization", {"mean": 1.5, "variance": 9}, [draw(2, 3)], {}, lambda x: (x - 1.5) / 3),
        case("imputation", {"value": 3}, [draw(2, 3)], {}, lambda x: x * 1),
        case("imputation", {"value": [-1, 7], "indicator": True}, [draw(2, 2)], {},
             lambda x: torch.cat([x, torch.zeros_like(x)], -1)),
        case("categoryEncoding", {"numTokens": 6}, [tokens], {}, lambda x: encode(x[:, 0])),
        case("categoryEncoding", {"numTokens": 6, "outputMode": "multiHot"}, [lists], {}, lambda x: encode(x).amax(1)),
        case("categoryEncoding", {"numTokens": 6, "outputMode": "count"}, [lists], {}, lambda x: encode(x).sum(1)),
        case("features", {}, [draw(3, 2), draw(3, 1)], {}, lambda a, b: torch.cat([a, b], -1)),
    ]
