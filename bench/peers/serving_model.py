"""A model of ONNX Runtime as the Python servers ask it: bytes of the inputs, one behind the other, in, bytes of the first output out."""
import os

import numpy as np
import onnxruntime

DTYPES = {"tensor(float)": np.float32, "tensor(int32)": np.int32}


class Model:
    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = int(os.environ["BENCH_THREADS"])
        self.session = onnxruntime.InferenceSession(os.environ["BENCH_MODEL"], options, providers=["CPUExecutionProvider"])
        self.inputs = [
            (port.name, DTYPES[port.type], tuple(port.shape[1:]), 4 * int(np.prod(port.shape[1:]))) for port in self.session.get_inputs()
        ]
        self.output = self.session.get_outputs()[0].name
        self.each = sum(size for *_, size in self.inputs)

    def feeds(self, body):
        rows, at, feeds = len(body) // self.each, 0, {}
        for name, dtype, shape, size in self.inputs:
            feeds[name] = np.frombuffer(body, dtype, rows * size // 4, at).reshape((rows, *shape))
            at += rows * size
        return feeds

    def run(self, feeds):
        return self.session.run([self.output], feeds)[0]

    def answer(self, body):
        return self.run(self.feeds(body)).tobytes()

    def answers(self, bodies):
        """Several requests in one run."""
        parts = [self.feeds(body) for body in bodies]
        rows = [len(next(iter(part.values()))) for part in parts]
        outputs = self.run({name: np.concatenate([part[name] for part in parts]) for name, *_ in self.inputs})
        ends = np.cumsum(rows)
        return [outputs[end - own : end].tobytes() for end, own in zip(ends, rows)]
