"""Layers that merge several values, and those that move axes."""

import torch
from torch.nn import functional as F


def cases(case, draw):
    rows = []
    three = lambda *shape: [draw(*shape), draw(*shape), draw(*shape)]
    rows.append(case("multiply", {}, three(2, 3), {}, lambda a, b, c: a * b * c))
    rows.append(case("multiply", {}, [draw(2, 4, 3), draw(2, 3)], {}, lambda a, b: a * b[:, None]))
    rows.append(case("subtract", {}, [draw(2, 3), draw(2, 3)], {}, lambda a, b: a - b))
    rows.append(case("average", {}, three(2, 3), {}, lambda a, b, c: (a + b + c) / 3))
    rows.append(case("maximum", {}, three(2, 3), {}, lambda a, b, c: torch.maximum(torch.maximum(a, b), c)))
    rows.append(case("minimum", {}, three(2, 3), {}, lambda a, b, c: torch.minimum(torch.minimum(a, b), c)))
    rows.append(case("dot", {"axes": 1}, [draw(2, 3), draw(2, 3)], {}, lambda a, b: (a * b).sum(1, keepdim=True)))
    rows.append(case("dot", {"axes": -1}, [draw(2, 4, 3), draw(2, 5, 3)], {}, lambda a, b: torch.einsum("bik,bjk->bij", a, b)))
    rows.append(case("dot", {"axes": [1, 2]}, [draw(2, 3, 4), draw(2, 5, 3, 2)], {}, lambda a, b: torch.einsum("bki,bjkl->bijl", a, b)))
    rows.append(case("dot", {"axes": [2, 1], "normalize": True}, [draw(2, 4, 3), draw(2, 3)], {},
                     lambda a, b: torch.einsum("bik,bk->bi", F.normalize(a, dim=2), F.normalize(b, dim=1))))
    rows.append(case("permute", {"dims": [3, 1, 2]}, [draw(2, 3, 4, 5)], {}, lambda x: x.permute(0, 3, 1, 2)))
    rows.append(case("repeatVector", {"n": 3}, [draw(2, 4)], {}, lambda x: x[:, None].repeat(1, 3, 1)))
    rows.append(case("spatialDropout1d", {"rate": 0.5}, [draw(2, 3, 4)], {}, lambda x: x))
    rows.append(case("spatialDropout2d", {"rate": 0.5}, [draw(2, 3, 4, 2)], {}, lambda x: x))
    return rows
