"""`diff` as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby

from studbook.reading.comparing import Difference
from studbook.render.tables import Cell, Table, number

_STYLE = {"better": "green", "worse": "red", "same": "dim", "unknown": ""}
_HASHES = frozenset({"md5", "sha256", "commit"})


def tables(differences: Sequence[Difference], old: str, new: str) -> Iterator[Table]:
    """One for each section; `old` and `new` head their columns."""
    for section, rows in groupby(differences, key=lambda difference: difference.section):
        yield Table([_row(row) for row in rows], ("", old, new, ""), section)


def _row(row: Difference) -> list[Cell]:
    delta = "" if row.delta is None else "same" if row.delta == 0 else f"{row.delta:+.6g}"
    told = f"{delta} {row.trend}" if row.trend in ("better", "worse") else delta
    return [row.key, _value(row.key, row.old), _value(row.key, row.new), (told, _STYLE[row.trend])]


def _value(key: str, value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, str):
        return value[:12] if key.rpartition(".")[2] in _HASHES else value
    if isinstance(value, float | int) and not isinstance(value, bool):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def record(row: Difference) -> dict[str, object]:
    value = {"section": row.section, "key": row.key, "from": row.old, "to": row.new}
    return value if row.delta is None else {**value, "delta": row.delta, "trend": row.trend}
