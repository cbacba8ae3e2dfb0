"""DVC's cache on this machine: objects by md5, read, added to, and sent to a remote."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from studbook import hashing
from studbook.diagnostic import Fault
from studbook.hashing import Described, Progress
from studbook.storage.remote import Reader, Remote

_BATCH = 32
"""Objects sent before progress is told."""


class Cache:
    """The folder that DVC keeps objects in: `.dvc/cache` unless its configuration says otherwise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "files" / "md5"

    def path(self, md5: str) -> Path:
        return self.folder / md5[:2] / md5[2:]

    @contextmanager
    def open(self, md5: str, offset: int = 0) -> Iterator[Reader]:
        """An object's bytes from `offset` on. Raises `FileNotFoundError` where there is no such file."""
        path = self.path(md5)
        if not path.is_file():
            raise FileNotFoundError(path)
        with path.open("rb", buffering=0) as file:
            file.seek(offset)
            yield file

    def wait(self, attempt: int) -> bool:
        """A folder does not come back."""
        return False

    def add(self, data: bytes, md5: str) -> None:
        """Keep these bytes."""
        sink = _Sink(self)
        sink.write(data)
        sink.keep(md5)

    def sink(self) -> hashing.Sink:
        return _Sink(self)


class _Sink:
    """Writes under a temporary name until the md5 is known."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache
        cache.folder.mkdir(parents=True, exist_ok=True)
        handle, self._name = mkstemp(prefix=".studbook-", suffix=".tmp", dir=cache.folder)
        self._file = os.fdopen(handle, "wb", buffering=0)

    def write(self, data: bytes, /) -> None:
        view = memoryview(data)
        while view:
            view = view[self._file.write(view) :]

    def keep(self, md5: str) -> None:
        self._file.close()
        os.chmod(self._name, stat.S_IRUSR | stat.S_IRGRP | stat.S_IROTH)  # as DVC protects its cache
        path = self._cache.path(md5)
        path.parent.mkdir(exist_ok=True)
        os.replace(self._name, path)

    def drop(self) -> None:
        self._file.close()
        with suppress(OSError):
            os.unlink(self._name)


def put_in_cache(cache: Cache, path: Path, progress: Progress | None = None) -> Described:
    """Describe a file or a directory and keep its bytes in the cache, in one pass. Raises `Fault`."""
    try:
        described = hashing.describe(path, progress, cache.sink)
        if described.dir_object is not None:
            cache.add(described.dir_object, described.md5)
    except OSError as error:
        hint = "make room, or see `dvc cache dir`"
        raise Fault(f"cannot write to DVC's cache {cache.folder}: {error.strerror}", hint) from error
    return described


def push(remote: Remote, cache: Cache, described: Described, progress: Progress | None = None) -> int:
    """Send an artifact that is in the cache to a remote: a directory's files first, its listing last, so that a listing
    never names what is not there. Gives the number of objects sent. Raises `Fault` where one could not be.
    """
    sizes = {file.md5: file.size for file in described.files}
    sent = _send(remote, cache, sizes, progress)
    if described.dir_object is not None:
        sent += _send(remote, cache, {described.md5: len(described.dir_object)}, None)
    return sent


def _send(remote: Remote, cache: Cache, sizes: dict[str, int], progress: Progress | None) -> int:
    missing = [md5 for md5, size in sizes.items() if remote.size(md5) != size]
    if progress and (there := sum(sizes.values()) - sum(sizes[md5] for md5 in missing)):
        progress(there)
    for start in range(0, len(missing), _BATCH):
        batch = missing[start : start + _BATCH]
        remote.add({md5: cache.path(md5) for md5 in batch})
        if progress:
            progress(sum(sizes[md5] for md5 in batch))
    for md5 in missing:
        if remote.size(md5) != sizes[md5]:
            raise Fault(f"{remote} does not have all of {md5} after the upload", "run the command again")
    return len(missing)
