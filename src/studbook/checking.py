"""What the remote has of an artifact, for the rules that need the network: `artifacts.check` remote or verify."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import NamedTuple, TypeVar

from studbook import listing, trust
from studbook.artifact import BadArtifact, explain, mismatch, read_listing
from studbook.expected import Expected
from studbook.git import Repository
from studbook.hashing import CHUNK, FileDigest, Hasher
from studbook.rules.step import Store
from studbook.storage import Remote, Unreachable, patiently

S = TypeVar("S")
T = TypeVar("T")
_WORKERS = 8
_NAMED = 3
"""Files of a directory that are named before the rest is counted."""


def store(repo: Repository, base: str, *, verify: bool) -> Store:
    """What is asked of the remote: sizes, or with `verify` all bytes.

    The remote is the one that `base` configures: a pull request cannot name another, nor have credentials sent there.
    """
    return _RemoteStore(repo, base, verify=verify)


class _Seen(NamedTuple):
    absent: tuple[str, ...] = ()
    damaged: tuple[str, ...] = ()


class _RemoteStore:
    """Each artifact is looked at once; nothing is asked of the remote before the first."""

    def __init__(self, repo: Repository, base: str, *, verify: bool) -> None:
        self._repo = repo
        self._base = base
        self._verify = verify
        self._opened: Remote | None = None
        self._seen: dict[Expected, _Seen] = {}

    def absent(self, expected: Expected) -> tuple[str, ...]:
        return self._look(expected).absent

    def damaged(self, expected: Expected) -> tuple[str, ...]:
        return self._look(expected).damaged

    def _look(self, expected: Expected) -> _Seen:
        if expected not in self._seen:
            self._seen[expected] = self._directory(expected) if expected.md5.endswith(".dir") else self._file(expected)
        return self._seen[expected]

    @property
    def _remote(self) -> Remote:
        if self._opened is None:
            self._opened = trust.remote(self._repo, self._base)
        return self._opened

    def _file(self, expected: Expected) -> _Seen:
        size = self._remote.size(expected.md5)
        if size is None:
            return _Seen(absent=(f"`{expected.name}` (md5 {expected.md5}) is not in {self._remote}",))
        if size != expected.size:
            return _Seen(damaged=(_sizes(expected, size),))
        wrong = mismatch(expected, self._hash(expected.md5, size)) if self._verify else ""
        return _Seen(damaged=(wrong,) if wrong else ())

    def _directory(self, expected: Expected) -> _Seen:
        try:
            entries = read_listing(self._remote, expected)
        except FileNotFoundError:
            return _Seen(absent=(f"the listing of `{expected.name}` (md5 {expected.md5}) is not in {self._remote}",))
        except BadArtifact as error:
            return _Seen(damaged=(str(error),))
        sizes = self._each(lambda entry: self._remote.size(entry.md5), entries)
        if gone := [entry.path for entry, size in zip(entries, sizes, strict=True) if size is None]:
            what = f"{len(gone):,} of the {len(entries):,} files of `{expected.name}`"
            return _Seen(absent=(f"{what} are not in {self._remote}: {_some(gone)}",))
        known = [size or 0 for size in sizes]
        if sum(known) != expected.size:
            return _Seen(damaged=(_sizes(expected, sum(known)),))
        return _Seen(damaged=tuple(self._members(expected, entries, known)) if self._verify else ())

    def _members(self, expected: Expected, entries: Sequence[listing.Entry], sizes: Sequence[int]) -> Iterator[str]:
        found = self._each(lambda item: self._hash(item[0].md5, item[1]), list(zip(entries, sizes, strict=True)))
        wrong = [(entry, digest) for entry, digest in zip(entries, found, strict=True) if digest.md5 != entry.md5]
        for entry, digest in wrong[:_NAMED]:
            yield explain(f"`{expected.name}/{entry.path}`", entry.md5, digest)
        if wrong[_NAMED:]:
            yield f"{len(wrong) - _NAMED:,} more files of `{expected.name}` are damaged"
        whole = listing.sha256((entry.path, file.sha256) for entry, file in zip(entries, found, strict=True))
        if not wrong and (said := mismatch(expected, FileDigest("", sum(sizes), expected.md5, whole))):
            yield said

    def _hash(self, md5: str, size: int) -> FileDigest:
        return patiently(self._remote, lambda: self._hash_once(md5, size))

    def _hash_once(self, md5: str, size: int) -> FileDigest:
        """Stops after `size` bytes: what is longer is another object."""
        try:
            with self._remote.open(md5) as reader, Hasher() as hasher:
                while hasher.size <= size and (data := reader.read(CHUNK)):
                    hasher.update(data)
                return FileDigest("", hasher.size, hasher.hex("md5"), hasher.hex("sha256"))
        except FileNotFoundError as error:
            raise Unreachable(f"{self._remote} lost the object {md5} while it was read", "run the command again") from error

    def _each(self, ask: Callable[[S], T], items: Sequence[S]) -> list[T]:
        if self._remote.is_folder:
            return [ask(item) for item in items]
        with ThreadPoolExecutor(_WORKERS) as pool:
            return list(pool.map(ask, items))


def _sizes(expected: Expected, size: int) -> str:
    return f"the remote has {size:,} bytes of `{expected.name}`, its pointer says {expected.size:,}"


def _some(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(islice(names, _NAMED)) + (f" and {more:,} more" if more > 0 else "")
