"""What a registry holds, one model, stage or version at a time: typed, immutable views that read when they are asked."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from studbook.convention import names, paths
from studbook.convention.manifest import Evaluation, Manifest
from studbook.convention.model import Model as ModelRecord
from studbook.convention.paths import Kind
from studbook.convention.small import Archived, Pointer
from studbook.diagnostic import Fault
from studbook.snapshot import Snapshot
from studbook.timeline import Turn, turns

if TYPE_CHECKING:
    from os import PathLike

    from studbook.registry import Registry

LATEST = "latest"
Progress = Callable[[int], None]
"""Told how many more bytes have arrived."""


class Unknown(Fault, LookupError):
    """There is no such model, version, stage or artifact."""


@dataclass(frozen=True)
class Model:
    """A model: its record, versions and stages."""

    registry: Registry = field(repr=False, compare=False)
    name: str
    _all: Snapshot | None = field(default=None, repr=False, compare=False)

    @property
    def snapshot(self) -> Snapshot:
        return self._all or self.registry.snapshot

    @property
    def record(self) -> ModelRecord | None:
        """model.yaml; None where it cannot be read."""
        return self.snapshot.model(self.name)

    @property
    def description(self) -> str:
        return (self.record.description or "") if self.record else ""

    @property
    def owners(self) -> tuple[str, ...]:
        return tuple(self.record.owners) if self.record else ()

    def __getitem__(self, version: str) -> ModelVersion:
        """A version by its number. Raises `Unknown`."""
        if names.is_version(version) and self.snapshot.has_version(self.name, version):
            return ModelVersion(self.registry, self.name, version, self._all)
        raise self._unknown("version", version, self._version_names())

    def versions(self) -> list[ModelVersion]:
        """All versions by SemVer precedence, lowest first, the archived ones too."""
        return [ModelVersion(self.registry, self.name, v, self._all) for v in self.snapshot.versions(self.name)]

    @property
    def latest(self) -> ModelVersion | None:
        """The highest release by SemVer precedence that is not archived."""
        releases = (v for v in self._version_names() if "-" not in v)
        for version in sorted(releases, key=names.precedence, reverse=True):
            if self.snapshot.has_version(self.name, version) and not self.snapshot.is_archived(self.name, version):
                return ModelVersion(self.registry, self.name, version, self._all)
        return None

    def stages(self) -> list[StageView]:
        """Every stage of the policy, in its order, then those that only have a file."""
        return [self._stage(name) for name in self.stage_names()]

    def stage_names(self) -> list[str]:
        policy = self.registry.snapshot.policy
        return list(dict.fromkeys([*(policy.stages if policy else ()), *self.snapshot.stages(self.name)]))

    def stage(self, name: str) -> StageView:
        """A stage by name. Raises `Unknown`."""
        if name not in self.stage_names():
            raise self._unknown("stage", name, self.stage_names())
        return self._stage(name)

    def resolve(self, name: str) -> ModelVersion:
        """The version that a number, a stage or `latest` means. Raises `Unknown`."""
        if names.is_version(name):
            return self[name]
        if name == LATEST:
            if (latest := self.latest) is None:
                raise Unknown(f"{self.name} has no release", f"studbook show {self.name} lists its versions")
            return latest
        if name not in self.stage_names():
            raise self._unknown("version or stage", name, [*self.stage_names(), LATEST, *self._version_names()])
        view = self._stage(name)
        if view.unreadable:
            raise Fault(f"{paths.stage_file(self.name, name)} cannot be read", "studbook validate --all says why")
        if view.version is None:
            raise Unknown(f"{self.name} has no version in {name}", f"studbook show {self.name} tells what it has")
        return view.version

    def log(self, stage: str | None = None) -> list[Turn]:
        """The deployment log of one stage or of all: who, when, from, to, why. Newest first. Raises `Fault` where history
        is missing, and `Unknown` where there is no such stage and never was.
        """
        past = self.registry.past
        if past.gap:
            raise Fault(f"{past.gap}, and history is asked for", "fetch it all: git fetch --unshallow")
        known = list(dict.fromkeys([*self.stage_names(), *past.stages(self.name)]))
        if stage is not None and stage not in known:
            raise self._unknown("stage", stage, known)
        return turns(self.registry.repo, self.registry.documents, past, self.name, known if stage is None else [stage])

    def _stage(self, name: str) -> StageView:
        file = self.snapshot.stage_file(self.name, name)
        if file is None or file.record is None:
            return StageView(self.name, name, None, unreadable=file is not None)
        record = file.record
        version = ModelVersion(self.registry, self.name, record.version, self._all)
        return StageView(self.name, name, version, record.reason or "", record.retry or "")

    def _version_names(self) -> list[str]:
        listing = self.snapshot.listing(f"{self.name}/versions")
        return [name for name, entry in listing.items() if entry.is_folder and names.is_version(name)]

    def _unknown(self, kind: str, name: str, known: Iterable[str]) -> Unknown:
        other = f"studbook show {self.name} lists its versions and stages"
        return Unknown(f"{self.name} has no {kind} `{name}`", hint(name, known, other))


class StageView(NamedTuple):
    """Who holds a stage of a model, and why."""

    model: str
    stage: str
    version: ModelVersion | None
    """None where the stage is empty, or its file cannot be read."""
    reason: str = ""
    retry: str = ""
    unreadable: bool = False


@dataclass(frozen=True)
class ModelVersion:
    """A version of a model, at the commit that the registry was opened at."""

    registry: Registry = field(repr=False, compare=False)
    model: str
    version: str
    _all: Snapshot | None = field(default=None, repr=False, compare=False)

    def __str__(self) -> str:
        return self.reference

    @property
    def reference(self) -> str:
        """`MODEL@VERSION`."""
        return f"{self.model}@{self.version}"

    @property
    def snapshot(self) -> Snapshot:
        return self._all or self.registry.snapshot

    @property
    def folder(self) -> str:
        """Its folder, from the root of the repository."""
        root = self.registry.repo.root
        return "/".join(part for part in (root, paths.version_folder(self.model, self.version)) if part)

    @property
    def manifest(self) -> Manifest:
        """manifest.yaml. Raises `Fault` where it is missing or cannot be read."""
        if (manifest := self.snapshot.manifest(self.model, self.version)) is None:
            raise Fault(f"{self.folder}/{paths.MANIFEST} cannot be read", "studbook validate --all says why")
        return manifest

    @property
    def is_archived(self) -> bool:
        return self.snapshot.is_archived(self.model, self.version)

    @property
    def archived(self) -> Archived | None:
        """archived.yaml; None where the version is not archived, or the file cannot be read (see `is_archived`)."""
        parsed = self.snapshot.parsed(paths.archived_file(self.model, self.version), Kind.ARCHIVED)
        return parsed.record if parsed and isinstance(parsed.record, Archived) else None

    @property
    def stages(self) -> tuple[str, ...]:
        """The stages that it holds."""
        views = Model(self.registry, self.model, self._all).stages()
        return tuple(view.stage for view in views if view.version == self)

    @property
    def card(self) -> str | None:
        """README.md of the version."""
        return self.snapshot.card(self.model, self.version)

    def evaluations(self) -> list[tuple[str, str, Evaluation]]:
        """Suite, run and record of each readable evaluation, oldest first within a suite."""
        found = self.snapshot.evaluations(self.model, self.version)
        return sorted(found, key=lambda item: (item[0], item[2].created_at, item[1]))

    def pointer(self, artifact: str) -> Pointer:
        """The DVC pointer of an artifact. Raises `Unknown` where there is none, `Fault` where it cannot be read."""
        file = self.snapshot.pointer_file(self.model, self.version, artifact)
        if file is None:
            raise Unknown(
                f"{self.reference} has no pointer for `{artifact}`",
                f"studbook show {self.reference} lists its artifacts",
            )
        if file.record is None:
            raise Fault(f"{self.folder}/{artifact}.dvc cannot be read", "studbook validate --all says why")
        return file.record

    def pull(
        self, output: str | PathLike[str] = ".", *, progress: Progress | None = None, force: bool = False
    ) -> list[Path]:
        """Fetch the artifacts into a folder, each verified before it appears there. Gives their paths."""
        from studbook.pulling import pull

        return pull(self, Path(output), progress=progress, force=force)


def hint(name: str, known: Iterable[str], otherwise: str) -> str:
    """What was probably meant: a name that begins like it, or is spelled like it."""
    from difflib import get_close_matches

    names_ = list(known)
    close = [n for n in names_ if name and n.startswith(name)][:1] or get_close_matches(name, names_, 1)
    return f"did you mean `{close[0]}`?" if close else otherwise
