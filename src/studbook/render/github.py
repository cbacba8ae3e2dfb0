"""GitHub workflow commands: annotations on the lines of the pull request.

GitHub shows ten errors and ten warnings of a step; what does not fit is counted in a last notice.
"""

from __future__ import annotations

from collections.abc import Iterator

from studbook.diagnostic import Diagnostic, Report, Severity

_SHOWN = 10


def render(report: Report) -> str:
    return "".join(f"{line}\n" for line in _lines(report))


def _lines(report: Report) -> Iterator[str]:
    for diagnostic in report.diagnostics:
        yield _command(diagnostic)
    hidden = sum(max(0, _count(report, severity) - _SHOWN) for severity in Severity)
    if hidden:
        yield f"::notice title=studbook::{hidden} more findings are in the log of this job"


def _count(report: Report, severity: Severity) -> int:
    return sum(diagnostic.severity is severity for diagnostic in report.diagnostics)


def _command(d: Diagnostic) -> str:
    place = {"file": d.path, "line": d.span.line, "col": d.span.column, "title": d.rule}
    properties = ",".join(f"{key}={_property(str(value))}" for key, value in place.items())
    text = f"{d.message}\nfix: {d.hint}"
    return f"::{d.severity.value} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
