"""A change of the registry as one commit on a new branch, validated before it is kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import NamedTuple

from studbook.diagnostic import Fault, Report
from studbook.git import Repository, writing
from studbook.git.writing import Draft
from studbook.question import of_merge
from studbook.validate import judge


class Edit(NamedTuple):
    """What is to be changed, before anything is written. Paths are below the registry's folder."""

    title: str
    branch: str
    files: Mapping[str, str | None]
    body: str = ""


class Proposal(NamedTuple):
    """What came of an edit. `commit` is kept only where the report is ok and it was no dry run."""

    edit: Edit
    base: str
    """The default branch's name."""
    commit: str
    branch: str | None
    """The new branch; None where nothing was kept, or where the commit is on the current branch."""
    report: Report
    diff: str


class Manner(NamedTuple):
    """How an edit is proposed."""

    base: str | None = None
    """The branch to start from, where it is not the default one."""
    branch: str | None = None
    here: bool = False
    """Commit on the current branch instead of a new one."""
    dry_run: bool = False


def start(repo: Repository, manner: Manner) -> tuple[str, str]:
    """Name and tip of the branch that a proposal grows from."""
    if manner.here:
        return "HEAD", repo.resolve("HEAD")
    return (manner.base, writing.tip_of(repo, manner.base)) if manner.base else writing.default_branch(repo)


def propose(repo: Repository, edit: Edit, manner: Manner = Manner()) -> Proposal:  # noqa: B008  # immutable
    """Commit, validate, and keep what is legal. The user's working tree and index are not touched (but see `here`)."""
    base, tip = start(repo, manner)
    files = {_full(repo, path): text.encode() if text is not None else None for path, text in edit.files.items()}
    message = "\n\n".join(part for part in (edit.title, edit.body) if part) + "\n"
    draft = Draft(tip, files, message, int(time.time()))
    with writing.scratch(repo):
        commit = writing.commit(repo, draft)
        report = judge(repo, of_merge(repo, tip, commit))
        diff = repo.git.run("diff-tree", "-p", "--no-color", "--no-ext-diff", "--no-textconv", tip, commit).decode(
            "utf-8", "replace"
        )
    if not report.ok or manner.dry_run:
        return Proposal(edit, base, commit, None, report, diff)
    writing.commit(repo, draft)
    if manner.here:
        _commit_here(repo, tip, commit, files)
        return Proposal(edit, base, commit, None, report, diff)
    branch = manner.branch or edit.branch
    writing.create_branch(repo, branch, commit)
    return Proposal(edit, base, commit, branch, report, diff)


def _full(repo: Repository, path: str) -> str:
    return f"{repo.root}/{path}" if repo.root else path


def _commit_here(repo: Repository, old: str, new: str, files: Mapping[str, bytes | None]) -> None:
    """Move the current branch, and bring index and working tree along for the files that changed, and only those."""
    dirty = repo.git.run("--literal-pathspecs", "status", "--porcelain", "-z", "--", *files)
    if dirty:
        raise Fault("these files have changes that are not committed", "commit or stash them, or leave --here away")
    repo.git.run("read-tree", "-m", "-u", old, new)
    repo.git.run("update-ref", "-m", "studbook", "HEAD", new, old)
