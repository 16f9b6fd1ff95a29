"""The larger models in PyTorch: GPTs of several sizes, ResNet-18 and BERT."""
import torch
from torch import nn
from torch.nn import functional

from torch_training import batched, classify, like_keras, training


class GptBlock(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width, bias=False), nn.Linear(width, width, bias=False)
        self.up, self.down = nn.Linear(width, 4 * width, bias=False), nn.Linear(4 * width, width, bias=False)

    def forward(self, x):
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)
            for part in self.qkv(self.norm1(x)).split(width, dim=2)
        )
        y = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(batch, length, width))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class Gpt(nn.Module):
    """nanoGPT's model.py."""

    def __init__(self, vocabulary=65, block=64, width=128, heads=4, layers=4):
        super().__init__()
        self.words, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(block, width)
        self.blocks = nn.Sequential(*(GptBlock(width, heads) for _ in range(layers)))
        self.norm = nn.LayerNorm(width)
        for weight in self.parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=0.02)

    def forward(self, tokens):
        x = self.words(tokens) + self.positions(torch.arange(tokens.shape[1]))
        return functional.linear(self.norm(self.blocks(x)), self.words.weight)  # the same table at both ends


def next_token(model, x, y):
    return functional.cross_entropy(model(x).flatten(0, 1), y.flatten())


def gpt(batch=12, **sizes):
    variants = {"eager": None, "fused AdamW": True}

    def make(data, variant):
        model = Gpt(**sizes)
        groups = [
            {"params": [p for p in model.parameters() if p.dim() > 1], "weight_decay": 0.1},
            {"params": [p for p in model.parameters() if p.dim() < 2], "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, 1e-3, betas=(0.9, 0.99), fused=variants[variant])

        def step(x, y):
            optimizer.zero_grad(set_to_none=True)
            loss = next_token(model, x, y)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            return loss.detach()

        return batched(step, batch, data["x"].long(), data["y"].long())

    return list(variants), make


class Residual(nn.Module):
    """torchvision's BasicBlock."""

    def __init__(self, inputs, filters, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, filters, 3, stride, 1, bias=False)
        self.conv2 = nn.Conv2d(filters, filters, 3, 1, 1, bias=False)
        self.norm1, self.norm2 = nn.BatchNorm2d(filters), nn.BatchNorm2d(filters)
        plain = stride == 1 and inputs == filters
        self.short = (
            nn.Identity() if plain else nn.Sequential(nn.Conv2d(inputs, filters, 1, stride, bias=False), nn.BatchNorm2d(filters))
        )

    def forward(self, x):
        y = functional.relu(self.norm1(self.conv1(x)), inplace=True)
        return functional.relu(self.norm2(self.conv2(y)) + self.short(x), inplace=True)


def resnet18():
    blocks, inputs = [], 64
    for filters, stride in [(64, 1), (128, 2), (256, 2), (512, 2)]:
        blocks += [Residual(inputs, filters, stride), Residual(filters, filters, 1)]
        inputs = filters
    return nn.Sequential(
        nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1),
        *blocks, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000),
    )  # fmt: skip


def residual_network():
    variants = {"fused SGD": False, "fused SGD, channels last": True}

    def make(data, variant):
        layout = torch.channels_last if variants[variant] else torch.contiguous_format
        x = (data["x"].permute(0, 3, 1, 2).float() / 255).contiguous(memory_format=layout)
        model = like_keras(resnet18()).to(memory_format=layout)
        optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, fused=True)
        return batched(training(model, classify, optimizer), 8, x, data["y"].long())

    return list(variants), make


class Bert(nn.Module):
    """BERT base with the head that guesses words, without dropout, as a measurement of speed needs it."""

    def __init__(self, vocabulary=30_522, width=768, layers=12, heads=12, positions=512):
        super().__init__()
        self.words, self.kinds = nn.Embedding(vocabulary, width), nn.Embedding(2, width)
        self.positions = nn.Parameter(torch.randn(positions, width) * 0.02)
        self.norm = nn.LayerNorm(width, eps=1e-12)
        block = nn.TransformerEncoderLayer(width, heads, 4 * width, 0.0, "gelu", layer_norm_eps=1e-12, batch_first=True)
        self.encoder = nn.TransformerEncoder(block, layers, enable_nested_tensor=False)
        self.guess, self.guess_norm = nn.Linear(width, width), nn.LayerNorm(width, eps=1e-12)
        self.bias = nn.Parameter(torch.zeros(vocabulary))
        for name, weight in self.named_parameters():
            if weight.dim() > 1:
                nn.init.normal_(weight, std=0.02)
            elif name.endswith("bias"):
                nn.init.zeros_(weight)

    def forward(self, tokens, segments):
        x = self.words(tokens) + self.kinds(segments) + self.positions[: tokens.shape[1]]
        x = self.encoder(self.norm(x), src_key_padding_mask=tokens == 0)
        x = self.guess_norm(functional.gelu(self.guess(x)))
        return functional.linear(x, self.words.weight, self.bias)


def bert():
    variants = {"eager": None, "fused AdamW": True}

    def make(data, variant):
        model = Bert()
        optimizer = torch.optim.AdamW(model.parameters(), 1e-4, weight_decay=0.01, fused=variants[variant])

        def loss_of(_, tokens, segments, y):
            return functional.cross_entropy(model(tokens, segments).flatten(0, 1), y.flatten(), ignore_index=-1)

        return batched(training(model, loss_of, optimizer), 2, data["tokens"].long(), data["segments"].long(), data["y"].long())

    return list(variants), make


LARGE = {
    "char-gpt": gpt,
    "gpt-10m": lambda: gpt(batch=4, block=256, width=384, heads=6, layers=6),
    "gpt2-124m": lambda: gpt(batch=1, vocabulary=50_257, block=256, width=768, heads=12, layers=12),
    "resnet-18": residual_network,
    "bert-base": bert,
}
