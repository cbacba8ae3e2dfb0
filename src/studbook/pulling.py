"""`pull`: the artifacts of a version, each verified before it appears at its destination."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NoReturn, Protocol

from studbook import hashing, staging, storage, trust
from studbook.artifact import BadArtifact
from studbook.convention.manifest import Artifact, Manifest
from studbook.convention.small import Archived, Pointer
from studbook.diagnostic import Fault
from studbook.expected import Expected
from studbook.fetching import WORKERS, Fetcher
from studbook.git import Repository
from studbook.hashing import Progress
from studbook.staging import Staging
from studbook.storage import Cache

__all__ = ["BadArtifact", "pull"]


class Opened(Protocol):
    """What is asked of a registry."""

    @property
    def repo(self) -> Repository: ...
    @property
    def commit(self) -> str: ...


class Version(Protocol):
    """What is asked of a version of a model: `models.ModelVersion` is one."""

    @property
    def registry(self) -> Opened: ...
    @property
    def manifest(self) -> Manifest: ...
    @property
    def archived(self) -> Archived | None: ...
    @property
    def reference(self) -> str: ...
    def pointer(self, artifact: str) -> Pointer: ...


def pull(
    version: Version, output: Path, *, progress: Progress | None = None, force: bool = False
) -> list[Path]:
    """Fetch the artifacts of a version into the folder `output`; gives their paths, in the manifest's order.

    What is there already and right is left alone. Nothing appears before all of it has been verified. `progress` is told
    of bytes as they come; of fewer, where some have to be fetched again. Raises `BadArtifact` where registry and remote
    do not agree; `Fault` where the remote cannot be reached, or, without `force`, something else is at a destination.
    """
    wanted = [_wanted(version, artifact) for artifact in version.manifest.artifacts]
    try:
        return _pull(version, wanted, output, progress, force)
    except BadArtifact as error:
        archived = version.archived
        if archived is None or archived.bytes == "kept":
            raise
        raise BadArtifact(error.rule, f"{error}: its bytes were purged", "pull another version") from error
    except OSError as error:
        raise Fault(f"cannot write {error.filename or output}: {error.strerror}", "put that right and pull again") from error


def _wanted(version: Version, artifact: Artifact) -> Expected:
    out = version.pointer(artifact.path).out
    if out.path != artifact.path:
        message = f"the pointer of `{artifact.path}` tracks `{out.path}`"
        raise BadArtifact("artifact-pointer", message, "studbook validate --all says more")
    if out.size != artifact.size or out.md5.endswith(".dir") != (out.nfiles is not None):
        message = f"manifest and pointer of `{artifact.path}` describe different bytes"
        raise BadArtifact("artifact-mismatch", message, "studbook validate --all says more")
    return Expected(artifact.path, artifact.size, artifact.sha256, out.md5, out.nfiles)


def _pull(
    version: Version, wanted: Sequence[Expected], output: Path, progress: Progress | None, force: bool
) -> list[Path]:
    if output.is_symlink():
        raise Fault(f"{output} is a symlink", "name the folder that it points to")
    todo = [one for one in wanted if not _is_there(output / one.name, one, force)]
    if progress:
        for one in wanted:
            if one not in todo:
                progress(one.size)
    if todo:
        output.mkdir(parents=True, exist_ok=True)
        _fetch_and_place(_fetcher(version, progress), todo, output)
    return [output / one.name for one in wanted]


def _fetcher(version: Version, progress: Progress | None) -> Fetcher:
    """Where the bytes may come from, as the commit that was opened says."""
    config = trust.config(version.registry.repo, version.registry.commit)
    cache = Cache(config.cache)
    try:
        remote = storage.open_remote(config)
    except Fault as fault:  # no matter, where the cache has it all
        return Fetcher([cache, _Nowhere(fault)], progress)
    return Fetcher([cache, remote], progress, workers=1 if remote.is_folder else WORKERS)


class _Nowhere:
    """Instead of a remote that is not configured."""

    def __init__(self, fault: Fault) -> None:
        self._fault = fault

    def open(self, md5: str, offset: int = 0) -> NoReturn:
        raise self._fault

    def wait(self, attempt: int) -> bool:
        return False


def _is_there(target: Path, wanted: Expected, force: bool) -> bool:
    """Whether the artifact stands at its destination already. Raises `Fault` where something else does."""
    if target.is_symlink():
        raise Fault(f"{target} is a symlink", "remove it, or choose another folder with -o")
    if not target.exists():
        return False
    if target.is_dir() == (wanted.nfiles is not None) and _is_same(target, wanted):
        return True
    if not force:
        raise Fault(f"{target} is there already and is something else", "move it away, or say --force to replace it")
    return False


def _is_same(target: Path, expected: Expected) -> bool:
    if expected.nfiles is None:
        return target.stat().st_size == expected.size and hashing.sha256(target) == expected.sha256
    try:
        found = hashing.describe(target)
    except Fault:  # it cannot be an artifact at all
        return False
    return (found.size, found.sha256) == (expected.size, expected.sha256)


def _fetch_and_place(fetcher: Fetcher, wanted: Sequence[Expected], output: Path) -> None:
    with ExitStack() as stack:
        ready: list[tuple[Path, Path, Staging]] = []
        for one in wanted:
            target = output / one.name
            place = stack.enter_context(staging.claim(target, one.sha256[:12]))
            ready.append((fetcher.artifact(one, place), target, place))
        for arrived, target, place in ready:
            place.deliver(arrived, target)
