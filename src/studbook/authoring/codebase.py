"""The Git repository that training code is in: which commit, where others find it, and whether that is all there is."""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from studbook.diagnostic import Fault
from studbook.git import Repository

_CODE = frozenset({".py", ".pyx", ".ipynb", ".r", ".rmd", ".jl", ".sh", ".sql", ".scala", ".c", ".cc", ".cpp", ".rs"})
_NAMED = 3
"""Files that a message names before it counts the rest."""
_ALLOW = "or say --allow-dirty, which notes it in the manifest's metadata"
_PASSWORD = re.compile(r"^([a-z+]+://)(?:[^@/]*@)", re.IGNORECASE)


class Codebase(NamedTuple):
    """A commit that the training code is at."""

    repository: str
    """Its remote's URL, or "." for the registry's own repository."""
    commit: str
    state: dict[str, object]
    """What the commit does not tell, where that was allowed; empty where it tells all."""


class Home(NamedTuple):
    """The registry, and the commit that a change of it starts from."""

    repo: Repository
    tip: str


def look(code: Repository, home: Home, commit: str, outputs: Collection[Path] = (), *, allow_dirty: bool) -> Codebase:
    """The state of a repository at `commit`. Raises `Fault` where others could not get at the code that was run.

    `outputs` may have changed: a run writes them.
    """
    changed = _changed(code, outputs, home.repo.root if is_own(code, home) else None)
    if changed and not allow_dirty:
        what = ", ".join(changed[:_NAMED]) + (f" and {len(changed) - _NAMED} more" if changed[_NAMED:] else "")
        raise Fault(
            f"the code in {code.top} is not what its commit says: {what} {'is' if len(changed) == 1 else 'are'} not committed",
            f"commit and push, {_ALLOW}",
        )
    published = reach(code, home, commit, allow_dirty=allow_dirty)
    state: dict[str, object] = {"uncommitted": changed} if changed else {}
    return published._replace(state={"code": {**state, **published.state}} if state or published.state else {})


def reach(code: Repository, home: Home, commit: str, *, allow_dirty: bool) -> Codebase:
    """A commit, whatever the working tree holds. `state` is flat here. Raises `Fault` where others could not get at it."""
    own = is_own(code, home)
    lost = _merged(home, commit) if own else _pushed(code, commit)
    if lost is not None and (own or not allow_dirty):
        raise lost
    return Codebase("." if own else remote_url(code) or str(code.top), commit, {"unpushed": True} if lost else {})


def is_own(code: Repository, home: Home) -> bool:
    return _common(code) == _common(home.repo)


def has_commit(code: Repository, commit: str) -> bool:
    return code.git.try_run("cat-file", "-e", f"{commit}^{{commit}}").returncode == 0


def kind_at(code: Repository, commit: str, path: str) -> str:
    """`blob` or `tree` where the commit has this path; else empty."""
    done = code.git.try_run("cat-file", "-t", f"{commit}:{path}")
    return done.stdout.decode().strip() if done.returncode == 0 else ""


def file_at(code: Repository, commit: str, path: str) -> bytes | None:
    done = code.git.try_run("cat-file", "blob", f"{commit}:{path}")
    return done.stdout if done.returncode == 0 else None


def is_code(path: str) -> bool:
    return PurePosixPath(path).suffix.lower() in _CODE


def remote_url(code: Repository) -> str:
    """As it is configured, without a password; empty where there is no remote."""
    names = os.fsdecode(code.git.try_run("remote").stdout).split()
    name = "origin" if "origin" in names else next(iter(names), "")
    url = os.fsdecode(code.git.try_run("config", "--get", f"remote.{name}.url").stdout).strip() if name else ""
    return without_password(url)


def without_password(url: str) -> str:
    return _PASSWORD.sub(r"\1", url) if url.lower().startswith("http") else url


def _common(repo: Repository) -> Path:
    folder = os.fsdecode(repo.git.run("rev-parse", "--git-common-dir")).rstrip("\n")
    return Path(repo.git.directory, folder).resolve()


def _changed(code: Repository, outputs: Collection[Path], registry: str | None) -> list[str]:
    """Tracked files that differ from HEAD, and code that is not tracked: it may have been imported."""
    if code.top is None:
        return []
    arguments = ("status", "--porcelain", "-z", "--no-renames", "--untracked-files=all", "--ignore-submodules=none")
    spared = {path.resolve() for path in outputs}
    found = []
    for entry in os.fsdecode(code.git.run(*arguments)).split("\0"):
        mark, path = entry[:2], entry[3:]
        of_registry = registry is not None and (not registry or path.startswith(f"{registry}/"))
        if (
            path
            and not of_registry
            and (mark != "??" or is_code(path))
            and Path(code.top, path).resolve() not in spared
        ):
            found.append(path)
    return found


def _merged(home: Home, commit: str) -> Fault | None:
    """Code of the registry's own repository must be in what the change starts from."""
    if home.repo.git.try_run("merge-base", "--is-ancestor", commit, home.tip).returncode == 0:
        return None
    hint = "merge the code first, or start from a branch that has it: --base BRANCH"
    return Fault(f"the code's commit {commit[:12]} is not in the branch that this change starts from", hint)


def _pushed(code: Repository, commit: str) -> Fault | None:
    if not remote_url(code):
        hint = f"git remote add origin URL, and git push; {_ALLOW}"
        return Fault(f"the code in {code.top} has no remote: others could not get at it", hint)
    if code.git.run("for-each-ref", "--count=1", f"--contains={commit}", "refs/remotes").strip():
        return None
    return Fault(f"the code's commit {commit[:12]} in {code.top} is not pushed", f"git push, {_ALLOW}")


def path_at(code: Repository, commit: str, path: str, folder: Path) -> str:
    """A path from the top of the repository, given one from there or from `folder`. Raises `Fault` where there is none."""
    top = code.top or code.git_dir
    below = os.path.relpath(Path(folder, path).resolve(), top.resolve()).replace(os.sep, "/")
    for found in (below, path):
        if kind_at(code, commit, found):
            return found
    raise Fault(f"{path} is not in the code's commit {commit[:12]}", "give its path in the repository, and commit it")
