"""Family `history`: what is merged does not change."""

from __future__ import annotations

from collections.abc import Iterator

from studbook.change import FileChange, ModelChange, VersionChange
from studbook.convention import names, paths
from studbook.convention.paths import Kind
from studbook.diagnostic import Finding, Where
from studbook.rules.step import Step


def version_changed(step: Step, version: VersionChange) -> Iterator[Finding]:
    if not version.existed or version.removed:
        return
    for file in version.files:
        if file.changed and not _is_appended(file) and file.place.kind is not Kind.EVALUATION:
            what = "adds" if file.added else "removes" if file.removed else "changes"
            message = f"{version.model} {version.version} is registered and does not change any more; this {what} {file.path.rpartition('/')[2]}"
            hint = "undo it, and register a new version instead"
            yield Finding(Where(file.path), message, hint)


def _is_appended(file: FileChange) -> bool:
    """Evaluations are added; archived.yaml comes and goes."""
    if file.place.kind is Kind.ARCHIVED:
        return file.added or file.removed
    return file.place.kind is Kind.EVALUATION and file.added


def evaluation_changed(step: Step, version: VersionChange) -> Iterator[Finding]:
    if not version.existed or version.removed:
        return
    for file in version.files:
        if file.place.kind is Kind.EVALUATION and file.changed and not file.added:
            what = "removed" if file.removed else "edited"
            message = f"the evaluation {file.place.name}/{file.place.run} is merged evidence and is {what} here"
            yield Finding(Where(file.path), message, "restore it, and add a new run beside it")


def version_removed(step: Step, version: VersionChange) -> Iterator[Finding]:
    if version.removed:
        where = Where(paths.manifest_file(version.model, version.version))
        hint = f"restore it; to take it out of use: studbook archive {version.model}@{version.version} --reason ..."
        yield Finding(where, f"{version.model} {version.version} is registered and cannot be removed", hint)


def version_reused(step: Step, version: VersionChange) -> Iterator[Finding]:
    if not version.added or step.baseline or not names.is_version(version.version):
        return
    if not step.past.gap and step.past.was_registered(version.model, version.version):
        where = Where(paths.manifest_file(version.model, version.version), ("version",))
        message = (
            f"{version.model} {version.version} was registered before and removed since; its number is taken for ever"
        )
        yield Finding(where, message, "choose the next version number")


def model_removed(step: Step, model: ModelChange) -> Iterator[Finding]:
    if model.removed:
        count = len(step.base.versions(model.name))
        message = (
            f"{model.name} has {count} registered version{'s' if count > 1 else ''} and cannot be removed or renamed"
        )
        yield Finding(
            Where(paths.model_file(model.name)), message, "restore its folder; archive versions that are out of use"
        )
