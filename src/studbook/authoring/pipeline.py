"""A DVC pipeline as a commit has it: dvc.lock says what ran, dvc.yaml which of its outputs are metrics and plots."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import yaml

from studbook import document
from studbook.authoring import codebase
from studbook.diagnostic import Fault
from studbook.git import Repository

_TEMPLATE = re.compile(r"\$\{[^}]*\}")
_REMOTE = re.compile(r"[a-z][a-z0-9+]*://", re.IGNORECASE)
_VERSIONS = ("etag", "checksum", "version_id")
"""How DVC names the state of a file outside the repository, by where it is."""


class Item(NamedTuple):
    """A dependency or an output, as dvc.lock has it."""

    path: str
    """From the top of the Git repository; a URL where it is outside."""
    md5: str | None
    size: int | None
    version: str | None
    """What its store calls this state of it, where it is outside."""

    @property
    def is_remote(self) -> bool:
        return _REMOTE.match(self.path) is not None


class Stage(NamedTuple):
    name: str
    command: str
    dependencies: tuple[Item, ...]
    params: Mapping[str, Mapping[str, object]]
    """By the file that they were read from."""
    outputs: tuple[Item, ...]
    """Without metrics and plots."""
    metrics: tuple[Item, ...]


class Pipeline(NamedTuple):
    folder: str
    """Of dvc.yaml, from the top of the Git repository."""
    stages: Mapping[str, Stage]

    def pick(self, name: str | None) -> Stage:
        """A stage by name; without one, the last that makes an output. Raises `Fault`."""
        if name is not None:
            if name not in self.stages:
                raise Fault(
                    f"dvc.lock has no stage `{name}`", f"it has {', '.join(self.stages) or 'none'}; or dvc repro"
                )
            return self.stages[name]
        making = [stage for stage in self.stages.values() if stage.outputs]
        used = {item.path for stage in making for item in stage.dependencies}
        last = [
            stage for stage in making if not any(_meets(item.path, path) for item in stage.outputs for path in used)
        ]
        if len(last) != 1:
            names = ", ".join(stage.name for stage in last or making) or "none"
            raise Fault(f"which stage makes the model? These make outputs: {names}", "name it: --pipeline-stage NAME")
        return last[0]

    def measuring(self, stage: Stage) -> Iterator[Item]:
        """Metrics of a stage, and of those that depend on its outputs directly: they evaluate it."""
        yield from stage.metrics
        made = [item.path for item in stage.outputs]
        for other in self.stages.values():
            if any(_meets(path, item.path) for path in made for item in other.dependencies):
                yield from other.metrics


def load(repo: Repository, commit: str, folder: Path) -> Pipeline:
    """The pipeline in a folder of a repository, at a commit. Raises `Fault` where there is none, or it is not understood."""
    top = repo.top or repo.git_dir
    where = os.path.relpath(folder.resolve(), top.resolve()).replace(os.sep, "/")
    where = "" if where == "." else where
    lock, definition = (
        codebase.file_at(repo, commit, posixpath.join(where, name)) for name in ("dvc.lock", "dvc.yaml")
    )
    if definition is None or lock is None:
        missing = "dvc.yaml" if definition is None else "dvc.lock"
        raise Fault(
            f"there is no {missing} in {folder} at {commit[:12]}", "name the folder that has it; dvc repro, and commit"
        )
    locked, defined = _read_lock(lock), _read_definition(definition)
    stages = {name: _stage(name, _dict(entry), defined, where) for name, entry in _dict(locked.get("stages")).items()}
    return Pipeline(where, stages)


def _read_lock(data: bytes) -> dict[str, object]:
    read = document.parse(data)
    if read.problems or not isinstance(read.value, dict) or "stages" not in read.value:
        said = read.problems[0].message if read.problems else "it has no `stages`"
        raise Fault(f"dvc.lock cannot be read: {said}", "write it anew: dvc repro, and commit it")
    return _dict(read.value)


def _read_definition(data: bytes) -> dict[str, object]:
    """dvc.yaml is written by people, with anchors too."""
    try:
        return _dict(yaml.safe_load(data))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise Fault("dvc.yaml cannot be read", "see what `dvc stage list` says") from error


def _stage(name: str, locked: dict[str, object], defined: dict[str, object], folder: str) -> Stage:
    definition = _dict(_dict(defined.get("stages")).get(name.partition("@")[0]))
    definition = _dict(definition.get("do")) or definition
    wdir = str(definition.get("wdir") or ".")
    if _TEMPLATE.search(wdir):
        raise Fault(
            f"the stage `{name}` has a working folder that is a template: {wdir}", "name the folder in dvc.yaml"
        )
    base = posixpath.normpath(posixpath.join(folder, wdir))
    measures, draws = (_marked(key, definition, defined, wdir) for key in ("metrics", "plots"))
    outputs = [(_text(_dict(row).get("path")), _item(row, base)) for row in _list(locked.get("outs"))]
    command = locked.get("cmd")
    return Stage(
        name,
        " && ".join(map(str, command)) if isinstance(command, list) else _text(command),
        tuple(_item(row, base) for row in _list(locked.get("deps"))),
        {file: _dict(values) for file, values in _dict(locked.get("params")).items()},
        tuple(item for path, item in outputs if not _is_one_of(path, measures + draws)),
        tuple(item for path, item in outputs if _is_one_of(path, measures)),
    )


def _marked(key: str, stage: dict[str, object], defined: dict[str, object], wdir: str) -> list[str]:
    """Paths that dvc.yaml calls metrics or plots, in the stage or for the whole file, from the stage's working folder."""
    return [*_paths(stage.get(key)), *(posixpath.relpath(path, wdir) for path in _paths(defined.get(key)))]


def _item(row: object, base: str) -> Item:
    entry = _dict(row)
    path, md5, size = _text(entry.get("path")), entry.get("md5"), entry.get("size")
    if md5 is not None and entry.get("hash") != "md5":
        hint = "dvc cache migrate --dvc-files, or dvc repro, with DVC 3; then commit it"
        raise Fault(f"dvc.lock has a hash of {path} as DVC 2 made it, which is not of its bytes alone", hint)
    version = next((str(entry[key]) for key in _VERSIONS if entry.get(key)), None)
    where = path if _REMOTE.match(path) else posixpath.normpath(posixpath.join(base, path))
    return Item(where, md5 if isinstance(md5, str) else None, size if isinstance(size, int) else None, version)


def _is_one_of(path: str, patterns: list[str]) -> bool:
    """Whether a path is one of those in dvc.yaml, where `${…}` stands for anything."""
    path = posixpath.normpath(path)
    for pattern in patterns:
        parts = (re.escape(part) for part in _TEMPLATE.split(posixpath.normpath(pattern)))
        if re.fullmatch(".+".join(parts), path):
            return True
    return False


def _paths(value: object) -> Iterator[str]:
    """Of a list of paths, each a text or a mapping from it to settings; or of one such mapping."""
    for entry in [value] if isinstance(value, dict) else _list(value):
        yield from map(str, entry) if isinstance(entry, dict) else [str(entry)]


def _meets(one: str, other: str) -> bool:
    """Whether two paths are the same, or one is inside the other."""
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")


def _dict(value: object) -> dict[str, object]:
    return {str(key): item for key, item in value.items()} if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
