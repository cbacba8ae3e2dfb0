"""studbook register --from-mlflow: a manifest from a real run in a local store. Wants MLflow, which CI installs apart."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.desk import Desk
from support.lab import errors

NOW = 1_900_000_000
_TRAIN = """\
import math, os, sys
import mlflow, numpy
from mlflow.models import infer_signature
class Echo(mlflow.pyfunc.PythonModel):
    def predict(self, context, model_input, params=None):
        return model_input
mlflow.set_tracking_uri(sys.argv[1])
mlflow.set_experiment("churn")
table = numpy.array([[1.0, 2.0]])
with mlflow.start_run() as run:
    mlflow.log_params({"depth": 6, "rate": "1e-3", "kind": "tree"})
    mlflow.log_metrics({"auc": 0.93, "loss": math.nan})
    mlflow.set_tags({"team": "growth", "mlflow.note.content": "Adds tenure."})
    mlflow.log_input(mlflow.data.from_numpy(table, source="/data/customers.npy", name="customers"), context="training")
    signature = infer_signature(table, table)
    mlflow.pyfunc.log_model(name="scorer", python_model=Echo(), signature=signature, pip_requirements=["numpy==" + numpy.__version__])
print(run.info.run_id)
"""


def test_without_mlflow_it_says_how_to_get_it(tmp_path: Path) -> None:
    if importlib.util.find_spec("mlflow"):
        pytest.skip("MLflow is installed here")
    done = Desk(tmp_path).register("churn@1.1.0", "--from-mlflow", "0a1b")
    assert done.returncode == 2
    assert "pip install 'studbook[mlflow]'" in done.stderr


@pytest.fixture
def trained(tmp_path: Path) -> tuple[Desk, str, str]:
    """A desk, its tracking store, and the id of a run there."""
    if not all(map(importlib.util.find_spec, ("mlflow", "numpy", "sqlalchemy"))):
        pytest.skip("MLflow with a local store is not installed: pip install mlflow")
    desk = Desk(tmp_path)
    (desk.code.path / "fit.py").write_text(_TRAIN)
    for command in (("add", "fit.py"), ("commit", "-q", "-m", "fit"), ("push", "-q", "origin", "main")):
        desk.code.git(*command)
    store = f"sqlite:///{tmp_path}/mlflow.db"
    done = subprocess.run(
        [sys.executable, "fit.py", store], cwd=desk.code.path, capture_output=True, text=True,
        env={**os.environ, "MLFLOW_DISABLE_TELEMETRY": "true", "GIT_PYTHON_REFRESH": "quiet"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return desk, store, done.stdout.split()[-1]


@pytest.mark.slow
def test_a_run_becomes_a_complete_manifest(trained: tuple[Desk, str, str]) -> None:
    desk, store, run = trained
    done = desk.register("churn", "--bump", "minor", "--from-mlflow", run, "--push", MLFLOW_TRACKING_URI=store)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "left out: loss" in done.stderr
    manifest = desk.manifest("register/churn-1.1.0", "1.1.0")
    assert manifest["params"] == {"depth": 6, "rate": 0.001, "kind": "tree"}
    assert (manifest["metrics"], manifest["description"]) == ({"auc": 0.93}, "Adds tenure.")
    assert manifest["metadata"] == {"tags": {"team": "growth"}}
    assert [(a["path"], a["format"]) for a in manifest["artifacts"]] == [("scorer", "mlflow")]
    assert manifest["signature"]["inputs"][0]["tensor-spec"] == {"dtype": "float64", "shape": [-1, 2]}
    lineage = manifest["lineage"]
    assert lineage["code"] == {"repository": str(desk.origin), "commit": desk.code.git("rev-parse", "HEAD"), "path": "fit.py"}
    assert lineage["run"] == {"tracker": "mlflow", "id": run}
    [data] = lineage["data"]
    assert (data["name"], data["role"]) == ("customers", "train")
    assert data["version"]
    assert lineage["environment"]["python"].count(".") == 2
    assert lineage["environment"]["packages"].keys() >= {"numpy"}
    assert not errors(desk.registry.validate("main", "register/churn-1.1.0", now=NOW))
    aside = desk.register("churn@1.2.0", "--from-mlflow", run, "--tracking-uri", store, "--dry-run", "--origin", "uri=https://x")
    assert "origin:" in aside.stdout
    wrong = desk.register("churn@1.2.0", "--from-mlflow", "0" * 32, MLFLOW_TRACKING_URI=store)
    assert wrong.returncode == 2
    assert "--tracking-uri" in wrong.stderr
    assert "Traceback" not in wrong.stderr
