"""`validate --all`: every file of the registry, some models at a time, in bounded memory."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from studbook import engine
from studbook.change import Change, FileChange, file_change
from studbook.convention import paths
from studbook.diagnostic import Diagnostic
from studbook.rules.step import Step
from studbook.snapshot import Snapshot

_MODELS_AT_ONCE = 50


def judge_everything(step: Step, root: str, *, excuse: bool) -> list[Diagnostic]:
    """Like judging the change, with every file of head in question. Without `excuse`, old findings are errors too."""
    whole = replace(step, everything=True, memory={})
    top, models = _all_files(step)
    judged = [*engine.of_step(whole), *engine.of_files(whole, top)]
    diagnostics = engine.diagnose(replace(whole, change=Change(top, step.base, step.head)), judged, root, excuse=excuse)
    names = iter(models)
    while chunk := list(islice(names, _MODELS_AT_ONCE)):
        diagnostics += _chunk(whole, [file for name in chunk for file in models[name]], root, excuse)
    return sorted(set(diagnostics), key=engine.order)


def _chunk(step: Step, files: list[FileChange], root: str, excuse: bool) -> list[Diagnostic]:
    documents = step.head.documents
    documents.prefetch(_oids(files))
    part = replace(step, change=Change(files, step.base, step.head))
    judged = [found for model in part.change.models for found in engine.of_model(part, model)]
    diagnostics = engine.diagnose(part, judged, root, excuse=excuse) if judged else []
    documents.forget()
    return diagnostics


def _oids(files: Iterable[FileChange]) -> Iterator[str]:
    for file in files:
        if file.after is not None and file.after.is_regular and file.place.kind in paths.YAML_KINDS:
            yield file.after.oid
            if file.before is not None and file.before != file.after and file.before.is_regular:
                yield file.before.oid


def _all_files(step: Step) -> tuple[list[FileChange], dict[str, list[FileChange]]]:
    """Every file at head or in the change: those of the registry itself, and those of each model."""
    changed = {file.path: file for file in step.change.files}
    top: list[FileChange] = []
    models: dict[str, list[FileChange]] = {}
    gone = (file for file in changed.values() if file.after is None)
    for file in (*_walk(step.head, "", changed), *gone):
        (models.setdefault(file.place.model, []) if file.place.model else top).append(file)
    return top, models


def _walk(head: Snapshot, folder: str, changed: dict[str, FileChange]) -> Iterator[FileChange]:
    for name, entry in head.listing(folder).items():
        path = f"{folder}/{name}" if folder else name
        if entry.is_folder:
            yield from _walk(head, path, changed)
        else:
            yield changed.get(path) or file_change(path, entry, entry)
