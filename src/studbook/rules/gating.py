"""Family `transitions`, the gates: what a version must pass to enter a stage, or to be registered at all."""

from __future__ import annotations

from collections.abc import Iterator

from studbook.change import StageChange, VersionChange
from studbook.convention import paths
from studbook.diagnostic import Finding, Where
from studbook.rules.evidence import situation
from studbook.rules.legality import Refusal, legality, refusals
from studbook.rules.step import Step

_VERSION = ("version",)


def gate_failed(step: Step, change: StageChange) -> Iterator[Finding]:
    yield from (f for refusal, f in _refused(step, change) if refusal.outcome.passed is False)


def gate_error(step: Step, change: StageChange) -> Iterator[Finding]:
    yield from (f for refusal, f in _refused(step, change) if refusal.outcome.passed is None)
    verdict = legality(step, change)
    if verdict is not None and not verdict.forbidden and verdict.promotion.gates_unknown:
        message = f"the gates of {change.model} are not known: its model.yaml cannot be read on base"
        yield Finding(Where(change.file.path, _VERSION), message, "put model.yaml right and merge that first")


def _refused(step: Step, change: StageChange) -> Iterator[tuple[Refusal, Finding]]:
    verdict = legality(step, change)
    if verdict is None or verdict.forbidden:
        return
    for refusal in verdict.promotion.refusals:
        text, hint = _gate_text(refusal, f"{change.model} {verdict.version}", f"gate of {change.stage}")
        yield refusal, Finding(Where(change.file.path, _VERSION), text, hint)


def _gate_text(refusal: Refusal, name: str, gate: str) -> tuple[str, str]:
    expression = " ".join(refusal.gate.require.split())
    seen = ", ".join(f"{path} = {value}" for path, value in refusal.figures if value != "missing")
    seen = f" ({seen})" if seen else ""
    if refusal.outcome.passed is None:
        message = f"{name}: a {gate} cannot be evaluated: {_problem(refusal)}{seen}"
        hint = f"record what it asks for{_said(refusal)}, or let it say what holds without; the gate is: {expression}"
        return message, hint
    return f"{name} does not pass a {gate}{_said(refusal)}{seen}", f"the gate asks for: {expression}"


def _problem(refusal: Refusal) -> str:
    """What CEL said; in the user's terms for the two things that happen every day."""
    problem, named = refusal.outcome.problem, [path for path, _ in refusal.figures]
    missing = [path for path, value in refusal.figures if value == "missing"]
    if problem.startswith("NOT_FOUND") and missing:
        return f"there is no {' and no '.join(missing)}"
    asks = "incumbent." in refusal.gate.require and not any(path.startswith("incumbent") for path in named)
    if "SELECT" in problem and asks:
        return "there is no incumbent to compare with, and the gate does not begin with `incumbent == null ||`"
    return problem


def _said(refusal: Refusal) -> str:
    return f": {refusal.gate.message}" if refusal.gate.message else ""


def registration_gate(step: Step, version: VersionChange, passed: bool | None) -> Iterator[Finding]:
    """Gates that a new version must pass; a false one is `gate-failed`, one without an answer `gate-error`."""
    for refusal in _registration(step, version):
        if refusal.outcome.passed is passed:
            text, hint = _gate_text(refusal, f"{version.model} {version.version}", "gate of registration")
            yield Finding(Where(paths.manifest_file(version.model, version.version), _VERSION), text, hint)


def registration_failed(step: Step, version: VersionChange) -> Iterator[Finding]:
    yield from registration_gate(step, version, False)


def registration_error(step: Step, version: VersionChange) -> Iterator[Finding]:
    yield from registration_gate(step, version, None)


def _registration(step: Step, version: VersionChange) -> list[Refusal]:
    asked = step.policy.registration.gates if step.policy else []
    if not asked or not version.added or step.head.manifest(version.model, version.version) is None:
        return []
    key = ("registration", version.model, version.version)
    if key not in step.memory:
        step.memory[key] = list(refusals(asked, situation(step, version.model, version.version)))
    return step.memory[key]  # type: ignore[return-value]  # the key says what it holds
