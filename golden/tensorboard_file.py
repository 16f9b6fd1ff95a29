"""Writes tensorboard.json: an event file made by TensorBoard's own record writer and protocol buffers."""

import base64
import io
import json
import math
import pathlib

import google.protobuf
import tensorboard
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.summary.writer.record_writer import RecordWriter

start = 1_700_000_000.25
steps = [
    {"step": 0, "seconds": start + 1, "scalars": {"loss": 2.302585, "accuracy": 0.0}},
    {"step": 1, "seconds": start + 2, "scalars": {"loss": 0.1}},
    {"step": 300, "seconds": start + 3.5, "scalars": {"validation/loss": math.nan, "größe ☃": math.inf}},
    {"step": 2**40 + 5, "seconds": start + 4, "scalars": {"loss": -1.5e-30, "a" * 200: 7.0}},
]

file = io.BytesIO()
writer = RecordWriter(file)
writer.write(event_pb2.Event(wall_time=start, file_version="brain.Event:2").SerializeToString())
for s in steps:
    values = [summary_pb2.Summary.Value(tag=tag, simple_value=value) for tag, value in s["scalars"].items()]
    event = event_pb2.Event(wall_time=s["seconds"], step=s["step"], summary=summary_pb2.Summary(value=values))
    writer.write(event.SerializeToString())

text = lambda v: v if math.isfinite(v) else {"nan": "NaN", "inf": "Infinity"}[str(v)]
golden = {
    "versions": {"tensorboard": tensorboard.__version__, "protobuf": google.protobuf.__version__},
    "startMs": start * 1000,
    "steps": [
        {"step": s["step"], "ms": s["seconds"] * 1000, "scalars": {t: text(v) for t, v in s["scalars"].items()}} for s in steps
    ],
    "base64": base64.b64encode(file.getvalue()).decode(),
}
out = pathlib.Path(__file__).with_name("tensorboard.json")
out.write_text(json.dumps(golden, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
