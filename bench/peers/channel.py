"""How a measured library talks to bench/shared/competitor.ts: one JSON object a line, a command in, its answer out."""
import json
import os
import sys

import numpy as np

# Libraries print what they like; the channel is the real standard output.
_answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)

BATCH = 128
FEATURES, CLASSES = 784, 10


def answer(message):
    _answers.write(json.dumps(message) + "\n")
    _answers.flush()


def serve(ready, commands):
    """Says what there is, then obeys until standard input ends."""
    answer(ready)
    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer(commands[message.pop("do")](**message))
        except Exception as error:  # the other side decides what a failure means
            answer({"error": f"{type(error).__name__}: {error}"})


def peak_memory():
    """What the kernel has counted: resident memory at its highest."""
    try:
        with open("/proc/self/status", encoding="ascii") as file:
            lines = dict(line.split(":", 1) for line in file)
        return {"peakMb": int(lines["VmHWM"].split()[0]) / 1024}
    except (OSError, KeyError):
        return {"peakMb": None}


def arrays(folder):
    """What bench/shared/arrays.ts wrote, by name."""
    with open(os.path.join(folder, "arrays.json"), encoding="utf-8") as file:
        table = json.load(file)
    return {name: numbers(folder, name, entry["dtype"]).reshape(entry["shape"]) for name, entry in table.items()}


def numbers(folder, name, dtype):
    return np.fromfile(os.path.join(folder, name), dtype=dtype)


def batches(folder):
    """The data of the step's measurement: x [n, 784] float32, y [n] int32."""
    return numbers(folder, "x.f32", np.float32).reshape(-1, FEATURES), numbers(folder, "y.i32", np.int32)


def weights(folder):
    """The weights that everybody begins with: kernel [in, out], bias [out], and so on."""
    sizes = [FEATURES, 128, 128, CLASSES]
    arrays = []
    for i, shape in enumerate(zip(sizes, sizes[1:])):
        arrays.append(numbers(folder, f"kernel{i}.f32", np.float32).reshape(shape))
        arrays.append(np.zeros(shape[1], np.float32))
    return arrays


def mnist(folder):
    """Training and test part: images [n, 784] float32 from 0 to 1, labels [n] int32."""
    parts = []
    for part in ("train", "test"):
        images = numbers(folder, f"{part}-images.u8", np.uint8).reshape(-1, FEATURES)
        parts += [images.astype(np.float32) / 255, numbers(folder, f"{part}-labels.u8", np.uint8).astype(np.int32)]
    return parts
