"""An artifact, as manifest and pointer describe it."""

from __future__ import annotations

from typing import NamedTuple


class Expected(NamedTuple):
    name: str
    size: int
    """Bytes, summed over the files of a directory."""
    sha256: str
    md5: str
    """With `.dir` after it for a directory."""
    nfiles: int | None
    """None where it is a single file."""
