"""Paths to names: what a file of the registry is, told from where it lies."""

from __future__ import annotations

from enum import IntEnum, auto
from typing import NamedTuple


class Kind(IntEnum):
    POLICY = auto()
    IGNORE = auto()
    WAIVER = auto()
    MODEL = auto()
    MODEL_CARD = auto()
    STAGE = auto()
    MANIFEST = auto()
    POINTER = auto()
    CARD = auto()
    EVALUATION = auto()
    ARCHIVED = auto()
    UNKNOWN = auto()


class Place(NamedTuple):
    """What a path says. `name` is the stage, suite, artifact or waived commit; parts that do not apply are empty."""

    kind: Kind
    model: str = ""
    version: str = ""
    name: str = ""
    run: str = ""


MAX_FOLDERS = 40
"""How deep a file may lie. Nothing of the convention comes near; a path of thousands of folders is an attack."""
YAML_KINDS = frozenset(
    {Kind.POLICY, Kind.WAIVER, Kind.MODEL, Kind.STAGE, Kind.MANIFEST, Kind.POINTER, Kind.EVALUATION, Kind.ARCHIVED}
)
POLICY, IGNORE, MODEL, MANIFEST, CARD, ARCHIVED = (
    "registry.yaml",
    ".gitignore",
    "model.yaml",
    "manifest.yaml",
    "README.md",
    "archived.yaml",
)
_IN_VERSION = {MANIFEST: Kind.MANIFEST, CARD: Kind.CARD, ARCHIVED: Kind.ARCHIVED}
_IN_MODEL = {MODEL: Kind.MODEL, CARD: Kind.MODEL_CARD}
_AT_ROOT = {POLICY: Kind.POLICY, IGNORE: Kind.IGNORE}


def place(path: str) -> Place:
    """What the file at `path` (below the registry's folder) is. Names are not checked here."""
    parts = path.split("/")
    if len(parts) == 1:
        return Place(_AT_ROOT.get(path, Kind.UNKNOWN))
    for index, part in enumerate(parts):
        if index and part == "versions":
            return _in_version("/".join(parts[:index]), parts[index + 1 :])
        if index and part == "stages":
            return _in_stages("/".join(parts[:index]), parts[index + 1 :])
    if parts[0] == "waivers" and len(parts) == 2 and path.endswith(".yaml"):
        return Place(Kind.WAIVER, name=parts[1].removesuffix(".yaml"))
    kind = _IN_MODEL.get(parts[-1], Kind.UNKNOWN)
    return Place(kind, "/".join(parts[:-1])) if kind is not Kind.UNKNOWN else Place(kind)


def _in_version(model: str, rest: list[str]) -> Place:
    if len(rest) < 2:
        return Place(Kind.UNKNOWN, model)
    version, name = rest[0], rest[1]
    if len(rest) == 2:
        if kind := _IN_VERSION.get(name):
            return Place(kind, model, version)
        if name.endswith(".dvc") and name != ".dvc":
            return Place(Kind.POINTER, model, version, name.removesuffix(".dvc"))
    if len(rest) == 4 and name == "evaluations" and rest[3].endswith(".yaml"):
        return Place(Kind.EVALUATION, model, version, rest[2], rest[3].removesuffix(".yaml"))
    return Place(Kind.UNKNOWN, model, version, name)


def _in_stages(model: str, rest: list[str]) -> Place:
    if len(rest) == 1 and rest[0].endswith(".yaml"):
        return Place(Kind.STAGE, model, name=rest[0].removesuffix(".yaml"))
    return Place(Kind.UNKNOWN, model)


def model_file(model: str) -> str:
    return f"{model}/{MODEL}"


def stage_file(model: str, stage: str) -> str:
    return f"{model}/stages/{stage}.yaml"


def version_folder(model: str, version: str) -> str:
    return f"{model}/versions/{version}"


def manifest_file(model: str, version: str) -> str:
    return f"{model}/versions/{version}/{MANIFEST}"


def archived_file(model: str, version: str) -> str:
    return f"{model}/versions/{version}/{ARCHIVED}"


def pointer_file(model: str, version: str, artifact: str) -> str:
    return f"{model}/versions/{version}/{artifact}.dvc"
