"""`status`: what stands between a version and each stage, as the rules themselves judge a change that nobody has made."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple

from studbook import engine
from studbook.change import Change, file_change
from studbook.convention import paths
from studbook.convention.policy import StagePolicy
from studbook.diagnostic import Diagnostic, Fault, Severity
from studbook.git.objects import MergedTree, Objects
from studbook.models import ModelVersion
from studbook.registry import Registry
from studbook.rules.legality import Legality, Wait, legality
from studbook.rules.step import Step
from studbook.snapshot import Documents, Snapshot
from studbook.timeline import RecordedPast
from studbook.tree import REGULAR, Entry

_SAID = 'reason: "..."\nretry: "..."\n'
"""What the author of a change can say on the spot."""
_FIRST = ("illegal-transition", "rollback-forbidden", "soak")
"""Rules whose findings are told before others: nothing else helps while these stand."""


class State(StrEnum):
    HOLDS = "holds"
    READY = "ready"
    """It may enter now."""
    ROLLBACK = "rollback"
    """It may come back now, by a rollback."""
    WAITING = "waiting"
    """Time alone is missing."""
    BLOCKED = "blocked"
    ARCHIVED = "archived"


class Standing(NamedTuple):
    """How a version stands to one stage."""

    stage: str
    state: State
    holder: str | None
    """Who holds the stage."""
    since: int | None = None
    """When it came to hold the stage, in seconds since 1970."""
    obstacles: tuple[Diagnostic, ...] = ()
    """What `validate` would say of the change, `needs` being given."""
    wait: Wait | None = None
    needs: tuple[str, ...] = ()
    """Options that the command has to be given: `--reason`, `--retry`."""
    approvers: tuple[str, ...] = ()
    command: str = ""
    """What to type next; empty where there is nothing to do."""


class _Drafts:
    """Blobs, and some that are not in the repository: what a file would say."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects
        self._drafts: dict[str, bytes] = {}

    def draft(self, text: str) -> Entry:
        oid = f"draft-{len(self._drafts)}"
        self._drafts[oid] = text.encode()
        return Entry(REGULAR, oid)

    def read(self, oid: str) -> bytes | int:
        return self._drafts[oid] if oid in self._drafts else self._objects.read(oid)

    def prefetch(self, oids: Iterable[str]) -> None:
        self._objects.prefetch(oid for oid in oids if oid not in self._drafts)


class _Court:
    """Judges that a version enters a stage, the registry's commit being base."""

    def __init__(self, registry: Registry) -> None:
        self._repo = registry.repo
        self._now = registry.when.now
        self._tree = registry.tree
        self._drafts = _Drafts(registry.repo.objects)
        self._documents = Documents(self._drafts)
        self.base = Snapshot(self._tree, self._documents)
        self.past = RecordedPast(registry.repo, self._documents, registry.commit)

    def judge(self, version: ModelVersion, stage: str, said: str = "") -> tuple[Legality | None, list[Diagnostic]]:
        """The verdict over the change, and what is wrong with it. `said` is what its file says besides the version."""
        path = paths.stage_file(version.model, stage)
        entry = self._drafts.draft(f'version: "{version.version}"\n{said}')
        head = Snapshot(MergedTree(self._tree, {path: entry}), self._documents)
        change = Change([file_change(path, self.base.entry(path), entry)], self.base, head)
        step = Step(self.base, head, change, self.past, self._now)
        (moved,) = change.models[0].stages
        found = engine.diagnose(step, engine.findings(step), self._repo.root)
        errors = [diagnostic for diagnostic in found if diagnostic.severity is Severity.ERROR]
        return legality(step, moved), sorted(errors, key=lambda d: d.rule not in _FIRST)


def standings(registry: Registry, version: ModelVersion) -> list[Standing]:
    """One for every stage of the policy, in its order. Raises `Fault` where history is missing."""
    court = _Court(registry)
    if court.past.gap:
        raise Fault(f"{court.past.gap}, and history is asked for", "fetch it all: git fetch --unshallow")
    owners = registry[version.model].owners
    return [_standing(court, version, name, policy, owners) for name, policy in registry.policy.stages.items()]


def _standing(
    court: _Court, version: ModelVersion, stage: str, policy: StagePolicy, owners: tuple[str, ...]
) -> Standing:
    holder = court.base.holder(version.model, stage)
    if holder == version.version:
        history = court.past.stages(version.model).get(stage)
        since = history.holding_since(holder) if history else None
        return Standing(stage, State.HOLDS, holder, since.time if since else None)
    if version.is_archived:
        command = f"studbook unarchive {version.reference}"
        return Standing(stage, State.ARCHIVED, holder, command=command)
    bare, _ = court.judge(version, stage)
    verdict, obstacles = court.judge(version, stage, _SAID)
    needs = _needs(bare) if bare else ()
    wait = verdict.promotion.wait if verdict else None
    state = _state(verdict, obstacles, wait)
    command = _command(version, stage, state, needs)
    return Standing(
        stage, state, holder, None, tuple(obstacles), wait, needs, tuple(policy.approvers) or owners, command
    )


def _needs(bare: Legality) -> tuple[str, ...]:
    asked = {"--reason": bare.promotion.reason_missing, "--retry": bare.promotion.rolled_back}
    return tuple(option for option, missing in asked.items() if missing)


def _state(verdict: Legality | None, obstacles: list[Diagnostic], wait: Wait | None) -> State:
    if not obstacles:
        return State.ROLLBACK if verdict is not None and verdict.rollback and verdict.allowed else State.READY
    alone = wait is not None and wait.passes_at is not None and all(d.rule == "soak" for d in obstacles)
    return State.WAITING if alone else State.BLOCKED


def _command(version: ModelVersion, stage: str, state: State, needs: tuple[str, ...]) -> str:
    if state is State.ROLLBACK:
        return f"studbook rollback {version.model} {stage} --to {version.version}"
    if state in (State.READY, State.WAITING):
        return " ".join([f"studbook promote {version.reference} {stage}", *(f'{option} "..."' for option in needs)])
    return ""
