"""The difference between two snapshots, as typed values. Rules get old and new, never diff text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from studbook.convention import paths
from studbook.convention.paths import Kind, Place
from studbook.snapshot import Snapshot
from studbook.tree import Entry


class FileChange(NamedTuple):
    """A file in question: `before` and `after` are equal where it did not change."""

    path: str
    before: Entry | None
    after: Entry | None
    place: Place

    @property
    def changed(self) -> bool:
        return self.before != self.after

    @property
    def added(self) -> bool:
        return self.before is None and self.after is not None

    @property
    def removed(self) -> bool:
        return self.before is not None and self.after is None


class Added(NamedTuple):
    value: str


class Removed(NamedTuple):
    value: str


class Modified(NamedTuple):
    old: str
    new: str


Transition = Added | Removed | Modified
"""How a stage's value changed."""


class VersionChange(NamedTuple):
    """What happens to one version."""

    model: str
    version: str
    files: tuple[FileChange, ...]
    existed: bool
    """It had a manifest at base, readable or not."""
    exists: bool
    removed: bool
    """It existed, and nothing of it is left."""

    @property
    def added(self) -> bool:
        return self.exists and not self.existed

    def file(self, kind: Kind) -> FileChange | None:
        return next((f for f in self.files if f.place.kind is kind), None)


class StageChange(NamedTuple):
    """What happens to one stage of a model. `transition` is None where its value stays, or cannot be told."""

    model: str
    stage: str
    file: FileChange
    transition: Transition | None


class ModelChange:
    """What happens to one model: its files, versions and stages."""

    def __init__(self, name: str, files: tuple[FileChange, ...], base: Snapshot, head: Snapshot) -> None:
        self.name = name
        self.files = files
        self._base = base
        self._head = head

    @cached_property
    def existed(self) -> bool:
        return self._base.has_file(paths.model_file(self.name))

    @cached_property
    def exists(self) -> bool:
        return self._head.has_file(paths.model_file(self.name))

    @cached_property
    def removed(self) -> bool:
        """The whole model is gone, and there was a version to lose."""
        return not self._head.has_folder(self.name) and bool(self._base.versions(self.name))

    @cached_property
    def versions(self) -> tuple[VersionChange, ...]:
        by_version: dict[str, list[FileChange]] = {}
        for file in self.files:
            if file.place.version:
                by_version.setdefault(file.place.version, []).append(file)
        return tuple(self._version(version, files) for version, files in by_version.items())

    def _version(self, version: str, files: list[FileChange]) -> VersionChange:
        existed = self._base.has_version(self.name, version)
        exists = self._head.has_version(self.name, version)
        removed = existed and not self._head.has_folder(paths.version_folder(self.name, version))
        return VersionChange(self.name, version, tuple(files), existed, exists, removed)

    @cached_property
    def stages(self) -> tuple[StageChange, ...]:
        files = (file for file in self.files if file.place.kind is Kind.STAGE)
        return tuple(StageChange(self.name, f.place.name, f, self._transition(f)) for f in files)

    def _transition(self, file: FileChange) -> Transition | None:
        """Unreadable is not absent: a file that cannot be read at head is no emptied stage. One that could not be read
        at base and now can is judged as an entry, or putting it right would be a way round the rules."""
        stage = file.place.name
        old, new = self._base.holder(self.name, stage), self._head.holder(self.name, stage)
        if file.removed:
            return Removed(old or "")
        if old == new or new is None:
            return None
        return Modified(old, new) if old else Added(new)


class Change:
    """All files in question, grouped by what they belong to."""

    def __init__(self, files: Iterable[FileChange], base: Snapshot, head: Snapshot) -> None:
        self.root: list[FileChange] = []
        self._by_model: dict[str, list[FileChange]] = {}
        for file in files:
            (self._by_model.setdefault(file.place.model, []) if file.place.model else self.root).append(file)
        self._base = base
        self._head = head

    @cached_property
    def models(self) -> tuple[ModelChange, ...]:
        return tuple(ModelChange(name, tuple(files), self._base, self._head) for name, files in self._by_model.items())

    @property
    def files(self) -> Iterator[FileChange]:
        yield from self.root
        for files in self._by_model.values():
            yield from files

    @cached_property
    def policy(self) -> FileChange | None:
        return next((f for f in self.root if f.place.kind is Kind.POLICY and f.changed), None)


def file_change(path: str, before: Entry | None, after: Entry | None) -> FileChange:
    """`path` is below the registry's folder."""
    return FileChange(path, before, after, paths.place(path))
