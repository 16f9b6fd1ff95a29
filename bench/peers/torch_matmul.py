"""Products of two square matrices in PyTorch. Arguments: threads, then the sizes; a size is a variant."""
import sys
import time

import torch

from channel import serve

THREADS, SIZES = int(sys.argv[1]), sys.argv[2:]
torch.set_num_threads(THREADS)
running = {}


def steps(variant, count):
    size = int(variant)
    if variant not in running:
        numbers = torch.arange(size * size, dtype=torch.float64)
        running[variant] = tuple((((numbers * k) % 1000) / 1000 - 0.5).float().reshape(size, size) for k in (7, 13))
    a, b = running[variant]
    start = time.perf_counter()
    for _ in range(count):
        product = a @ b
    ms = (time.perf_counter() - start) * 1e3
    return {"ms": ms, "steps": count, "loss": product[0].abs().mean().item()}


serve(
    {"library": "PyTorch", "version": torch.__version__.split("+")[0], "threads": THREADS, "variants": SIZES},
    {"steps": steps},
)
