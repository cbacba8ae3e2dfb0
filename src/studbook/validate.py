"""(base, head) → Report: resolve, merge, snapshot, change, rules."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from studbook import __version__, engine, events
from studbook.change import Change, FileChange, file_change
from studbook.convention import paths
from studbook.convention.paths import Kind
from studbook.convention.small import StagePointer
from studbook.diagnostic import Fault, Report
from studbook.git import Repository, log
from studbook.git.merge import Merge, combine, conflicts_elsewhere, diff, merge
from studbook.git.objects import MergedTree
from studbook.past import GitPast
from studbook.rules.step import Branch, Detour, Step
from studbook.snapshot import Documents, Entry, Snapshot, Tree

CLOCK_SKEW = 300
"""Seconds that a commit may be ahead of the wall clock."""


class Question(NamedTuple):
    """What is compared: the commit that receives the change, and what it would hold afterwards."""

    base: str
    head: str
    merge: Merge
    bases: tuple[str, ...] = ()
    """Merge bases, where head is a branch to be merged."""
    is_merge: bool = True


def validate(
    directory: str | os.PathLike[str] = ".",
    *,
    base: str | None = None,
    head: str | None = None,
    registry: str = "registry",
    everything: bool = False,
    now: int | None = None,
) -> Report:
    """Judge a change of the registry in the repository at `directory`.

    Without `base`: the working tree, as `git add -A` would stage it, against HEAD. With `base`: `head` (default HEAD)
    merged into it. `now` is in seconds since 1970 and defaults to the wall clock. Raises `Fault` where the question
    cannot be asked.
    """
    with Repository(Path(directory), registry) as repo:
        question = of_merge(repo, base, head or "HEAD") if base is not None else of_working_tree(repo)
        return judge(repo, question, everything=everything, excuse=base is not None or not everything, now=now)


def of_working_tree(repo: Repository) -> Question:
    base, head = repo.head_or_empty(), repo.working_tree()
    return Question(base, head, combine({}, diff(repo.git, base, head, repo.root), set(), {}), is_merge=False)


def of_merge(repo: Repository, base: str, head: str) -> Question:
    ours, theirs = repo.resolve(base), repo.resolve(head)
    bases = repo.merge_bases(ours, theirs)
    if not bases and repo.is_shallow:
        raise Fault("base and head have no common commit in this shallow clone", "fetch it all: git fetch --unshallow")
    merged = merge(repo.git, bases, ours, theirs, repo.root) if bases else Merge({}, (), ())
    return Question(ours, theirs, merged, tuple(bases))


def of_step(repo: Repository, parent: str, commit: str) -> Question:
    """A step that is merged already: the commit against its first parent, as they are."""
    return Question(parent, commit, combine({}, diff(repo.git, parent, commit, repo.root), set(), {}), is_merge=False)


def judge(
    repo: Repository, question: Question, *, everything: bool = False, excuse: bool = True, now: int | None = None
) -> Report:
    """The report on a question. With `excuse`, a state finding that base has already is a warning."""
    moment = int(time.time()) if now is None else now
    documents = Documents(repo.objects)
    base_tree = repo.whole_tree(question.base) if everything else repo.tree(question.base)
    changes = {_below(path, repo.root): entry for path, entry in question.merge.changes.items()}
    head_tree: Tree = MergedTree(base_tree, changes)
    base, head = Snapshot(base_tree, documents), Snapshot(head_tree, documents)
    files = list(_files(base, changes))
    documents.prefetch(_oids(files))
    _check_requirement(base)
    past = GitPast(repo, documents, question.base, _tips(repo, question))
    step = Step(base, head, Change(files, base, head), past, moment, _branch(repo, question, documents, moment))
    if everything:
        from studbook.whole import judge_everything

        diagnostics = judge_everything(step, repo.root, excuse=excuse)
    else:
        diagnostics = engine.diagnose(step, engine.findings(step), repo.root)
    return Report(question.base, question.head, tuple(events.of(step)), tuple(diagnostics))


def _below(path: str, root: str) -> str:
    """A path from the registry's folder; "" is the folder itself, where it is a file."""
    return path if not root else path[len(root) + 1 :]


def _files(base: Snapshot, changes: Mapping[str, Entry | None]) -> Iterator[FileChange]:
    for path, after in changes.items():
        before = base.entry(path) if path else None
        yield file_change(path, before if before is None or not before.is_folder else None, after)


def _oids(files: Iterable[FileChange]) -> Iterator[str]:
    for file in files:
        if file.place.kind in paths.YAML_KINDS:
            yield from (entry.oid for entry in (file.before, file.after) if entry is not None and entry.is_regular)


def _check_requirement(base: Snapshot) -> None:
    wanted = base.policy.requires if base.policy else None
    if wanted is None:
        return
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        allowed = SpecifierSet(wanted)
    except InvalidSpecifier as error:
        raise Fault(f"registry.yaml on base says `requires: {wanted}`, which is no version range") from error
    if not allowed.contains(__version__, prereleases=True):
        raise Fault(f"this registry asks for studbook {wanted}, and this is {__version__}", f"pip install 'studbook{wanted}'")


def _tips(repo: Repository, question: Question) -> list[str]:
    tips = [question.base, question.head] if question.is_merge else [question.base]
    return [tip for tip in tips if tip != repo.empty_tree]


def _branch(repo: Repository, question: Question, documents: Documents, now: int) -> Branch:
    if not question.is_merge:
        return Branch()
    theirs, merged = question.head, question.merge
    if not question.bases:
        return Branch(unrelated=True)
    touched = [*merged.changes, *merged.conflicts, *merged.idle]
    return Branch(
        conflicts=tuple(_below(path, repo.root) for path in merged.conflicts),
        conflicts_elsewhere=tuple(_elsewhere(repo, question)),
        contained=theirs in question.bases,
        idle=tuple(_below(path, repo.root) for path in merged.idle),
        detours=tuple(_detours(repo, question, documents)) if any("/stages/" in path for path in touched) or len(touched) == 0 else (),
        early=tuple(_early(repo, question, now)),
    )


def _elsewhere(repo: Repository, question: Question) -> list[str]:
    """Only where both sides changed the same paths outside the registry is Git asked to merge them."""
    ours, theirs, first = question.base, question.head, question.bases[0]
    if first in (ours, theirs) or not repo.root:
        return []
    return conflicts_elsewhere(repo.git, ours, theirs, repo.root)


def _early(repo: Repository, question: Question, now: int) -> Iterator[tuple[str, int]]:
    """Commits of the branch, and base itself, that are dated after the wall clock."""
    for commit, moment in log.dates(repo.git, question.head, question.base):
        if moment > now + CLOCK_SKEW:
            yield commit, moment - now


def _detours(repo: Repository, question: Question, documents: Documents) -> Iterator[Detour]:
    """Values that commits of the branch give to a stage on the way, other than base's and the final one."""
    spec = ":(glob)" + "/".join(part for part in (repo.root, "**", "stages", "*.yaml") if part)
    values = list(log.branch_values(repo.git, question.base, question.head, spec))
    documents.prefetch(oid for _, _, oid in values)
    ends = [Snapshot(repo.tree(tree), documents) for tree in (question.base, question.head)]
    seen: set[tuple[str, str]] = set()
    for commit, path, oid in values:
        below = _below(path, repo.root)
        place = paths.place(below)
        record = documents.parse(below, oid, StagePointer).record
        if place.kind is not Kind.STAGE or record is None or (below, record.version) in seen:
            continue
        seen.add((below, record.version))
        if all(end.holder(place.model, place.name) != record.version for end in ends):
            yield Detour(below, commit, record.version)
