"""Tables for people: they fit the terminal; piped, they are plain text whose columns are aligned with spaces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from rich.cells import cell_len

from studbook.engine import printable

if TYPE_CHECKING:
    from rich.console import RenderableType

Cell: TypeAlias = "str | tuple[str, str]"
"""Text, or text and its style on a terminal."""
_GAP = "  "
_SHORT = 20
"""Cells of a column that is never broken over lines, unless it is the last."""


class Table(NamedTuple):
    """Rows of cells, below a title and a heading where there are any; below a title they are set in."""

    rows: Sequence[Sequence[Cell]]
    columns: tuple[str, ...] = ()
    title: str = ""


def plain(tables: Iterable[Table]) -> str:
    """Every row on one line, however long; nothing but spaces between columns."""
    return "\n".join(filter(None, map(_plain, tables)))


def _plain(table: Table) -> str:
    rows = [[_text(cell) for cell in row] for row in ([table.columns] if table.columns else []) + list(table.rows)]
    count = max((len(row) for row in rows), default=0)
    widths = [max((cell_len(row[at]) for row in rows if at < len(row)), default=0) for at in range(count)]
    start = _GAP if table.title else ""
    lines = [start + _GAP.join(_padded(text, width) for text, width in zip(row, widths, strict=False)) for row in rows]
    return "".join(f"{line.rstrip()}\n" for line in ([printable(table.title)] if table.title else []) + lines)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - cell_len(text))


def _text(cell: Cell) -> str:
    text = cell if isinstance(cell, str) else cell[0]
    return text if text.isprintable() and "  " not in text else printable(" ".join(text.split()))


def rich(tables: Iterable[Table]) -> RenderableType:
    """The same for a terminal: cells are wrapped, and coloured where the console has colour."""
    from rich.console import Group
    from rich.padding import Padding
    from rich.text import Text

    parts: list[RenderableType] = []
    for table in tables:
        if parts:
            parts.append(Text())
        if table.title:
            parts.append(Text(printable(table.title), style="bold"))
        parts.append(Padding(_rich(table), (0, 0, 0, 2 if table.title else 0)))
    return Group(*parts)


def _rich(table: Table) -> RenderableType:
    from rich.table import Table as RichTable
    from rich.text import Text

    grid = RichTable(box=None, padding=(0, 2, 0, 0), header_style="dim", show_header=bool(table.columns))
    count = max((len(row) for row in table.rows), default=0) or len(table.columns)
    for at in range(count):
        short = all(len(_text(row[at])) <= _SHORT for row in table.rows if at < len(row))
        grid.add_column(table.columns[at] if table.columns else "", overflow="fold", no_wrap=short and at < count - 1)
    for row in table.rows:
        grid.add_row(*(Text(_text(cell), style="" if isinstance(cell, str) else cell[1]) for cell in row))
    return grid


def moment(at: datetime | int) -> str:
    """`2026-03-01 14:05Z`; an int is seconds since 1970."""
    value = datetime.fromtimestamp(at, UTC) if isinstance(at, int) else at.astimezone(UTC)
    return f"{value:%Y-%m-%d %H:%M}Z"


def iso(at: datetime | int) -> str:
    """RFC 3339 in UTC, to the second; an int is seconds since 1970."""
    value = datetime.fromtimestamp(at, UTC) if isinstance(at, int) else at.astimezone(UTC)
    return f"{value:%Y-%m-%dT%H:%M:%SZ}"


def number(value: float) -> str:
    """A figure as people write it: six significant digits, no trailing zeros."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def size(count: int) -> str:
    """Bytes in the largest unit that leaves a number above one: `18.2 kB`."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return str(count)
