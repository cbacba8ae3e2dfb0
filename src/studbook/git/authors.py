"""Who made commits, and what they said of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from studbook.git.process import Git

_FIELDS = "%H%x00%P%x00%aN%x00%aE%x00%B"


class Signed(NamedTuple):
    """A commit as its author signed it."""

    oid: str
    parents: tuple[str, ...]
    author: str
    email: str
    message: str


def signed(git: Git, commits: Iterable[str]) -> dict[str, Signed]:
    """These commits by id, read in one go."""
    asked = list(dict.fromkeys(commits))
    if not asked:
        return {}
    command = (
        "log",
        "-z",
        "--no-walk=unsorted",
        "--no-show-signature",
        "--encoding=UTF-8",
        "--stdin",
        f"--format={_FIELDS}",
    )
    output = git.run(*command, stdin="".join(f"{oid}\n" for oid in asked).encode())
    fields = output.decode("utf-8", "replace").split("\0")
    rows = (fields[at : at + 5] for at in range(0, len(fields) - 4, 5))
    return {
        oid: Signed(oid, tuple(parents.split()), author, email, text.strip())
        for oid, parents, author, email, text in rows
    }
