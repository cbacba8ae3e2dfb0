"""Family `policy`: the rules of the registry themselves make sense."""

from __future__ import annotations

from collections.abc import Iterator

from studbook import gates
from studbook.convention import paths
from studbook.convention.model import Model
from studbook.convention.policy import ENTRY_POINTS, Gate, Policy, permits
from studbook.diagnostic import Finding, Route, Where
from studbook.rules.step import File, Step
from studbook.version import __version__


def policy_invalid(step: Step) -> Iterator[Finding]:
    yield from _unreadable(step)
    in_question = step.everything or step.change.policy is not None
    if in_question and step.head.policy is not None:
        yield from _lockout(step.head.policy)
        yield from _stages(step.head.policy)
        yield from _gates(step.head.policy)
        if step.change.policy is not None:
            yield from _orphaned_gates(step, step.head.policy)


def _unreadable(step: Step) -> Iterator[Finding]:
    """If base's policy cannot be read, only a step that changes registry.yaml alone may pass."""
    if step.policy is not None or step.baseline:
        return
    changed = [file.path for file in step.change.files if file.changed]
    if changed and changed != [paths.POLICY]:
        there = step.base.has_file(paths.POLICY)
        message = f"registry.yaml {'cannot be read' if there else 'is missing'} on base, so nothing can be judged"
        hint = f"{'put it right' if there else 'add it'} in a pull request that changes nothing else"
        yield Finding(Where(paths.POLICY), message, hint)


def _lockout(policy: Policy) -> Iterator[Finding]:
    """A policy that shuts out the studbook that judges it could not be judged again, nor put right."""
    if policy.requires is not None and not permits(policy.requires, __version__):
        message = f"`requires: {policy.requires}` shuts out studbook {__version__}, which judges this"
        yield Finding(Where(paths.POLICY, ("requires",)), message, "let the check run on the newer studbook first")


def _stages(policy: Policy) -> Iterator[Finding]:
    for name, stage in policy.stages.items():
        for index, source in enumerate(stage.from_):
            if source not in ENTRY_POINTS and source not in policy.stages:
                known = ", ".join(["registered", "new", *policy.stages])
                where = Where(paths.POLICY, ("stages", name, "from", index))
                yield Finding(where, f"`{source}` is not a stage", f"use one of: {known}")
        if "new" in stage.from_ and stage.soak_seconds:
            where = Where(paths.POLICY, ("stages", name, "soak"))
            yield Finding(where, "a version that is new cannot have soaked", "remove `soak`, or `new` from `from`")
    yield from _closed_cycles(policy)


def _closed_cycles(policy: Policy) -> Iterator[Finding]:
    """Stages that no version can ever reach."""
    open_stages = set(ENTRY_POINTS)
    while more := {n for n, s in policy.stages.items() if n not in open_stages and open_stages.intersection(s.from_)}:
        open_stages |= more
    for name, stage in policy.stages.items():
        if name not in open_stages and all(source in policy.stages for source in stage.from_):
            where = Where(paths.POLICY, ("stages", name, "from"))
            message = f"no version can ever enter {name}: its `from` leads only round in a circle"
            yield Finding(where, message, "let one of these stages be entered from `registered`")


def _gates(policy: Policy) -> Iterator[Finding]:
    for name, stage in policy.stages.items():
        yield from _compile(paths.POLICY, ("stages", name, "gates"), stage.gates)
    yield from _compile(paths.POLICY, ("registration", "gates"), policy.registration.gates)


def _compile(path: str, route: Route, asked: list[Gate]) -> Iterator[Finding]:
    for index, gate in enumerate(asked):
        if (invalid := gates.check(gate.require)) is not None:
            place = f"line {invalid.line}, column {invalid.column}" if invalid.line > 1 else f"column {invalid.column}"
            message = f"the gate does not compile: {invalid.message} (at {place} of the expression)"
            hint = "gates are CEL over candidate, incumbent, model, stage, reason and now: studbook explain gate-error"
            yield Finding(Where(path, (*route, index, "require")), message, hint)


def _orphaned_gates(step: Step, policy: Policy) -> Iterator[Finding]:
    """Gates of models, touched or not, for stages that the new policy does not have."""
    touched = {model.name for model in step.change.models}
    for name in step.head.models():
        if name not in touched and (model := step.head.model(name)) is not None:
            yield from _without_stage(paths.model_file(name), model, policy)


def model_gates(step: Step, file: File) -> Iterator[Finding]:
    record = file.parsed.record if file.parsed else None
    if isinstance(record, Model) and record.gates:
        for stage, asked in record.gates.items():
            yield from _compile(file.path, ("gates", stage), asked)
        if policy := step.head.policy or step.policy:
            yield from _without_stage(file.path, record, policy)


def _without_stage(path: str, model: Model, policy: Policy) -> Iterator[Finding]:
    for stage in model.gates:
        if stage not in policy.stages:
            known = ", ".join(policy.stages) or "none"
            message = f"there is no stage `{stage}` for this gate to guard"
            yield Finding(Where(path, ("gates", stage), key=True), message, f"use one of: {known}")


def stage_removed(step: Step) -> Iterator[Finding]:
    old, new = step.base.policy, step.head.policy
    if step.change.policy is None or old is None or new is None:
        return
    gone = old.stages.keys() - new.stages.keys()
    for model in step.head.models() if gone else ():
        for stage in sorted(gone.intersection(step.head.stages(model))):
            message = f"{stage} is taken out of the policy while {model} still has a version in it"
            hint = f"first empty {stage} of every model (with `emptying: allowed`), then remove the stage"
            yield Finding(Where(paths.POLICY, ("stages",)), message, hint)
