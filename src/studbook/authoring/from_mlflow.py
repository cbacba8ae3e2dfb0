"""A version from an MLflow run: what the tracking server knows of it, and the model folder that it logged."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from studbook import document
from studbook.authoring import codebase, environment
from studbook.authoring.codebase import Home
from studbook.authoring.registering import Candidate, Source
from studbook.authoring.tracking import File, Run, Server
from studbook.diagnostic import Fault
from studbook.git import Repository

_NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]{0,17})")
_ROLES = {
    "train": "train", "training": "train", "validation": "validation", "val": "validation",
    "test": "test", "testing": "test", "eval": "test", "evaluation": "test",
}  # fmt: skip


class Wanted(NamedTuple):
    """What is asked for."""

    run_id: str
    tracking_uri: str | None
    """None for MLflow's own default."""
    outputs: tuple[str, ...]
    """Paths of artifacts in the run, or names of logged models; none for the one model that it logged."""
    needs_code: bool
    allow_dirty: bool


def read(wanted: Wanted, code: Repository | None, home: Home, scratch: Path) -> Source:
    """All that MLflow knows of a run. Models are downloaded into `scratch`. Raises `Fault`."""
    server = Server(wanted.run_id, wanted.tracking_uri, scratch)
    run = server.run
    lineage: dict[str, object] = {"data": list(_datasets(run.inputs)), "run": _run(run, wanted.tracking_uri)}
    state: dict[str, object] = {}
    if wanted.needs_code:
        lineage["code"], state = _code(run, wanted, code, home)
    models = _models(server, wanted)
    artifacts = tuple(Candidate(name, (server.download(uri),)) for name, uri in models.items())
    folder = artifacts[0].places[0]
    lineage["environment"] = _environment(folder)
    metrics = {name: value for name, value in run.data.metrics.items() if math.isfinite(value)}
    tags = {key: value for key, value in run.data.tags.items() if not key.startswith("mlflow.")}
    content = {
        "params": {name: _typed(text) for name, text in run.data.params.items()},
        "metrics": metrics,
        "signature": _signature(folder),
        "description": run.data.tags.get("mlflow.note.content"),
        "metadata": {**({"tags": tags} if tags else {}), **state},
    }
    return Source(
        artifacts, {key: value for key, value in content.items() if value}, lineage, tuple(_notes(run, metrics))
    )


def _notes(run: Run, metrics: Mapping[str, float]) -> Iterator[str]:
    if left_out := sorted(set(run.data.metrics) - set(metrics)):
        yield f"these metrics are not finite, and were left out: {', '.join(left_out)}"
    if run.info.status != "FINISHED":
        yield f"the run's status is {run.info.status}"


def _run(run: Run, tracking: str | None) -> dict[str, str]:
    found = {"tracker": "mlflow", "id": run.info.run_id}
    if tracking and tracking.startswith(("http://", "https://")):
        base = codebase.without_password(tracking).rstrip("/")
        found["uri"] = f"{base}/#/experiments/{run.info.experiment_id}/runs/{run.info.run_id}"
    return found


def _typed(text: str) -> object:
    """MLflow keeps parameters as text; what is a number, is one again."""
    if _INTEGER.fullmatch(text):
        return int(text)
    return float(text) if _NUMBER.fullmatch(text) and math.isfinite(float(text)) else text


# code


def _code(run: Run, wanted: Wanted, code: Repository | None, home: Home) -> tuple[dict[str, str], dict[str, object]]:
    tags = run.data.tags
    commit = tags.get("mlflow.source.git.commit", "")
    if not commit:
        hint = "say where it is from: --origin uri=…; MLflow notes the commit when a script in a Git repository is run"
        raise Fault(f"MLflow knows no Git commit of the run {run.info.run_id}", hint)
    dirty = tags.get("mlflow.source.git.dirty", "").lower() == "true"
    if dirty and not wanted.allow_dirty:
        hint = "commit and run again, or say --allow-dirty, which notes it in the manifest's metadata"
        raise Fault("the run was made with code that was not committed, says MLflow", hint)
    state: dict[str, object] = {"uncommitted": True} if dirty else {}
    repository = tags.get("mlflow.source.git.repoURL", "")
    here = code if code is not None and codebase.has_commit(code, commit) else None
    if here is not None:
        at = codebase.reach(here, home, commit, allow_dirty=wanted.allow_dirty)
        repository, state = at.repository, {**state, **at.state}
    if not repository:
        hint = "run this in the training code's repository, or name it: --code-repo DIR"
        raise Fault(f"the run's commit {commit[:12]} is not in the repository of the current directory", hint)
    row = {"repository": codebase.without_password(repository), "commit": commit, "path": _script(tags, here, commit)}
    return {key: value for key, value in row.items() if value}, {"code": state} if state else {}


def _script(tags: Mapping[str, str], code: Repository | None, commit: str) -> str:
    """The longest end of the script's path that the commit has."""
    parts = PurePosixPath(tags.get("mlflow.source.name", "").replace("\\", "/")).parts
    ends = ("/".join(parts[start:]).lstrip("/") for start in range(len(parts)))
    return next((end for end in ends if code is not None and codebase.kind_at(code, commit, end) == "blob"), "")


# data


def _datasets(inputs: object) -> Iterator[dict[str, str]]:
    for entry in getattr(inputs, "dataset_inputs", None) or ():
        tags = {tag.key: tag.value for tag in entry.tags}
        row = {
            "name": entry.dataset.name,
            "role": _ROLES.get(tags.get("mlflow.data.context", "").lower()),
            "uri": _source(entry.dataset.source),
            "version": entry.dataset.digest,
        }
        yield {key: value for key, value in row.items() if value}


def _source(text: str) -> str | None:
    try:
        value = json.loads(text)
    except ValueError:
        return None
    found = (value.get(key) for key in ("uri", "url", "path")) if isinstance(value, dict) else ()
    return next((item for item in found if isinstance(item, str) and item), None)


# the model


def _models(server: Server, wanted: Wanted) -> dict[str, str]:
    """Names and addresses of what becomes artifacts."""
    found = dict(_logged(server))
    if wanted.outputs:
        return {PurePosixPath(name).name: found.get(name, f"runs:/{wanted.run_id}/{name}") for name in wanted.outputs}
    found = found or {
        file.path: f"runs:/{wanted.run_id}/{file.path}" for file in server.list(None) if _is_model(server, file)
    }
    if len(found) != 1:
        have = f"it has {', '.join(found)}" if found else "it logged no model"
        raise Fault(
            f"which artifact of the run {wanted.run_id}? {have}",
            "name it: studbook register MODEL ARTIFACT --from-mlflow …",
        )
    return {PurePosixPath(name).name: uri for name, uri in found.items()}


def _logged(server: Server) -> Iterator[tuple[str, str]]:
    """Models as MLflow 3 has them: apart from the artifacts of the run."""
    for output in getattr(server.run.outputs, "model_outputs", None) or ():
        model = server.logged(output.model_id)
        yield model.name, model.artifact_location


def _is_model(server: Server, file: File) -> bool:
    return file.is_dir and any(PurePosixPath(inner.path).name == "MLmodel" for inner in server.list(file.path))


def _signature(folder: Path) -> dict[str, object]:
    """Of the MLmodel file, where inputs and outputs are JSON inside of YAML."""
    file = folder / "MLmodel"
    read = document.parse(file.read_bytes()) if file.is_file() else None
    value = read.value if read is not None and not read.problems else None
    signature = value.get("signature") if isinstance(value, dict) else None
    found = {}
    for key, text in signature.items() if isinstance(signature, dict) else ():
        rows = json.loads(text) if isinstance(text, str) and text else text
        if rows and key in ("inputs", "outputs", "params"):
            found[str(key)] = rows
    return found


def _environment(folder: Path) -> dict[str, object]:
    """What MLflow wrote beside the model."""
    texts = {
        name: (folder / name).read_text("utf-8", "replace")
        for name in ("python_env.yaml", "requirements.txt")
        if (folder / name).is_file()
    }
    python = re.search(r"^python:\s*['\"]?([\w.]+)", texts.get("python_env.yaml", ""), re.MULTILINE)
    found = {
        "python": python.group(1) if python else "",
        "packages": environment.pinned(texts.get("requirements.txt", "")),
    }
    return {key: value for key, value in found.items() if value}
