"""`diff`: what sets one version apart from another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple

from studbook.convention.base import Record
from studbook.convention.manifest import Evaluation, Manifest
from studbook.models import ModelVersion

Trend = Literal["better", "worse", "same", "unknown"]
Value = object
"""A JSON scalar or list; None where one side has no such key."""


class Difference(NamedTuple):
    """One key whose value the two versions do not share; for metrics, also those that they share."""

    section: str
    key: str
    old: Value
    new: Value
    delta: float | None = None
    """`new - old`, where both are numbers."""
    trend: Trend = "unknown"
    """For metrics whose reading model.yaml gives."""


_Flat = dict[str, Value]


def differences(old: ModelVersion, new: ModelVersion) -> list[Difference]:
    """From `old` to `new`, section by section: metrics, evaluations, params, data, code, environment, artifacts, ..."""
    before, after = old.manifest, new.manifest
    better = _readings(new)
    found = list(_of_metrics("metrics", _flat(before.metrics), _flat(after.metrics), better))
    found += _of_evaluations(_latest(old), _latest(new), better)
    for section, sides in _sections(before, after):
        found += _of_section(section, *sides)
    return found


def _readings(version: ModelVersion) -> dict[str, str]:
    """Metric to `higher` or `lower`, as model.yaml says."""
    record = version.snapshot.model(version.model)
    return {key: reading.better for key, reading in record.metrics.items() if reading.better} if record else {}


def _sections(old: Manifest, new: Manifest) -> Iterator[tuple[str, tuple[_Flat, _Flat]]]:
    yield "params", (_flat(old.params), _flat(new.params))
    yield "data", (_named(old.lineage.data), _named(new.lineage.data))
    for name in ("code", "origin", "environment", "run"):
        yield name, (_record(getattr(old.lineage, name)), _record(getattr(new.lineage, name)))
    yield "parents", (_parents(old), _parents(new))
    yield "artifacts", (_artifacts(old), _artifacts(new))
    for name in ("runtime", "signature"):
        yield name, (_record(getattr(old, name)), _record(getattr(new, name)))
    yield "license", (_flat({"license": old.license}), _flat({"license": new.license}))
    yield "metadata", (_flat(old.metadata), _flat(new.metadata))


def _flat(value: object, prefix: str = "") -> _Flat:
    """Nested maps as dotted keys; a null is no key."""
    if isinstance(value, Mapping) and (value or not prefix):
        pairs = (_flat(item, f"{prefix}.{key}" if prefix else str(key)) for key, item in value.items())
        return {key: item for pair in pairs for key, item in pair.items()}
    return {prefix: value} if value is not None else {}


def _record(record: Record | None) -> _Flat:
    return _flat(record.model_dump(by_alias=True, exclude_none=True)) if record else {}


def _named(items: Iterable[Record]) -> _Flat:
    """Records by their name; a second one of that name is told by its number."""
    found: _Flat = {}
    for item in items:
        value = item.model_dump(exclude_none=True)
        name = str(value.pop("name"))
        while name in found or any(key.startswith(f"{name}.") for key in found):
            name += "'"
        found |= _flat(value, name)
    return found


def _parents(manifest: Manifest) -> _Flat:
    return {parent.ref: parent.relation for parent in manifest.lineage.parents}


def _artifacts(manifest: Manifest) -> _Flat:
    return _flat({a.path: a.model_dump(exclude={"path"}, exclude_none=True) for a in manifest.artifacts})


def _of_section(section: str, old: _Flat, new: _Flat) -> Iterator[Difference]:
    for key in dict.fromkeys([*old, *new]):
        if not _equal(old.get(key), new.get(key)):
            yield Difference(section, key, old.get(key), new.get(key), _delta(old.get(key), new.get(key)))


def _equal(old: Value, new: Value) -> bool:
    """True equals 1 in Python and not in YAML."""
    return old == new and isinstance(old, bool) == isinstance(new, bool)


def _of_metrics(section: str, old: _Flat, new: _Flat, better: Mapping[str, str]) -> Iterator[Difference]:
    for key in dict.fromkeys([*old, *new]):
        delta = _delta(old.get(key), new.get(key))
        reading = better.get(key) or better.get(key.rpartition(".")[2])
        yield Difference(section, key, old.get(key), new.get(key), delta, _trend(delta, reading))


def _of_evaluations(
    old: Mapping[str, Evaluation], new: Mapping[str, Evaluation], better: Mapping[str, str]
) -> Iterator[Difference]:
    """The latest run of each suite; its data too, for figures on different data do not compare."""
    for suite in dict.fromkeys([*old, *new]):
        before, after = old.get(suite), new.get(suite)
        section = f"evaluation {suite}"
        sides = (_flat(before.metrics) if before else {}, _flat(after.metrics) if after else {})
        yield from _of_metrics(section, *sides, better)
        yield from _of_section(section, _data(before), _data(after))


def _data(evaluation: Evaluation | None) -> _Flat:
    return _flat(evaluation.data.model_dump(exclude_none=True), "data") if evaluation and evaluation.data else {}


def _latest(version: ModelVersion) -> dict[str, Evaluation]:
    return {suite: record for suite, _, record in version.evaluations()}  # oldest first


def _delta(old: Value, new: Value) -> float | None:
    if isinstance(old, bool) or isinstance(new, bool):
        return None
    if not isinstance(old, int | float) or not isinstance(new, int | float):
        return None
    try:
        return new - old if math.isfinite(new - old) else None
    except OverflowError:  # an integer beyond what a double holds
        return None


def _trend(delta: float | None, better: str | None) -> Trend:
    if delta == 0:
        return "same"
    if delta is None or better is None:
        return "unknown"
    return "better" if (delta > 0) == (better == "higher") else "worse"
