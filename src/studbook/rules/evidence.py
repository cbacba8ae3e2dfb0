"""What gates see of a version: its manifest's fields, its evaluations, card and stages, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from pydantic import BaseModel

from studbook.convention.base import instant
from studbook.convention.policy import Policy
from studbook.gates import Data, Situation
from studbook.history import StageHistory
from studbook.rules.step import Step
from studbook.snapshot import Snapshot

_EMPTY_LISTS = ("data", "parents")
_EMPTY_MAPS = ("code", "origin", "environment", "run")


def situation(
    step: Step, model: str, version: str, *, stage: str = "", incumbent: str | None = None, reason: str = ""
) -> Situation:
    """Everything is read at base; only what this step adds is read at head."""
    return Situation(
        candidate=_version(step, model, version) or {},
        incumbent=_version(step, model, incumbent) if incumbent else None,
        model=_model(step, model),
        stage=stage,
        reason=reason,
        now=datetime.fromtimestamp(step.now, UTC),
    )


def _model(step: Step, model: str) -> Mapping[str, Data] | None:
    record = step.base.model_file(model) or step.head.model_file(model)
    return _plain(record.record) if record and record.record else None


def _version(step: Step, model: str, version: str) -> dict[str, Data] | None:
    at = step.base if step.base.has_version(model, version) else step.head
    manifest = at.manifest(model, version)
    if manifest is None:
        return None
    value = _plain(manifest)
    value["created"] = instant(manifest.created)
    value["params"], value["metrics"] = _doubles(manifest.params), _doubles(manifest.metrics)
    value["lineage"] = _lineage(value["lineage"])
    value |= {key: value.get(key, {}) for key in ("runtime", "signature", "metadata")}
    value["evaluations"] = _evaluations(at, model, version)
    value["card"] = at.card(model, version)
    value["stages"] = _stages(step, model, version)
    return value


def _plain(record: BaseModel) -> dict[str, Data]:
    """A record as JSON values. Absent scalars are left out, absent lists and maps are empty."""
    return record.model_dump(by_alias=True, exclude_none=True)


def _lineage(value: Data) -> dict[str, Data]:
    lineage = dict(value) if isinstance(value, dict) else {}
    return {**{key: [] for key in _EMPTY_LISTS}, **{key: {} for key in _EMPTY_MAPS}, **lineage}


def _doubles(value: object) -> Data:
    if isinstance(value, Mapping):
        return {key: _doubles(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_doubles(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _evaluations(at: Snapshot, model: str, version: str) -> dict[str, Data]:
    """The latest run of each suite; of two of one moment, the one whose name sorts last."""
    latest: dict[str, tuple[datetime, str, dict[str, Data]]] = {}
    for suite, run, record in at.evaluations(model, version):
        moment = instant(record.created)
        if suite not in latest or (moment, run) > latest[suite][:2]:
            value = {"data": {}, "run": {}} | _plain(record)
            latest[suite] = moment, run, {**value, "created": moment, "metrics": _doubles(record.metrics)}
    return {suite: value for suite, (_, _, value) in latest.items()}


def _stages(step: Step, model: str, version: str) -> dict[str, Data]:
    policy: Policy | None = step.policy
    if step.baseline or policy is None:
        return {}
    past = {} if step.past.gap else step.past.stages(model)
    none = StageHistory()
    return {
        stage: {
            "holds": step.base.holder(model, stage) == version,
            "soaked": timedelta(seconds=past.get(stage, none).soaked(version, step.now)),
        }
        for stage in policy.stages
    }
