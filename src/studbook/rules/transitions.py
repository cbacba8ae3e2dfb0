"""Family `transitions`: a stage changes hands only by a legal promotion or a rollback."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from studbook.change import ModelChange, Removed, StageChange, VersionChange
from studbook.convention import names, paths
from studbook.convention.paths import Kind
from studbook.diagnostic import Finding, Where
from studbook.rules.legality import Legality, Promotion, Wait, legality
from studbook.rules.step import Step

_VERSION = ("version",)


def _at(change: StageChange, *route: str) -> Where:
    return Where(change.file.path, route)


def stage_unknown(step: Step, change: StageChange) -> Iterator[Finding]:
    policy = step.policy
    if change.file.after is None or policy is None or change.stage in policy.stages or not names.is_stage(change.stage):
        return
    known = ", ".join(policy.stages) or "none"
    added = step.head.policy is not None and change.stage in step.head.policy.stages
    hint = (
        "merge the policy change first, then set the stage"
        if added
        else f"use one of: {known}; or add the stage to registry.yaml first"
    )
    yield Finding(_at(change), f"the policy on base has no stage `{change.stage}`", hint)


def _stages_in_question(step: Step, model: ModelChange) -> list[str]:
    """Stage files that changed, and those whose version was archived or removed."""
    touched = [s.stage for s in model.stages if s.file.after is not None]
    gone = {v.version for v in model.versions if v.removed or ((f := v.file(Kind.ARCHIVED)) is not None and f.added)}
    bereft = [s for s in step.head.stages(model.name) if step.head.holder(model.name, s) in gone] if gone else []
    return list(dict.fromkeys([*touched, *bereft]))


def stage_dangling(step: Step, model: ModelChange) -> Iterator[Finding]:
    for stage in _stages_in_question(step, model):
        version = step.head.holder(model.name, stage)
        if version is not None and not step.head.has_version(model.name, version):
            known = ", ".join(step.head.versions(model.name)[-3:]) or "no versions yet"
            message = f"{model.name} has no version {version}"
            where = Where(paths.stage_file(model.name, stage), _VERSION)
            yield Finding(where, message, f"name a registered version ({model.name} has {known}), or register it first")


def stage_archived(step: Step, model: ModelChange) -> Iterator[Finding]:
    moved = {s.stage for s in model.stages if s.transition is not None and not step.baseline}
    for stage in _stages_in_question(step, model):
        version = step.head.holder(model.name, stage)
        if version is None:
            continue
        before = stage in moved and step.base.is_archived(model.name, version)
        now = step.head.is_archived(model.name, version)
        if before or now:
            where = Where(paths.stage_file(model.name, stage), _VERSION)
            yield Finding(where, *_archived(f"{model.name}@{version}", stage, before=before, now=now))


def _archived(reference: str, stage: str, *, before: bool, now: bool) -> tuple[str, str]:
    """The entry of a version that is archived on base, after the change, or both."""
    name = reference.replace("@", " ")
    if not now:
        hint = f"merge the unarchiving first (studbook unarchive {reference}), then promote it"
        return f"{name} is archived on base", hint
    hint = f"promote another version to {stage} in the same change, or do not archive this one"
    if before:
        hint = f"name another version; or studbook unarchive {reference}, merge that, then promote it"
    return f"{name} is archived and cannot hold {stage}", hint


def illegal_transition(step: Step, change: StageChange) -> Iterator[Finding]:
    verdict = legality(step, change)
    if verdict is None or verdict.forbidden or not verdict.promotion.never_in:
        return
    yield Finding(_at(change, "version"), *_never_in(step, change, verdict))


def _never_in(step: Step, change: StageChange, verdict: Legality) -> tuple[str, str]:
    name, sources = f"{change.model} {verdict.version}", verdict.promotion.never_in
    reference = f"{change.model}@{verdict.version}"
    if not step.base.has_version(change.model, verdict.version or ""):
        message = (
            f"{name} is not registered yet: this change adds it, and {change.stage} takes versions from {_or(sources)}"
        )
        return message, f"merge the registration of {reference} first, then promote it"
    stage = next((s for s in sources if s not in ("new", "registered")), None)
    if stage is None:
        return f"{name} is registered already, and {change.stage} takes only new versions", "register a new version"
    past = step.past.stages(change.model).get(stage)
    verb = "was rolled back from" if past and verdict.version in past.rolled_back else "has never been in"
    if past and verb == "has never been in" and any(t.version == verdict.version for t in past.tenures):
        verb = "was taken out of"
    retry = ' --retry "what has changed"' if verb == "was rolled back from" else ""
    hint = f"studbook promote {reference} {stage}{retry}, merge it, then promote it to {change.stage}"
    return f"{name} {verb} {_or(sources)}, from where {change.stage} is entered", hint


def _or(words: tuple[str, ...]) -> str:
    return " or ".join(words)


def soak(step: Step, change: StageChange) -> Iterator[Finding]:
    verdict = legality(step, change)
    if verdict is None or verdict.forbidden or (wait := verdict.promotion.wait) is None:
        return
    yield Finding(_at(change, "version"), *_soaking(change, verdict, wait))


def _soaking(change: StageChange, verdict: Legality, wait: Wait) -> tuple[str, str]:
    name = f"{change.model} {verdict.version}"
    place = "has been registered" if wait.stage == "registered" else f"has held {wait.stage}"
    message = f"{name} {place} for {duration(wait.soaked)}; {change.stage} asks for {duration(wait.needed)}"
    if wait.stage == "new":
        return (
            f"{name} is new and cannot have soaked; {change.stage} asks for {duration(wait.needed)}",
            "remove `soak`, or `new` from `from`, in registry.yaml",
        )
    if wait.passes_at is None:
        hint = f"it does not hold {wait.stage} any more: promote it there again and let it soak"
        return message, hint
    moment = datetime.fromtimestamp(wait.passes_at, UTC).isoformat().replace("+00:00", "Z")
    return f"{message}; it passes from {moment} on", f"run the check again after {moment}; nothing else is needed"


def duration(seconds: int) -> str:
    """Seconds in words, the two largest units: 93784 → `1d 2h`."""
    units = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))
    parts = []
    for unit, size in units:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2]) or "0s"


def reason_missing(step: Step, change: StageChange) -> Iterator[Finding]:
    verdict = legality(step, change)
    if verdict is not None and not verdict.forbidden and verdict.promotion.reason_missing:
        file = step.head.stage_file(change.model, change.stage)
        blank = file is not None and file.record is not None and file.record.reason is not None
        said, what = ("it is blank", "write") if blank else ("the file gives none", "add a line:")
        where = _at(change, "reason" if blank else "version")
        message = f"{change.stage} asks for a reason, and {said}"
        yield Finding(where, message, f'{what} reason: "why this version is better"')


def rolled_back(step: Step, change: StageChange) -> Iterator[Finding]:
    verdict = legality(step, change)
    if verdict is not None and not verdict.forbidden and verdict.promotion.rolled_back:
        message = f"{change.model} {verdict.version} was rolled back from {change.stage} before"
        hint = 'if the reason no longer holds, add a line: retry: "what has changed since"; otherwise register a new version'
        yield Finding(_at(change, "version"), message, hint)


def rollback_forbidden(step: Step, change: StageChange) -> Iterator[Finding]:
    verdict = legality(step, change)
    if verdict is None or not verdict.forbidden:
        return
    policy = f"{change.stage} has `rollback: {step.policy.stages[change.stage].rollback}`" if step.policy else ""
    if verdict.version is None:
        message = f"taking {change.model} out of {change.stage} again is not allowed: {policy}"
        yield Finding(_at(change), message, f"promote another version to {change.stage} instead")
        return
    message = f"rolling {change.model} back to {verdict.version} is not allowed: {policy}"
    nearest = f"studbook rollback {change.model} {change.stage} goes to {verdict.nearest}; "
    hint = f"as a promotion this would pass, but for {_obstacles(verdict.promotion)}"
    yield Finding(_at(change, "version"), message, (nearest if verdict.version != verdict.nearest else "") + hint)


def _obstacles(promotion: Promotion) -> str:
    told = {
        f"having been in {_or(promotion.never_in)}": bool(promotion.never_in),
        "soak": promotion.wait is not None,
        "its gates": bool(promotion.refusals) or promotion.gates_unknown,
        "a `reason`": promotion.reason_missing,
        "a `retry`": promotion.rolled_back,
    }
    return ", ".join(words for words, missing in told.items() if missing)


def stage_emptied(step: Step, change: StageChange) -> Iterator[Finding]:
    verdict = legality(step, change)
    if verdict is not None and verdict.emptied and not verdict.forbidden and isinstance(change.transition, Removed):
        message = f"this leaves {change.model} without a version in {change.stage}"
        hint = f"put another version there (studbook rollback {change.model} {change.stage}), or merge `emptying: allowed` for {change.stage} first"
        yield Finding(_at(change), message, hint)


def stage_detour(step: Step) -> Iterator[Finding]:
    for detour in step.branch.detours:
        message = f"commit {detour.commit[:12]} of this branch sets the stage to {detour.value} on the way"
        hint = "squash the branch into one commit (git rebase -i): a rebase merge would write that value into history"
        yield Finding(Where(detour.path, _VERSION), message, hint)


def unarchived(step: Step, version: VersionChange) -> Iterator[Finding]:
    file = version.file(Kind.ARCHIVED)
    if file is not None and file.removed and not version.removed:
        message = f"{version.model} {version.version} is taken out of the archive"
        yield Finding(Where(file.path), message, "make sure that the reason it was archived for no longer holds")


def mixed_promotion(step: Step) -> Iterator[Finding]:
    changed = [file for file in step.change.files if file.changed]
    if step.baseline or all(file.place.kind is Kind.STAGE for file in changed):
        return
    moved = [stage for model in step.change.models for stage in model.stages if stage.transition is not None]
    if moved and not any(model.removed for model in step.change.models):
        message = "this changes a stage together with other files of the registry; reverting it would undo those too"
        yield Finding(_at(moved[0], "version"), message, "put the stage change into a pull request of its own")


def no_effect(step: Step) -> Iterator[Finding]:
    if step.branch.contained:
        message = "base already contains head: there is nothing to merge"
        yield Finding(Where(paths.POLICY), message, "check which branches are compared")
    for path in step.branch.idle:
        if paths.place(path).kind is Kind.STAGE:
            message = "base already holds the stage change that this branch makes: merging it has no effect"
            hint = "close the pull request, or update the branch and make another change"
            yield Finding(Where(path, _VERSION), message, hint)
