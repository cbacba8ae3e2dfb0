"""Commits without a checkout: a few files on top of a commit, the user's working tree, index and branch left alone.

Only the trees on the way to a changed file are written anew, so the cost does not grow with the registry.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import NamedTuple

from studbook.diagnostic import Fault
from studbook.git import Repository
from studbook.git.objects import Objects
from studbook.git.process import failure
from studbook.tree import FOLDER, REGULAR, Entry

Files = Mapping[str, bytes | None]
"""Path from the root of the repository to its new content; None takes it away."""
_WHO = "say who you are: git config --global user.name NAME, and user.email ADDRESS"


class Draft(NamedTuple):
    """A commit to be made. The same draft always gives the same commit."""

    parent: str
    files: Files
    message: str
    when: int
    """Seconds since 1970."""


@contextmanager
def scratch(repo: Repository) -> Iterator[Repository]:
    """The repository with a throw-away store for new objects: what is not kept leaves nothing behind."""
    git, objects = repo.git, repo.objects
    with TemporaryDirectory(prefix="studbook-") as folder:
        store = git.text("rev-parse", "--git-path", "objects")
        repo.git = git.with_environment(
            GIT_OBJECT_DIRECTORY=folder, GIT_ALTERNATE_OBJECT_DIRECTORIES=str(git.directory / store)
        )
        repo.objects = Objects(repo.git)
        try:
            yield repo
        finally:
            repo.objects.close()
            repo.git, repo.objects = git, objects


def commit(repo: Repository, draft: Draft) -> str:
    """Write the draft's objects and give the commit's id. No ref moves."""
    tree = _tree(repo, draft.parent, "", dict(draft.files))
    dated = {f"GIT_{who}_DATE": f"{draft.when} +0000" for who in ("AUTHOR", "COMMITTER")}
    done = repo.git.with_environment(**dated).try_run(
        "commit-tree", tree or repo.empty_tree, "-p", draft.parent, "-F", "-", stdin=draft.message.encode()
    )
    if done.returncode and b"tell me who you are" in done.stderr:
        raise Fault("git does not know who makes this commit", _WHO)
    if done.returncode:
        raise failure(("commit-tree",), done.stderr)
    return done.stdout.decode().strip()


def _tree(repo: Repository, commit: str, folder: str, files: dict[str, bytes | None]) -> str | None:
    """Write one folder with the files below it changed; None where nothing is left of it."""
    entries = repo.objects.tree(f"{commit}:{folder}")
    below: dict[str, dict[str, bytes | None]] = {}
    for path, content in files.items():
        name, _, rest = path.partition("/")
        if rest:
            below.setdefault(name, {})[rest] = content
        elif content is None:
            entries.pop(name, None)
        else:
            entries[name] = Entry(REGULAR, _blob(repo, content))
    for name, inner in below.items():
        oid = _tree(repo, commit, f"{folder}/{name}" if folder else name, inner)
        entries.pop(name, None)
        if oid is not None:
            entries[name] = Entry(FOLDER, oid)
    return _write_tree(repo, entries) if entries else None


def _write_tree(repo: Repository, entries: Mapping[str, Entry]) -> str:
    kinds = {FOLDER: "tree", "160000": "commit"}
    rows = (f"{e.mode} {kinds.get(e.mode, 'blob')} {e.oid}\t".encode() + os.fsencode(n) for n, e in entries.items())
    return repo.git.run("mktree", "-z", "--missing", stdin=b"\0".join([*rows, b""])).decode().strip()


def _blob(repo: Repository, content: bytes) -> str:
    return repo.git.run("hash-object", "-w", "--stdin", stdin=content).decode().strip()


def create_branch(repo: Repository, name: str, commit: str) -> None:
    """Make a branch that must not exist yet; of two that try at once, one wins."""
    absent = "0" * len(commit)
    done = repo.git.try_run("update-ref", "-m", "studbook", f"refs/heads/{name}", commit, absent)
    if done.returncode:
        if branch_tip(repo, name) is not None:
            raise Fault(
                f"there is a branch {name} already", f"delete it (git branch -D {name}), or name another: --branch NAME"
            )
        if b"cannot create" in done.stderr:
            raise Fault(f"a branch {name} cannot be made beside the branches there are", "name another: --branch NAME")
        raise failure(("update-ref",), done.stderr)


def branch_tip(repo: Repository, name: str) -> str | None:
    done = repo.git.try_run("rev-parse", "--verify", "--quiet", f"refs/heads/{name}^{{commit}}")
    return done.stdout.decode().strip() or None


def default_branch(repo: Repository) -> tuple[str, str]:
    """Name and tip of the branch that changes are merged into: what origin/HEAD names, else main or master, else the
    only or current branch. Where the remote's is ahead of the local one, the remote's tip is taken."""
    done = repo.git.try_run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
    remote = done.stdout.decode().strip()
    configured = repo.git.try_run("config", "init.defaultBranch").stdout.decode().strip()
    current = repo.git.try_run("symbolic-ref", "--quiet", "--short", "HEAD").stdout.decode().strip()
    wanted = [remote.removeprefix("origin/")] if remote else ["main", "master", configured, current]
    name = next((n for n in wanted if n and (branch_tip(repo, n) or _remote_tip(repo, n))), None)
    if name is None:
        raise Fault(
            "there is no default branch to start from", "make a first commit, or name the branch: --base BRANCH"
        )
    return name, tip_of(repo, name)


def tip_of(repo: Repository, name: str) -> str:
    """The tip of a branch, the remote's where that is ahead of the local one."""
    local, remote = branch_tip(repo, name), _remote_tip(repo, name)
    if local is None and remote is None:
        raise Fault(f"there is no branch {name}", "check the spelling: git branch --all")
    if local and remote and local != remote:
        behind = repo.git.try_run("merge-base", "--is-ancestor", local, remote).returncode == 0
        return remote if behind else local
    return local or remote or ""


def _remote_tip(repo: Repository, name: str) -> str | None:
    done = repo.git.try_run("rev-parse", "--verify", "--quiet", f"refs/remotes/origin/{name}^{{commit}}")
    return done.stdout.decode().strip() or None


def push(repo: Repository, branch: str) -> str:
    """Push a branch to the remote that one would push to by default, and give its URL."""
    remote = repo.git.try_run("config", "remote.pushDefault").stdout.decode().strip() or "origin"
    url = repo.git.try_run("remote", "get-url", "--push", remote).stdout.decode().strip()
    if not url:
        raise Fault(
            f"there is no remote `{remote}` to push to",
            f"git remote add {remote} URL, then: git push -u {remote} {branch}",
        )
    done = repo.git.try_run("push", "--quiet", "--set-upstream", remote, f"refs/heads/{branch}:refs/heads/{branch}")
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise Fault(
            f"git push failed: {said[-1] if said else 'it said nothing'}",
            f"the branch is kept: git push -u {remote} {branch}",
        )
    return url
