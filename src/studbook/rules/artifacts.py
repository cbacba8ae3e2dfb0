"""Family `artifacts`: every artifact is tracked by a plain DVC pointer that says what the manifest says."""

from __future__ import annotations

from collections.abc import Iterator

from studbook.change import VersionChange
from studbook.convention import paths
from studbook.convention.manifest import Manifest
from studbook.convention.paths import Kind
from studbook.convention.small import Pointer
from studbook.diagnostic import Finding, Where
from studbook.rules import files
from studbook.rules.step import File, Step

_POINTER_KINDS = (Kind.MANIFEST, Kind.POINTER)


def _manifest(step: Step, version: VersionChange) -> Manifest | None:
    """The manifest at head, where it or a pointer is in question."""
    if not any(file.place.kind in _POINTER_KINDS for file in version.files):
        return None
    return step.head.manifest(version.model, version.version)


def untracked(step: Step, version: VersionChange) -> Iterator[Finding]:
    manifest = _manifest(step, version)
    for index, artifact in enumerate(manifest.artifacts if manifest else ()):
        if step.head.entry(paths.pointer_file(version.model, version.version, artifact.path)) is None:
            where = Where(paths.manifest_file(version.model, version.version), ("artifacts", index, "path"))
            folder = paths.version_folder(version.model, version.version)
            hint = f"put the artifact into {folder}/ and run: dvc add {artifact.path}; then commit {artifact.path}.dvc"
            yield Finding(where, f"`{artifact.path}` has no pointer {artifact.path}.dvc", hint)


def in_git(step: Step, file: File) -> Iterator[Finding]:
    if files.is_artifact_in_git(step, file.change):
        name = file.change.place.name
        hint = f"take it out (git rm -r --cached): its bytes belong in the DVC remote, and only {name}.dvc in Git"
        yield Finding(Where(file.path), f"the artifact `{name}` is committed to Git", hint)


def pointer(step: Step, file: File) -> Iterator[Finding]:
    if file.change.place.kind is not Kind.POINTER or file.parsed is None:
        return
    name = file.change.place.name
    again = f"delete {name}.dvc, run `dvc add {name}` with DVC 3, and commit what it writes"
    for fault in file.parsed.faults:
        yield Finding(Where(file.path, fault.route, fault.key), f"not a plain DVC pointer: {fault.message}", again)
    record = file.parsed.record
    if isinstance(record, Pointer):
        yield from _contents(file, record, again)


def _contents(file: File, record: Pointer, again: str) -> Iterator[Finding]:
    name, out = file.change.place.name, record.out
    if out.path != name:
        message = f"the pointer is named after {name} and tracks `{out.path}`"
        yield Finding(Where(file.path, ("outs", 0, "path")), message, f"write `path: {name}`")
    if record.is_directory and out.nfiles is None:
        yield Finding(
            Where(file.path, ("outs", 0, "md5")), "a directory's pointer says how many files it has (nfiles)", again
        )
    if not record.is_directory and out.nfiles is not None:
        yield Finding(Where(file.path, ("outs", 0, "nfiles")), "nfiles stands in the pointer of a single file", again)


def unlisted(step: Step, file: File) -> Iterator[Finding]:
    """A pointer that the manifest does not name; reported as `unknown-file`."""
    place = file.change.place
    if place.kind is not Kind.POINTER or file.change.after is None:
        return
    manifest = step.head.manifest(place.model, place.version)
    if manifest is not None and all(artifact.path != place.name for artifact in manifest.artifacts):
        hint = "list it under `artifacts` in the manifest, or remove the pointer"
        yield Finding(Where(file.path), f"the manifest does not name the artifact `{place.name}`", hint)


def mismatch(step: Step, version: VersionChange) -> Iterator[Finding]:
    manifest = _manifest(step, version)
    for index, artifact in enumerate(manifest.artifacts if manifest else ()):
        found = step.head.pointer_file(version.model, version.version, artifact.path)
        if found is None or found.record is None or found.record.out.size == artifact.size:
            continue
        where = Where(paths.manifest_file(version.model, version.version), ("artifacts", index, "size"))
        said, real = f"{artifact.size:,}", f"{found.record.out.size:,}"
        hint = "one of them describes other bytes: track the artifact again and write its size and sha256"
        yield Finding(where, f"the manifest says {said} bytes of `{artifact.path}`, its pointer {real}", hint)


def artifact_format(step: Step, version: VersionChange) -> Iterator[Finding]:
    allowed = step.policy.artifacts.formats if step.policy else None
    manifest = step.head.manifest(version.model, version.version) if version.added and allowed is not None else None
    for index, artifact in enumerate(manifest.artifacts if manifest else ()):
        if artifact.format not in (allowed or ()):
            said = (
                f"has the format {artifact.format}, which is not allowed here"
                if artifact.format
                else "does not say its format"
            )
            key = "format" if artifact.format else "path"
            where = Where(paths.manifest_file(version.model, version.version), ("artifacts", index, key))
            hint = (
                f"use one of those in registry.yaml, artifacts.formats: {', '.join(allowed or ()) or 'there are none'}"
            )
            yield Finding(where, f"`{artifact.path}` {said}", hint)
