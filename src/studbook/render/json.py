"""The JSON of `validate --format json`: a contract, apart from the internal types."""

from __future__ import annotations

import json
from typing import TypedDict

from studbook.diagnostic import Diagnostic, Event, Report

SCHEMA = 1


class DiagnosticJson(TypedDict):
    rule: str
    severity: str
    message: str
    path: str
    line: int
    column: int
    hint: str


class ReportJson(TypedDict):
    schema: int
    ok: bool
    base: str
    head: str
    changes: list[dict[str, str | bool | None]]
    diagnostics: list[DiagnosticJson]


def render(report: Report) -> str:
    value = ReportJson(
        schema=SCHEMA,
        ok=report.ok,
        base=report.base,
        head=report.head,
        changes=[_event(event) for event in report.changes],
        diagnostics=[_diagnostic(diagnostic) for diagnostic in report.diagnostics],
    )
    return json.dumps(value, indent=2) + "\n"


def _event(event: Event) -> dict[str, str | bool | None]:
    return {"kind": event.kind, **dict(event.details)}


def _diagnostic(diagnostic: Diagnostic) -> DiagnosticJson:
    return DiagnosticJson(
        rule=diagnostic.rule,
        severity=diagnostic.severity.value,
        message=diagnostic.message,
        path=diagnostic.path,
        line=diagnostic.span.line,
        column=diagnostic.span.column,
        hint=diagnostic.hint,
    )
