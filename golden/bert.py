"""A tiny BERT in PyTorch: what it says to two texts of different lengths, and the gradients of all its parameters."""

import json
from pathlib import Path

import torch
from torch import nn
from torch.nn import functional as F

SIZES = {"vocabulary": 30, "width": 16, "layers": 2, "heads": 2, "intermediate": 24, "maxLength": 8}
LENGTH = 6
TOKENS = [[3, 7, 12, 29, 5, 9], [3, 8, 21, 4, 0, 0]]
SEGMENTS = [[0, 0, 0, 1, 1, 1], [0, 0, 1, 1, 0, 0]]


def rounded(tensor):
    return {"shape": list(tensor.shape), "data": [float(f"{v:.9g}") for v in tensor.detach().flatten().tolist()]}


def main():
    torch.manual_seed(0)
    width, inner = SIZES["width"], SIZES["intermediate"]
    parameters = {}

    def draw(name, *shape, scale=0.3, shift=0.0):
        parameters[name] = (torch.randn(*shape, dtype=torch.float64) * scale + shift).requires_grad_(True)
        return parameters[name]

    def norm(name):
        return draw(f"{name}/gamma", width, shift=1.0), draw(f"{name}/beta", width)

    tokens, segments = torch.tensor(TOKENS), torch.tensor(SEGMENTS)
    words = draw("words/embeddings", SIZES["vocabulary"], width)
    kinds = draw("segmentKinds/embeddings", 2, width)
    places = draw("positions/embeddings", SIZES["maxLength"], width)
    x = words[tokens] + kinds[segments] + places[:LENGTH]
    x = F.layer_norm(x, [width], *norm("norm"), eps=1e-12)
    for i in range(SIZES["layers"]):
        block = nn.TransformerEncoderLayer(width, SIZES["heads"], inner, dropout=0, activation="gelu", layer_norm_eps=1e-12,
                                           batch_first=True, dtype=torch.float64)
        part = lambda name: f"layer{i}/{name}"
        heads = [(draw(part(f"attention/{n}/kernel"), width, width), draw(part(f"attention/{n}/bias"), width)) for n in ("query", "key", "value")]
        state = {
            "self_attn.in_proj_weight": torch.cat([kernel.T for kernel, _ in heads]),
            "self_attn.in_proj_bias": torch.cat([bias for _, bias in heads]),
            "self_attn.out_proj.weight": draw(part("attention/output/kernel"), width, width).T,
            "self_attn.out_proj.bias": draw(part("attention/output/bias"), width),
        }
        state["norm1.weight"], state["norm1.bias"] = norm(part("attentionNorm"))
        state["linear1.weight"] = draw(part("feedforward/dense1/kernel"), width, inner).T
        state["linear1.bias"] = draw(part("feedforward/dense1/bias"), inner)
        state["linear2.weight"] = draw(part("feedforward/dense2/kernel"), inner, width).T
        state["linear2.bias"] = draw(part("feedforward/dense2/bias"), width)
        state["norm2.weight"], state["norm2.bias"] = norm(part("feedforwardNorm"))
        x = torch.func.functional_call(block, state, (x,), {"src_key_padding_mask": tokens == 0})
    pooled = torch.tanh(x[:, 0] @ draw("pooler/kernel", width, width) + draw("pooler/bias", width))
    real = (tokens != 0).unsqueeze(-1)  # what stands where there is padding is nobody's business
    seeds = {name: torch.linspace(-1, 1, y.numel(), dtype=torch.float64).reshape(y.shape) for name, y in (("states", x), ("pooled", pooled))}
    seeds["states"] = seeds["states"] * real
    total = (x * seeds["states"]).sum() + (pooled * seeds["pooled"]).sum()
    gradients = torch.autograd.grad(total, list(parameters.values()))
    path = Path(__file__).parent / "bert.json"
    path.write_text(json.dumps({
        "torch": torch.__version__, "sizes": SIZES, "length": LENGTH, "tokens": TOKENS, "segments": SEGMENTS,
        "parameters": {name: rounded(value) for name, value in parameters.items()},
        "states": rounded(x * real), "pooled": rounded(pooled), "seeds": {name: rounded(seed) for name, seed in seeds.items()},
        "gradients": {name: rounded(g) for name, g in zip(parameters, gradients)},
    }) + "\n")
    print(path)


if __name__ == "__main__":
    main()
