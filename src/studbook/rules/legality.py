"""Is a stage change legal? A rollback, or a promotion, and what stands in its way."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from studbook import gates
from studbook.change import Removed, StageChange
from studbook.convention import paths
from studbook.convention.policy import Gate, StagePolicy
from studbook.history import StageHistory
from studbook.rules.evidence import situation
from studbook.rules.step import Step


class Wait(NamedTuple):
    """A version that has been where it must have been, but not for long enough."""

    stage: str
    soaked: int
    needed: int
    passes_at: int | None
    """Seconds since 1970; None where it does not hold the stage now, so that waiting does not help."""


class Refusal(NamedTuple):
    """A gate that did not pass, and what it saw."""

    gate: Gate
    outcome: gates.Outcome
    figures: list[tuple[str, str]]


class Promotion(NamedTuple):
    """What stands between a version and its entry into a stage; empty where nothing does."""

    never_in: tuple[str, ...] = ()
    """The `from` of the stage, where the version has been in none of them."""
    wait: Wait | None = None
    refusals: tuple[Refusal, ...] = ()
    gates_unknown: bool = False
    """The model.yaml of base cannot be read: what is not known cannot be passed."""
    reason_missing: bool = False
    rolled_back: bool = False
    """It was once rolled back from this stage, and the file does not say `retry`."""

    @property
    def legal(self) -> bool:
        return self == Promotion()


class Legality(NamedTuple):
    """The verdict over one stage change."""

    version: str | None
    """Who enters; None where the stage is emptied."""
    rollback: bool = False
    """The version is on the undo stack below the present one, or emptying undoes the first promotion."""
    allowed: bool = True
    """Whether `rollback` permits it, where it is one."""
    promotion: Promotion = Promotion()
    emptied: bool = False
    """Emptied, and that is neither a rollback nor allowed."""
    nearest: str | None = None
    """Where a rollback would go to."""

    @property
    def forbidden(self) -> bool:
        """A rollback that the policy does not allow, and that is no legal promotion either."""
        return self.rollback and not self.allowed and (self.emptied or not self.promotion.legal)


def legality(step: Step, change: StageChange) -> Legality | None:
    """The verdict, worked out once for all rules; None where the change cannot or need not be judged."""
    key = ("legality", change.model, change.stage)
    if key not in step.memory:
        step.memory[key] = _judge(step, change)
    return step.memory[key]  # type: ignore[return-value]  # the key says what it holds


def _judge(step: Step, change: StageChange) -> Legality | None:
    policy = step.policy.stages.get(change.stage) if step.policy else None
    if change.transition is None or policy is None or step.baseline or step.past.gap:
        return None
    history = step.past.stages(change.model).get(change.stage, StageHistory())
    if isinstance(change.transition, Removed):
        return _emptying(policy, history)
    version = change.transition[-1]
    if not _is_usable(step, change.model, version):
        return None
    return _entry(step, change, version, policy, history)


def _is_usable(step: Step, model: str, version: str) -> bool:
    archived = step.head.is_archived(model, version) or step.base.is_archived(model, version)
    return step.head.has_version(model, version) and not archived


def _emptying(policy: StagePolicy, history: StageHistory) -> Legality:
    rollback, allowed = history.entered_from_empty, policy.rollback != "forbidden"
    legal = policy.emptying == "allowed" or (rollback and allowed)
    return Legality(None, rollback, allowed or legal, emptied=not legal)


def _entry(step: Step, change: StageChange, version: str, policy: StagePolicy, history: StageHistory) -> Legality:
    below = history.below
    nearest = below[-1] if below else None
    rollback = version in below
    allowed = rollback and (policy.rollback == "any" or (policy.rollback == "previous" and version == nearest))
    if allowed:
        return Legality(version, rollback=True, nearest=nearest)
    promotion = _promotion(step, change, version, policy, history)
    return Legality(version, rollback, allowed=not rollback, promotion=promotion, nearest=nearest)


def _promotion(step: Step, change: StageChange, version: str, policy: StagePolicy, history: StageHistory) -> Promotion:
    file = step.head.stage_file(change.model, change.stage)
    record = file.record if file else None
    reason, retry = (record.reason or "", record.retry or "") if record else ("", "")
    entered, wait = _way_in(step, change.model, version, policy)
    return Promotion(
        never_in=() if entered else tuple(policy.from_),
        wait=wait,
        refusals=tuple(_refusals(step, change, version, policy, reason)),
        gates_unknown=step.base.has_file(paths.model_file(change.model)) and step.base.model(change.model) is None,
        reason_missing=policy.reason == "required" and not reason.strip(),
        rolled_back=version in history.rolled_back and not retry.strip(),
    )


def _way_in(step: Step, model: str, version: str, policy: StagePolicy) -> tuple[bool, Wait | None]:
    """Whether the version has been in one of `from`, and the shortest wait there where it has not soaked."""
    waits: list[Wait] = []
    for source in policy.from_:
        soaked = _soaked(step, model, version, source, policy.soak_seconds)
        if soaked is None:
            continue
        if soaked.soaked >= soaked.needed:
            return True, None
        waits.append(soaked)
    waits.sort(key=lambda wait: (wait.passes_at is None, wait.passes_at))
    return bool(waits), waits[0] if waits else None


def _soaked(step: Step, model: str, version: str, source: str, needed: int) -> Wait | None:
    """How long a version has soaked in `source`; None where it has not been there."""
    existed = step.base.has_version(model, version)
    if source == "new":
        return Wait(source, 0, needed, None) if not existed else None
    if source == "registered":
        if not existed:
            return None
        since = step.past.registered_at(model, version) if needed else step.now
        return _wait(source, step.now - (since or step.now), needed, since)
    history = step.past.stages(model).get(source, StageHistory())
    if not existed or not history.has_been_in(version):
        return None
    holding = history.holding_since(version)
    return _wait(source, history.soaked(version, step.now), needed, holding.time if holding else None)


def _wait(source: str, soaked: int, needed: int, since: int | None) -> Wait:
    return Wait(source, soaked, needed, since + needed if since is not None else None)


def _refusals(step: Step, change: StageChange, version: str, policy: StagePolicy, reason: str) -> Iterator[Refusal]:
    asked = [*policy.gates, *_model_gates(step, change.model, change.stage)]
    if not asked:
        return
    seen = situation(
        step,
        change.model,
        version,
        stage=change.stage,
        incumbent=incumbent(step, change.model, change.stage),
        reason=reason,
    )
    yield from refusals(asked, seen)


def refusals(asked: list[Gate], seen: gates.Situation) -> Iterator[Refusal]:
    for gate in asked:
        outcome = gates.evaluate(gate.require, seen)
        if outcome.passed is not True:
            yield Refusal(gate, outcome, gates.figures(gate.require, seen))


def _model_gates(step: Step, model: str, stage: str) -> list[Gate]:
    """Base's; head's only for a model that this step adds."""
    file = step.base.model_file(model) or step.head.model_file(model)
    return file.record.gates.get(stage, []) if file and file.record else []


def incumbent(step: Step, model: str, stage: str) -> str | None:
    """Who holds the stage on base; where it is empty, its last holder that is not archived."""
    if (holder := step.base.holder(model, stage)) is not None:
        return holder
    tenures = step.past.stages(model).get(stage, StageHistory()).tenures
    former = (tenure.version for tenure in reversed(tenures))
    return next((v for v in former if step.base.has_version(model, v) and not step.base.is_archived(model, v)), None)
