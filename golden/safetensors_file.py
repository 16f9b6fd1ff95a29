"""Writes safetensors.json: a file made by the format's own implementation, and what it holds."""

import base64
import json
import pathlib

import numpy as np
import safetensors
from safetensors.numpy import save

tensors = {
    "layer/kernel": np.array([[1.5, -2.0, 3.25], [0.0, 1e-3, -7.5]], np.float32),
    "double": np.array([0.1, -1e300], np.float64),
    "half": np.array([1.0, -0.5], np.float16),
    "i8": np.array([-128, 0, 127], np.int8),
    "u8": np.array([[0, 255]], np.uint8),
    "i16": np.array([-32768, 32767], np.int16),
    "u16": np.array([65535], np.uint16),
    "i32": np.array([-(2**31), 5], np.int32),
    "u32": np.array([2**32 - 1], np.uint32),
    "i64": np.array([-(2**53), 7], np.int64),
    "u64": np.array([2**53], np.uint64),
    "flags": np.array([True, False, True]),
    "scalar": np.array(4.5, np.float32),
    "empty": np.zeros((0, 3), np.float32),
}
golden = {
    "versions": {"safetensors": safetensors.__version__, "numpy": np.__version__},
    "metadata": {"format": "np", "note": "größe ☃"},
    "tensors": {
        name: {"dtype": a.dtype.name, "shape": list(a.shape), "bytes": a.tobytes().hex()}
        for name, a in tensors.items()
    },
}
golden["base64"] = base64.b64encode(save(tensors, golden["metadata"])).decode()
out = pathlib.Path(__file__).with_name("safetensors.json")
out.write_text(json.dumps(golden, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
