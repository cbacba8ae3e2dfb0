"""Family `lineage`: where a version comes from exists, and what is archived has no heirs unseen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from studbook import lineage
from studbook.change import VersionChange
from studbook.convention import paths
from studbook.convention.names import Reference, reference
from studbook.convention.paths import Kind
from studbook.diagnostic import Finding, Where
from studbook.rules.step import Step

THIS_REPOSITORY = "."


def _parents(step: Step, version: VersionChange) -> Iterator[tuple[Where, Reference]]:
    """The parents that a version added by this step names, and where."""
    manifest = step.head.manifest(version.model, version.version) if version.added else None
    for index, parent in enumerate(manifest.lineage.parents if manifest else ()):
        path = paths.manifest_file(version.model, version.version)
        yield Where(path, ("lineage", "parents", index, "ref")), reference(parent.ref)


def parent_missing(step: Step, version: VersionChange) -> Iterator[Finding]:
    for where, parent in _parents(step, version):
        if not step.head.has_version(*parent):
            known = ", ".join(step.base.versions(parent.model)[-3:])
            hint = f"register {parent} first, or name what it was made from elsewhere under lineage.origin"
            if known:
                hint = f"name a version that there is: {parent.model} has {known}"
            yield Finding(where, f"the parent {parent} is not in this registry", hint)


def parent_archived(step: Step, version: VersionChange) -> Iterator[Finding]:
    for where, parent in _parents(step, version):
        if step.head.is_archived(*parent) or step.base.is_archived(*parent):
            hint = f"train from a version that is not archived, or first unarchive it: studbook unarchive {parent}"
            yield Finding(where, f"the parent {parent} is archived", hint)


def lineage_cycle(step: Step, version: VersionChange) -> Iterator[Finding]:
    if version.file(Kind.MANIFEST) is None or not version.exists:
        return

    def parents_of(child: Reference) -> Iterable[Reference]:
        """What base holds cannot descend from what this step adds, unless everything is asked."""
        asked = step.everything or child == start or not step.base.has_version(*child)
        return lineage.parents(step.head, child) if asked else ()

    start = Reference(version.model, version.version)
    if way := lineage.cycle(start, parents_of):
        index = lineage.parents(step.head, start).index(way[1] if len(way) > 1 else start)
        where = Where(paths.manifest_file(version.model, version.version), ("lineage", "parents", index, "ref"))
        message = f"{start} descends from itself: {' <- '.join(map(str, [*way, start]))}"
        yield Finding(where, message, "a version can only descend from versions registered before it")


def code_not_found(step: Step) -> Iterator[Finding]:
    if step.past.gap and not step.baseline:
        return  # that is said by history-missing
    claims = dict(_claims(step))
    for path, commit in claims.items():
        if commit in step.past.unreachable(claims.values()):
            hint = "merge the training code first, train from that commit, and name it"
            message = f"neither base nor head reaches the commit {commit[:12]} of this repository"
            yield Finding(Where(path, ("lineage", "code", "commit")), message, hint)


def _claims(step: Step) -> Iterator[tuple[str, str]]:
    """Manifest path and commit of each added version that says it was trained by code of this repository."""
    for model in step.change.models:
        for version in model.versions:
            manifest = step.head.manifest(version.model, version.version) if version.added else None
            code = manifest.lineage.code if manifest else None
            if code is not None and code.repository == THIS_REPOSITORY:
                yield paths.manifest_file(version.model, version.version), code.commit


def archived_ancestor(step: Step) -> Iterator[Finding]:
    archived = {
        Reference(version.model, version.version): file.path
        for model in step.change.models
        for version in model.versions
        if (file := version.file(Kind.ARCHIVED)) is not None and file.added
    }
    if not archived:
        return
    for model in step.head.models():
        for stage in step.head.stages(model):
            yield from _heirs(step, archived, model, stage)


def _heirs(step: Step, archived: dict[Reference, str], model: str, stage: str) -> Iterator[Finding]:
    if (version := step.head.holder(model, stage)) is None:
        return
    holder = Reference(model, version)
    for ancestor in lineage.ancestors(holder, lambda child: lineage.parents(step.head, child)):
        if ancestor in archived and ancestor != holder:
            message = f"{holder}, which holds {stage}, descends from {ancestor}, which this archives"
            hint = f"consider replacing it: studbook status {holder}"
            yield Finding(Where(archived[ancestor]), message, hint)
