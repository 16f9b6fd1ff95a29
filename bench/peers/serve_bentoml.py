"""BentoML with ONNX Runtime, `bentoml serve serve_bentoml:Served`: bytes in, bytes out. (Merged by `batchable` it answered half of 64 clients with 500.)"""
import os

import bentoml
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from serving_model import Model

application = Starlette()


@bentoml.service(traffic={"timeout": 60, "max_concurrency": 256}, logging={"access": {"enabled": False}}, workers=int(os.environ["BENCH_PROCESSES"]))
@bentoml.asgi_app(application, path="/")
class Served:
    def __init__(self):
        self.model = Model()
        application.router.routes.append(Route("/infer", self.infer, methods=["POST"]))

    async def infer(self, request: Request):
        return Response(self.model.answer(await request.body()), media_type="application/octet-stream")
