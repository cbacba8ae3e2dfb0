"""`list`: models × stages, and which of them a question is about."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from studbook.convention import paths
from studbook.diagnostic import Fault
from studbook.models import Model, ModelVersion
from studbook.reading.day import Holders, holders
from studbook.reading.outline import Outline
from studbook.registry import Registry


class Wanted(NamedTuple):
    """Which models are listed: all conditions must hold."""

    stage: str | None = None
    owner: str | None = None
    task: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    where: str | None = None
    """CEL, as in a gate. `candidate` is who holds `stage`, or else the latest release."""

    @property
    def reads_models(self) -> bool:
        return bool(self.owner or self.task or self.tags)


class Row(NamedTuple):
    model: Model
    held: tuple[tuple[str, tuple[str, ...]], ...]
    """Every stage of the policy and who holds it: nobody, one, or on a day of changes several."""
    latest: str | None


class Overview(NamedTuple):
    stages: tuple[str, ...]
    rows: list[Row]
    unanswered: dict[str, str]
    """Versions of which `where` could not be asked, and why."""


def overview(registry: Registry, wanted: Wanted, *, details: bool = False) -> Overview:
    """The models that are wanted, by name. With `details`, their model.yaml will be looked at.

    Raises `Fault` where the policy has no such stage or `where` is no CEL.
    """
    stages = tuple(registry.policy.stages)
    if wanted.stage is not None and wanted.stage not in stages:
        raise Fault(f"the policy has no stage `{wanted.stage}`", f"use one of: {', '.join(stages)}")
    shown = stages if wanted.stage is None else (wanted.stage,)
    outline, day = Outline(registry), holders(registry)
    _prefetch(outline, shown, details or wanted.reads_models)
    rows = [
        _row(model, shown, day, outline.latest.get(model.name)) for model in outline.models if _is_wanted(model, wanted)
    ]
    rows = [row for row in rows if wanted.stage is None or row.held[0][1]]
    if wanted.where is None:
        return Overview(shown, rows, {})
    return _asked(registry, outline, Overview(shown, rows, {}), wanted, wanted.where)


def _prefetch(outline: Outline, stages: Iterable[str], reads_models: bool) -> None:
    files = [paths.stage_file(model.name, stage) for model in outline.models for stage in stages]
    if reads_models:
        files += [paths.model_file(model.name) for model in outline.models]
    outline.prefetch(files)


def _asked(registry: Registry, outline: Outline, found: Overview, wanted: Wanted, where: str) -> Overview:
    """The rows of which `where` is true."""
    from studbook.reading.asking import Asker  # CEL and its view of a version, only where they are asked for

    asker = Asker(registry, outline.snapshot, where)
    candidates = [_candidate(row, wanted) for row in found.rows]
    outline.prefetch(paths.manifest_file(c.model, c.version) for c in candidates if c is not None)
    rows = [row for row, candidate in zip(found.rows, candidates, strict=True) if asker.holds(candidate)]
    return found._replace(rows=rows, unanswered=asker.unanswered)


def _row(model: Model, stages: Iterable[str], day: Holders, latest: str | None) -> Row:
    return Row(model, tuple((stage, _held(model, stage, day)) for stage in stages), latest)


def _held(model: Model, stage: str, day: Holders) -> tuple[str, ...]:
    if (several := day.get((model.name, stage))) is not None:
        return several
    holder = model.snapshot.holder(model.name, stage)
    return (holder,) if holder else ()


def _is_wanted(model: Model, wanted: Wanted) -> bool:
    if not wanted.reads_models:
        return True
    if (record := model.record) is None:
        return False
    tags = {key: str(value) for key, value in record.tags.items()}
    return (
        (wanted.owner is None or wanted.owner.lower() in (owner.lower() for owner in record.owners))
        and (wanted.task is None or wanted.task == record.task)
        and all(tags.get(key) == value for key, value in wanted.tags)
    )


def _candidate(row: Row, wanted: Wanted) -> ModelVersion | None:
    name = row.latest
    if wanted.stage is not None:
        name = row.model.snapshot.holder(row.model.name, wanted.stage) or row.held[0][1][-1]
    return ModelVersion(row.model.registry, row.model.name, name, row.model.snapshot) if name else None
