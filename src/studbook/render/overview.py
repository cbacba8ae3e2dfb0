"""`list` as a table and as JSON."""

from __future__ import annotations

from studbook.reading.overview import Overview, Row
from studbook.render.tables import Cell, Table


def table(overview: Overview) -> Table:
    return Table([_row(row) for row in overview.rows], ("model", *overview.stages, "latest"))


def _row(row: Row) -> list[Cell]:
    return [(row.model.name, "bold"), *(", ".join(held) or "-" for _, held in row.held), row.latest or "-"]


def records(overview: Overview) -> list[dict[str, object]]:
    return [_record(row) for row in overview.rows]


def _record(row: Row) -> dict[str, object]:
    model = row.model.record
    return {
        "model": row.model.name,
        "description": model.description if model else None,
        "owners": list(model.owners) if model else [],
        "task": model.task if model else None,
        "license": model.license if model else None,
        "tags": model.tags if model else {},
        "latest": row.latest,
        "stages": {stage: row.model.snapshot.holder(row.model.name, stage) for stage, _ in row.held},
        "held": {stage: list(held) for stage, held in row.held},
    }
