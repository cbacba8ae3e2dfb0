"""The registry as Python sees it: open it, ask for a model, a stage or a reference, and get typed, immutable answers.

    with studbook.open(".") as registry:
        version = registry.resolve("churn@production")
        version.manifest.metrics, version.pull(Path("model"))

Whatever does not exist is `Unknown`, a `Fault` and a `LookupError` that says what comes close.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from studbook import remote
from studbook.convention import names, paths
from studbook.convention.policy import Policy
from studbook.diagnostic import Fault
from studbook.git import Repository
from studbook.git.objects import GitTree
from studbook.models import LATEST, Model, ModelVersion, StageView, Unknown, hint
from studbook.snapshot import Documents, Snapshot
from studbook.timeline import RecordedPast, Turn
from studbook.when import When, find

if TYPE_CHECKING:
    from os import PathLike

__all__ = ["Model", "ModelVersion", "Registry", "StageView", "Turn", "Unknown", "open"]


def open(path_or_url: str | PathLike[str] = ".", at: str | None = None, registry: str = "registry") -> Registry:
    """Open the registry of a Git repository: of the one around a folder, or of the one at a URL.

    Reads HEAD, or with `at` a revision, or the last first-parent commit at or before a date (2026-03-01, which is that
    whole day, or 2026-03-01T14:05Z). The working tree is not looked at. Close it, or use it in `with`. Raises `Fault`
    where there is no repository, no such commit, or no registry at it.
    """
    if remote.is_url(path_or_url):
        clone = remote.Clone(str(path_or_url))
        return _opened(Repository(clone.path, registry), at, clone)
    return _opened(Repository(Path(path_or_url), registry), at, None)


def _opened(repo: Repository, at: str | None, clone: remote.Clone | None) -> Registry:
    try:
        found = Registry(repo, find(repo, at), clone)
        if not found.snapshot.exists:
            where = f"{repo.root}/ at {found.commit[:12]}"
            raise Fault(
                f"there is no registry in {where}", "studbook init lays one out; --registry names another folder"
            )
    except BaseException:
        repo.close()
        if clone is not None:
            clone.close()
        raise
    return found


class Registry:
    """A registry at one commit."""

    def __init__(self, repo: Repository, when: When, clone: remote.Clone | None = None) -> None:
        self.repo = repo
        self.when = when
        self.documents = Documents(repo.objects)
        self._clone = clone

    def __enter__(self) -> Registry:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Registry {self.repo.git.directory} at {self.commit[:12]}>"

    def close(self) -> None:
        self.repo.close()
        if self._clone is not None:
            self._clone.close()

    @property
    def commit(self) -> str:
        """The commit that is read."""
        return self.when.commit

    @cached_property
    def tree(self) -> GitTree:
        """Names and their entries, each folder read once."""
        return self.repo.tree(self.commit)

    @cached_property
    def snapshot(self) -> Snapshot:
        """The files, read folder by folder: for questions about some models."""
        return Snapshot(self.tree, self.documents)

    @cached_property
    def whole(self) -> Snapshot:
        """The same, its folders read at once: for questions about all models."""
        return Snapshot(self.repo.whole_tree(self.commit), self.documents)

    @cached_property
    def past(self) -> RecordedPast:
        """The first-parent history up to this commit."""
        return RecordedPast(self.repo, self.documents, self.commit)

    @property
    def policy(self) -> Policy:
        """registry.yaml. Raises `Fault` where it cannot be read."""
        if self.snapshot.policy is None:
            raise Fault(f"registry.yaml at {self.commit[:12]} cannot be read", "studbook validate --all says why")
        return self.snapshot.policy

    def __getitem__(self, model: str) -> Model:
        """A model by name. Raises `Unknown`."""
        if not (names.is_model(model) and self.snapshot.has_file(paths.model_file(model))):
            raise Unknown(
                f"there is no model `{model}`", hint(model, self.whole.models(), "studbook list shows all models")
            )
        return Model(self, model)

    def __contains__(self, model: object) -> bool:
        return isinstance(model, str) and names.is_model(model) and self.snapshot.has_file(paths.model_file(model))

    def __iter__(self) -> Iterator[str]:
        """The names of all models."""
        return iter(sorted(self.whole.models()))

    def models(self) -> list[Model]:
        """All models, by name. Reads all of the registry's folders, and no file."""
        return [Model(self, name, self.whole) for name in self]

    def resolve(self, reference: str) -> ModelVersion:
        """The version that `MODEL@VERSION`, `MODEL@STAGE` or `MODEL@latest` means. Raises `Unknown`."""
        model, mark, name = reference.partition("@")
        if not mark or not model or not name:
            repair = f"write {model or 'MODEL'}@VERSION, {model or 'MODEL'}@STAGE or {model or 'MODEL'}@{LATEST}"
            raise Unknown(f"`{reference}` names no version", repair)
        return self[model].resolve(name)
