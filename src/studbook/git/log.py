"""First-parent history: which commits touched some files, when, and what they put there."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from studbook.git.merge import entries
from studbook.git.process import Git, failure
from studbook.tree import Entry


class Commit(NamedTuple):
    """A commit of first-parent history and what it changed of the files that were asked about."""

    oid: str
    time: int
    """Committer date, seconds since 1970."""
    files: dict[str, Entry | None]
    """Path to what stands there now."""


def touching(git: Git, tip: str, pathspecs: Sequence[str]) -> list[Commit]:
    """First-parent commits up to `tip` that changed a file, oldest first. Renames are not followed."""
    command = (
        "log", "--first-parent", "--diff-merges=first-parent", "--raw", "-z", "--no-abbrev", "--no-renames",
        "--no-ext-diff", "--no-color", "--format=%x01%H %ct", tip, "--", *pathspecs,
    )  # fmt: skip
    return list(_commits(git.run(*command)))[::-1]


def _commits(output: bytes) -> Iterator[Commit]:
    parts = iter(output.split(b"\0"))
    current: Commit | None = None
    for part in parts:
        part = part.lstrip(b"\n")
        if part.startswith(b"\x01"):
            if current is not None:
                yield current
            oid, time = part[1:].split()
            current = Commit(oid.decode(), int(time), {})
        elif part.startswith(b":") and current is not None:
            current.files[os.fsdecode(next(parts))] = entries(part)[1]
    if current is not None:
        yield current


def clock(git: Git, tip: str) -> dict[str, int]:
    """For every first-parent commit, its time: the committer date, but never before that of its first parent."""
    times: dict[str, int] = {}
    latest = 0
    for line in reversed(git.run("rev-list", "--first-parent", "--timestamp", tip).splitlines()):
        time, oid = line.split()
        latest = max(latest, int(time))
        times[oid.decode()] = latest
    return times


def branch_values(git: Git, base: str, head: str, pathspec: str) -> Iterator[tuple[str, str, str | None]]:
    """Commit, path and blob of each value that a commit of the branch itself (in head, not in base) gave to a file; None
    where it removed it.

    A merge counts only where its result differs from all its parents.
    """
    command = (
        "log",
        "-c",
        "--full-history",
        "--raw",
        "-z",
        "--no-abbrev",
        "--no-renames",
        "--no-ext-diff",
        "--no-color",
    )
    output = git.run(*command, "--format=%x01%H", head, f"^{base}", "--", pathspec)
    parts, commit = iter(output.split(b"\0")), ""
    for part in parts:
        part = part.lstrip(b"\n")
        if part.startswith(b"\x01"):
            commit = part[1:].decode()
        elif part.startswith(b":"):
            path, meta = os.fsdecode(next(parts)), part.lstrip(b":").decode().split(" ")
            yield commit, path, meta[-2] if meta[-2].strip("0") else None


def unreachable(git: Git, commits: Sequence[str], tips: Sequence[str]) -> set[str]:
    """Those of `commits` (which must exist) that no tip reaches."""
    if not commits:
        return set()
    lines = [*commits, *(f"^{tip}" for tip in tips)]
    done = git.try_run("rev-list", "--stdin", stdin="\n".join(lines).encode() + b"\n")
    if done.returncode:
        raise failure(("rev-list",), done.stderr)
    return set(commits) & set(done.stdout.decode().split())


class Way(NamedTuple):
    """How a branch leads away from base: commits, each with its committer date in seconds since 1970."""

    own: dict[str, int]
    """Those in head and not in base."""
    roots: dict[str, int]
    """Those in base that they grow from."""


def way(git: Git, base: str, head: str) -> Way:
    found = Way({}, {})
    for line in git.run("rev-list", "--timestamp", "--boundary", head, f"^{base}").splitlines():
        time, oid = line.decode().split()
        (found.roots if oid.startswith("-") else found.own)[oid.removeprefix("-")] = int(time)
    return found
