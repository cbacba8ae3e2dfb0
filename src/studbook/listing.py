"""What is in a directory artifact: DVC's `.dir` object, and the names that may stand in it.

A `.dir` object comes from a remote that others can write to: it is read as hostile input, never handed to DVC.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MAX_BYTES = 64 * 2**20
"""A `.dir` object over this many bytes is not read: some 700,000 files."""
_MD5 = re.compile(r"[0-9a-f]{32}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_DRIVE = re.compile(r"[A-Za-z]:")
_GIT_NAMES = frozenset({".git", "git~1"})


class Entry(NamedTuple):
    """One file of a directory: the md5 of its bytes, and its path below the directory."""

    md5: str
    path: str


class Malformed(ValueError):
    """This is not a listing that may be used; says why in the user's terms."""


def refusal(path: str) -> str:
    """Why a path may not stand in a directory artifact; empty where it may."""
    if _CONTROL.search(path) or "\\" in path:
        return "has a backslash, a line break or another control character in its name"
    if path.startswith("/") or _DRIVE.match(path):
        return "is an absolute path"
    parts = path.split("/")
    if any(part in ("", ".", "..") for part in parts):
        return "leads out of the directory, or is not in its shortest form"
    if any(part.casefold().rstrip(" .") in _GIT_NAMES for part in parts):
        return "is inside a .git folder"
    if any(ord(character) in range(0xD800, 0xE000) for character in path):
        return "has a name that is not valid Unicode"
    return ""


def parse(data: bytes) -> tuple[Entry, ...]:
    """The files that a `.dir` object names, sorted by path. Raises `Malformed`."""
    if len(data) > MAX_BYTES:
        raise Malformed(f"the listing has {len(data):,} bytes; at most {MAX_BYTES:,} are read")
    try:
        value: object = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise Malformed("the listing is not JSON") from error
    if not isinstance(value, list):
        raise Malformed("the listing is not a JSON list")
    entries = tuple(sorted((_entry(item) for item in value), key=lambda entry: entry.path))
    _check_names(entries)
    return entries


def _entry(item: object) -> Entry:
    if not isinstance(item, dict) or item.keys() != {"md5", "relpath"}:
        raise Malformed("an entry of the listing is not {md5, relpath}")
    md5, path = item["md5"], item["relpath"]
    if not isinstance(md5, str) or not _MD5.fullmatch(md5) or not isinstance(path, str):
        raise Malformed("an entry of the listing has no md5 of 32 hex digits, or no path")
    return Entry(md5, path)


def _check_names(entries: Iterable[Entry]) -> None:
    seen: set[str] = set()
    folders: set[str] = set()
    for _, path in entries:
        if why := refusal(path):
            raise Malformed(f"the listing names `{path}`, which {why}")
        if path in seen:
            raise Malformed(f"the listing names `{path}` twice")
        seen.add(path)
        folders.update(_parents(path))
    if both := seen & folders:
        raise Malformed(f"the listing names `{min(both)}` both as a file and as a folder")


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def dump(entries: Iterable[Entry]) -> bytes:
    """The `.dir` object, byte for byte as DVC writes it."""
    rows = [{"md5": md5, "relpath": path} for md5, path in sorted(entries, key=lambda entry: entry.path)]
    return json.dumps(rows, sort_keys=True).encode()


def sha256(files: Iterable[tuple[str, str]]) -> str:
    """The digest of a directory from (path, sha256 hex) of its files: that of `sha256sum`'s lines, sorted bytewise."""
    rows = sorted((path.encode(), digest.encode()) for path, digest in files)
    return hashlib.sha256(b"".join(b"%s  %s\n" % (digest, path) for path, digest in rows)).hexdigest()
