"""The path-wise merge: for each path, the side that changed it since the merge base wins.

Git's own merge follows renames, blends lines and obeys attributes and drivers of a checkout: a clean merge can hold what
nobody reviewed. Here a path that both sides changed differently is a conflict, whatever its lines say.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from studbook.git.process import Git
from studbook.tree import Entry

Delta = dict[str, tuple[Entry | None, Entry | None]]
"""Path to what stood there before and after."""
_NONE = "000000"


class Merge(NamedTuple):
    """What the merge would hold, as a difference from base."""

    changes: Mapping[str, Entry | None]
    """Paths that differ from base after the merge. Paths are from the root of the repository."""
    conflicts: tuple[str, ...]
    idle: tuple[str, ...]
    """Paths that head changed and base already holds in the same way."""


def diff(git: Git, old: str, new: str, root: str) -> Delta:
    """What changed below `root` from one tree to another, renames not followed."""
    arguments = ("diff-tree", "-r", "-z", "--raw", "--no-renames", "--no-abbrev", "--no-ext-diff", old, new, "--")
    return dict(parse_raw(git.run("--literal-pathspecs", *arguments, *([root] if root else []))))


def parse_raw(output: bytes) -> Iterator[tuple[str, tuple[Entry | None, Entry | None]]]:
    """The entries of `--raw -z`: `:mode mode oid oid STATUS`, NUL, path, NUL."""
    parts = iter(output.split(b"\0"))
    for meta in parts:
        if meta.startswith(b":"):
            yield os.fsdecode(next(parts)), entries(meta)


def entries(meta: bytes) -> tuple[Entry | None, Entry | None]:
    old_mode, new_mode, old_oid, new_oid, _ = meta[1:].decode().split(" ")
    return _entry(old_mode, old_oid), _entry(new_mode, new_oid)


def _entry(mode: str, oid: str) -> Entry | None:
    return None if mode == _NONE else Entry(mode, oid)


def merge(git: Git, bases: list[str], ours: str, theirs: str, root: str) -> Merge:
    """Merge `theirs` into `ours`, both given with all their merge bases (at least one)."""
    first = bases[0]
    in_theirs = diff(git, first, theirs, root)
    in_ours = diff(git, first, ours, root) if first != ours else {}
    disputed = {path for other in bases[1:] for path in diff(git, first, other, root)}
    return combine(in_ours, in_theirs, disputed, {} if not disputed else _originals(git, first, disputed))


def _originals(git: Git, tree: str, disputed: Iterable[str]) -> dict[str, Entry]:
    output = git.run("--literal-pathspecs", "ls-tree", "-z", "-r", tree, "--", *sorted(disputed))
    rows = (row.split(b"\t", 1) for row in output.split(b"\0") if row)
    return {os.fsdecode(path): Entry(*_mode_and_oid(meta)) for meta, path in rows}


def _mode_and_oid(meta: bytes) -> tuple[str, str]:
    mode, _, oid = meta.decode().split(" ")
    return mode, oid


def combine(ours: Delta, theirs: Delta, disputed: set[str], originals: Mapping[str, Entry]) -> Merge:
    """Join two differences from one merge base. Disputed paths (the merge bases differ there) changed on both sides."""
    changes: dict[str, Entry | None] = {}
    conflicts, idle = set[str](), list[str]()
    for path in dict.fromkeys([*theirs, *sorted(disputed)]):
        original = originals.get(path)
        their_entry = theirs[path][1] if path in theirs else original
        our_entry = ours[path][1] if path in ours else original
        if path not in ours and path not in disputed:
            changes[path] = their_entry
        elif our_entry == their_entry:
            if path not in disputed:  # who of the two changed it cannot be told
                idle.append(path)
        else:
            conflicts.add(path)
    for path in _collisions(changes, ours):
        del changes[path]
        conflicts.add(path)
    return Merge(changes, tuple(sorted(conflicts)), tuple(idle))


def _collisions(changes: Mapping[str, Entry | None], ours: Delta) -> set[str]:
    """Paths at which one side puts a file and the other a folder."""
    their_files = {path for path, entry in changes.items() if entry is not None}
    our_files = {path for path, (_, entry) in ours.items() if entry is not None}
    return _inside(their_files, our_files) | {
        p for q in _inside(our_files, their_files) for p in _parents(q) if p in their_files
    }


def _inside(files: set[str], others: set[str]) -> set[str]:
    return {path for path in files if any(parent in others for parent in _parents(path))}


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def conflicts_elsewhere(git: Git, ours: str, theirs: str, root: str) -> list[str]:
    """Paths outside `root` that Git itself could not merge. Judged without any checkout's attributes or drivers."""
    if git.version < (2, 38):
        return []
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as empty:
        bare = git.with_environment(
            GIT_DIR=git.text("rev-parse", "--absolute-git-dir"),
            GIT_WORK_TREE=empty,
            GIT_INDEX_FILE=os.path.join(empty, "index"),
        )
        done = bare.try_run("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", ours, theirs)
    paths = [os.fsdecode(path) for path in done.stdout.split(b"\0")[1:] if path] if done.returncode == 1 else []
    return [path for path in paths if root and path != root and not path.startswith(f"{root}/")]
