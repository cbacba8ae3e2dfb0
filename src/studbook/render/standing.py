"""`status` as a table and as JSON."""

from __future__ import annotations

from collections.abc import Sequence

from studbook.diagnostic import Diagnostic
from studbook.models import ModelVersion
from studbook.reading.standing import Standing, State
from studbook.render.tables import Cell, Table, iso, moment
from studbook.rules.transitions import duration

_STYLE = {
    State.HOLDS: "bold green",
    State.READY: "green",
    State.ROLLBACK: "green",
    State.WAITING: "yellow",
    State.BLOCKED: "red",
    State.ARCHIVED: "red",
}
_WORDS = {
    State.HOLDS: "holds it",
    State.READY: "may enter now",
    State.ROLLBACK: "may come back now",
    State.WAITING: "must wait",
    State.BLOCKED: "may not enter",
    State.ARCHIVED: "may not enter",
}


def table(version: ModelVersion, standings: Sequence[Standing], now: int) -> Table:
    """One row a stage; `now` is in seconds since 1970."""
    return Table(
        [_row(version, standing, now) for standing in standings], ("stage", "", "held by", "why, and what is next")
    )


def _row(version: ModelVersion, standing: Standing, now: int) -> list[Cell]:
    words = (_WORDS[standing.state], _STYLE[standing.state])
    told = "; ".join(part for part in (*_reasons(version, standing, now), *_next(standing)) if part)
    return [(standing.stage, "bold"), words, standing.holder or "-", told]


def _reasons(version: ModelVersion, standing: Standing, now: int) -> list[str]:
    if standing.state is State.HOLDS:
        return [f"since {moment(standing.since)}, for {duration(now - standing.since)}"] if standing.since else []
    if standing.state is State.ARCHIVED:
        return [f"archived: {version.archived.reason}" if version.archived else "archived"]
    return [_obstacle(standing, diagnostic, now) for diagnostic in standing.obstacles]


def _obstacle(standing: Standing, diagnostic: Diagnostic, now: int) -> str:
    wait = standing.wait
    if diagnostic.rule == "soak" and wait is not None and wait.passes_at is not None:
        return f"soak: {duration(wait.passes_at - now)} left, passes from {moment(wait.passes_at)}"
    return f"{diagnostic.rule}: {diagnostic.message}"


def _next(standing: Standing) -> list[str]:
    told = []
    if standing.state is State.BLOCKED and standing.obstacles:
        told.append(f"next: {standing.obstacles[0].hint}")
    if standing.approvers and standing.state is not State.BLOCKED:
        told.append(f"needs {', '.join(standing.approvers)}")
    word = "then" if standing.state is State.WAITING else "next"
    return [*told, f"{word}: {standing.command}"] if standing.command else told


def record(standing: Standing) -> dict[str, object]:
    wait = standing.wait
    return {
        "stage": standing.stage,
        "state": standing.state.value,
        "holder": standing.holder,
        "since": iso(standing.since) if standing.since else None,
        "obstacles": [{"rule": d.rule, "message": d.message, "hint": d.hint} for d in standing.obstacles],
        "passes_at": iso(wait.passes_at) if wait and wait.passes_at else None,
        "needs": list(standing.needs),
        "approvers": list(standing.approvers),
        "next": standing.command or None,
    }
