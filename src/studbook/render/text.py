"""Text for people: the offending line with a caret under the value, what is wrong, and how to put it right."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, Group, RenderableType
from rich.text import Text

from studbook.diagnostic import Diagnostic, Event, Report, Severity

_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow"}
_WIDEST = 160


def render(report: Report) -> RenderableType:
    """A rich renderable: the caller's console decides on colour and width."""
    blocks = [block for diagnostic in report.diagnostics for block in _diagnostic(diagnostic)]
    changes = [Text.assemble("  ", line) for line in map(_event, report.changes)]
    return Group(*blocks, *changes, _verdict(report))


def _diagnostic(d: Diagnostic) -> Iterator[RenderableType]:
    style = _STYLE[d.severity]
    yield Text.assemble((d.severity.value, style), (f"[{d.rule}]", style), ": ", (d.message, "bold"))
    yield Text.assemble("  ", ("--> ", "blue"), f"{d.path}:{d.span.line}:{d.span.column}")
    if d.excerpt is not None:
        yield from _excerpt(d, d.excerpt, style)
    yield _Hint(d.hint)
    yield Text()


class _Hint:
    """The repair, its further lines set in under the first."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        first, *rest = wrap(
            f"  fix: {self._text}", options.max_width, subsequent_indent="       ", break_on_hyphens=False
        )
        yield Text.assemble("  ", ("fix:", "bold green"), first[6:])
        yield from map(Text, rest)


def _excerpt(d: Diagnostic, line: str, style: str) -> Iterator[Text]:
    start = max(0, d.span.column - 1 - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = "".join(c if c.isprintable() else " " for c in line[start : start + _WIDEST])
    number = str(d.span.line)
    margin = Text.assemble("  ", (f"{number} | ", "blue"))
    before, under = _split(shown, d.span.column - 1 - start, d.span.width)
    carets = Text.assemble("  ", (" " * len(number) + " | ", "blue"), " " * before, ("^" * under, style))
    for text in (Text.assemble(margin, shown), carets):
        text.no_wrap, text.overflow = True, "ellipsis"
        yield text


def _split(line: str, start: int, width: int) -> tuple[int, int]:
    """Terminal cells before and under the caret: a wide character takes two."""
    return cell_len(line[:start]), max(1, cell_len(line[start : start + width]))


def _event(event: Event) -> str:
    model, version = event.get("model"), event.get("version")
    name = f"{model} {version}" if version else f"{model or ''}"
    if event.kind == "stage-changed":
        old, new = event.get("from") or "empty", event.get("to") or "empty"
        return f"{model} {event.get('stage')}: {old} -> {new}" + (" (rollback)" if event.get("rollback") else "")
    return f"{event.kind.replace('-', ' ')}: {name}".rstrip(": ")


def _verdict(report: Report) -> Text:
    errors, warnings = report.errors, len(report.diagnostics) - report.errors
    counts = ", ".join(_count(n, word) for n, word in ((errors, "error"), (warnings, "warning")) if n)
    if report.ok:
        told = f" ({counts})" if counts else ""
        return Text.assemble(
            ("ok", "bold green"),
            f": {_count(len(report.changes), 'change')}, legal{told}"
            if report.changes
            else f": nothing to object to{told}",
        )
    return Text.assemble((counts, "bold red"), ": this change may not be merged; `studbook explain RULE` tells more")


def _count(number: int, word: str) -> str:
    return f"{number} {word}" if number == 1 else f"{number} {word}s"
