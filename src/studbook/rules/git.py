"""Family `git`: the merge itself, and the history that the verdict rests on."""

from __future__ import annotations

from collections.abc import Iterator

from studbook.convention import names, paths
from studbook.diagnostic import Finding, Where
from studbook.rules.step import Step
from studbook.rules.transitions import duration

OUTSIDE = "/"
"""A path that begins with this is counted from the root of the repository, not of the registry."""


def merge_conflict(step: Step) -> Iterator[Finding]:
    if step.branch.unrelated and not step.past.gap:
        message = "base and head share no history, so they cannot be merged"
        yield Finding(Where(paths.POLICY), message, "branch off base and make the change there")
    for path in step.branch.conflicts:
        message = "base and head both changed this file since they parted, and differently"
        hint = "update the branch (git merge BASE), decide what the file should say, and commit that"
        yield Finding(Where(path), message, hint)
    for path in step.branch.conflicts_elsewhere:
        message = "git cannot merge this file; it is outside the registry, which is judged all the same"
        yield Finding(Where(OUTSIDE + path), message, "update the branch (git merge BASE) and resolve the conflict")


def history_missing(step: Step) -> Iterator[Finding]:
    if step.past.gap and (path := _needs_history(step)):
        message = f"this needs the history of the base branch, and {step.past.gap}"
        hint = "fetch it all: git fetch --unshallow; in GitHub Actions: fetch-depth: 0"
        if "grafts" in step.past.gap:
            hint = "remove .git/info/grafts, and fetch what is missing then"
        yield Finding(Where(path), message, hint)


def _needs_history(step: Step) -> str | None:
    """The file whose change cannot be judged without history, if any."""
    if step.branch.unrelated:
        return paths.POLICY  # what base and head have in common was cut off
    if step.baseline:
        return None
    for model in step.change.models:
        for stage in model.stages:
            if stage.transition is not None:
                return stage.file.path
        for version in model.versions:
            if version.added and names.is_version(version.version):
                return paths.manifest_file(model.name, version.version)
    return None


def clock(step: Step) -> Iterator[Finding]:
    for commit, ahead in step.branch.early:
        message = f"commit {commit[:12]} is dated {duration(ahead)} ahead of this machine's clock"
        hint = "correct the clock that is wrong; make the commit again (git commit --amend --no-edit), or wait"
        yield Finding(Where(paths.POLICY), message, hint)
