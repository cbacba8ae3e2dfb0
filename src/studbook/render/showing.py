"""`show` as tables and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence

from studbook.convention.manifest import Data, Lineage, Manifest
from studbook.models import Model, ModelVersion
from studbook.render.tables import Cell, Table, number, size

_Rows = Iterator[list[Cell]]


def version_tables(version: ModelVersion) -> Iterator[Table]:
    manifest = version.manifest
    yield Table(list(_summary(version, manifest)), title=f"{version.model} {version.version}")
    yield from _some(
        "artifacts", ([a.path, size(a.size), a.format or "", f"sha256 {a.sha256}"] for a in manifest.artifacts)
    )
    yield from _some("metrics", _figures(manifest.metrics))
    yield from _some("params", _figures(manifest.params))
    for suite, run, record in version.evaluations():
        yield from _some(f"evaluation {suite}/{run} of {record.created}", _figures(record.metrics))
    yield from _some("lineage", _lineage(manifest.lineage))
    yield from _some("metadata", _figures(manifest.metadata))


def _some(title: str, rows: Iterable[Sequence[Cell]]) -> Iterator[Table]:
    if found := list(rows):
        yield Table(found, title=title)


def _summary(version: ModelVersion, manifest: Manifest) -> _Rows:
    runtime = manifest.runtime
    told = {
        "description": manifest.description,
        "holds": ", ".join(version.stages) or "no stage",
        "archived": (version.archived.reason if version.archived else "yes") if version.is_archived else None,
        "created": manifest.created,
        "license": manifest.license,
        "runtime": f"{runtime.name} {runtime.version or ''}".rstrip() if runtime else None,
        "folder": version.folder,
    }
    for name, value in told.items():
        if value:
            yield [name, (value, "bold red" if name == "archived" else "")]


def _figures(value: object, prefix: str = "") -> _Rows:
    """Nested maps as dotted keys."""
    if not isinstance(value, dict):
        yield [prefix, number(value) if isinstance(value, float) else _plain(value)]
        return
    for key, item in value.items():
        yield from _figures(item, f"{prefix}.{key}" if prefix else str(key))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _lineage(lineage: Lineage) -> _Rows:
    if code := lineage.code:
        yield ["code", " ".join(filter(None, (code.repository, code.commit[:12], code.path)))]
        if code.command:
            yield ["command", code.command]
    if origin := lineage.origin:
        yield ["origin", " ".join(filter(None, (origin.uri, origin.version, origin.note)))]
    for data in lineage.data:
        yield [data.role or "data", f"{data.name} {identity(data)} {data.uri or ''}".rstrip()]
    for parent in lineage.parents:
        yield [parent.relation, parent.ref]
    if environment := lineage.environment:
        python = f"Python {environment.python}" if environment.python else None
        packages = ", ".join(f"{name} {version}" for name, version in environment.packages.items())
        yield ["environment", "; ".join(filter(None, (python, environment.lockfile, environment.image, packages)))]
    if run := lineage.run:
        yield ["run", " ".join(filter(None, (run.tracker, run.id, run.uri)))]


def identity(data: Data) -> str:
    """What tells a dataset from every other: `md5 1b2cf535f277`."""
    if data.sha256 or data.md5:
        return f"sha256 {data.sha256[:12]}" if data.sha256 else f"md5 {(data.md5 or '')[:12]}"
    return f"version {data.version}"


def version_record(version: ModelVersion) -> dict[str, object]:
    archived = version.archived
    return {
        "model": version.model,
        "version": version.version,
        "folder": version.folder,
        "stages": list(version.stages),
        "archived": archived.model_dump() if archived else {} if version.is_archived else None,
        "manifest": version.manifest.model_dump(by_alias=True, exclude_none=True),
        "evaluations": [
            {"suite": suite, "run": run, **record.model_dump(exclude_none=True)}
            for suite, run, record in version.evaluations()
        ],
        "card": version.card,
    }


def model_tables(model: Model) -> Iterator[Table]:
    record, latest = model.record, model.latest
    told = {
        "description": model.description,
        "owners": ", ".join(model.owners),
        "task": record.task if record else None,
        "license": record.license if record else None,
        "tags": ", ".join(f"{key}={_plain(value)}" for key, value in record.tags.items()) if record else None,
        "latest": latest.version if latest else None,
    }
    yield Table([[name, value] for name, value in told.items() if value], title=model.name)
    views = model.stages()
    yield from _some("stages", ([v.stage, v.version.version if v.version else "-", v.reason] for v in views))
    held = {v.version.version: [w.stage for w in views if w.version == v.version] for v in views if v.version}
    yield from _some("versions", ([v.version, _use(v, held.get(v.version, []))] for v in reversed(model.versions())))


def _use(version: ModelVersion, stages: list[str]) -> str:
    return "archived" if version.is_archived else ", ".join(stages)


def model_record(model: Model) -> dict[str, object]:
    record, latest = model.record, model.latest
    return {
        "model": model.name,
        **(record.model_dump(exclude_none=True) if record else {}),
        "latest": latest.version if latest else None,
        "stages": {
            view.stage: {"version": view.version.version, "reason": view.reason} if view.version else None
            for view in model.stages()
        },
        "versions": [{"version": v.version, "archived": v.is_archived} for v in model.versions()],
    }
