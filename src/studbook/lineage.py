"""The graph over a snapshot: who descends from whom."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from studbook.convention.names import Reference, reference
from studbook.snapshot import Snapshot

Parents = Callable[[Reference], Iterable[Reference]]


def parents(snapshot: Snapshot, child: Reference) -> list[Reference]:
    """The parents that a version's manifest names, whether they exist or not."""
    manifest = snapshot.manifest(child.model, child.version)
    return [reference(parent.ref) for parent in manifest.lineage.parents] if manifest else []


def ancestors(start: Reference, parents_of: Parents) -> Iterator[Reference]:
    """All ancestors, each once; also of a graph with cycles, in which a version is its own ancestor."""
    seen: set[Reference] = set()
    waiting = [start]
    while waiting:
        for parent in parents_of(waiting.pop()):
            if parent not in seen:
                seen.add(parent)
                waiting.append(parent)
                yield parent


def cycle(start: Reference, parents_of: Parents) -> list[Reference]:
    """A way from `start` back to itself, `start` first; empty where there is none."""
    came_from: dict[Reference, Reference] = {}
    waiting = [start]
    while waiting:
        child = waiting.pop()
        for parent in parents_of(child):
            if parent == start:
                return _way(start, child, came_from)
            if parent not in came_from:
                came_from[parent] = child
                waiting.append(parent)
    return []


def _way(start: Reference, last: Reference, came_from: dict[Reference, Reference]) -> list[Reference]:
    way = [last]
    while way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
