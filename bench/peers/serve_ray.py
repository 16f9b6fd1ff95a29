"""Ray Serve with ONNX Runtime: bytes in, bytes out. Argument: the port. BENCH_BATCHES=1 merges requests."""
import os
import sys

import ray
from ray import serve
from starlette.requests import Request
from starlette.responses import Response

port, batches = int(sys.argv[1]), os.environ.get("BENCH_BATCHES") == "1"
variables = {name: os.environ[name] for name in ("PYTHONPATH", "BENCH_MODEL", "BENCH_THREADS")}

ray.init(include_dashboard=False, num_cpus=2, log_to_driver=False, runtime_env={"env_vars": variables})
serve.start(http_options={"host": "127.0.0.1", "port": port})


@serve.deployment(num_replicas=int(os.environ["BENCH_PROCESSES"]), max_ongoing_requests=256, ray_actor_options={"num_cpus": 0.5}, logging_config={"enable_access_log": False, "log_level": "ERROR"})
class Served:
    def __init__(self):
        from serving_model import Model

        self.model = Model()

    @serve.batch(max_batch_size=64, batch_wait_timeout_s=0.001)
    async def merged(self, bodies):
        return self.model.answers(bodies)

    async def __call__(self, request: Request):
        body = await request.body()
        answer = await self.merged(body) if batches else self.model.answer(body)
        return Response(answer, media_type="application/octet-stream")


serve.run(Served.bind(), name="bench", route_prefix="/infer")
print("ready", flush=True)
sys.stdin.read()
serve.shutdown()
ray.shutdown()
