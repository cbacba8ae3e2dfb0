"""A version from a DVC pipeline: all of it as its repository's HEAD has it, by Git; the working tree is not read."""

from __future__ import annotations

import hashlib
import json
import math
import posixpath
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from studbook import document, listing, storage
from studbook.authoring import codebase, environment, pipeline
from studbook.authoring.codebase import Home
from studbook.authoring.pipeline import Item, Pipeline, Stage
from studbook.authoring.registering import Candidate, Source
from studbook.diagnostic import Fault
from studbook.git import Repository

_DATA = frozenset(
    {
        ".csv", ".tsv", ".parquet", ".feather", ".arrow", ".jsonl", ".ndjson", ".npy", ".npz", ".h5", ".hdf5", ".pkl", ".xlsx",
        ".db", ".sqlite", ".zip", ".gz", ".zst", ".tar", ".avro", ".orc", ".png", ".jpg", ".jpeg", ".wav", ".flac", ".svm",
    }
)  # fmt: skip
"""Suffixes of files that are data even where they are committed to Git."""


class Wanted(NamedTuple):
    """What is asked for."""

    folder: Path
    stage: str | None
    outputs: tuple[str, ...]
    """Paths or names of outputs; none for all of the stage."""
    allow_dirty: bool


class _At(NamedTuple):
    """The pipeline's repository at a commit."""

    repo: Repository
    commit: str
    top: Path
    cache: storage.Cache

    def file(self, path: str) -> bytes | None:
        return codebase.file_at(self.repo, self.commit, path)


def read(wanted: Wanted, home: Home, scratch: Path) -> Source:
    """All that the pipeline says. Directories from its cache are laid out in `scratch`. Raises `Fault`."""
    with Repository(wanted.folder) as repo:
        if repo.top is None:
            raise Fault(f"{wanted.folder} is a bare repository", "name a clone that has the outputs")
        commit = repo.resolve("HEAD")
        plan = pipeline.load(repo, commit, wanted.folder)
        stage = plan.pick(wanted.stage)
        code = codebase.look(repo, home, commit, allow_dirty=wanted.allow_dirty)
        at = _At(repo, commit, repo.top, _cache(repo, commit, plan.folder))
        _check_ran(at, stage)
        artifacts = tuple(_candidate(at, plan, item, scratch) for item in _chosen(stage, wanted.outputs))
        metrics, notes = _metrics(at, plan, stage)
        content: dict[str, object] = {"params": _params(stage), "metrics": metrics}
        if code.state:
            content["metadata"] = code.state
        row = {"repository": code.repository, "commit": commit, "path": _script(at, stage), "command": stage.command}
        lineage = {
            "code": {key: value for key, value in row.items() if value},
            "data": [_dataset(item) for item in stage.dependencies if not _is_code(at, item)],
            "environment": environment.of_commit(lambda name: _beside(at, plan.folder, name)),
        }
        return Source(artifacts, content, lineage, notes)


def _beside(at: _At, folder: str, name: str) -> bytes | None:
    """A file in the pipeline's folder, or at the top."""
    near = at.file(posixpath.join(folder, name))
    return near if near is not None else at.file(name)


# outputs


def _chosen(stage: Stage, names: Sequence[str]) -> list[Item]:
    have = ", ".join(item.path for item in stage.outputs) or "none, but for metrics and plots"
    if not stage.outputs:
        raise Fault(f"the stage `{stage.name}` makes no output", "name another: --pipeline-stage NAME")
    found = []
    for name in names:
        fitting = [i for i in stage.outputs if posixpath.normpath(name) == i.path or name == PurePosixPath(i.path).name]
        if len(fitting) != 1:
            raise Fault(f"`{name}` is no output of the stage `{stage.name}`", f"its outputs are: {have}")
        found += fitting
    return found or list(stage.outputs)


def _candidate(at: _At, plan: Pipeline, item: Item, scratch: Path) -> Candidate:
    """Where an output's bytes may be: in the cache, or in the working tree if they are still those."""
    if item.md5 is None or item.is_remote:
        raise Fault(f"{item.path} is outside of DVC's cache", "name the outputs that are inside: register MODEL OUTPUT")
    cached = at.cache.path(item.md5)
    if item.md5.endswith(".dir"):
        cached = _laid_out(at.cache, item, scratch)
    hint = f"fetch them: cd {at.top / plan.folder} && dvc pull {posixpath.relpath(item.path, plan.folder or '.')}"
    return Candidate(PurePosixPath(item.path).name, (cached, at.top / item.path), item.md5, hint)


def _laid_out(cache: storage.Cache, item: Item, scratch: Path) -> Path:
    """A directory of the cache as links to its files; one that is not there in full is not made."""
    top = scratch / f"{item.md5}-{PurePosixPath(item.path).name}"
    try:
        entries = listing.parse(cache.path(item.md5 or "").read_bytes())
    except (OSError, listing.Malformed):
        return top
    if not all(cache.path(entry.md5).is_file() for entry in entries):
        return top
    top.mkdir()
    for entry in entries:
        link = top / entry.path
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(cache.path(entry.md5).resolve())
    return top


def _cache(repo: Repository, commit: str, folder: str) -> storage.Cache:
    """The cache of the DVC project that the pipeline is in; it may begin below the top of the Git repository."""
    top = repo.top or repo.git_dir
    for where in (PurePosixPath(folder), *PurePosixPath(folder).parents):
        config = codebase.file_at(repo, commit, (where / ".dvc/config").as_posix())
        if config is not None:
            home = top / where / ".dvc"
            text, own = config.decode("utf-8", "replace"), (home / "config.local").is_file()
            return storage.Cache(storage.load(storage.Trusted(text, str(home / "config"), home, True, own)).cache)
    raise Fault(
        f"{top / folder} is in no DVC repository: there is no .dvc/config in its commit",
        "git add .dvc/config, and commit",
    )


# what went in


def _check_ran(at: _At, stage: Stage) -> None:
    """The stage ran with what the commit has, as far as Git has it. Raises `Fault`."""
    for item in stage.dependencies:
        data = None if item.is_remote else at.file(item.path)
        if data is not None and item.md5 and hashlib.md5(data, usedforsecurity=False).hexdigest() != item.md5:
            where = f"{item.path} in the commit {at.commit[:12]}"
            raise Fault(f"{where} is not what dvc.lock says that `{stage.name}` ran with", "dvc repro, commit and push")


def _is_code(at: _At, item: Item) -> bool:
    """Whether a dependency is a part of the commit, and no data."""
    if item.is_remote:
        return False
    kind = codebase.kind_at(at.repo, at.commit, item.path)
    if kind == "tree":
        files = at.repo.git.run("ls-tree", "-r", "--name-only", "-z", f"{at.commit}:{item.path}").decode(
            "utf-8", "replace"
        )
        return any(codebase.is_code(name) for name in files.split("\0"))
    return kind == "blob" and PurePosixPath(item.path).suffix.lower() not in _DATA


def _dataset(item: Item) -> dict[str, object]:
    row = {"name": item.path, "md5": item.md5, "version": item.version, "size": item.size}
    if item.is_remote:
        row = {"name": PurePosixPath(item.path).name, "uri": item.path, **{k: v for k, v in row.items() if k != "name"}}
    return {key: value for key, value in row.items() if value is not None}


def _script(at: _At, stage: Stage) -> str | None:
    """The dependency that the command runs."""
    words = stage.command.split()
    scripts = [item.path for item in stage.dependencies if _is_code(at, item)]
    return next(
        (path for path in scripts if any(path == w or path.endswith(f"/{w.removeprefix('./')}") for w in words)), None
    )


def _params(stage: Stage) -> dict[str, object]:
    """As dvc.lock has them, dots and all. Of several files, a name that two of them have is told apart by its file."""
    names = [name for values in stage.params.values() for name in values]
    return {
        (name if names.count(name) == 1 else f"{file}:{name}"): value
        for file, values in stage.params.items()
        for name, value in values.items()
    }


# metrics


def _metrics(at: _At, plan: Pipeline, stage: Stage) -> tuple[dict[str, object], tuple[str, ...]]:
    """The contents of the metrics files, and what in them is no number. A name that two files have stands under the file's."""
    files = {item.path: _mapping(at, item) for item in dict.fromkeys(plan.measuring(stage))}
    names = [name for values in files.values() for name in values]
    clash = len(names) > len(set(names))
    merged: dict[str, object] = {}
    for path, values in files.items():
        merged |= {posixpath.splitext(path)[0]: values} if clash else values
    left_out: list[str] = []
    found = _numbers(merged, "", left_out)
    notes = (f"these metrics are no numbers, and were left out: {', '.join(left_out)}",) if left_out else ()
    return found, notes


def _mapping(at: _At, item: Item) -> Mapping[str, object]:
    """A metrics file as dvc.lock means it: from the commit; where it is not in Git, from the cache or the working tree."""
    committed = at.file(item.path)
    elsewhere = (at.cache.path(item.md5), at.top / item.path) if item.md5 else ()
    found = [committed] if committed is not None else [path.read_bytes() for path in elsewhere if path.is_file()]
    if not found:
        raise Fault(f"the metrics {item.path} are neither in the commit nor in DVC's cache", "commit them, or dvc pull")
    right = [data for data in found if item.md5 in (None, hashlib.md5(data, usedforsecurity=False).hexdigest())]
    if not right:
        raise Fault(f"{item.path} is not what dvc.lock says that the pipeline wrote", "dvc repro, and commit both")
    value = _parsed(item.path, right[0])
    if not isinstance(value, dict):
        raise Fault(f"the metrics {item.path} hold no mapping", "write names and numbers, such as {auc: 0.93}")
    return value


def _parsed(path: str, data: bytes) -> object:
    try:
        if path.endswith(".toml"):
            return tomllib.loads(data.decode())
        if path.endswith(".json"):
            return json.loads(data)
    except ValueError as error:
        raise Fault(f"the metrics {path} cannot be read: {error}", "put them right, and commit") from error
    read = document.parse(data)
    return None if read.problems else read.value


def _numbers(values: Mapping[str, object], route: str, left_out: list[str]) -> dict[str, object]:
    """Finite numbers, at any depth."""
    found: dict[str, object] = {}
    for name, value in values.items():
        if isinstance(value, Mapping):
            found[str(name)] = _numbers(value, f"{route}{name}.", left_out)
        elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
            found[str(name)] = value
        else:
            left_out.append(f"{route}{name}")
    return found
