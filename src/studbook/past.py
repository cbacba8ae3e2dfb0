"""What Git knows beyond two trees, as the rules ask for it: each answer is worked out once, and only when asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from threading import Thread

from studbook.convention import paths
from studbook.convention.paths import Kind
from studbook.convention.small import StagePointer
from studbook.diagnostic import Fault
from studbook.git import Repository, log
from studbook.git.log import Commit
from studbook.history import Held, Moment, StageHistory, WasArchived, replay
from studbook.snapshot import Documents
from studbook.tree import Entry

_UNREADABLE = "unreadable:"


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
            commits = self._touching_stages(model)
            self._documents.prefetch(_blobs(commits))
            self._stages[model] = self._replay(model, commits)
        return self._stages[model]

    def _touching_stages(self, model: str) -> list[Commit]:
        """Commits and their files that matter to the stages of a model.

        Git is asked for all of the model: one plain path is what it can use a commit-graph's Bloom filters for, and a
        pattern costs it more than the tree walk. The clock runs meanwhile: each has to visit all of history.
        """
        clock = Thread(target=self._wind_clock)
        clock.start()
        commits = self._touching(f":(literal){self._full(model)}")
        clock.join()
        for commit in commits:
            for path in [path for path in commit.files if not self._matters(path, model)]:
                del commit.files[path]
        return [commit for commit in commits if commit.files]

    def _matters(self, path: str, model: str) -> bool:
        place = paths.place(self._short(path))
        return place.model == model and place.kind in (Kind.STAGE, Kind.ARCHIVED)

    def _wind_clock(self) -> None:
        with suppress(Fault):  # it is raised again when somebody looks
            self.clock  # noqa: B018

    def _replay(self, model: str, commits: list[Commit]) -> dict[str, StageHistory]:
        stages = {
            place.name
            for c in commits
            for path in c.files
            if (place := paths.place(self._short(path))).kind is Kind.STAGE
        }
        return {stage: replay(self._events(stage, commits)) for stage in stages}

    def _events(self, stage: str, commits: list[Commit]) -> Iterator[Held | WasArchived]:
        for commit in commits:
            at = Moment(commit.oid, self.clock[commit.oid])
            archived: list[WasArchived] = []
            for path, entry in commit.files.items():
                place = paths.place(self._short(path))
                if place.kind is Kind.STAGE and place.name == stage:
                    value = self._value(path, entry)
                    yield Held(at, value)
                    if value and value.startswith(_UNREADABLE):  # nobody can be rolled back to it
                        archived.append(WasArchived(at, value))
                elif place.kind is Kind.ARCHIVED and entry is not None:
                    archived.append(WasArchived(at, place.version))
            yield from archived

    def _value(self, path: str, entry: Entry | None) -> str | None:
        """The version that a stage's file names. One that cannot be read is a value of its own, not an empty stage."""
        if entry is None:
            return None
        record = self._documents.parse(path, entry.oid, StagePointer).record if entry.is_regular else None
        return record.version if record else f"{_UNREADABLE}{entry.oid}"

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
        # letters stand only in pre-releases; a spelling in other letters is the same number
        magic = ":(literal)" if version == version.lower() == version.upper() else ":(icase,literal)"
        return bool(self._touching(magic + self._full(paths.manifest_file(model, version))))

    def unreachable(self, commits: Iterable[str]) -> set[str]:
        asked = frozenset(commits)
        if asked not in self._unreachable:
            real = [commit for commit in asked if self._repo.objects.kind(commit) == "commit"]
            missing = set(asked).difference(real)
            self._unreachable[asked] = missing | log.unreachable(self._repo.git, real, self._tips)
        return self._unreachable[asked]


def _blobs(commits: Iterable[Commit]) -> Iterator[str]:
    """The stage files of these commits, whatever they turn out to be."""
    for commit in commits:
        for path, entry in commit.files.items():
            if entry is not None and entry.is_regular and not path.endswith(paths.ARCHIVED):
                yield entry.oid
