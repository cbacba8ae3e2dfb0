"""One artifact, from DVC's cache or remote into a staging folder: every byte is hashed before anybody sees it.

What a pull began and did not finish stays in the staging folder; the next one goes on from there. Nothing in it is
believed: a stranger could have put it there, so it is hashed again, and symlinks are not followed.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from threading import Lock
from typing import NamedTuple

from studbook import listing
from studbook.artifact import BadArtifact, Source, corrupt, explain, mismatch, missing, read_listing
from studbook.expected import Expected
from studbook.hashing import CHUNK, FileDigest, Hasher, Progress
from studbook.staging import Staging, open_part
from studbook.storage import Reader, Unreachable

WORKERS = 8
"""Files of a directory that are fetched at once from a remote that is not a folder."""
_FULL = (errno.ENOSPC, errno.EDQUOT)


class Fetcher:
    """Fetches into staging folders, from the first source that has the right bytes."""

    def __init__(self, sources: Sequence[Source], progress: Progress | None = None, workers: int = WORKERS) -> None:
        self._sources = sources
        self._progress = progress
        self._workers = workers
        self._lock = Lock()

    def artifact(self, wanted: Expected, staging: Staging) -> Path:
        """The path of the whole artifact, verified, in its staging folder. Raises `BadArtifact` or `Unreachable`."""
        if wanted.nfiles is not None:
            return self._directory(wanted, staging)
        part = staging.part(0)
        self._obtain(_File(f"`{wanted.name}`", wanted.md5, wanted.size, wanted.sha256), part)
        return part

    def _directory(self, wanted: Expected, staging: Staging) -> Path:
        entries = self._listing(wanted)
        staging.sweep({entry.path for entry in entries})
        digests = self._members(wanted, entries, staging)
        digest = listing.sha256((found.path, found.sha256) for found in digests)
        whole = FileDigest("", sum(found.size for found in digests), wanted.md5, digest)
        if wrong := mismatch(wanted, whole):
            raise corrupt(wrong)
        return staging.files

    def _listing(self, wanted: Expected) -> tuple[listing.Entry, ...]:
        problem = missing(f"the listing of `{wanted.name}`", wanted.md5, self._sources[-1])
        for source in self._sources:
            try:
                return read_listing(source, wanted)
            except FileNotFoundError:
                continue
            except BadArtifact as error:
                problem = error if source is self._sources[-1] else problem
        raise problem

    def _members(self, wanted: Expected, entries: Sequence[listing.Entry], staging: Staging) -> list[FileDigest]:
        def fetch(item: tuple[int, listing.Entry]) -> FileDigest:
            return self._member(*item, wanted, staging)

        if self._workers == 1:
            return [fetch(item) for item in enumerate(entries)]
        with ThreadPoolExecutor(self._workers) as pool:
            try:
                return list(pool.map(fetch, enumerate(entries)))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _member(self, number: int, entry: listing.Entry, wanted: Expected, staging: Staging) -> FileDigest:
        """One file of a directory: as an earlier pull left it, or fetched."""
        file = _File(f"`{wanted.name}/{entry.path}`", entry.md5, wanted.size)
        place, part = staging.files / entry.path, staging.part(number)
        if place.is_file():
            found = self._digest(place, file)
            if found.md5 == entry.md5:
                return found._replace(path=entry.path)
            self._tell(-found.size)
        place.parent.mkdir(parents=True, exist_ok=True)
        found = self._obtain(file, part)
        os.replace(part, place)
        return found._replace(path=entry.path)

    def _digest(self, path: Path, file: _File) -> FileDigest:
        with open_part(path) as kept, Hasher() as hasher:
            self._rehash(kept, hasher)
            return _found(hasher, file)

    def _obtain(self, file: _File, part: Path) -> FileDigest:
        """Fetch a file whole and right, or leave nothing of it. What an earlier pull left is not fetched again."""
        problem = missing(file.name, file.md5, self._sources[-1])
        for source in self._sources:
            try:
                found = self._from(source, file, part)
            except FileNotFoundError:
                continue
            if file.is_right(found):
                return found
            if source is self._sources[-1]:  # a damaged cache is not the registry's concern
                problem = corrupt(_explain(file, found, part))
            self._drop(part, found.size)
        raise problem

    def _from(self, source: Source, file: _File, part: Path) -> FileDigest:
        kept = part.stat().st_size if part.is_file() else 0
        found = self._download(source, file, part)
        if kept and not file.is_right(found):
            self._drop(part, found.size)
            found = self._download(source, file, part)
        return found

    def _drop(self, part: Path, size: int) -> None:
        part.unlink(missing_ok=True)
        self._tell(-size)

    def _download(self, source: Source, file: _File, part: Path) -> FileDigest:
        try:
            with open_part(part) as target, Hasher(md5=file.sha256 is None) as hasher:
                if os.fstat(target.fileno()).st_size > file.limit:
                    target.truncate(0)
                self._rehash(target, hasher)
                self._append(source, file, target, hasher)
                return _found(hasher, file)
        except OSError as error:
            if error.errno in _FULL:  # others need the room more
                part.unlink(missing_ok=True)
            raise

    def _rehash(self, target: FileIO, hasher: Hasher) -> None:
        while data := target.read(CHUNK):
            hasher.update(data)
            self._tell(len(data))

    def _append(self, source: Source, file: _File, target: FileIO, hasher: Hasher) -> None:
        """Everything from where `hasher` is to the end, however often the source goes away meanwhile."""
        attempt = 0
        while True:
            before = hasher.size
            try:
                with source.open(file.md5, hasher.size) as reader:
                    self._copy(reader, target, hasher, file.limit)
                return
            except Unreachable:
                attempt = 1 if hasher.size > before else attempt + 1
                if not source.wait(attempt):
                    raise

    def _copy(self, reader: Reader, target: FileIO, hasher: Hasher, limit: int) -> None:
        """Stops after the limit: what is too long is wrong, whatever follows."""
        while hasher.size <= limit and (data := reader.read(CHUNK)):
            hasher.update(data)
            view = memoryview(data)
            while view:
                view = view[target.write(view) :]
            self._tell(len(data))

    def _tell(self, count: int) -> None:
        if self._progress:
            with self._lock:
                self._progress(count)


class _File(NamedTuple):
    """An object to fetch. With `sha256`, that and the size decide whether it is right; without, the md5 does."""

    name: str
    md5: str
    limit: int
    sha256: str | None = None

    def is_right(self, found: FileDigest) -> bool:
        if self.sha256 is None:
            return found.md5 == self.md5
        return (found.size, found.sha256) == (self.limit, self.sha256)


def _found(hasher: Hasher, file: _File) -> FileDigest:
    return FileDigest("", hasher.size, hasher.hex("md5") if file.sha256 is None else "", hasher.hex("sha256"))


def _explain(file: _File, found: FileDigest, part: Path) -> str:
    """Why the bytes that arrived are not the right ones."""
    if file.sha256 is not None:
        with part.open("rb") as arrived:
            found = found._replace(md5=hashlib.file_digest(arrived, "md5").hexdigest())
    return explain(file.name, file.md5, found)
