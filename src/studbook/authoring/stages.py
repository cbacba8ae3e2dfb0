"""promote, rollback, archive, unarchive, evaluate, new: what each changes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from studbook.authoring.proposal import Edit
from studbook.convention import names, paths
from studbook.convention.small import StagePointer
from studbook.convention.writing import dump
from studbook.diagnostic import Fault
from studbook.git import Repository, log
from studbook.history import StageHistory
from studbook.past import GitPast
from studbook.snapshot import Documents, Snapshot


class Ground(NamedTuple):
    """The registry at the commit that a change starts from."""

    repo: Repository
    tip: str
    snapshot: Snapshot
    past: GitPast


def ground(repo: Repository, tip: str) -> Ground:
    documents = Documents(repo.objects)
    return Ground(repo, tip, Snapshot(repo.tree(tip), documents), GitPast(repo, documents, tip, [tip]))


def _known(at: Ground, model: str, version: str) -> None:
    if not at.snapshot.has_version(model, version):
        have = ", ".join(at.snapshot.versions(model)[-5:])
        raise Fault(
            f"{model} has no version {version}",
            f"it has {have}" if have else f"there is no model {model}, or it has no versions",
        )


def _slug(model: str) -> str:
    return model.replace("/", "-")


def _texts(**fields: object) -> str:
    return dump({key: value for key, value in fields.items() if value not in (None, "")})


def promote(at: Ground, model: str, version: str, stage: str, reason: str | None, retry: str | None) -> Edit:
    """One line of the stage's file."""
    _known(at, model, version)
    if at.snapshot.holder(model, stage) == version:
        raise Fault(f"{model} {version} holds {stage} already")
    text = _texts(version=version, reason=reason, retry=retry)
    title = f"Promote {model} {version} to {stage}"
    return Edit(
        title, f"promote/{_slug(model)}-{version}-{stage}", {paths.stage_file(model, stage): text}, reason or ""
    )


def rollback(at: Ground, model: str, stage: str, to: str | None, reason: str | None) -> Edit:
    """Back to an earlier holder, with the very file that it held the stage by: what `git revert` would restore."""
    history = at.past.stages(model).get(stage, StageHistory())
    holder = at.snapshot.holder(model, stage)
    if holder is None:
        raise Fault(f"no version of {model} holds {stage}", f"studbook log {model} {stage}")
    below = [v for v in history.below if at.snapshot.has_version(model, v) and not at.snapshot.is_archived(model, v)]
    target = to or (below[-1] if below else None)
    if target is None and not history.entered_from_empty:
        raise Fault(
            f"there is no earlier holder of {stage} to go back to",
            f"promote another version: studbook promote {model}@VERSION {stage}",
        )
    text = _held_by(at, model, stage, target) if target else None
    where = f"{model} {stage} from {holder} to {target}" if target else f"{model} {stage}: {holder} was the first"
    branch = f"rollback/{_slug(model)}-{stage}-{target or 'empty'}"
    return Edit(f"Roll back {where}", branch, {paths.stage_file(model, stage): text}, reason or "")


def _held_by(at: Ground, model: str, stage: str, version: str) -> str:
    """The latest text of the stage's file that names `version`; a plain one where there is none."""
    path = f"{at.repo.root}/{paths.stage_file(model, stage)}" if at.repo.root else paths.stage_file(model, stage)
    for commit in reversed(log.touching(at.repo.git, at.tip, [f":(literal){path}"])):
        entry = commit.files.get(path)
        if entry is not None and entry.is_regular:
            record = at.snapshot.documents.parse(path, entry.oid, StagePointer).record
            if record is not None and record.version == version:
                return at.snapshot.documents.text(entry.oid)
    return _texts(version=version)


def archive(at: Ground, model: str, version: str, reason: str, *, purged: bool) -> Edit:
    _known(at, model, version)
    if at.snapshot.is_archived(model, version):
        raise Fault(f"{model} {version} is archived already")
    text = _texts(reason=reason, bytes="purged" if purged else None)
    return Edit(
        f"Archive {model} {version}",
        f"archive/{_slug(model)}-{version}",
        {paths.archived_file(model, version): text},
        reason,
    )


def unarchive(at: Ground, model: str, version: str, reason: str) -> Edit:
    _known(at, model, version)
    if not at.snapshot.is_archived(model, version):
        raise Fault(f"{model} {version} is not archived")
    return Edit(
        f"Unarchive {model} {version}",
        f"unarchive/{_slug(model)}-{version}",
        {paths.archived_file(model, version): None},
        reason,
    )


def evaluate(at: Ground, model: str, version: str, suite: str, run: str, content: Mapping[str, object]) -> Edit:
    """A new run of a suite. `content` has metrics, and optionally data, run and notes."""
    _known(at, model, version)
    for what, name, good in (("suite", suite, names.is_label(suite)), ("run", run, names.is_run(run))):
        if not good:
            raise Fault(f"`{name}` cannot be the name of a {what}", "use lower-case letters, digits and hyphens")
    path = f"{paths.version_folder(model, version)}/evaluations/{suite}/{run}.yaml"
    if at.snapshot.entry(path) is not None:
        raise Fault(
            f"{model} {version} has a run {suite}/{run} already",
            "evaluations are added, never edited: name another run with --run",
        )
    head = {"convention": 1, "model": model, "version": version, "created": now()}
    text = dump({**head, **content})
    return Edit(
        f"Evaluate {model} {version} on {suite}", f"evaluate/{_slug(model)}-{version}-{suite}-{run}", {path: text}
    )


def new(at: Ground, model: str, card: Mapping[str, object]) -> Edit:
    """A model without versions."""
    if not names.is_model(model):
        raise Fault(
            f"`{model}` cannot be the name of a model",
            "use lower-case letters, digits and hyphens, such as growth/churn",
        )
    if at.snapshot.has_folder(model):
        raise Fault(f"there is a model {model} already")
    return Edit(f"Add the model {model}", f"new/{_slug(model)}", {paths.model_file(model): dump(dict(card))})


def now() -> str:
    """This moment, as manifests and evaluations write it."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
