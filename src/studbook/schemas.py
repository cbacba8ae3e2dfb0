"""JSON Schemas of the files of a registry, made from the convention's models: for editors and for other tools.

What a schema accepts, `validate` accepts too, up to what no schema can say (`semantic()` of each record).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TypeAlias, cast

from studbook.convention.base import FileRecord
from studbook.convention.manifest import Evaluation, Manifest
from studbook.convention.model import Model
from studbook.convention.policy import Policy
from studbook.convention.small import Archived, Pointer, StagePointer, Waiver

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"

DIALECT = "https://json-schema.org/draft/2020-12/schema"
SUFFIX = ".schema.json"
MODELS: Mapping[str, type[FileRecord]] = {
    "registry": Policy,
    "model": Model,
    "manifest": Manifest,
    "evaluation": Evaluation,
    "stage": StagePointer,
    "archived": Archived,
    "waiver": Waiver,
    "pointer": Pointer,
}
PATHS: Mapping[str, str] = {
    "registry": "registry.yaml",
    "model": "**/model.yaml",
    "manifest": "**/versions/*/manifest.yaml",
    "evaluation": "**/versions/*/evaluations/*/*.yaml",
    "stage": "**/stages/*.yaml",
    "archived": "**/versions/*/archived.yaml",
    "waiver": "waivers/*.yaml",
    "pointer": "**/versions/*/*.dvc",
}
"""Where the files of each kind lie, as globs below the registry's folder."""
_MAPS_OF_SCHEMAS = ("properties", "patternProperties", "$defs")
"""Keywords under which names stand, not keywords."""


def file_name(name: str) -> str:
    return f"{name}{SUFFIX}"


@cache
def text(name: str) -> str:
    """The schema of one kind of file, as it is written: sorted, indented, the same on every machine."""
    return json.dumps(build(name), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def files() -> Iterator[tuple[str, str]]:
    """Every schema: its file's name, and its text."""
    for name in MODELS:
        yield file_name(name), text(name)


def build(name: str) -> dict[str, Json]:
    record = MODELS[name]
    schema = cast("dict[str, Json]", _trimmed(cast("Json", record.model_json_schema())))
    schema |= {"$schema": DIALECT, "title": f"Studbook {name}"}
    if record is not Pointer:  # DVC would refuse keys that it does not know
        schema["patternProperties"] = {"^x-": {}}
    return schema


def _trimmed(node: Json, *, names: bool = False) -> Json:
    """Without what pydantic says twice: a title for every property, and `null` as a default (editors would type it)."""
    if isinstance(node, list):
        return [_trimmed(item) for item in node]
    if not isinstance(node, dict):
        return node
    kept = {key: item for key, item in node.items() if names or not _is_noise(key, item)}
    return {key: _trimmed(item, names=not names and key in _MAPS_OF_SCHEMAS) for key, item in kept.items()}


def _is_noise(keyword: str, value: Json) -> bool:
    return keyword == "title" or (keyword == "default" and value is None)
