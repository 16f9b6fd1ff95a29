"""Embedding, positions, attention and the transformer blocks, against the modules of torch.nn with the weights laid anew."""

import math

import torch
from torch import nn
from torch.func import functional_call
from torch.nn import functional as F


def attention_weights(get, name):
    """Ours, `[in, heads * dim]` each, as nn.MultiheadAttention has them with kdim and vdim."""
    found = {f"{short}_proj_weight": get(f"{name}{long}_kernel").T for short, long in (("q", "query"), ("k", "key"), ("v", "value"))}
    biases = [get(f"{name}{part}_bias") for part in ("query", "key", "value")]
    found["out_proj.weight"] = get(f"{name}output_kernel").T
    if biases[0] is not None:
        found |= {"in_proj_bias": torch.cat(biases), "out_proj.bias": get(f"{name}output_bias")}
    return found


def multi_head(heads, query, key, value, weights, get, **masks):
    width = query.shape[-1]
    # Widths given apart, so that the module has separate projections; when they are all equal it has one, which is what follows.
    module = nn.MultiheadAttention(width, heads, kdim=key.shape[-1], vdim=value.shape[-1], batch_first=True,
                                   bias="in_proj_bias" in weights, dtype=torch.float64)
    if module._qkv_same_embed_dim:
        weights = dict(weights)
        weights["in_proj_weight"] = torch.cat([weights.pop(f"{p}_proj_weight") for p in "qkv"])
    return functional_call(module, weights, (query, key, value), {"need_weights": False, **masks})[0]


def attention_parameters(draw, query, key, value, inner, out=None, bias=True, kv=None):
    kv = kv or inner
    shapes = {"query": (query, inner), "key": (key, kv), "value": (value, kv), "output": (inner, out or query)}
    return {f"{part}/{kind}": 0.5 * (draw(*shape) if kind == "kernel" else draw(shape[1]))
            for part, shape in shapes.items() for kind in (("kernel", "bias") if bias else ("kernel",))}


def causal(n, m=None):
    return torch.ones(n, m or n).triu(1).bool()


def norm_parameters(draw, name, width, bias):
    found = {f"{name}/gamma": 1 + 0.2 * draw(width)}
    return {**found, f"{name}/beta": 0.2 * draw(width)} if bias else found


def block_parameters(draw, width, inner, attentions, bias=True):
    found = {}
    for name in attentions:
        found |= {f"{name}/{key}": value for key, value in attention_parameters(draw, width, width, width, width, bias=bias).items()}
        found |= norm_parameters(draw, f"{name}Norm", width, bias)
    found |= {"feedforward/dense1/kernel": 0.5 * draw(width, inner), "feedforward/dense2/kernel": 0.5 * draw(inner, width)}
    if bias:
        found |= {"feedforward/dense1/bias": 0.5 * draw(inner), "feedforward/dense2/bias": 0.5 * draw(width)}
    return found | norm_parameters(draw, "feedforwardNorm", width, bias)


def norm_weights(p, theirs, ours):
    found = {f"{theirs}.weight": p[f"{ours}_gamma"], f"{theirs}.bias": p.get(f"{ours}_beta")}
    return {name: value for name, value in found.items() if value is not None}


def block_weights(p, attentions):
    """`attentions`: our name -> theirs."""
    found = {}
    for i, (ours, theirs) in enumerate(attentions.items()):
        weights = attention_weights(p.get, f"{ours}_")
        weights["in_proj_weight"] = torch.cat([weights.pop(f"{k}_proj_weight") for k in "qkv"])
        found |= {f"{theirs}.{key}": value for key, value in weights.items()}
        found |= norm_weights(p, f"norm{i + 1}", f"{ours}Norm")
    found |= norm_weights(p, f"norm{len(attentions) + 1}", "feedforwardNorm")
    for i in (1, 2):
        found[f"linear{i}.weight"] = p[f"feedforward_dense{i}_kernel"].T
        if f"feedforward_dense{i}_bias" in p:
            found[f"linear{i}.bias"] = p[f"feedforward_dense{i}_bias"]
    return found


def encoder(heads, inner, **options):
    def run(x, **p):
        masks = options.get("masks", {})
        module = nn.TransformerEncoderLayer(x.shape[-1], heads, inner, dropout=0, batch_first=True, dtype=torch.float64,
                                            bias="attention_query_bias" in p, **{k: v for k, v in options.items() if k != "masks"})
        weights = block_weights(p, {"attention": "self_attn"})
        module.train()  # eval takes a fused path that cannot be differentiated
        return functional_call(module, weights, (x,), masks, strict=True)
    return run


def decoder(heads, inner, **options):
    def run(x, memory, **p):
        module = nn.TransformerDecoderLayer(x.shape[-1], heads, inner, dropout=0, batch_first=True, dtype=torch.float64, **options)
        weights = block_weights(p, {"selfAttention": "self_attn", "crossAttention": "multihead_attn"})
        return functional_call(module, weights, (x, memory), {"tgt_mask": causal(x.shape[1])}, strict=True)
    return run


def sinusoids(steps, width, wavelength=10000):
    table = torch.zeros(steps, width, dtype=torch.float64)
    for t in range(steps):
        for j in range(width):
            angle = t / wavelength ** (2 * (j // 2) / width)
            table[t, j] = math.sin(angle) if j % 2 == 0 else math.cos(angle)
    return table


def rotated(x, wavelength=10000):
    """`[batch, steps, ..., width]`: complex numbers of the first and the second half of the features, turned."""
    steps, half = x.shape[1], x.shape[-1] // 2
    rates = wavelength ** (-torch.arange(half, dtype=torch.float64) / half)
    angles = torch.arange(steps, dtype=torch.float64)[:, None] * rates
    turn = torch.polar(torch.ones_like(angles), angles).reshape(steps, *[1] * (x.dim() - 3), half)
    turned = torch.complex(x[..., :half], x[..., half:]) * turn
    return torch.cat([turned.real, turned.imag], -1)


def grouped(heads, kv_heads, rotary=False, is_causal=False):
    def run(x, **p):
        split = lambda name, n: (x @ p[f"{name}_kernel"] + p[f"{name}_bias"]).unflatten(-1, (n, -1))
        q, k, v = split("query", heads), split("key", kv_heads), split("value", kv_heads)
        if rotary:
            q, k = rotated(q), rotated(k)
        y = F.scaled_dot_product_attention(*(t.transpose(1, 2) for t in (q, k, v)), is_causal=is_causal, enable_gqa=True)
        return y.transpose(1, 2).flatten(2) @ p["output_kernel"] + p["output_bias"]
    return run


def cases(case, draw):
    rows = []
    tokens = torch.tensor([[3, 0, 5, 3], [1, 5, 3, 0]])
    for vocabulary in (6, 4000):  # the gradient of a large table is calculated in another way
        rows.append(case("embedding", {"inputDim": vocabulary, "outputDim": 3}, [tokens], {"embeddings": draw(vocabulary, 3)},
                         lambda x, embeddings: F.embedding(x, embeddings)))
    rows.append(case("embedding", {"inputDim": 6, "outputDim": 2}, [tokens[:, 0].int()], {"embeddings": draw(6, 2)},
                     lambda x, embeddings: F.embedding(x, embeddings)))
    rows.append(case("reversibleEmbedding", {"inputDim": 6, "outputDim": 3}, [tokens], {"embeddings": draw(6, 3)},
                     lambda x, embeddings: F.embedding(x, embeddings)))
    rows.append(case("reversibleEmbedding", {"inputDim": 6, "outputDim": 3, "reverseBias": True}, [draw(2, 4, 3)],
                     {"embeddings": draw(6, 3), "reverse/bias": draw(6)}, lambda x, embeddings, reverse_bias: x @ embeddings.T + reverse_bias))
    rows.append(case("positionalEncoding", {}, [draw(2, 5, 6)], {}, lambda x: x + sinusoids(5, 6)))
    rows.append(case("positionalEncoding", {"maxWavelength": 50}, [draw(1, 3, 5)], {}, lambda x: x + sinusoids(3, 5, 50)))
    for steps in (4, 3):
        rows.append(case("positionEmbedding", {"maxLength": 4}, [draw(2, steps, 5)], {"embeddings": draw(4, 5)},
                         lambda x, embeddings: x + embeddings[:x.shape[1]]))
    rows.append(case("rotaryEmbedding", {}, [draw(2, 5, 3, 4)], {}, rotated))
    rows.append(case("rotaryEmbedding", {"maxWavelength": 100}, [draw(2, 5, 6)], {}, lambda x: rotated(x, 100)))

    name = "multiHeadAttention"
    mask = torch.tensor([[True, True, True, False], [True, True, False, False]])
    attend = lambda heads, **masks: lambda *x, **p: multi_head(
        heads, x[0], x[-1] if len(x) == 3 else x[min(1, len(x) - 1)], x[min(1, len(x) - 1)], attention_weights(p.get, ""), p.get, **masks)
    rows.append(case(name, {"numHeads": 2, "keyDim": 3}, [draw(2, 4, 6)], attention_parameters(draw, 6, 6, 6, 6), attend(2)))
    rows.append(case(name, {"numHeads": 3, "keyDim": 2, "useBias": False}, [draw(2, 4, 6)],
                     attention_parameters(draw, 6, 6, 6, 6, bias=False), attend(3)))
    rows.append(case(name, {"numHeads": 2, "keyDim": 3, "causal": True}, [draw(2, 4, 6)], attention_parameters(draw, 6, 6, 6, 6),
                     attend(2, attn_mask=causal(4))))
    rows.append(case(name, {"numHeads": 2, "keyDim": 3}, [draw(2, 4, 6)], attention_parameters(draw, 6, 6, 6, 6),
                     attend(2, key_padding_mask=~mask), mask=mask))
    rows.append(case(name, {"numHeads": 2, "keyDim": 3, "causal": True}, [draw(2, 4, 6)], attention_parameters(draw, 6, 6, 6, 6),
                     attend(2, key_padding_mask=~mask, attn_mask=causal(4)), mask=mask))
    rows.append(case(name, {"numHeads": 2, "keyDim": 3}, [draw(2, 3, 6), draw(2, 5, 4)], attention_parameters(draw, 6, 4, 4, 6), attend(2)))
    rows.append(case(name, {"numHeads": 2, "keyDim": 3}, [draw(2, 3, 6), draw(2, 5, 4), draw(2, 5, 7)],
                     attention_parameters(draw, 6, 7, 4, 6), attend(2)))
    seen = torch.rand(2, 3, 5) > 0.4
    seen[:, :, 1] = True
    rows.append(case(name, {"numHeads": 2, "keyDim": 3}, [draw(2, 3, 6), draw(2, 5, 4), seen], attention_parameters(draw, 6, 4, 4, 6),
                     lambda q, v, _, **p: attend(2, attn_mask=~seen.repeat_interleave(2, 0))(q, v, **p)))
    # Sizes of their own for values and output: no module of torch.nn has them.
    def other_sizes(x, **p):
        q, k, v = ((x @ p[f"{n}_kernel"] + p[f"{n}_bias"]).unflatten(-1, (2, -1)).transpose(1, 2) for n in ("query", "key", "value"))
        return F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2) @ p["output_kernel"] + p["output_bias"]
    parameters = attention_parameters(draw, 6, 6, 6, 6)
    parameters |= {"value/kernel": draw(6, 10), "value/bias": draw(10), "output/kernel": draw(10, 4), "output/bias": draw(4)}
    rows.append(case(name, {"numHeads": 2, "keyDim": 3, "valueDim": 5, "outputShape": 4}, [draw(2, 4, 6)], parameters, other_sizes))
    for is_causal in (False, True):
        rows.append(case(name, {"numHeads": 4, "keyDim": 2, "numKvHeads": 2, "causal": is_causal}, [draw(2, 3, 8)],
                         attention_parameters(draw, 8, 8, 8, 8, kv=4), grouped(4, 2, is_causal=is_causal)))
    rows.append(case(name, {"numHeads": 4, "keyDim": 2, "numKvHeads": 1, "rotary": True, "causal": True}, [draw(2, 3, 8)],
                     attention_parameters(draw, 8, 8, 8, 8, kv=2), grouped(4, 1, rotary=True, is_causal=True)))

    name = "transformerEncoder"
    base = {"numHeads": 2, "intermediateDim": 5}
    for activation in ("relu", "gelu"):
        for first in (False, True):
            rows.append(case(name, {**base, "activation": activation, "normalizeFirst": first}, [draw(2, 3, 4)],
                             block_parameters(draw, 4, 5, ["attention"]), encoder(2, 5, activation=activation, norm_first=first)))
    rows.append(case(name, {**base, "causal": True, "normalizeFirst": True, "useBias": False}, [draw(2, 3, 4)],
                     block_parameters(draw, 4, 5, ["attention"], bias=False),
                     encoder(2, 5, norm_first=True, masks={"src_mask": causal(3)})))
    rows.append(case(name, {**base, "layerNormEpsilon": 0.1}, [draw(2, 4, 4)], block_parameters(draw, 4, 5, ["attention"]),
                     encoder(2, 5, layer_norm_eps=0.1, masks={"src_key_padding_mask": ~mask}), mask=mask))
    seen3 = torch.rand(2, 3, 3) > 0.4
    seen3[:, :, 0] = True
    rows.append(case(name, base, [draw(2, 3, 4), seen3], block_parameters(draw, 4, 5, ["attention"]),
                     lambda x, _, **p: encoder(2, 5, masks={"src_mask": ~seen3.repeat_interleave(2, 0)})(x, **p)))
    for first in (False, True):
        rows.append(case("transformerDecoder", {**base, "activation": "gelu", "normalizeFirst": first}, [draw(2, 3, 4), draw(2, 5, 4)],
                         block_parameters(draw, 4, 5, ["selfAttention", "crossAttention"]),
                         decoder(2, 5, activation="gelu", norm_first=first)))
    return rows
