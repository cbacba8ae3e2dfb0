"""versions/<version>/manifest.yaml: the record of a version. And evaluations, which share its parts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError
from typing_extensions import TypeAliasType

from studbook.convention.base import (
    Commit,
    Fault,
    FileRecord,
    Free,
    Md5,
    ModelName,
    Record,
    Sha256,
    Size,
    Text,
    Timestamp,
    Version,
    VersionReference,
    impossible_date,
    instant,
)
from studbook.convention.names import ARTIFACT, is_artifact
from studbook.convention.policy import ConventionNumber

Metrics = TypeAliasType("Metrics", "dict[str, float | Metrics]")
"""Finite numbers, nesting allowed."""


def _one_of(*names: str) -> JsonDict:
    """JSON Schema for: at least one of these keys, and not null."""
    return {"anyOf": [{"required": [name], "properties": {name: {"not": {"type": "null"}}}} for name in names]}


class Artifact(Record):
    path: Annotated[str, Field(pattern=f"^{ARTIFACT}$", max_length=200)]
    size: Size
    sha256: Sha256
    format: Text | None = None


class Code(Record):
    """Where the training code is. `repository` may be "." for this repository."""

    repository: Text
    commit: Commit
    path: Text | None = None
    command: Text | None = None


class Origin(Record):
    """For models made elsewhere."""

    uri: Text
    version: Text | None = None
    note: Text | None = None


class Data(Record):
    """A dataset, with at least one immutable identity."""

    model_config = ConfigDict(json_schema_extra=_one_of("md5", "sha256", "version"))

    name: Text
    role: Literal["train", "validation", "test", "calibration", "other"] | None = None
    uri: Text | None = None
    md5: Md5 | None = None
    sha256: Sha256 | None = None
    version: Text | None = None
    size: Size | None = None

    @model_validator(mode="after")
    def _identified(self) -> Data:
        if self.md5 is None and self.sha256 is None and self.version is None:
            raise PydanticCustomError("one_of", "`{name}` needs one of md5, sha256, version", {"name": self.name})
        return self


class Parent(Record):
    ref: VersionReference
    relation: Literal["finetune", "adapter", "quantized", "merge", "distilled", "ensemble", "other"] = "other"


class Environment(Record):
    python: Text | None = None
    lockfile: Text | None = None
    image: Text | None = None
    packages: dict[str, str] = {}


class Run(Record):
    """The run of an experiment tracker that made this."""

    tracker: Text
    id: Text
    uri: Text | None = None


class Lineage(Record):
    model_config = ConfigDict(json_schema_extra=_one_of("code", "origin"))

    code: Code | None = None
    origin: Origin | None = None
    data: list[Data] = []
    parents: list[Parent] = []
    environment: Environment | None = None
    run: Run | None = None

    @model_validator(mode="after")
    def _has_source(self) -> Lineage:
        if self.code is None and self.origin is None:
            raise PydanticCustomError("one_of", "lineage needs one of code, origin", {})
        return self


class Runtime(Record):
    """What serves the model."""

    name: Text
    version: Text | None = None


class TensorSpec(Record):
    dtype: Text
    shape: list[int]


class Field_(Record):
    """One input, output or parameter, in MLflow's signature schema."""

    model_config = ConfigDict(title="SignatureField")

    name: Text | None = None
    type: Text
    required: bool | None = None
    optional: bool | None = None
    default: object = None
    shape: list[int] | None = None
    dtype: Text | None = None
    tensor_spec: TensorSpec | None = Field(alias="tensor-spec", default=None)
    items: Free | None = None
    properties: Free | None = None
    values: Free | None = None


class Signature(Record):
    inputs: list[Field_] | None = None
    outputs: list[Field_] | None = None
    params: list[Field_] | None = None


class Manifest(FileRecord):
    """manifest.yaml"""

    convention: ConventionNumber
    model: ModelName
    version: Version
    created: Timestamp
    description: Text | None = None
    artifacts: Annotated[list[Artifact], Field(min_length=1)]
    params: Free
    metrics: Metrics
    lineage: Lineage
    runtime: Runtime | None = None
    signature: Signature | None = None
    license: Text | None = None
    metadata: Free = {}

    @property
    def created_at(self) -> datetime:
        return instant(self.created)

    def semantic(self) -> Iterator[Fault]:
        yield from impossible_date(self.created)
        seen: set[str] = set()
        for index, artifact in enumerate(self.artifacts):
            route = ("artifacts", index, "path")
            if not is_artifact(artifact.path):
                yield Fault(route, f"`{artifact.path}` is a name that the registry uses itself", "rename the artifact")
            if artifact.path.lower() in seen:
                yield Fault(route, f"`{artifact.path}` is listed twice", "list each artifact once (names ignore case)")
            seen.add(artifact.path.lower())


class Evaluation(FileRecord):
    """evaluations/<suite>/<run>.yaml: evidence gathered after registration."""

    convention: ConventionNumber
    model: ModelName
    version: Version
    created: Timestamp
    metrics: Metrics
    data: Data | None = None
    run: Run | None = None
    notes: Text | None = None

    @property
    def created_at(self) -> datetime:
        return instant(self.created)

    def semantic(self) -> Iterator[Fault]:
        yield from impossible_date(self.created)
