"""Who held a stage on a day: everybody who did for a moment of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from studbook.convention import paths
from studbook.convention.paths import Kind
from studbook.convention.small import StagePointer
from studbook.diagnostic import Fault
from studbook.git import log
from studbook.registry import Registry
from studbook.snapshot import Snapshot
from studbook.timeline import Turn
from studbook.when import Interval, last_commit

Holders = Mapping[tuple[str, str], tuple[str, ...]]
"""Model and stage to the versions that held it, in the order in which they last came."""


def holders(registry: Registry, model: str = "") -> Holders:
    """The stages that changed on the day that the registry was opened at (of one model, where it is named), and who held
    them that day. Empty where no day was asked for: the snapshot then says it all.
    """
    day = registry.when.day
    if day is None:
        return {}
    before = last_commit(registry.repo, day.start)
    if before == registry.commit:
        return {}
    if before is None and registry.past.gap:
        raise Fault(f"{registry.past.gap}, and that day is not all in it", "fetch it all: git fetch --unshallow")
    morning = Snapshot(registry.repo.tree(before), registry.documents) if before else None
    found: dict[tuple[str, str], list[str]] = {}
    for place, version in _values(registry, before, model):
        first = morning.holder(place.model, place.name) if morning else None
        held = found.setdefault((place.model, place.name), [first] if first else [])
        if version is not None:
            held[:] = [*(other for other in held if other != version), version]
    return {stage: tuple(held) for stage, held in found.items()}


def _values(registry: Registry, before: str | None, model: str) -> Iterator[tuple[paths.Place, str | None]]:
    """The values that stages took after `before`, in order; None where one was emptied, or cannot be read."""
    root = registry.repo.root
    path = "/".join(part for part in (root, model) if part)
    span = f"{before}..{registry.commit}" if before else registry.commit
    for commit in log.touching(registry.repo.git, span, [f":(literal){path}"] if path else []):
        for name, entry in commit.files.items():
            place = paths.place(name[len(root) + 1 :] if root else name)
            if place.kind is not Kind.STAGE or (model and place.model != model):
                continue
            regular = entry is not None and entry.is_regular
            record = registry.documents.parse(name, entry.oid, StagePointer).record if entry and regular else None
            yield place, record.version if record else None


def during(turns: Sequence[Turn], day: Interval) -> list[Turn]:
    """The turns that began on the day, and those whose version held its stage for a moment of it."""
    return [turn for turn in turns if turn.at.timestamp() >= day.start or _lasted(turn, day)]


def _lasted(turn: Turn, day: Interval) -> bool:
    return turn.new is not None and (turn.until is None or turn.until.timestamp() > day.start)
