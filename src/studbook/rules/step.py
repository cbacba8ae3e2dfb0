"""What a rule is given: the two snapshots, the change between them, and what the past says."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Protocol

from studbook.change import Change, FileChange
from studbook.convention.base import FileRecord
from studbook.convention.policy import Policy
from studbook.expected import Expected
from studbook.history import StageHistory
from studbook.snapshot import Parsed, Snapshot


class Past(Protocol):
    """What Git knows beyond the two trees, asked only when a rule needs it."""

    @property
    def gap(self) -> str:
        """Why history cannot be trusted ("this is a shallow clone"); empty where it can."""
        ...

    def stages(self, model: str) -> Mapping[str, StageHistory]:
        """What each stage of a model went through, up to base."""
        ...

    def registered_at(self, model: str, version: str) -> int | None:
        """When base got this version, in seconds since 1970."""
        ...

    def was_registered(self, model: str, version: str) -> bool:
        """Whether base once held this version, now or earlier."""
        ...

    def unreachable(self, commits: Iterable[str]) -> set[str]:
        """Which of these commits neither base nor head reaches."""
        ...


class Store(Protocol):
    """The DVC remote, asked only where the policy or the command line says so. Each gives sentences, or nothing."""

    def absent(self, expected: Expected) -> Iterable[str]:
        """What of an artifact is not there."""
        ...

    def damaged(self, expected: Expected) -> Iterable[str]:
        """What of it is there and is something else."""
        ...


class Detour(NamedTuple):
    """A commit of the branch that gives a stage a value which is neither base's nor the branch's final one."""

    path: str
    commit: str
    value: str


class Branch(NamedTuple):
    """What the way of the change says, beyond its result."""

    conflicts: tuple[str, ...] = ()
    conflicts_elsewhere: tuple[str, ...] = ()
    """From the root of the repository."""
    unrelated: bool = False
    """Base and head share no history."""
    contained: bool = False
    """Base already has all of head."""
    idle: tuple[str, ...] = ()
    """Paths that the branch changed and base already holds so."""
    detours: tuple[Detour, ...] = ()
    early: tuple[tuple[str, int], ...] = ()
    """Commits from the future, and how many seconds they are ahead of the wall clock."""


class File(NamedTuple):
    """A file in question and, where it is readable YAML of a known kind at head, what it says."""

    change: FileChange
    parsed: Parsed[FileRecord] | None

    @property
    def path(self) -> str:
        return self.change.path


@dataclass(frozen=True, eq=False)
class Step:
    """One step of a registry, from base to head."""

    base: Snapshot
    head: Snapshot
    change: Change
    past: Past
    now: int
    """Seconds since 1970."""
    branch: Branch = field(default_factory=Branch)
    too_deep: tuple[str, ...] = ()
    """Paths that lie too deep to be looked at."""
    store: Store | None = None
    """None where nothing is asked of the remote."""
    everything: bool = False
    """All files are in question, not only those that changed."""
    memory: dict[object, object] = field(default_factory=dict)
    """What several rules share and one of them worked out."""

    @cached_property
    def baseline(self) -> bool:
        """Base has no registry at all: stages may be set freely."""
        return not self.base.exists

    @cached_property
    def policy(self) -> Policy | None:
        """What this step is judged by: base's policy, or head's in a baseline. None where it cannot be read."""
        return self.head.policy if self.baseline else self.base.policy
