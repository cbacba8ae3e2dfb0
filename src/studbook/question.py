"""What is compared: resolving revisions, and merging one side into the other. Nothing here reads a file."""

from __future__ import annotations

from typing import NamedTuple

from studbook.git import Repository, log
from studbook.git.merge import Merge, combine, diff, merge


class Question(NamedTuple):
    """What is compared: the commit that receives the change, and what it would hold afterwards."""

    base: str
    head: str
    merge: Merge
    bases: tuple[str, ...] = ()
    """Merge bases, where head is a branch to be merged."""
    way: log.Way = log.Way({}, {})
    is_merge: bool = True


def ask(repo: Repository, base: str | None, head: str | None) -> Question:
    """The working tree against HEAD; with `base`, `head` (default HEAD) merged into it."""
    return of_merge(repo, base, head or "HEAD") if base is not None else of_working_tree(repo)


def of_working_tree(repo: Repository) -> Question:
    base, head = repo.head_or_empty(), repo.working_tree()
    return Question(base, head, combine({}, diff(repo.git, base, head, repo.root), set(), {}), is_merge=False)


def of_merge(repo: Repository, base: str, head: str) -> Question:
    ours, theirs = repo.resolve_all(base, head)
    way = log.way(repo.git, ours, theirs)
    bases = repo.merge_bases(ours, theirs, way)
    merged = merge(repo.git, bases, ours, theirs, repo.root) if bases else Merge({}, (), ())
    return Question(ours, theirs, merged, tuple(bases), way)


def of_step(repo: Repository, parent: str, commit: str) -> Question:
    """A step that is merged already: the commit against its first parent, as they are."""
    return Question(parent, commit, combine({}, diff(repo.git, parent, commit, repo.root), set(), {}), is_merge=False)
