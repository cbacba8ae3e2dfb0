"""The only package that talks to Git: trees, blobs, history, and the path-wise merge.

Reads go through plain plumbing, batched, and never through a checkout.
"""

from __future__ import annotations

import os
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from studbook.convention.names import is_commit
from studbook.diagnostic import Fault
from studbook.git.log import Way
from studbook.git.objects import FlatTree, GitTree, Objects
from studbook.git.process import Answer, Git, failure, finish

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

_EMPTY_TREES = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
_NOT_A_REPOSITORY = "run it inside a Git repository, or name one with -C DIR"


class Repository:
    """A Git repository, opened for reading."""

    def __init__(self, directory: Path, registry: str = "registry") -> None:
        self.git = Git(directory)
        self.root = registry_path(registry)
        self._scratch: TemporaryDirectory[str] | None = None
        done = self.git.try_run(
            "rev-parse", "--absolute-git-dir", "--is-shallow-repository", "--show-object-format", "--show-toplevel"
        )
        lines = os.fsdecode(done.stdout).splitlines()
        if len(lines) < 3:
            raise Fault(_complaint(done.stderr, directory), _NOT_A_REPOSITORY)
        self.git_dir = Path(lines[0])
        self.is_shallow = lines[1] == "true"
        self.empty_tree = _EMPTY_TREES[lines[2]]
        self.top = Path(lines[3]) if len(lines) > 3 else None
        if self.top is not None:
            self.git = Git(self.top)
        self.objects = Objects(self.git)

    def __enter__(self) -> Repository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        self.objects.close()
        if self._scratch is not None:
            self._scratch.cleanup()
            self._scratch = None

    @cached_property
    def has_grafts(self) -> bool:
        grafts = self.git_dir / "info" / "grafts"
        return grafts.is_file() and grafts.stat().st_size > 0

    def tree(self, treeish: str) -> GitTree:
        return GitTree(self.objects, treeish, self.root)

    def whole_tree(self, treeish: str) -> FlatTree:
        """The same, read at once: for questions about every file."""
        arguments = ("ls-tree", "-r", "-z", treeish, "--", *([self.root] if self.root else []))
        return FlatTree(self.git.run("--literal-pathspecs", *arguments), self.root)

    def resolve(self, revision: str) -> str:
        """The commit that a revision names, once and for all. Ambiguous and unknown names are faults."""
        return self.resolve_all(revision)[0]

    def resolve_all(self, *revisions: str) -> list[str]:
        """The same for several, asked side by side."""
        asked = [(r, self.git.start("rev-parse", "--verify", "--end-of-options", f"{r}^{{commit}}")) for r in revisions]
        return [_commit(revision, finish(process)) for revision, process in asked]

    def head_or_empty(self) -> str:
        """HEAD's commit; the empty tree before the first commit."""
        done = self.git.try_run("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return done.stdout.decode().strip() if done.returncode == 0 else self.empty_tree

    def merge_bases(self, ours: str, theirs: str, way: Way) -> list[str]:
        """All of them. A branch that grows from base itself, or that base holds already, says it by its way."""
        if not way.own:
            return [theirs]
        if ours in way.roots:
            return [ours]
        done = self.git.try_run("merge-base", "--all", ours, theirs)
        if done.returncode > 1:
            raise failure(("merge-base",), done.stderr)
        return done.stdout.decode().split()

    def commit_time(self, commit: str) -> int:
        return int(self.git.text("log", "-1", "--no-show-signature", "--format=%ct", commit))

    def working_tree(self) -> str:
        """The tree that `git add -A` would stage, made in a temporary index: neither index nor objects are touched."""
        if self.top is None:
            raise Fault("this repository is bare: it has no working tree", "say what to compare: --base REF --head REF")
        import shutil
        from tempfile import TemporaryDirectory

        self._scratch = TemporaryDirectory(prefix="studbook-")
        index, objects = (os.path.join(self._scratch.name, name) for name in ("index", "objects"))
        os.mkdir(objects)
        own_index = Path(os.fsdecode(self.git.run("rev-parse", "--git-path", "index")).rstrip("\n"))
        if (self.top / own_index).is_file():
            shutil.copy2(self.top / own_index, index)
        store = os.fsdecode(self.git.run("rev-parse", "--git-path", "objects")).rstrip("\n")
        scratch = self.git.with_environment(
            GIT_INDEX_FILE=index, GIT_OBJECT_DIRECTORY=objects, GIT_ALTERNATE_OBJECT_DIRECTORIES=str(self.top / store)
        )
        self._stage(scratch)
        self.objects.close()
        self.git, self.objects = scratch, Objects(scratch)
        return scratch.text("write-tree")

    def _stage(self, scratch: Git) -> None:
        pathspec = self.root or "."
        known = scratch.run("--literal-pathspecs", "ls-files", "-z", "--", pathspec)
        if known or os.path.lexists(os.path.join(str(self.top), pathspec)):
            scratch.run("--literal-pathspecs", "add", "-A", "--", pathspec)


def _commit(revision: str, answer: Answer) -> str:
    if not is_commit(revision) and "is ambiguous" in answer.stderr.decode("utf-8", "replace"):
        hint = "name the branch in full, such as refs/heads/main, or delete the tag of that name"
        raise Fault(f"`{revision}` is ambiguous: more than one ref or object has that name", hint)
    if answer.returncode:
        raise Fault(f"there is no commit `{revision}`", "fetch it, or check the spelling: git branch --all")
    return answer.stdout.decode().strip()


def registry_path(path: str) -> str:
    """The registry's folder, from the root of the repository; "" is the root itself."""
    parts = [part for part in path.replace(os.sep, "/").split("/") if part not in ("", ".")]
    if ".." in parts or path.startswith("/"):
        raise Fault(
            f"--registry {path}: not a folder inside the repository", "give a path from the root of the repository"
        )
    return "/".join(parts)


def _complaint(stderr: bytes, directory: Path) -> str:
    text = stderr.decode("utf-8", "replace")
    if "dubious ownership" in text:
        return f"git does not trust {directory}: it belongs to another user (see git's safe.directory)"
    return f"{directory} is not inside a Git repository"
