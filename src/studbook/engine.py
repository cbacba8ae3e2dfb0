"""The rules times the change: every rule is asked about every subject it names; findings are stamped and sorted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from studbook.change import Change, FileChange, ModelChange
from studbook.convention.paths import POLICY, YAML_KINDS, place
from studbook.diagnostic import Diagnostic, Finding, Severity, Span
from studbook.rules import RULES
from studbook.rules.git import OUTSIDE
from studbook.rules.rule import Rule
from studbook.rules.step import File, Step
from studbook.snapshot import Snapshot

Judged = tuple[Rule, Finding]


class _Checks:
    """The rules by what they ask about, sorted out once."""

    def __init__(self, rules: tuple[Rule, ...]) -> None:
        self.step = [(rule, rule.step) for rule in rules if rule.step is not None]
        self.model = [(rule, check) for rule in rules for check in rule.model]
        self.version = [(rule, check) for rule in rules for check in rule.version]
        self.stage = [(rule, check) for rule in rules for check in rule.stage]
        self.file = [(rule, check) for rule in rules for check in rule.file]
        self.sound_file = [(rule, check) for rule, check in self.file if not rule.of_unsound]


_ALL = _Checks(RULES)
_STATE = _Checks(tuple(rule for rule in RULES if rule.is_state))
_REMOVED = _Checks(tuple(rule for rule in RULES if rule.id == "model-removed"))


def findings(step: Step, checks: _Checks = _ALL) -> Iterator[Judged]:
    """All findings about a step, unsorted."""
    yield from of_step(step, checks)
    yield from of_files(step, step.change.root, checks)
    for model in step.change.models:
        yield from of_model(step, model, checks)


def of_step(step: Step, checks: _Checks = _ALL) -> Iterator[Judged]:
    """Findings about the step as a whole."""
    for rule, ask in checks.step:
        for finding in ask(step):
            yield rule, finding


def of_model(step: Step, model: ModelChange, checks: _Checks = _ALL) -> Iterator[Judged]:
    """Findings about one model. Where the whole model is gone, that is the one thing to say."""
    for rule, ask in (_REMOVED if model.removed else checks).model:
        for finding in ask(step, model):
            yield rule, finding
    if model.removed:
        return
    for rule, ask_version in checks.version:
        for version in model.versions:
            for finding in ask_version(step, version):
                yield rule, finding
    for rule, ask_stage in checks.stage:
        for stage in model.stages:
            for finding in ask_stage(step, stage):
                yield rule, finding
    yield from of_files(step, model.files, checks)


def of_files(step: Step, changes: Iterable[FileChange], checks: _Checks = _ALL) -> Iterator[Judged]:
    """Findings about single files. Those that are gone have nothing to say."""
    for change in changes:
        if change.after is None:
            continue
        kind = change.place.kind
        parsed = step.head.parsed(change.path, kind) if kind in YAML_KINDS else None
        file = File(change, parsed)
        for rule, ask in checks.sound_file if parsed is not None and parsed.is_sound else checks.file:
            for finding in ask(step, file):
                yield rule, finding


def known_at_base(step: Step) -> set[tuple[str, str, str]]:
    """Rule, path and message of the state findings that base has already, on the files in question."""
    files = (f._replace(after=f.before) for f in step.change.files if f.before is not None)
    change = Change(files, step.base, step.base)
    before = replace(step, head=step.base, change=change, everything=True, too_deep=(), memory={})
    repairing = {POLICY} if step.base.policy is None else set()  # a repair that does not repair is no excuse
    known = {(rule.id, finding.where.path, finding.message) for rule, finding in findings(before, _STATE)}
    return {found for found in known if found[1] not in repairing}


def diagnose(step: Step, judged: Iterable[Judged], root: str, *, excuse: bool = True) -> list[Diagnostic]:
    """Stamp rule and severity, look up lines, downgrade what base has already (with `excuse`), sort."""
    kept = list(judged)
    old = known_at_base(step) if excuse and _may_be_old(step, kept) else set()
    stamped = {
        _diagnostic(step.head, rule, _severity(rule, finding, old), finding, root): None for rule, finding in kept
    }
    return sorted(stamped, key=order)


def order(diagnostic: Diagnostic) -> tuple[str, Span, str, str]:
    """Reports are sorted by file, line, column and rule."""
    return diagnostic.path, diagnostic.span, diagnostic.rule, diagnostic.message


def _may_be_old(step: Step, judged: list[Judged]) -> bool:
    return step.base.exists and any(rule.is_state for rule, _ in judged)


def _severity(rule: Rule, finding: Finding, old: set[tuple[str, str, str]]) -> Severity:
    return Severity.WARNING if (rule.id, finding.where.path, finding.message) in old else rule.severity


def _diagnostic(head: Snapshot, rule: Rule, severity: Severity, finding: Finding, root: str) -> Diagnostic:
    span, line = _span(head, finding)
    path = finding.where.path
    full = path[1:] if path.startswith(OUTSIDE) else "/".join(part for part in (root, path) if part)
    return Diagnostic(
        rule.id, severity, printable(finding.message), printable(full), span, printable(finding.hint), line
    )


def _span(head: Snapshot, finding: Finding) -> tuple[Span, str | None]:
    """A file that is not there, or is no YAML, is pointed at as a whole: line 1."""
    where = finding.where
    kind = place(where.path).kind
    parsed = head.parsed(where.path, kind) if kind in YAML_KINDS else None
    if parsed is None or not parsed.document.text:
        return Span(), None
    document = parsed.document
    if not where.route and where.offset is None:
        return Span(), None
    span = document.span(where.offset) if where.offset is not None else document.locate(where.route, key=where.key)
    return span, document.line(span.line)


def printable(text: str) -> str:
    """Without what a terminal, a log or a JSON reader could trip over: control characters and broken Unicode."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
