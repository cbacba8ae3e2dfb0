"""<model>/model.yaml: what a model is, who owns it, its extra gates."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from studbook.convention.base import FileRecord, Free, Owner, Record, Text
from studbook.convention.policy import Gate


class MetricReading(Record):
    """How to read a metric."""

    better: Literal["higher", "lower"] | None = None
    unit: Text | None = None


class Model(FileRecord):
    """model.yaml"""

    description: Text | None = None
    owners: Annotated[list[Owner], Field(min_length=1)]
    task: Text | None = None
    license: Text | None = None
    tags: Free = {}
    metrics: dict[str, MetricReading] = {}
    gates: dict[str, list[Gate]] = {}
