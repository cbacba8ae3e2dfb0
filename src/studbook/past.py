"""What Git knows beyond two trees, as the rules ask for it: each answer is worked out once, and only when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property

from studbook.convention import paths
from studbook.convention.paths import Kind
from studbook.convention.small import StagePointer
from studbook.git import Repository, log
from studbook.git.log import Commit
from studbook.history import Held, Moment, StageHistory, WasArchived, replay
from studbook.snapshot import Documents, Entry


class GitPast:
    """The first-parent history of base, renames not followed."""

    def __init__(self, repo: Repository, documents: Documents, base: str, tips: Iterable[str]) -> None:
        self._repo = repo
        self._documents = documents
        self._base = base
        self._tips = list(dict.fromkeys(tips))
        self._stages: dict[str, Mapping[str, StageHistory]] = {}
        self._unreachable: dict[frozenset[str], set[str]] = {}

    @cached_property
    def gap(self) -> str:
        if self._repo.is_shallow:
            return "this is a shallow clone"
        return "this repository has grafts" if self._repo.has_grafts else ""

    @cached_property
    def clock(self) -> dict[str, int]:
        """The time of every first-parent commit, never before that of its first parent."""
        return log.clock(self._repo.git, self._base) if self._has_commits else {}

    @property
    def _has_commits(self) -> bool:
        return self._base != self._repo.empty_tree

    def _full(self, path: str) -> str:
        return f"{self._repo.root}/{path}" if self._repo.root else path

    def _short(self, path: str) -> str:
        return path[len(self._repo.root) + 1 :] if self._repo.root else path

    def _touching(self, *pathspecs: str) -> list[Commit]:
        return log.touching(self._repo.git, self._base, pathspecs) if self._has_commits else []

    def stages(self, model: str) -> Mapping[str, StageHistory]:
        if model not in self._stages:
            archived = f":(glob){_escape(self._full(paths.archived_file(model, '*')), keep='*')}"
            commits = self._touching(f":(literal){self._full(model)}/stages", archived)
            self._documents.prefetch(_blobs(commits))
            self._stages[model] = self._replay(model, commits)
        return self._stages[model]

    def _replay(self, model: str, commits: list[Commit]) -> dict[str, StageHistory]:
        stages = {place.name for c in commits for path in c.files if (place := paths.place(self._short(path))).kind is Kind.STAGE}
        return {stage: replay(self._events(stage, commits)) for stage in stages}

    def _events(self, stage: str, commits: list[Commit]) -> Iterator[Held | WasArchived]:
        for commit in commits:
            at = Moment(commit.oid, self.clock[commit.oid])
            archived: list[WasArchived] = []
            for path, entry in commit.files.items():
                place = paths.place(self._short(path))
                if place.kind is Kind.STAGE and place.name == stage:
                    yield Held(at, self._value(path, entry))
                elif place.kind is Kind.ARCHIVED and entry is not None:
                    archived.append(WasArchived(at, place.version))
            yield from archived

    def _value(self, path: str, entry: Entry | None) -> str | None:
        """The version that a stage's file names. One that cannot be read is a value of its own, not an empty stage."""
        if entry is None:
            return None
        record = self._documents.parse(path, entry.oid, StagePointer).record if entry.is_regular else None
        return record.version if record else f"unreadable:{entry.oid}"

    def registered_at(self, model: str, version: str) -> int | None:
        added: int | None = None
        present = False
        for commit in self._touching(f":(literal){self._full(paths.manifest_file(model, version))}"):
            there = any(commit.files.values())
            if there and not present:
                added = self.clock[commit.oid]
            present = there
        return added

    def was_registered(self, model: str, version: str) -> bool:
        return bool(self._touching(f":(literal){self._full(paths.manifest_file(model, version))}"))

    def unreachable(self, commits: Iterable[str]) -> set[str]:
        asked = frozenset(commits)
        if asked not in self._unreachable:
            real = [commit for commit in asked if self._repo.objects.kind(commit) == "commit"]
            missing = asked.difference(real)
            self._unreachable[asked] = missing | log.unreachable(self._repo.git, real, self._tips)
        return self._unreachable[asked]


def _blobs(commits: Iterable[Commit]) -> Iterator[str]:
    """The stage files of these commits, whatever they turn out to be."""
    for commit in commits:
        for path, entry in commit.files.items():
            if entry is not None and entry.is_regular and not path.endswith(paths.ARCHIVED):
                yield entry.oid


def _escape(path: str, keep: str) -> str:
    return "".join(f"\\{c}" if c in "*?[\\" and c not in keep else c for c in path)
