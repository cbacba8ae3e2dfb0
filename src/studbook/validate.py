"""(base, head) → Report: resolve, merge, snapshot, change, rules."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from studbook import engine, events
from studbook.change import Change, FileChange, file_change
from studbook.convention import paths
from studbook.convention.paths import Kind
from studbook.convention.policy import Policy, permits
from studbook.convention.small import StagePointer
from studbook.diagnostic import Fault, Report
from studbook.git import Repository, log
from studbook.git.merge import conflicts_elsewhere
from studbook.git.objects import MergedTree
from studbook.past import GitPast
from studbook.question import Question, ask
from studbook.rules.step import Branch, Detour, Step, Store
from studbook.snapshot import Documents, Snapshot
from studbook.tree import Entry, Tree
from studbook.version import __version__

CLOCK_SKEW = 300
"""Seconds that a commit may be ahead of the wall clock."""


def validate(
    directory: str | os.PathLike[str] = ".",
    *,
    base: str | None = None,
    head: str | None = None,
    registry: str = "registry",
    everything: bool = False,
    artifacts: str = "pointers",
    now: int | None = None,
) -> Report:
    """Judge a change of the registry in the repository at `directory`.

    Without `base`: the working tree, as `git add -A` would stage it, against HEAD. With `base`: `head` (default HEAD)
    merged into it. `artifacts` is pointers, remote or verify, and can only strengthen what the policy says. `now` is in
    seconds since 1970 and defaults to the wall clock. Raises `Fault` where the question cannot be asked.
    """
    with Repository(Path(directory), registry) as repo:
        excuse = base is not None or not everything
        return judge(repo, ask(repo, base, head), everything=everything, excuse=excuse, artifacts=artifacts, now=now)


def judge(
    repo: Repository,
    question: Question,
    *,
    everything: bool = False,
    excuse: bool = True,
    artifacts: str | None = None,
    now: int | None = None,
) -> Report:
    """The report on a question. With `excuse`, a state finding that base has already is a warning.

    The remote is asked at the level of `artifacts`, or at that of the policy if it is stricter; never where it is None.
    """
    moment = int(time.time()) if now is None else now
    documents = Documents(repo.objects)
    base_tree = repo.whole_tree(question.base) if everything else repo.tree(question.base)
    changes = {_below(path, repo.root): entry for path, entry in question.merge.changes.items()}
    too_deep = [path for path in changes if path.count("/") > paths.MAX_FOLDERS]
    for path in too_deep:
        del changes[path]
    head_tree: Tree = MergedTree(base_tree, changes)
    base, head = Snapshot(base_tree, documents), Snapshot(head_tree, documents)
    files = list(_files(base, changes))
    documents.prefetch(_oids(files))
    _check_requirement(base)
    past = GitPast(repo, documents, question.base, _tips(repo, question))
    branch = _branch(repo, question, documents, moment)
    step = Step(base, head, Change(files, base, head), past, moment, branch, tuple(too_deep))
    step = replace(step, store=_store(repo, question, step.policy, artifacts))
    if everything:
        from studbook.whole import judge_everything

        diagnostics = judge_everything(step, repo.root, excuse=excuse)
    else:
        diagnostics = engine.diagnose(step, engine.findings(step), repo.root)
    return Report(question.base, question.head, tuple(events.of(step)), tuple(diagnostics))


def _store(repo: Repository, question: Question, policy: Policy | None, artifacts: str | None) -> Store | None:
    wanted = {artifacts, policy.artifacts.check if policy else "pointers"} - {"pointers"}
    if artifacts is None or not wanted:
        return None
    from studbook import checking

    return checking.store(repo, question.base, verify="verify" in wanted)


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
    if wanted is not None and not permits(wanted, __version__):
        hint = f"pip install 'studbook{wanted}'"
        raise Fault(f"this registry asks for studbook {wanted}, and this is {__version__}", hint)


def _tips(repo: Repository, question: Question) -> list[str]:
    """The commits that training code may be reached from; a working tree is none."""
    return [tip for tip in (question.base, question.head) if repo.objects.kind(tip) == "commit"]


def _branch(repo: Repository, question: Question, documents: Documents, now: int) -> Branch:
    if not question.is_merge:
        return Branch()
    theirs, merged = question.head, question.merge
    if not question.bases:
        return Branch(unrelated=True)
    return Branch(
        conflicts=tuple(_below(path, repo.root) for path in merged.conflicts),
        conflicts_elsewhere=tuple(_elsewhere(repo, question)),
        contained=theirs in question.bases,
        idle=tuple(_below(path, repo.root) for path in merged.idle),
        detours=tuple(_detours(repo, question, documents)) if len(question.way.own) > 1 else (),
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
    base, (own, roots) = question.base, question.way
    of_base = roots[base] if base in roots else repo.commit_time(base)
    for commit, moment in (*own.items(), (base, of_base)):
        if moment > now + CLOCK_SKEW:
            yield commit, moment - now


def _detours(repo: Repository, question: Question, documents: Documents) -> Iterator[Detour]:
    """Values that commits of the branch give to a stage on the way, other than base's and the final one."""
    spec = ":(glob)" + "/".join(part for part in (repo.root, "**", "stages", "*.yaml") if part)
    values = list(log.branch_values(repo.git, question.base, question.head, spec))
    documents.prefetch(oid for _, _, oid in values if oid is not None)
    ends = [Snapshot(repo.tree(tree), documents) for tree in (question.base, question.head)]
    seen: set[tuple[str, str]] = set()
    for commit, path, oid in values:
        below = _below(path, repo.root)
        value = _stage_value(documents, below, oid)
        if paths.place(below).kind is not Kind.STAGE or (below, value) in seen:
            continue
        seen.add((below, value))
        entries = (end.entry(below) for end in ends)
        if all(_stage_value(documents, below, entry and entry.oid) != value for entry in entries):
            yield Detour(below, commit, value)


def _stage_value(documents: Documents, path: str, oid: str | None) -> str:
    """What a stage's file says, in words. Empty and unreadable are values too: history would hold them."""
    if oid is None:
        return "no version"
    record = documents.parse(path, oid, StagePointer).record
    return record.version if record else "something unreadable"
