"""A tree read level by level: many folders in one round trip, for questions that touch a few folders of every model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from studbook.git.objects import Objects, parse_tree
from studbook.tree import Entry


class LevelTree:
    """The registry's folder at one tree. What was not prepared is read when it is asked for."""

    def __init__(self, objects: Objects, treeish: str, root: str) -> None:
        self._objects = objects
        self._listings: dict[str, Mapping[str, Entry]] = {"": objects.tree(f"{treeish}:{root}")}
        self._by_oid: dict[str, Mapping[str, Entry]] = {}

    def listing(self, folder: str) -> Mapping[str, Entry]:
        if folder not in self._listings:
            self.prepare([folder])
        return self._listings[folder]

    def prepare(self, folders: Iterable[str]) -> None:
        """Read these folders at once. Those that are not there are empty."""
        wanted = [(folder, self._oid(folder)) for folder in folders if folder not in self._listings]
        self._objects.prefetch(oid for _, oid in wanted if oid and oid not in self._by_oid)
        for folder, oid in wanted:
            self._listings[folder] = self._read(oid) if oid else {}

    def _oid(self, folder: str) -> str:
        parent, _, name = folder.rpartition("/")
        entry = self.listing(parent).get(name)
        return entry.oid if entry is not None and entry.is_folder else ""

    def _read(self, oid: str) -> Mapping[str, Entry]:
        """The same folder in two places is read once."""
        if oid not in self._by_oid:
            data = self._objects.read(oid)
            entries = parse_tree(data, len(oid)) if isinstance(data, bytes) else self._objects.tree(oid).items()
            self._by_oid[oid] = dict(entries)
        return self._by_oid[oid]
