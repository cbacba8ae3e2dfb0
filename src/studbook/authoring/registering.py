"""register: what is known of a new version, its bytes into DVC's cache, its manifest and pointers as one edit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from studbook import hashing, storage, trust
from studbook.authoring.proposal import Edit
from studbook.authoring.stages import Ground, now
from studbook.convention import names, paths
from studbook.convention.writing import dump
from studbook.diagnostic import Fault
from studbook.git import writing
from studbook.hashing import Described, Progress

Content: TypeAlias = Mapping[str, object]
"""A part of a manifest, by its keys."""
_ORDER = ("description", "params", "metrics", "lineage", "runtime", "signature", "license", "metadata")
_LINEAGE = ("code", "origin", "data", "parents", "environment", "run")
_FORMATS = {
    ".onnx": "onnx", ".safetensors": "safetensors", ".skops": "skops", ".gguf": "gguf", ".tflite": "tflite",
    ".keras": "keras", ".pkl": "pickle", ".pickle": "pickle", ".joblib": "joblib", ".pt": "pytorch", ".pth": "pytorch",
}  # fmt: skip
"""By a file's suffix, where that tells without doubt."""


class Candidate(NamedTuple):
    """An artifact that is to be: its name, and where its bytes may be found."""

    name: str
    places: tuple[Path, ...]
    """The first whose bytes have the right md5 is taken."""
    md5: str | None = None
    """What the bytes must hash to, as in a pointer, where that is known."""
    repair: str = ""
    """What to do where no place has the right bytes."""

    @property
    def size(self) -> int:
        """Bytes that will be read, about: for a progress bar."""
        place = next((place for place in self.places if place.exists()), None)
        if place is None or place.is_file():
            return place.stat().st_size if place else 0
        return sum(path.stat().st_size for path in place.rglob("*") if path.is_file())


class Source(NamedTuple):
    """What is known of a version from where it was made."""

    artifacts: tuple[Candidate, ...] = ()
    content: Content = MappingProxyType({})
    """Keys of a manifest: params, metrics, signature, …, but not lineage."""
    lineage: Content = MappingProxyType({})
    notes: tuple[str, ...] = ()
    """What the user should know, such as what was left out."""

    def under(self, other: Source) -> Source:
        """Both, where `other` wins key by key; its datasets and parents come after."""
        content = {**self.content, **other.content}
        for key in ("params", "metrics", "metadata"):
            both = [part for part in (self.content.get(key), other.content.get(key)) if isinstance(part, Mapping)]
            content[key] = {name: value for part in both for name, value in part.items()}
        lineage = {**self.lineage, **other.lineage}
        for key in ("data", "parents"):
            rows = [part for part in (self.lineage.get(key), other.lineage.get(key)) if isinstance(part, Sequence)]
            lineage[key] = [row for part in rows for row in part]
        return Source(other.artifacts or self.artifacts, content, lineage, self.notes + other.notes)


class Made(NamedTuple):
    """An artifact whose bytes have been read."""

    name: str
    described: Described
    format: str | None = None


# versions


def choose(at: Ground, model: str, version: str | None, bump: str | None) -> str:
    """The version to register: the one that is named, or the next. Raises `Fault` where it cannot be."""
    if not at.snapshot.has_file(paths.model_file(model)):
        raise Fault(
            f"there is no model {model}" if names.is_model(model) else f"`{model}` cannot be the name of a model",
            f'add it and merge that first: studbook new {model} --description "…" --owner @org/team'
            if names.is_model(model)
            else "use lower-case letters, digits and hyphens, such as growth/churn",
        )
    following = next_versions(at.snapshot.versions(model))
    offer = ", ".join(f"{version} (--bump {part})" for part, version in following.items())
    if version is None:
        if bump is None:
            raise Fault(f"which version of {model} is this?", f"name it, {model}@VERSION, or take the next: {offer}")
        return following[bump]
    if not names.is_version(version):
        raise Fault(f"`{version}` is no version", f"write it as 1.2.0 or 1.2.0-rc.1; next would be {offer}")
    if at.snapshot.has_version(model, version):
        raise Fault(f"{model} has a version {version} already, and versions do not change", f"next would be {offer}")
    return version


def next_versions(versions: Sequence[str]) -> dict[str, str]:
    """What each bump gives after the highest version. A pre-release is followed by its release, as SemVer has it."""
    if not versions:
        return {"patch": "0.0.1", "minor": "0.1.0", "major": "1.0.0"}
    (major, minor, patch), release, _ = names.precedence(max(versions, key=names.precedence))
    return {
        "patch": f"{major}.{minor}.{patch + release}",
        "minor": f"{major}.{minor + (release or patch > 0)}.0",
        "major": f"{major + (release or minor > 0 or patch > 0)}.0.0",
    }


# bytes


class Shelf(NamedTuple):
    """Where a registry's artifacts are kept: DVC's cache on this machine, and its configuration for the remote."""

    config: storage.Config
    cache: storage.Cache

    def push(self, made: Sequence[Made], progress: Progress | None = None) -> storage.Remote:
        remote = storage.open_remote(self.config)
        for artifact in made:
            storage.push(remote, self.cache, artifact.described, progress)
        return remote


def shelf(at: Ground) -> Shelf:
    """Raises `Fault` where DVC is not set up on the branch that the change starts from."""
    if "config" not in at.repo.objects.tree(f"{at.tip}:.dvc"):
        hint = "studbook init, and dvc remote add --default NAME URL; commit and merge that first"
        raise Fault("DVC is not set up where this change starts from: there is no .dvc/config", hint)
    config = trust.config(at.repo, at.tip)
    return Shelf(config, storage.Cache(config.cache))


def check_names(candidates: Sequence[Candidate]) -> None:
    """Before anything is read: names that can be, each once. Raises `Fault`."""
    seen: set[str] = set()
    for candidate in candidates:
        if not names.is_artifact(candidate.name):
            hint = "rename it: letters, digits, `.`, `_` and `-`, beginning with a letter or digit"
            raise Fault(f"`{candidate.name}` cannot be the name of an artifact", hint)
        if candidate.name.lower() in seen:
            raise Fault(f"two artifacts are called `{candidate.name}`", "rename one of them")
        seen.add(candidate.name.lower())


def read(candidate: Candidate, keep: storage.Cache | None, progress: Progress | None, format: str | None) -> Made:
    """Hash an artifact, once, and keep its bytes in the cache on the way (with `keep`)."""
    found = ""
    for place in candidate.places:
        if not place.exists():
            continue
        described = storage.put_in_cache(keep, place, progress) if keep else hashing.describe(place, progress)
        if candidate.md5 in (None, described.md5):
            return Made(candidate.name, described, format or _format_of(candidate.name, place))
        found = f"{place} has md5 {described.md5}, and not {candidate.md5}"
    if not candidate.md5:
        raise Fault(f"{candidate.places[0]} is not there", candidate.repair or "check the path")
    raise Fault(
        found or f"the bytes of {candidate.name} (md5 {candidate.md5}) are not on this machine", candidate.repair
    )


def _format_of(name: str, place: Path) -> str | None:
    if place.is_dir():
        return "mlflow" if (place / "MLmodel").is_file() else None
    return _FORMATS.get(Path(name).suffix.lower())


# the edit


def branch_of(model: str, version: str) -> str:
    return f"register/{model.replace('/', '-')}-{version}"


def check_branch(at: Ground, branch: str) -> None:
    """Before anything is read: there is no such branch yet. Raises `Fault`."""
    if writing.branch_tip(at.repo, branch) is not None:
        hint = f"push it, delete it (git branch -D {branch}), or name another: --branch NAME"
        raise Fault(f"there is a branch {branch} already", hint)


def register(at: Ground, model: str, version: str, made: Sequence[Made], source: Source) -> Edit:
    """Manifest and pointers of a new version."""
    folder = paths.version_folder(model, version)
    files: dict[str, str | None] = {paths.manifest_file(model, version): dump(_manifest(model, version, made, source))}
    for artifact in made:
        files[f"{folder}/{artifact.name}.dvc"] = hashing.pointer_text(artifact.name, artifact.described)
    return Edit(
        f"Register {model} {version}", branch_of(model, version), files, str(source.content.get("description") or "")
    )


def _manifest(model: str, version: str, made: Sequence[Made], source: Source) -> dict[str, object]:
    head = {"convention": 1, "model": model, "version": version, "created": now()}
    lineage = {key: source.lineage[key] for key in _LINEAGE if source.lineage.get(key)}
    body = {"params": {}, "metrics": {}, **source.content, "lineage": lineage}
    ordered = {key: body[key] for key in _ORDER if body.get(key) or key in ("params", "metrics")}
    description = {"description": ordered.pop("description")} if "description" in ordered else {}
    return {**head, **description, "artifacts": [_artifact(artifact) for artifact in made], **ordered}


def _artifact(made: Made) -> dict[str, object]:
    row = {"path": made.name, "size": made.described.size, "sha256": made.described.sha256, "format": made.format}
    return {key: value for key, value in row.items() if value is not None}
