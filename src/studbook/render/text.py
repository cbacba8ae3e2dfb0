"""Text for people: the offending line with a caret under the value, what is wrong, and how to put it right.

Lines of styled pieces, laid out here and coloured by whoever prints them: what is piped needs no library for colours.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap
from typing import TypeAlias
from unicodedata import combining, east_asian_width

from studbook.diagnostic import Diagnostic, Event, Report, Severity

Line: TypeAlias = tuple[tuple[str, str], ...]
"""Pieces of text, each with a style as rich names it ("" is plain)."""

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}
_WIDEST = 160


def render(report: Report, width: int) -> list[Line]:
    """The report in lines of at most `width` cells, excerpts excepted."""
    lines = [line for diagnostic in report.diagnostics for line in _diagnostic(diagnostic, width)]
    return [*lines, *((("  " + _event(event), ""),) for event in report.changes), _verdict(report)]


def plain(lines: list[Line]) -> str:
    """The lines without their styles."""
    return "".join("".join(text for text, _ in line).rstrip() + "\n" for line in lines)


def _diagnostic(d: Diagnostic, width: int) -> Iterator[Line]:
    style = _STYLE[d.severity]
    tag = f"{d.severity.value}[{d.rule}]"
    first, *rest = _wrapped(f"{tag}: {d.message}", width, "")
    yield (tag, style), (first[len(tag) : len(tag) + 2], ""), (first[len(tag) + 2 :], "bold")
    yield from (((line, "bold"),) for line in rest)
    yield ("  --> ", "blue"), (f"{d.path}:{d.span.line}:{d.span.column}", "")
    if d.excerpt is not None:
        yield from _excerpt(d, d.excerpt, style)
    first, *rest = _wrapped(f"  fix: {d.hint}", width, "       ")
    yield ("  fix:", "bold green"), (first[6:], "")
    yield from (((line, ""),) for line in rest)
    yield ()


def _wrapped(text: str, width: int, indent: str) -> list[str]:
    return wrap(text, width, subsequent_indent=indent, break_on_hyphens=False, break_long_words=False)


def _excerpt(d: Diagnostic, line: str, style: str) -> Iterator[Line]:
    start = max(0, d.span.column - 1 - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = "".join(c if c.isprintable() else " " for c in line[start : start + _WIDEST])
    number = str(d.span.line)
    at = d.span.column - 1 - start
    yield (f"  {number} | ", "blue"), (shown, "")
    under = max(1, _cells(shown[at : at + d.span.width]))
    yield (f"  {' ' * len(number)} | ", "blue"), (" " * _cells(shown[:at]), ""), ("^" * under, style)


def _cells(text: str) -> int:
    """Cells that a text takes in a terminal: a wide character takes two, a combining one none."""
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def _event(event: Event) -> str:
    model, version = event.get("model"), event.get("version")
    name = f"{model} {version}" if version else f"{model or ''}"
    if event.kind == "stage-changed":
        old, new = event.get("from") or "empty", event.get("to") or "empty"
        return f"{model} {event.get('stage')}: {old} -> {new}" + (" (rollback)" if event.get("rollback") else "")
    return f"{event.kind.replace('-', ' ')}: {name}".rstrip(": ")


def _verdict(report: Report) -> Line:
    errors, warnings = report.errors, len(report.diagnostics) - report.errors
    counts = ", ".join(_count(n, word) for n, word in ((errors, "error"), (warnings, "warning")) if n)
    if not report.ok:
        return (counts, "bold red"), (": this change may not be merged; `studbook explain RULE` tells more", "")
    told = f" ({counts})" if counts else ""
    what = f"{_count(len(report.changes), 'change')}, legal" if report.changes else "nothing to object to"
    return ("ok", "bold green"), (f": {what}{told}", "")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
