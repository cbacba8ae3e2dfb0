"""What the bytes of an artifact should be, and what to say where they are not."""

from __future__ import annotations

import hashlib
from contextlib import AbstractContextManager
from typing import Protocol

from studbook import listing
from studbook.expected import Expected
from studbook.hashing import CHUNK, FileDigest
from studbook.storage import Reader, Waits, patiently


class BadArtifact(Exception):
    """The registry and its remote do not agree about an artifact: a finding, not a fault of this machine."""

    def __init__(self, rule: str, message: str, hint: str) -> None:
        super().__init__(message)
        self.rule = rule
        self.hint = hint


class Source(Waits, Protocol):
    """A place of objects by md5: DVC's cache, or a remote."""

    def open(self, md5: str, offset: int = 0) -> AbstractContextManager[Reader]: ...


def missing(what: str, md5: str, source: object) -> BadArtifact:
    hint = "whoever registered it can send it: dvc push, or studbook register --push"
    return BadArtifact("artifact-not-in-remote", f"{what} (md5 {md5}) is not in {source}", hint)


def corrupt(message: str) -> BadArtifact:
    return BadArtifact("artifact-corrupt", message, "put the right object back: delete it in the remote, then dvc push")


def mismatch(expected: Expected, found: FileDigest) -> str:
    """What is wrong with the bytes of an artifact; empty where nothing is."""
    right = (found.size, found.sha256) == (expected.size, expected.sha256)
    return "" if right else explain(f"`{expected.name}`", expected.md5, found)


def explain(name: str, md5: str, found: FileDigest) -> str:
    what = f"{found.size:,} bytes with sha256 {found.sha256}"
    if found.md5 == md5:
        return f"{name} is what its pointer says, but not what the manifest says: {what}"
    return f"{name} is damaged: under md5 {md5} there are {what}"


def read_listing(source: Source, expected: Expected) -> tuple[listing.Entry, ...]:
    """The files of a directory artifact. Raises `BadArtifact`, or `FileNotFoundError` where its `.dir` is missing."""
    raw = patiently(source, lambda: _read(source, expected.md5, listing.MAX_BYTES))
    if hashlib.md5(raw, usedforsecurity=False).hexdigest() + ".dir" != expected.md5:
        raise corrupt(f"the remote has another listing of `{expected.name}` under md5 {expected.md5}")
    try:
        entries = listing.parse(raw)
    except listing.Malformed as error:
        raise corrupt(f"`{expected.name}` is refused: {error}") from error
    if len(entries) != expected.nfiles:
        raise corrupt(f"the listing of `{expected.name}` has {len(entries):,} files, its pointer says {expected.nfiles or 0:,}")
    return entries


def _read(source: Source, md5: str, limit: int) -> bytes:
    """An object's bytes, and no more of them than one chunk over the limit."""
    data = bytearray()
    with source.open(md5) as reader:
        while len(data) <= limit and (chunk := reader.read(CHUNK)):
            data += chunk
    return bytes(data)
