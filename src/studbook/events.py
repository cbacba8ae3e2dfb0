"""What a step did, as the report names it."""

from __future__ import annotations

from collections.abc import Iterator

from studbook.change import FileChange, ModelChange, Removed, StageChange, VersionChange
from studbook.convention.paths import Kind
from studbook.diagnostic import Event
from studbook.rules.step import Step


def of(step: Step) -> Iterator[Event]:
    """The events of a step: policy first, then model by model."""
    if any(_is_policy(step, file) for file in step.change.root):
        yield Event("policy-changed")
    for file in step.change.root:
        yield from _of_root(file)
    for model in step.change.models:
        yield from _of_model(step, model)


def _is_policy(step: Step, file: FileChange) -> bool:
    """registry.yaml, and the schema that it names for metadata."""
    policies = (step.base.policy, step.head.policy)
    named = any(policy is not None and policy.metadata_schema == file.path for policy in policies)
    return file.changed and (file.place.kind is Kind.POLICY or named)


def _of_root(file: FileChange) -> Iterator[Event]:
    if file.place.kind is Kind.WAIVER and file.added:
        yield Event("waiver-added", (("commit", file.place.name),))


def _of_model(step: Step, model: ModelChange) -> Iterator[Event]:
    name = ("model", model.name)
    for file in model.files:
        if file.place.kind is Kind.MODEL and file.changed and file.after is not None:
            yield Event("model-added" if file.added else "model-changed", (name,))
    for version in model.versions:
        yield from _of_version(version)
    for stage in model.stages:
        yield from _of_stage(step, stage)


def _of_version(version: VersionChange) -> Iterator[Event]:
    name = (("model", version.model), ("version", version.version))
    if version.added:
        yield Event("version-registered", name)
    for file in version.files:
        if file.place.kind is Kind.EVALUATION and file.added:
            yield Event("evaluation-added", (*name, ("suite", file.place.name), ("run", file.place.run)))
        elif file.place.kind is Kind.ARCHIVED and file.added:
            yield Event("version-archived", name)
        elif file.place.kind is Kind.ARCHIVED and file.removed and not version.removed:
            yield Event("version-unarchived", name)


def _of_stage(step: Step, change: StageChange) -> Iterator[Event]:
    if change.transition is None:
        return
    old = step.base.holder(change.model, change.stage)
    new = None if isinstance(change.transition, Removed) else change.transition[-1]
    place = (("model", change.model), ("stage", change.stage), ("from", old), ("to", new))
    yield Event("stage-changed", (*place, ("rollback", _is_rollback(step, change, new))))


def _is_rollback(step: Step, change: StageChange, new: str | None) -> bool:
    if step.baseline or step.past.gap:
        return False
    history = step.past.stages(change.model).get(change.stage)
    if history is None:
        return False
    return history.entered_from_empty if new is None else new in history.below
