"""Size, md5 and sha256 of a file or a directory in one pass over its bytes; the pointer that `dvc add` would write."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Protocol, TypeAlias

from studbook import listing
from studbook.diagnostic import Fault

CHUNK = 4 * 2**20
"""Bytes that are read at once."""
_SMALL = 2**17
"""Up to this many bytes are hashed faster than they are handed to another thread."""
_NUMBER = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[0-9][0-9_]*[eE][-+]?[0-9]+|0b[01_]+|0o?[0-7_]+|[0-9_]+|0x[0-9a-fA-F_]+)"
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS = frozenset(word for name in ("true", "false", "null") for word in (name, name.capitalize(), name.upper()))

Progress: TypeAlias = Callable[[int], None]
"""Called with the number of bytes done since the last call, from the thread that asked."""


class FileDigest(NamedTuple):
    """One file: its path below the artifact ("" for the artifact itself), its bytes, and their hashes in hex."""

    path: str
    size: int
    md5: str
    sha256: str


class Described(NamedTuple):
    """An artifact as manifest and pointer speak of it."""

    size: int
    """Bytes, summed over the files of a directory."""
    md5: str
    """As in a pointer: with `.dir` after it for a directory."""
    sha256: str
    """Of the bytes; for a directory, of its listing."""
    nfiles: int | None
    """None where it is a single file."""
    dir_object: bytes | None
    """What DVC stores under a directory's md5."""
    files: tuple[FileDigest, ...]


class Sink(Protocol):
    """Takes a file's bytes as they are hashed, so that what is kept is what was hashed."""

    def write(self, data: bytes, /) -> object: ...

    def keep(self, md5: str) -> None:
        """The file is complete, and this is its md5."""
        ...

    def drop(self) -> None:
        """It could not be read."""
        ...


Sinks: TypeAlias = Callable[[], Sink]
"""Gives a sink for the next file."""


class Hasher:
    """sha256 and (with `md5`) md5 of bytes as they come, in threads of their own while the caller reads on."""

    def __init__(self, *, md5: bool = True) -> None:
        self._hashes = {"sha256": hashlib.sha256()}
        if md5:
            self._hashes["md5"] = hashlib.md5(usedforsecurity=False)
        self._pool: ThreadPoolExecutor | None = None
        self._running: list[Future[None]] = []
        self.size = 0

    def __enter__(self) -> Hasher:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown()

    def update(self, data: bytes) -> None:
        self._wait()
        self.size += len(data)
        if len(data) <= _SMALL:
            for digest in self._hashes.values():
                digest.update(data)
            return
        if self._pool is None:
            self._pool = ThreadPoolExecutor(len(self._hashes))
        self._running = [self._pool.submit(digest.update, data) for digest in self._hashes.values()]

    def _wait(self) -> None:
        for future in self._running:
            future.result()
        self._running = []

    def hex(self, name: str) -> str:
        """The digest so far: `sha256`, or `md5` where it was asked for."""
        self._wait()
        return self._hashes[name].hexdigest()


def describe(path: Path, progress: Progress | None = None, sinks: Sinks | None = None) -> Described:
    """Read a file or a directory once. Raises `Fault` where it cannot be an artifact, or changes meanwhile."""
    try:
        if not path.is_dir():
            return _of_file(_digest(path, "", progress, sinks))
        return _of_directory(path, progress, sinks)
    except OSError as error:
        raise Fault(f"cannot read {error.filename or path}: {error.strerror}") from error


def _of_file(file: FileDigest) -> Described:
    return Described(file.size, file.md5, file.sha256, None, None, (file,))


def _of_directory(top: Path, progress: Progress | None, sinks: Sinks | None) -> Described:
    names = sorted(_names(top))
    files = tuple(_digest(top / name, name, progress, sinks) for name in names)
    if names != sorted(_names(top)):
        raise Fault(f"{top} changed while it was read", "run the command again when nothing writes to it")
    data = listing.dump(listing.Entry(file.md5, file.path) for file in files)
    md5 = hashlib.md5(data, usedforsecurity=False).hexdigest() + ".dir"
    digest = listing.sha256((file.path, file.sha256) for file in files)
    return Described(sum(file.size for file in files), md5, digest, len(files), data, files)


def _names(top: Path) -> Iterator[str]:
    """Paths of all files below a directory. Symlinked files count as what they point to, as in DVC."""
    for folder, folders, files in os.walk(top, onerror=_raise):
        for name in folders:
            if os.path.islink(os.path.join(folder, name)):
                hint = "put a copy of the folder in its place"
                raise Fault(f"{folder}/{name} is a symlink to a folder, which DVC leaves out", hint)
        for name in files:
            path = Path(folder, name).relative_to(top).as_posix()
            if why := _refusal(path, name):
                raise Fault(f"{top}/{path} {why}", "rename or remove it")
            yield path


def _refusal(path: str, name: str) -> str:
    left_out = name == ".dvcignore" or any(part in (".dvc", ".hg") for part in path.split("/"))
    return "is a file that DVC does not take into an artifact" if left_out else listing.refusal(path)


def _raise(error: OSError) -> None:
    raise error


def _digest(path: Path, name: str, progress: Progress | None, sinks: Sinks | None) -> FileDigest:
    if not path.is_file():
        raise Fault(f"{path} is not there" if not os.path.lexists(path) else f"{path} is neither a file nor a folder")
    sink = sinks() if sinks else None
    try:
        digest = _read(path, name, progress, sink)
    except BaseException:
        if sink:
            sink.drop()
        raise
    if sink:
        sink.keep(digest.md5)
    return digest


def _read(path: Path, name: str, progress: Progress | None, sink: Sink | None) -> FileDigest:
    with path.open("rb", buffering=0) as source, Hasher() as hasher:
        before = os.fstat(source.fileno())
        while data := source.read(CHUNK):
            hasher.update(data)
            if sink:
                sink.write(data)
            if progress:
                progress(len(data))
        after = os.fstat(source.fileno())
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or hasher.size != after.st_size:
            raise Fault(f"{path} changed while it was read", "run the command again when nothing writes to it")
        return FileDigest(name, hasher.size, hasher.hex("md5"), hasher.hex("sha256"))


def sha256(path: Path) -> str:
    """Of a single file's bytes, in hex. Raises `OSError`."""
    with path.open("rb", buffering=0) as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def pointer_text(name: str, described: Described) -> str:
    """The pointer to an artifact called `name`, byte for byte as `dvc add` writes it."""
    rows = [("md5", _scalar(described.md5)), ("size", str(described.size))]
    if described.nfiles is not None:
        rows.append(("nfiles", str(described.nfiles)))
    rows += [("hash", "md5"), ("path", _scalar(name))]
    return "outs:\n- " + "\n  ".join(f"{key}: {value}" for key, value in rows) + "\n"


def _scalar(text: str) -> str:
    """Quoted where YAML would read something other than text."""
    plain = not (_NUMBER.fullmatch(text) or _DATE.fullmatch(text) or text in _WORDS)
    return text if plain else f"'{text}'"
