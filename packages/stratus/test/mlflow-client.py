"""What MLflow's own client sees of a server: python mlflow-client.py URL. Prints one JSON object, the same for every server that speaks the protocol.

Ids and times are left out or replaced, so that the answers of two servers can be compared: golden/mlflow-answers.json is what the server of MLflow itself made of it.
"""
import json
import logging
import math
import os
import sys
import tempfile
import warnings

warnings.simplefilter("ignore")
logging.disable(logging.CRITICAL)
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"
os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] = "0"
os.environ["MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR"] = "false"
os.environ["GIT_PYTHON_REFRESH"] = "quiet"
os.environ["MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT"] = "true"

import mlflow  # noqa: E402
from mlflow import MlflowClient  # noqa: E402
from mlflow.entities import Metric, Param, RunTag, ViewType  # noqa: E402
from mlflow.exceptions import MlflowException  # noqa: E402

url = sys.argv[1]
mlflow.set_tracking_uri(url)
client = MlflowClient()
seen = {"client": mlflow.__version__}


def refusal(call):
    try:
        call()
        return "accepted"
    except MlflowException as e:
        return [e.error_code, e.get_http_status_code()]


def shown(value):
    return None if value is None else str(value) if isinstance(value, float) and not math.isfinite(value) else value


# Experiments
first = client.create_experiment("first", tags={"team": "vision"})
experiment = mlflow.set_experiment("second")
client.set_experiment_tag(first, "Zürich", "東京 ☕ \U0001f40b")
got = client.get_experiment(first)
seen["experiment"] = [got.name, dict(got.tags), got.lifecycle_stage]
seen["by name"] = client.get_experiment_by_name("first").experiment_id == first
seen["no such name"] = client.get_experiment_by_name("none")
seen["taken"] = refusal(lambda: client.create_experiment("first"))
client.rename_experiment(first, "renamed")
client.delete_experiment(first)
seen["active"] = sorted(e.name for e in client.search_experiments())
seen["deleted"] = [e.name for e in client.search_experiments(view_type=ViewType.DELETED_ONLY)]
client.restore_experiment(first)
seen["found"] = [e.name for e in client.search_experiments(filter_string="name LIKE 're%' AND tags.team = 'vision'")]
seen["sorted"] = [e.name for e in client.search_experiments(order_by=["name DESC"])]
pages = client.search_experiments(max_results=2, order_by=["name ASC"])
seen["pages"] = [len(pages), len(client.search_experiments(max_results=2, order_by=["name ASC"], page_token=pages.token))]
seen["no experiment"] = refusal(lambda: client.get_experiment("99999"))

# A run, as a training logs it
folder = tempfile.mkdtemp()
with mlflow.start_run(run_name="parent", tags={"kind": "outer"}, description="what it is") as run:
    parent = run.info.run_id
    mlflow.log_params({"learning rate": 0.01, "optimizer": "adam", "größe": "ß 東京 \U0001f40b 'q' \"d\""})
    mlflow.log_param("optimizer", "adam")
    for step in range(5):
        mlflow.log_metrics({"loss": 1 / (step + 1), "validation/accuracy": step / 10}, step=step)
    mlflow.log_metric("odd", float("nan"), step=0)
    mlflow.log_metric("large", float("inf"), step=3)
    mlflow.set_tags({"a b": "c", "note": "line\nline", "empty": ""})
    mlflow.log_text("hello ß", "notes/hello.txt")
    mlflow.log_dict({"a": [1, 2]}, "config.json")
    with open(os.path.join(folder, "raw data.bin"), "wb") as f:
        f.write(bytes(range(256)) * 8)
    os.makedirs(os.path.join(folder, "deep", "er"))
    with open(os.path.join(folder, "deep", "er", "x+y ü.txt"), "w") as f:
        f.write("deep")
    mlflow.log_artifact(os.path.join(folder, "raw data.bin"))
    mlflow.log_artifacts(folder, "tree")
    mlflow.log_input(mlflow.data.meta_dataset.MetaDataset(mlflow.data.http_dataset_source.HTTPDatasetSource("https://example.org/d.csv"), name="rows", digest="abc"), context="training")
    try:
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        figure, axes = plt.subplots(figsize=(1, 1))
        axes.plot([1, 2])
        mlflow.log_figure(figure, "plots/loss.png")
    except ImportError:
        mlflow.log_text("", "plots/loss.png")
    with mlflow.start_run(run_name="child", nested=True) as child:
        mlflow.log_metric("loss", 0.5)
        seen["nested"] = child.data.tags["mlflow.parentRunId"] == parent
    with mlflow.start_run(run_name="broken", nested=True):
        mlflow.set_tag("a b", "d")
        mlflow.end_run("FAILED")

got = client.get_run(parent)
seen["run"] = {
    "name": got.info.run_name,
    "status": got.info.status,
    "stage": got.info.lifecycle_stage,
    "experiment": got.info.experiment_id == experiment.experiment_id,
    "times": got.info.end_time >= got.info.start_time > 1_600_000_000_000,
    "params": got.data.params,
    "metrics": {key: shown(value) for key, value in got.data.metrics.items()},
    "tags": {key: value for key, value in got.data.tags.items() if not key.startswith("mlflow.") or key in ("mlflow.runName", "mlflow.note.content")},
    "inputs": [[i.dataset.name, i.dataset.digest, [[t.key, t.value] for t in i.tags]] for i in got.inputs.dataset_inputs],
}
seen["history"] = [[m.step, m.value] for m in client.get_metric_history(parent, "loss")]
seen["no history"] = client.get_metric_history(parent, "none")
seen["changed param"] = refusal(lambda: client.log_param(parent, "optimizer", "sgd"))
seen["files"] = {path or "": sorted([f.path, f.is_dir, None if f.path.endswith("png") else f.file_size] for f in client.list_artifacts(parent, path)) for path in (None, "tree", "tree/deep", "notes/hello.txt", "none")}
local = client.download_artifacts(parent, "", tempfile.mkdtemp())
with open(os.path.join(local, "raw data.bin"), "rb") as f:
    seen["bytes"] = f.read() == bytes(range(256)) * 8
seen["text"] = mlflow.artifacts.load_text(f"runs:/{parent}/notes/hello.txt")
seen["dict"] = mlflow.artifacts.load_dict(f"runs:/{parent}/config.json")
with open(os.path.join(local, "tree", "deep", "er", "x+y ü.txt")) as f:
    seen["deep"] = f.read()

# The client's own calls
other = client.create_run(experiment.experiment_id, run_name="other", start_time=1_700_000_000_000, tags={"x": "1"}).info.run_id
client.log_batch(other, [Metric("m", i, 1_700_000_000_000 + i, i) for i in range(1000)])
client.log_batch(other, [Metric("loss", 0.75, 1_700_000_000_000, 1)], [Param(f"p{i}", str(i)) for i in range(100)], [RunTag(f"t{i}", str(i)) for i in range(100)])
client.set_tag(other, "x", "2")
client.delete_tag(other, "t0")
client.update_run(other, status="FINISHED", name="renamed run")
client.set_terminated(other, "KILLED", end_time=1_700_000_009_000)
got = client.get_run(other)
seen["other"] = [got.info.run_name, got.info.status, got.info.start_time, got.info.end_time, got.data.tags["x"], len(got.data.params), got.data.metrics["m"], "t0" in got.data.tags]
seen["all points"] = [m.value for m in client.get_metric_history(other, "m")] == list(range(1000))
seen["no tag"] = refusal(lambda: client.delete_tag(other, "t0"))
seen["too many"] = refusal(lambda: client._tracking_client.store.log_batch(other, [Metric("m", i, i, i) for i in range(1001)], [], []))

# Searches
ids = [experiment.experiment_id]


def search(filter_string="", order_by=None, view=ViewType.ACTIVE_ONLY):
    return [r.info.run_name for r in client.search_runs(ids, filter_string, view, order_by=order_by)]


filters = [
    "",
    "metrics.loss < 0.6",
    "metrics.loss >= 0.5 and metrics.loss != 0.75",
    "metrics.`validation/accuracy` > 0.1",
    "params.optimizer = 'adam'",
    "params.\"learning rate\" = '0.01'",
    "params.optimizer LIKE 'a%'",
    "params.optimizer ILIKE 'A_AM'",
    "params.p7 != '8'",
    "tags.`a b` = 'c'",
    "tags.kind IS NOT NULL",
    "tags.kind IS NULL AND tags.x = '2'",
    "attributes.status = 'FAILED'",
    "status != 'FAILED'",
    "run_name LIKE '%ren%'",
    "attributes.start_time > 1700000000000",
    "start_time <= 1700000000000",
    "dataset.name = 'rows'",
    "dataset.context = 'training'",
    "tags.mlflow.parentRunId = '" + parent + "'",
    "run_id IN ('" + parent + "', '" + other + "')",
    "metrics.none = 1",
]
orders = [["metrics.loss ASC"], ["metrics.loss DESC"], ["params.optimizer DESC"], ["attributes.start_time ASC"], ["run_name DESC"], ["tags.`a b`", "start_time"], ["status", "run_name"]]
shorter = lambda f: f.replace(parent, "PARENT").replace(other, "OTHER")
seen["filters"] = {shorter(f): sorted(search(f)) for f in filters}
seen["orders"] = {", ".join(o): search(order_by=o) for o in orders}
bad = ["metrics.loss < 'a'", "params.x = 3", "metrics.a = 1 OR metrics.b = 2", "nothing.x = 'y'", "attributes.none = 'x'", "metrics.a LIKE 'x'", "params.a = 'x", "metrics.loss <", "((", "tags.a > 'x'"]
seen["bad filters"] = {f: refusal(lambda: search(f)) for f in bad}
seen["bad order"] = refusal(lambda: search(order_by=["loss DESC"]))
page = client.search_runs(ids, max_results=3, order_by=["run_name ASC"])
rest = client.search_runs(ids, max_results=3, order_by=["run_name ASC"], page_token=page.token)
seen["run pages"] = [[r.info.run_name for r in page], [r.info.run_name for r in rest], rest.token]
seen["table"] = sorted(mlflow.search_runs(experiment_names=["second"], output_format="list"), key=lambda r: r.info.run_name)[0].info.run_name
client.delete_run(other)
seen["without"] = sorted(search())
seen["gone"] = search(view=ViewType.DELETED_ONLY)
seen["locked"] = refusal(lambda: client.log_metric(other, "m", 1))
client.restore_run(other)
seen["again"] = len(search())
seen["no run"] = refusal(lambda: client.get_run("0" * 32))

# Logged models, and the registry
import mlflow.pyfunc  # noqa: E402


class Doubled(mlflow.pyfunc.PythonModel):
    def predict(self, model_input: list[float]) -> list[float]:
        return [2 * x for x in model_input]


with mlflow.start_run(run_name="models") as run:
    made = mlflow.pyfunc.log_model(name="doubled", python_model=Doubled(), pip_requirements=[], params={"width": 3})
    mlflow.log_metric("quality", 0.875, model_id=made.model_id)
    logged = client.get_logged_model(made.model_id)
    seen["logged"] = [logged.name, str(logged.status), logged.params, [[m.key, m.value] for m in logged.metrics], logged.source_run_id == run.info.run_id]
    seen["outputs"] = [o.model_id == made.model_id for o in client.get_run(run.info.run_id).outputs.model_outputs]
    models_run = run.info.run_id
client.set_logged_model_tags(made.model_id, {"stable": "yes"})
client.delete_logged_model_tag(made.model_id, "stable")
seen["search models"] = [m.name for m in client.search_logged_models(ids, "metrics.quality > 0.5 AND params.width = '3'")]
seen["no models"] = len(client.search_logged_models(ids, "name = 'none'"))

version = mlflow.register_model(made.model_uri, "net", tags={"from": "test"})
seen["version"] = [version.name, str(version.version), version.status, version.run_id == models_run, version.tags, version.current_stage]
seen["answer"] = mlflow.pyfunc.load_model("models:/net/1").predict([1.5, 2.0])
second = client.create_model_version("net", made.model_uri, models_run, tags={"n": "2"}, description="the second", model_id=made.model_id)
seen["second"] = [str(second.version), second.description]
client.set_registered_model_alias("net", "champion", 1)
client.set_registered_model_alias("net", "champion", "2")
seen["alias"] = str(client.get_model_version_by_alias("net", "champion").version)
seen["by alias"] = mlflow.pyfunc.load_model("models:/net@champion").predict([1.0])
seen["registered"] = [dict(client.get_registered_model("net").aliases), sorted(client.get_model_version("net", "2").aliases)]
client.delete_registered_model_alias("net", "champion")
seen["no alias"] = refusal(lambda: client.get_model_version_by_alias("net", "champion"))
client.update_registered_model("net", "what it is for")
client.set_registered_model_tag("net", "team", "vision")
client.set_registered_model_tag("net", "other", "x")
client.delete_registered_model_tag("net", "other")
client.update_model_version("net", "1", "the first")
client.set_model_version_tag("net", "1", "checked", "yes")
client.set_model_version_tag("net", "1", "unchecked", "yes")
client.delete_model_version_tag("net", "1", "unchecked")
client.create_registered_model("empty", {"a": "b"}, "nothing yet")
got = client.get_registered_model("net")
seen["model"] = [got.description, got.tags, [str(v.version) for v in got.latest_versions]]
got = client.get_model_version("net", "1")
seen["first version"] = [got.description, got.tags]
seen["models"] = [m.name for m in client.search_registered_models()]
seen["filtered models"] = [[m.name for m in client.search_registered_models(filter_string=f)] for f in ("name LIKE 'n%'", "tags.team = 'vision'", "name = 'none'")]
seen["versions"] = [sorted(str(v.version) for v in client.search_model_versions(f)) for f in ("name = 'net'", f"run_id = '{models_run}'", "tags.n = '2'", "name = 'net' AND version_number > 1")]
seen["ordered versions"] = [str(v.version) for v in client.search_model_versions("name = 'net'", order_by=["version_number DESC"])]
staged = client.transition_model_version_stage("net", "1", "Staging")
client.transition_model_version_stage("net", "2", "staging", archive_existing_versions=True)
seen["stages"] = [staged.current_stage, client.get_model_version("net", "1").current_stage, [[v.current_stage, str(v.version)] for v in client.get_latest_versions("net", ["Staging"])]]
seen["no stage"] = refusal(lambda: client.transition_model_version_stage("net", "1", "Nowhere"))
client.rename_registered_model("net", "web")
seen["renamed"] = [m.name for m in client.search_registered_models()]
client.delete_model_version("web", "2")
seen["deleted version"] = refusal(lambda: client.get_model_version("web", "2"))
seen["left"] = [str(v.version) for v in client.search_model_versions("name = 'web'")]
seen["no model"] = refusal(lambda: client.get_registered_model("none"))
seen["model taken"] = refusal(lambda: client.create_registered_model("empty"))
client.delete_registered_model("web")
seen["in the end"] = [m.name for m in client.search_registered_models()]
client.delete_logged_model(made.model_id)
seen["deleted model"] = refusal(lambda: client.get_logged_model(made.model_id))

print(json.dumps(seen, ensure_ascii=False, indent=1, sort_keys=True))
