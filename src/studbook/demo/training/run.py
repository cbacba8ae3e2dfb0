"""Training and scoring by name: `train("digits@1.0.0", folder)`, `evaluate("digits@1.0.0", folder)`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module, metadata
from pathlib import Path
from typing import TypedDict

from studbook.demo.training.common import Json, Metrics, Params, Recipe, Suite, environment

MODULES = {
    "breast-cancer": "breast_cancer",
    "diabetes": "diabetes",
    "digits": "digits",
    "file-type/quantized": "file_type",
    "file-type/standard": "file_type",
    "wine": "wine",
}
"""Where each model is made. A module is imported when its model is asked for: its libraries are heavy."""


class UnknownVersionError(ValueError):
    """Nothing here makes the version that was asked for."""


class Record(TypedDict):
    """What training says about a version: a manifest, but for what only its registration can know."""

    model: str
    version: str
    description: str
    artifacts: list[dict[str, str]]
    params: Params
    metrics: Metrics
    lineage: dict[str, Json]
    runtime: dict[str, str]
    signature: Json
    license: str


class Evaluation(TypedDict):
    """What an evaluation says: the metrics, and the name and md5 of the data they were measured on."""

    metrics: Metrics
    data: dict[str, str]


def versions() -> dict[str, str]:
    """Every version made here, as MODEL@VERSION, with its description. Imports all the libraries."""
    modules = sorted({_module(model) for model in MODULES})
    return {name: recipe.description for module in modules for name, recipe in _recipes(module).items()}


def train(reference: str, out: Path) -> Record:
    """Make the version `reference`, MODEL@VERSION, in the folder `out`: its artifacts, and `record.json`.

    The metrics are those of the artifacts as written, on the validation data. Raises `UnknownVersionError`.
    """
    recipe = _find(reference)
    out.mkdir(parents=True, exist_ok=True)
    with _one_thread():
        recipe.fit(out)
        score = recipe.measure(out, "validation")
    record = _record(reference, recipe, score.metrics)
    (out / "record.json").write_text(f"{json.dumps(record, indent=2)}\n", "utf-8")
    return record


def evaluate(reference: str, artifacts: Path, suite: Suite = "holdout") -> Evaluation:
    """Score the artifacts of the version `reference` that lie in the folder `artifacts`.

    Raises `UnknownVersionError`, and what the format's library raises for an artifact missing or damaged.
    """
    recipe = _find(reference)
    with _one_thread():
        score = recipe.measure(artifacts, suite)
    return {"metrics": score.metrics, "data": {"name": score.data.name, "md5": score.data.md5}}


def _find(reference: str) -> Recipe:
    model = _model(reference)
    if model not in MODULES:
        raise UnknownVersionError(f"no model {model!r} is trained here, only {', '.join(MODULES)}")
    recipes = _recipes(_module(model))
    if reference not in recipes:
        raise UnknownVersionError(f"{reference} is not made here, only {', '.join(recipes)}")
    return recipes[reference]


def _model(reference: str) -> str:
    return reference.partition("@")[0]


def _module(model: str) -> str:
    return f"{__package__}.{MODULES[model]}"


def _recipes(module: str) -> dict[str, Recipe]:
    found: dict[str, Recipe] = import_module(module).recipes()
    return found


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums depend on how many threads share them, so all of them are done in one."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        yield


def _record(reference: str, recipe: Recipe, metrics: Metrics) -> Record:
    return {
        "model": _model(reference),
        "version": reference.partition("@")[2],
        "description": recipe.description,
        "artifacts": [{"path": artifact.path, "format": artifact.format} for artifact in recipe.artifacts],
        "params": recipe.params,
        "metrics": metrics,
        "lineage": _lineage(reference, recipe),
        "runtime": {"name": recipe.runtime, "version": metadata.version(recipe.runtime)},
        "signature": recipe.signature,
        "license": recipe.license,
    }


def _lineage(reference: str, recipe: Recipe) -> dict[str, Json]:
    optional: dict[str, Json] = {
        **({"origin": recipe.origin} if recipe.origin else {}),
        **({"parents": recipe.parents} if recipe.parents else {}),
    }
    return {
        "code": {
            "path": f"src/{_module(_model(reference)).replace('.', '/')}.py",
            "command": f"python -m {__package__} train {reference} --out DIR",
        },
        "data": [data.as_json() for data in recipe.data()],
        "environment": environment(recipe.packages),
        **optional,
    }
