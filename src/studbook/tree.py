"""Trees and blobs, as everything above Git knows them. A leaf: importing it costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple, Protocol

REGULAR = "100644"
FOLDER = "40000"
MAX_BYTES = 1 << 20
"""Files of a registry are no larger; what is, is not read."""


class Entry(NamedTuple):
    """What a tree says of a name: Git's mode and object id."""

    mode: str
    oid: str

    @property
    def is_folder(self) -> bool:
        return self.mode == FOLDER

    @property
    def is_regular(self) -> bool:
        return self.mode == REGULAR


class Tree(Protocol):
    """Names and their entries, below the registry's folder ("" is the folder itself)."""

    def listing(self, folder: str) -> Mapping[str, Entry]: ...


class Blobs(Protocol):
    """Contents by object id."""

    def read(self, oid: str) -> bytes | int:
        """The bytes, or only how many there are where that is over the limit."""
        ...

    def prefetch(self, oids: Iterable[str]) -> None:
        """These will be read soon."""
        ...
