"""Trees and blobs through one long-lived `git cat-file`, in batches."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice

from studbook.convention.paths import MAX_FOLDERS
from studbook.diagnostic import Fault
from studbook.git.process import Git
from studbook.tree import FOLDER, MAX_BYTES, Entry

_BATCH = 256
"""Requests written before answers are read; 256 ids fit into the pipe, so neither side can block the other."""
_MISSING = -1
_MODES = frozenset({FOLDER, "100644", "100755", "120000", "160000"})
_ROW, _LONG_ROW = (re.compile(rb"([0-7]+) ([^\0]+)\0(.{%d})" % width, re.DOTALL) for width in (20, 32))


class Objects:
    """Object contents by id or by `<tree>:<path>`. Blobs over 1 MiB are never read."""

    def __init__(self, git: Git) -> None:
        self._git = git
        self._process: subprocess.Popen[bytes] | None = None
        self._ready: dict[str, bytes | int] = {}

    def close(self) -> None:
        if self._process is not None:
            process, self._process = self._process, None
            process.stdin.close()  # type: ignore[union-attr]
            process.stdout.close()  # type: ignore[union-attr]
            process.stderr.close()  # type: ignore[union-attr]
            process.wait()

    def prefetch(self, oids: Iterable[str]) -> None:
        """Read these in as few round trips as possible; `read` gives each once from here, then forgets it."""
        wanted = iter(dict.fromkeys(oid for oid in oids if oid not in self._ready))
        while batch := list(islice(wanted, _BATCH)):
            sizes = dict(zip(batch, self._sizes(batch), strict=True))
            small = [oid for oid, size in sizes.items() if 0 <= size <= MAX_BYTES]
            self._ready.update((oid, size) for oid, size in sizes.items() if size > MAX_BYTES)
            self._ready.update(zip(small, self._contents(small), strict=True))

    def read(self, oid: str) -> bytes | int:
        if oid not in self._ready:
            self.prefetch([oid])
        if oid not in self._ready:
            raise Fault(f"object {oid} is missing from the repository", "fetch the full history: git fetch --unshallow")
        return self._ready.pop(oid)

    def tree(self, name: str) -> dict[str, Entry]:
        """The entries of a tree, by `<tree-ish>` or `<tree-ish>:<folder>`; empty where there is none."""
        if "\n" in name:
            return {}
        self._ask(b"contents", [name])
        oid, kind, size = self._header()
        if size == _MISSING:
            return {}
        data = self._payload(size)
        return dict(parse_tree(data, len(oid))) if kind == "tree" else {}

    def kind(self, oid: str) -> str | None:
        """`commit`, `tree`, `blob`, or None where there is no such object."""
        self._ask(b"info", [oid])
        header = self._header()
        return header[1] if header[2] != _MISSING else None

    def _sizes(self, oids: list[str]) -> list[int]:
        self._ask(b"info", oids)
        return [self._header()[2] for _ in oids]

    def _contents(self, oids: list[str]) -> Iterator[bytes]:
        self._ask(b"contents", oids)
        for _ in oids:
            yield self._body()

    def _body(self) -> bytes:
        size = self._header()[2]
        return self._payload(size) if size != _MISSING else b""

    def _payload(self, size: int) -> bytes:
        output = self._pipe().stdout
        data: bytes = output.read(size)  # type: ignore[union-attr]
        output.read(1)  # type: ignore[union-attr]
        return data

    def _ask(self, command: bytes, names: list[str]) -> None:
        if names:
            pipe = self._pipe().stdin
            lines = [b"%s %s\n" % (command, os.fsencode(name)) for name in names]
            pipe.write(b"".join([*lines, b"flush\n"]))  # type: ignore[union-attr]
            pipe.flush()  # type: ignore[union-attr]

    def _header(self) -> tuple[str, str, int]:
        line: bytes = self._pipe().stdout.readline()  # type: ignore[union-attr]
        if not line:
            errors = self._pipe().stderr.read().decode("utf-8", "replace")  # type: ignore[union-attr]
            hint = "studbook needs git 2.38 or later" if "batch-command" in errors else ""
            raise Fault(f"git cat-file stopped: {errors.strip() or 'it said nothing'}", hint)
        parts = line.split()
        if len(parts) == 3 and parts[2].isdigit():
            return parts[0].decode(), parts[1].decode(), int(parts[2])
        return "", "", _MISSING

    def _pipe(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = self._git.start("cat-file", "--batch-command", "--buffer", stdin=subprocess.PIPE)
        return self._process


def parse_tree(data: bytes, hex_length: int) -> Iterator[tuple[str, Entry]]:
    """The entries of a raw tree object. `hex_length` is 40, or 64 in a SHA-256 repository."""
    pattern = _ROW if hex_length == 40 else _LONG_ROW
    for mode, name, oid in pattern.findall(data):
        yield name.decode("utf-8", "surrogateescape"), Entry(_plain_mode(mode), oid.hex())


def _plain_mode(mode: bytes) -> str:
    """A mode as Git itself reads it: trees may hold older spellings, such as 100664 or 040000."""
    plain = mode.decode()
    if plain in _MODES:
        return plain
    bits = int(plain, 8)
    match bits >> 12:
        case 0o04:
            return FOLDER
        case 0o10:
            return "100755" if bits & 0o100 else "100644"
        case 0o12:
            return "120000"
        case _:
            return "160000"


class GitTree:
    """The registry's folder at one tree."""

    def __init__(self, objects: Objects, treeish: str, root: str) -> None:
        self._objects = objects
        self._treeish = treeish
        self._root = root
        self._listings: dict[str, Mapping[str, Entry]] = {}

    def listing(self, folder: str) -> Mapping[str, Entry]:
        if folder not in self._listings:
            path = "/".join(part for part in (self._root, folder) if part)
            self._listings[folder] = self._objects.tree(f"{self._treeish}:{path}")
        return self._listings[folder]


class FlatTree:
    """The registry's folder at one tree, read at once from `ls-tree -r -z`."""

    def __init__(self, rows: bytes, root: str) -> None:
        self._listings: dict[str, dict[str, Entry]] = {"": {}}
        skip = len(root) + 1 if root else 0
        for row in rows.split(b"\0"):
            if row and row.count(b"/") <= MAX_FOLDERS:
                meta, _, path = row.partition(b"\t")
                mode, _, oid = meta.decode().split(" ")
                self._add(os.fsdecode(path)[skip:], Entry(mode, oid))

    def _add(self, path: str, entry: Entry) -> None:
        folder, _, name = path.rpartition("/")
        listing = self._listings.get(folder)
        if listing is None:
            self._add(folder, Entry(FOLDER, ""))
            listing = self._listings[folder] = {}
        listing[name] = entry

    def listing(self, folder: str) -> Mapping[str, Entry]:
        return self._listings.get(folder, {})


class MergedTree:
    """A tree with some paths replaced: what a merge would hold. Nothing is written."""

    def __init__(self, base: GitTree | FlatTree, changes: Mapping[str, Entry | None]) -> None:
        self._base = base
        self._changed: dict[str, dict[str, Entry | None]] = {}
        self._listings: dict[str, Mapping[str, Entry]] = {}
        for path, entry in changes.items():
            folder, _, name = path.rpartition("/")
            self._changed.setdefault(folder, {})[name] = entry
            self._mark_parents(folder)

    def _mark_parents(self, folder: str) -> None:
        while folder:
            parent, _, name = folder.rpartition("/")
            if self._changed.setdefault(parent, {}).get(name) is not None:
                return  # None: a file is replaced by this folder
            self._changed[parent][name] = Entry(FOLDER, "")
            folder = parent

    def listing(self, folder: str) -> Mapping[str, Entry]:
        if folder not in self._changed:
            return self._base.listing(folder)
        if folder not in self._listings:
            self._listings[folder] = self._merge(folder)
        return self._listings[folder]

    def _merge(self, folder: str) -> dict[str, Entry]:
        merged = dict(self._base.listing(folder))
        for name, entry in self._changed[folder].items():
            if entry is None or (entry.is_folder and not self.listing(f"{folder}/{name}" if folder else name)):
                merged.pop(name, None)
            else:
                merged[name] = entry
        return merged
