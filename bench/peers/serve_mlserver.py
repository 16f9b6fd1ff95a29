"""MLServer with ONNX Runtime: its own protocol as JSON, and a handler for bytes. Argument: the port. BENCH_BATCHES=1 merges requests."""
import asyncio
import os
import sys

import numpy as np
from fastapi import Request, Response
from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec
from mlserver.handlers import custom_handler
from mlserver.types import InferenceRequest, InferenceResponse

from serving_model import Model


class Served(MLModel):
    async def load(self) -> bool:
        self.model = Model()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        feeds = {port.name: NumpyCodec.decode_input(port) for port in payload.inputs}
        output = NumpyCodec.encode_output(self.model.output, self.model.run(feeds))
        return InferenceResponse(model_name=self.name, model_version=self.version, outputs=[output])

    @custom_handler(rest_path="/infer")
    async def infer_bytes(self, request: Request) -> Response:
        return Response(self.model.answer(await request.body()), media_type="application/octet-stream")


async def main():
    port = int(sys.argv[1])
    batches = {"max_batch_size": 64, "max_batch_time": 0.005} if os.environ.get("BENCH_BATCHES") == "1" else {}
    processes = int(os.environ["BENCH_PROCESSES"])
    workers = processes if processes > 1 else 0  # 0: the models are in the process that answers
    settings = Settings(
        host="127.0.0.1", http_port=port, grpc_port=port + 1, metrics_port=port + 2, parallel_workers=workers, debug=False, access_log=False, use_structured_logging=False
    )
    server = MLServer(settings)
    from serve_mlserver import Served as found  # by a name that worker processes can import

    await server.start([ModelSettings(name="bench", implementation=found, **batches)])


if __name__ == "__main__":
    asyncio.run(main())
