"""`changes` as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from studbook.diagnostic import Event
from studbook.render.tables import Cell, Table


def table(changes: Sequence[Event]) -> Table:
    return Table([_row(change) for change in changes])


def _row(change: Event) -> list[Cell]:
    model = str(change.get("model") or "")
    return [(change.kind, "bold"), model, " ".join(filter(None, (_stage(change), *_names(change))))]


def _stage(change: Event) -> str:
    if change.kind != "stage-changed":
        return ""
    move = f"{change.get('stage')}: {change.get('from') or 'empty'} -> {change.get('to') or 'empty'}"
    return f"{move} (rollback)" if change.get("rollback") else move


def _names(change: Event) -> list[str]:
    return [str(change.get(key) or "") for key in ("version", "suite", "run", "commit")]


def records(changes: Sequence[Event]) -> list[dict[str, object]]:
    """As in `validate --format json`."""
    return [{"kind": change.kind, **dict(change.details)} for change in changes]
