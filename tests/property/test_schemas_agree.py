"""pydantic and the JSON Schemas agree on every document, whatever was done to it."""

from __future__ import annotations

import copy
import json
from functools import cache
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from studbook.convention.base import FileRecord
from studbook.convention.manifest import Evaluation, Manifest
from studbook.convention.model import Model
from studbook.convention.policy import Policy
from studbook.convention.small import Archived, Pointer, StagePointer, Waiver
from support import examples, samples

SCHEMAS = Path(__file__).parents[2] / "schemas"
REGISTRY = Path(__file__).parents[2] / "registry"
KINDS: dict[str, type[FileRecord]] = {
    "registry": Policy, "model": Model, "manifest": Manifest, "evaluation": Evaluation, "stage": StagePointer,
    "archived": Archived, "waiver": Waiver, "pointer": Pointer,
}  # fmt: skip
FILES = {
    "registry": "registry.yaml", "model": "**/model.yaml", "manifest": "**/manifest.yaml", "pointer": "**/*.dvc",
    "evaluation": "**/evaluations/*/*.yaml", "stage": "**/stages/*.yaml", "archived": "**/archived.yaml",
}  # fmt: skip
_STRINGS = st.sampled_from(
    ["", "x", "1.0.0", "1.0", "churn", "Churn", "a/b", "@acme/ml", "a@b.co", "md5", "1h", "0s", "new", "any", "churn@1.0.0",
     "2026-11-01T09:30:00Z", "2026-11-01", "a" * 32, "a" * 40, "a" * 64, "a" * 32 + ".dir", "../x", "model.onnx", "x.json"]
) | st.text(alphabet="aZ0-_./@é ", max_size=70)  # fmt: skip
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 2**64) | st.floats(-1e9, 1e9) | _STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_STRINGS.filter(bool), inner, max_size=3),
    max_leaves=5,
)


@cache
def _documents(kind: str) -> list[object]:
    """The real files of this kind, and one that uses every key."""
    found = [_json_of(path.read_text()) for path in sorted(REGISTRY.glob(FILES.get(kind, "nothing")))]
    full: dict[str, object] = {
        "registry": _json_of(examples.of_page("sample")[0].steps[0].files[0][2]),
        "manifest": _json_of(samples.manifest("churn", "1.0.0", lineage={
            "code": {"repository": ".", "commit": "a" * 40, "path": "t.py", "command": "python t.py"},
            "origin": {"uri": "x", "version": "1", "note": "n"},
            "data": [{"name": "d", "role": "train", "uri": "u", "md5": "a" * 32, "size": 3}],
            "parents": [{"ref": "base@1.0.0", "relation": "merge"}],
            "environment": {"python": "3.11", "packages": {"a": "1"}}, "run": {"tracker": "mlflow", "id": "1"},
        }, signature={"inputs": [{"name": "a", "type": "double"}], "outputs": [
            {"type": "tensor", "tensor-spec": {"dtype": "float32", "shape": [-1, 2]}}]})),
        "evaluation": _json_of(samples.evaluation("churn", "1.0.0")), "stage": {"version": "1.0.0", "reason": "r", "retry": "x"},
        "archived": {"reason": "r", "bytes": "purged"}, "waiver": {"reason": "r"}, "pointer": _json_of(samples.pointer()),
        "model": {"description": "d", "owners": ["@a/b"], "gates": {"production": [{"require": "true", "message": "m"}]},
                  "metrics": {"auc": {"better": "higher", "unit": "u"}}, "tags": {"a": 1}},
    }  # fmt: skip
    return [*found[:4], full[kind]]


def _json_of(text: str) -> object:
    return json.loads(json.dumps(yaml.safe_load(text), default=lambda moment: moment.isoformat().replace("+00:00", "Z")))


@cache
def _schema(kind: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((SCHEMAS / f"{kind}.schema.json").read_text()))


def _pydantic_accepts(kind: str, value: object) -> bool:
    if isinstance(value, dict) and kind != "pointer":
        value = {key: item for key, item in value.items() if not key.startswith("x-")}
    try:
        KINDS[kind].model_validate(value)
    except ValidationError:
        return False
    return True


def _places(value: object, above: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [above, *(place for key, item in items for place in _places(item, (*above, key)))]


def _mutate(data: st.DataObject, value: object) -> object:
    """Put something else somewhere, take something away, or add a key."""
    value = copy.deepcopy(value)
    place = data.draw(st.sampled_from(_places(value)))
    if not place:
        return data.draw(_JSON)
    target = value
    for key in place[:-1]:
        target = target[key]  # type: ignore[index]
    what = data.draw(st.sampled_from(["replace", "remove", "add", "x-"]))
    if what == "replace" or not isinstance(target, dict):
        target[place[-1]] = data.draw(_JSON)  # type: ignore[index]
    elif what == "remove":
        del target[place[-1]]
    else:
        target[("x-" if what == "x-" else "") + data.draw(_STRINGS.filter(bool))] = data.draw(_JSON)
    return value


@pytest.mark.slow
@pytest.mark.parametrize("kind", sorted(KINDS))
@settings(deadline=None, max_examples=250, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_pydantic_and_the_json_schema_agree(kind: str, data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(_documents(kind)))
    for _ in range(data.draw(st.integers(0, 2))):
        value = _mutate(data, value)
    assert _pydantic_accepts(kind, value) == _schema(kind).is_valid(value), json.dumps(value)
