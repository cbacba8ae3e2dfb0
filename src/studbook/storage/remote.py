"""A DVC remote as a place of objects by md5: how big, and their bytes. DVC gives the transport and the credentials."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Protocol, TypeVar

from studbook.diagnostic import Fault

T = TypeVar("T")
_CREDENTIALS = re.compile(r"//[^/@]*@")
_BLOCK = 32 * 2**20
"""Bytes that are asked of an object store at once."""
_PLAIN = ("local", "ssh")
"""Protocols that read on by themselves."""
_PATIENCE, _LONGEST_PAUSE = 30, 8
"""Seconds that a remote which has answered before may be silent, and between two attempts."""


class Unreachable(Fault):
    """The remote did not answer, or refused. Says nothing about the registry."""


class Reader(Protocol):
    """An object's bytes as they come."""

    def read(self, size: int, /) -> bytes: ...


class Waits(Protocol):
    """A place of objects that may not answer at times."""

    def wait(self, attempt: int) -> bool:
        """After attempt 1, 2, ... failed: pause, and say whether another one may do better."""
        ...


def patiently(place: Waits, ask: Callable[[], T]) -> T:
    """Ask, and ask again where a place that has answered before stops answering."""
    attempt = 0
    while True:
        try:
            return ask()
        except Unreachable:
            attempt += 1
            if not place.wait(attempt):
                raise


class _Transport(Protocol):
    """What is used of a dvc_objects file system."""

    protocol: str

    def info(self, path: str) -> dict[str, object]: ...
    def exists(self, path: str) -> bool: ...
    def open(self, path: str, mode: str, **options: object) -> _Stream: ...


class _Stream(Reader, Protocol):
    def seek(self, offset: int, /) -> object: ...
    def close(self) -> None: ...


class Objects(Protocol):
    """What is used of a dvc_data object database."""

    fs: _Transport
    path: str

    def oid_to_path(self, oid: str) -> str: ...
    def add(self, path: list[str], fs: object, oid: list[str], **options: object) -> int: ...


class Remote:
    """Objects by the md5 of a pointer (`.dir` after it for a directory's listing)."""

    def __init__(self, name: str, url: str, connect: Callable[[], Objects]) -> None:
        self.name = name
        self.url = url
        self._connect = connect
        self._objects: Objects | None = None
        self._answered = False
        self._silent_since = 0.0

    def __str__(self) -> str:
        return f"the remote `{self.name}` ({_CREDENTIALS.sub('//', self.url)})"

    @property
    def is_folder(self) -> bool:
        """On this machine, as far as it knows."""
        return self.objects.fs.protocol == "local"

    @property
    def objects(self) -> Objects:
        if self._objects is None:
            self._objects = self._connect()
        return self._objects

    def size(self, md5: str) -> int | None:
        """Bytes of an object; None where it is not there. Raises `Unreachable`."""
        try:
            found = patiently(self, lambda: self._guarded(lambda: self._info(md5))).get("size")
        except FileNotFoundError:
            self._check_root()
            return None
        if not isinstance(found, int):
            raise Fault(f"{self} does not say how big its objects are", "use a remote of another kind")
        return found

    def _info(self, md5: str) -> dict[str, object]:
        return self.objects.fs.info(self.objects.oid_to_path(md5))

    def add(self, files: Mapping[str, Path]) -> None:
        """Upload files by their md5, whole or not at all each. Raises `Unreachable`."""
        patiently(self, lambda: self._guarded(lambda: self._add(files)))

    def _add(self, files: Mapping[str, Path]) -> None:
        from dvc.fs import localfs

        self.objects.add([str(path) for path in files.values()], localfs, list(files), check_exists=False)

    @contextmanager
    def open(self, md5: str, offset: int = 0) -> Iterator[Reader]:
        """An object's bytes from `offset` on. Raises `FileNotFoundError` or `Unreachable`; so does what it gives."""
        stream = self._open(md5)
        try:
            if offset:
                self._guarded(lambda: self._skip(stream, offset))
            yield _Guarded(self, stream)
        finally:
            with suppress(Exception):  # the connection may be gone; the bytes are judged by their hash
                stream.close()

    def _skip(self, stream: _Stream, offset: int) -> None:
        if not self.objects.fs.protocol.startswith("http"):
            stream.seek(offset)
            return
        while offset and (data := stream.read(min(offset, _BLOCK))):  # not every HTTP server can begin in the middle
            offset -= len(data)

    def _open(self, md5: str) -> _Stream:
        options = _options(self.objects.fs.protocol)
        try:
            return self._guarded(lambda: self.objects.fs.open(self.objects.oid_to_path(md5), "rb", **options))
        except FileNotFoundError:
            self._check_root()
            raise

    def wait(self, attempt: int) -> bool:
        """Pause, and connect anew. No use where it never answered, or has not for a while."""
        if attempt == 1:
            self._silent_since = time.monotonic()
        if not self._answered or time.monotonic() - self._silent_since > _PATIENCE:
            return False
        time.sleep(min(0.5 * 2**attempt, _LONGEST_PAUSE))
        self._objects = None
        return True

    def _guarded(self, ask: Callable[[], T]) -> T:
        """Whatever a transport raises, but for an object that is not there, is a remote that cannot be reached."""
        try:
            value = ask()
        except FileNotFoundError as error:
            if cause := _hidden(error):
                raise self._unreachable(cause) from error
            self._answered = True
            raise
        except Fault:
            raise
        except Exception as error:  # every transport has exceptions of its own
            raise self._unreachable(error) from error
        self._answered = True
        return value

    def _unreachable(self, error: BaseException) -> Unreachable:
        said = _CREDENTIALS.sub("//", " ".join(str(error).split())) or type(error).__name__
        hint = "check the network, the credentials and `dvc remote list`; then run the command again"
        return Unreachable(f"{self} cannot be used: {said}", hint)

    def _check_root(self) -> None:
        """An object is missing. Where the whole folder or bucket is, nothing was learned about the object."""
        fs, path = self.objects.fs, self.objects.path.removesuffix("/files/md5")
        root = path if fs.protocol in _PLAIN else path.lstrip("/").split("/")[0]
        if fs.protocol.startswith(("http", "webdav")) or self._guarded(lambda: fs.exists(root)):
            return
        hint = "mount it, or create it; or put the remote's url right in .dvc/config"
        raise Fault(f"{self} cannot be used: {root} does not exist", hint)  # waiting would not help


def _options(protocol: str) -> dict[str, object]:
    """How much to ask for at once: 0 is one long answer."""
    if protocol in _PLAIN:
        return {}
    return {"block_size": 0 if protocol.startswith("http") else _BLOCK}


def _hidden(error: FileNotFoundError) -> BaseException | None:
    """Over HTTP whatever goes wrong is said to be a missing file: what really did."""
    cause = error.__cause__
    if cause is None or isinstance(cause, FileNotFoundError):
        return None
    return cause if isinstance(cause, OSError) or getattr(cause, "status", 404) not in (404, 410) else None


class _Guarded:
    """A stream whose errors are those of a remote."""

    def __init__(self, remote: Remote, stream: _Stream) -> None:
        self._remote = remote
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        return self._remote._guarded(lambda: self._stream.read(size))
