"""What the options of `register` say about a version, as parts of a manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from studbook import hashing
from studbook.authoring.registering import Candidate, Source
from studbook.authoring.stages import Ground
from studbook.cli.evaluate import dataset, mapping
from studbook.cli.proposing import version_of
from studbook.diagnostic import Fault

RELATIONS = ("finetune", "adapter", "quantized", "merge", "distilled", "ensemble", "other")
_KEYS = {"--origin": ("uri", "version", "note"), "--run": ("tracker", "id", "uri")}


class Given(NamedTuple):
    """The options of `register`, as they were typed."""

    bump: str | None
    format: str | None
    params: str | None
    metrics: str | None
    data: tuple[str, ...]
    parent: tuple[str, ...]
    code_repo: str | None
    code_path: str | None
    code_command: str | None
    origin: str | None
    description: str | None
    license: str | None
    run: str | None
    signature: str | None
    metadata: str | None
    from_dvc: str | None
    pipeline_stage: str | None
    from_mlflow: str | None
    tracking_uri: str | None
    allow_dirty: bool


def described(given: Given, at: Ground, directory: Path) -> Source:
    """What was typed. Files are read here; paths begin from `directory`."""
    content: dict[str, object] = {"description": given.description, "license": given.license}
    files = {"params": given.params, "metrics": given.metrics, "signature": given.signature, "metadata": given.metadata}
    content |= {key: mapping(there(directory, name)) for key, name in files.items() if name is not None}
    lineage: dict[str, object] = {
        "origin": pairs("--origin", given.origin) if given.origin else None,
        "data": [_dataset(text, directory) for text in given.data],
        "parents": [_parent(text, at) for text in given.parent],
        "run": pairs("--run", given.run) if given.run else None,
    }
    return Source(content=_said(content), lineage=_said(lineage))


def candidates(names: tuple[str, ...], directory: Path) -> tuple[Candidate, ...]:
    """Artifacts by path: each is called as its file or folder is."""
    found = []
    for name in names:
        path = there(directory, name)
        found.append(Candidate(path.name or path.resolve().name, (path,)))
    return tuple(found)


def there(directory: Path, name: str) -> Path:
    """A file that was named. Raises `Fault` where it is not there."""
    path = Path(directory, name)
    if path.exists():
        return path
    aside = Path(name).exists()
    hint = f"with -C, paths begin from {directory}: write {Path(name).resolve()}" if aside else "check the path"
    raise Fault(f"there is no file {path}", hint)


def pairs(option: str, text: str) -> dict[str, str]:
    """`uri=…,version=…` as a mapping; a comma inside a value is part of it."""
    keys = _KEYS[option]
    parts = re.split(rf",(?=(?:{'|'.join(keys)})=)", text)
    found = dict(part.partition("=")[::2] for part in parts)
    if set(found) - set(keys) or not all(found.values()):
        raise Fault(f"{option} {text} is not understood", f"write {option} " + ",".join(f"{key}=…" for key in keys))
    return found


def _dataset(text: str, directory: Path) -> dict[str, str | int]:
    """As `evaluate` has it, and a folder too: its md5 is the one that DVC gives it."""
    parts = text.split(",")
    folder = next(
        (p for p in parts if p.startswith("file=") and Path(directory, p.removeprefix("file=")).is_dir()), None
    )
    if folder is not None:
        found = hashing.describe(Path(directory, folder.removeprefix("file=")))
        parts = [*(part for part in parts if part != folder), f"md5={found.md5}", f"size={found.size}"]
    row = dataset(",".join(parts), directory)
    size = str(row.get("size", ""))
    return {**row, "size": int(size)} if size.isdecimal() else row


def _parent(text: str, at: Ground) -> dict[str, str]:
    """REF or REF:relation; a stage stands for the version that holds it now."""
    reference, _, relation = text.partition(":")
    if relation and relation not in RELATIONS:
        raise Fault(f"--parent {text}: `{relation}` is no relation", f"use one of {', '.join(RELATIONS)}")
    model, version = version_of(at, reference)
    return {"ref": f"{model}@{version}", **({"relation": relation} if relation else {})}


def _said(values: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in values.items() if value not in (None, [])}
