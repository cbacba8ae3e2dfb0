"""The deployment log as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from studbook.render.tables import Cell, Table, iso, moment
from studbook.rules.transitions import duration
from studbook.timeline import Turn

_STYLE = {"promotion": "green", "rollback": "yellow", "emptied": "red"}
_COLUMNS = ("when", "stage", "from", "to", "", "who", "stayed", "why")


def table(turns: Sequence[Turn], now: int) -> Table:
    """Newest first; `now` is in seconds since 1970."""
    return Table([_row(turn, now) for turn in turns], _COLUMNS)


def _row(turn: Turn, now: int) -> list[Cell]:
    stayed = turn.seconds(now)
    told = "" if stayed is None else duration(stayed) + (" so far" if turn.until is None else "")
    kind = (turn.kind, _STYLE[turn.kind])
    who = turn.author if turn.author == turn.merger else f"{turn.author}, merged by {turn.merger}"
    return [
        moment(turn.at),
        turn.stage,
        _name(turn.old) or "-",
        (_name(turn.new) or "-", "bold"),
        kind,
        who,
        told,
        turn.why,
    ]


def _name(version: str | None) -> str | None:
    return "unreadable" if version and ":" in version else version


def record(turn: Turn, now: int) -> dict[str, object]:
    return {
        "stage": turn.stage,
        "at": iso(turn.at),
        "from": _name(turn.old),
        "to": _name(turn.new),
        "kind": turn.kind,
        "author": turn.author,
        "merger": turn.merger,
        "why": turn.why,
        "commit": turn.commit,
        "message": turn.message,
        "until": iso(turn.until) if turn.until else None,
        "seconds": turn.seconds(now),
    }
