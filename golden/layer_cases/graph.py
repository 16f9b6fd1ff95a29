"""Graph convolution and graph attention, written with dense matrices: one entry for each pair of nodes."""

import torch
from torch.nn import functional as F


def adjacency(edges, weights, nodes, undirected=False, self_loops=True):
    """[batch, target, source]: the sum of the weights of the edges; -1 is padding."""
    a = torch.zeros(edges.shape[0], nodes, nodes, dtype=torch.float64)
    for b in range(edges.shape[0]):
        for e in range(edges.shape[2]):
            s, t = int(edges[b, 0, e]), int(edges[b, 1, e])
            if s < 0:
                continue
            hot = torch.zeros_like(a)
            hot[b, t, s] += 1
            if undirected:
                hot[b, s, t] += 1
            a = a + hot * (1 if weights is None else weights[b, e])
    return a + torch.eye(nodes, dtype=torch.float64) if self_loops else a


def gcn(x, edges, weights=None, normalization="symmetric", undirected=False, self_loops=True, activation=lambda v: v):
    def run(kernel, bias=0):
        a = adjacency(edges, weights, x.shape[1], undirected, self_loops)
        d = a.sum(2, keepdim=True)
        safe = torch.where(d > 0, d, torch.ones_like(d))
        if normalization == "symmetric":
            a = a / safe.sqrt() / safe.sqrt().transpose(1, 2) * (d > 0) * (d > 0).transpose(1, 2)
        elif normalization == "mean":
            a = a / safe
        return activation(a @ (x @ kernel) + bias)

    return run


def gat(x, edges, heads, weights=None, concat=True, slope=0.2, undirected=False, self_loops=True, activation=lambda v: v):
    """Every edge has a share of its own, so an edge that is there twice counts twice: weights of equal edges add up."""

    def run(kernel, source, target, bias=0):
        h = (x @ kernel).unflatten(-1, (heads, -1))  # [batch, nodes, heads, units]
        score = F.leaky_relu((h * target).sum(-1)[:, :, None] + (h * source).sum(-1)[:, None], slope)  # [batch, target, source, heads]
        a = adjacency(edges, weights, x.shape[1], undirected, self_loops)[..., None]
        shares = a * torch.exp(score - score.amax())
        shares = shares / shares.sum(2, keepdim=True).clamp_min(1e-300)
        y = torch.einsum("btsh,bshu->bthu", shares, h)
        return activation((y.flatten(2) if concat else y.mean(2)) + bias)

    return run


def cases(case, draw):
    edges = torch.tensor([
        [[0, 1, 1, 2, 3, 3, 0], [1, 0, 2, 1, 4, 4, 0]],  # twice the same edge, a loop, a node with no edge but its own loop
        [[4, 3, 2, 1, -1, -1, -1], [0, 0, 0, 0, -1, -1, -1]],
    ], dtype=torch.int32)
    rows = []
    parameters = lambda units: {"kernel": draw(3, units), "bias": draw(units)}
    weights = lambda: torch.rand(2, 7, dtype=torch.float64) + 0.5
    x = draw(2, 5, 3)
    rows.append(case("gcnConv", {"units": 4}, [x, edges], parameters(4), lambda x, e, kernel, bias: gcn(x, e)(kernel, bias)))
    rows.append(case("gcnConv", {"units": 2, "activation": "relu", "undirected": True}, [draw(2, 5, 3), edges, weights()], parameters(2),
                     lambda x, e, w, kernel, bias: gcn(x, e, w, undirected=True, activation=F.relu)(kernel, bias)))
    rows.append(case("gcnConv", {"units": 2, "normalization": "mean", "selfLoops": False, "useBias": False}, [draw(2, 5, 3), edges],
                     {"kernel": draw(3, 2)}, lambda x, e, kernel: gcn(x, e, normalization="mean", self_loops=False)(kernel)))
    rows.append(case("gcnConv", {"units": 2, "selfLoops": False}, [draw(2, 5, 3), edges, weights()], parameters(2),
                     lambda x, e, w, kernel, bias: gcn(x, e, w, self_loops=False)(kernel, bias)))
    rows.append(case("gcnConv", {"units": 1, "normalization": "none"}, [draw(1, 4, 3), edges[1:, :, 3:]], parameters(1),
                     lambda x, e, kernel, bias: gcn(x, e, normalization="none")(kernel, bias)))

    attention = lambda heads, units: {"attentionSource": draw(heads, units), "attentionTarget": draw(heads, units)}
    call = lambda run, kernel, attentionSource, attentionTarget, bias=0: run(kernel, attentionSource, attentionTarget, bias)
    rows.append(case("gatConv", {"units": 4}, [draw(2, 5, 3), edges], {**parameters(4), **attention(1, 4)},
                     lambda x, e, **p: call(gat(x, e, 1), **p)))
    rows.append(case("gatConv", {"units": 2, "heads": 3, "activation": "elu", "undirected": True}, [draw(2, 5, 3), edges, weights()],
                     {**parameters(6), **attention(3, 2)}, lambda x, e, w, **p: call(gat(x, e, 3, w, undirected=True, activation=F.elu), **p)))
    rows.append(case("gatConv", {"units": 2, "heads": 3, "concatHeads": False, "negativeSlope": 0.1}, [draw(2, 5, 3), edges],
                     {"kernel": draw(3, 6), "bias": draw(2), **attention(3, 2)},
                     lambda x, e, **p: call(gat(x, e, 3, concat=False, slope=0.1), **p)))
    rows.append(case("gatConv", {"units": 2, "heads": 2, "selfLoops": False, "useBias": False}, [3 * draw(2, 5, 3), edges],
                     {"kernel": draw(3, 4), **attention(2, 2)}, lambda x, e, **p: call(gat(x, e, 2, self_loops=False), **p)))
    return rows
