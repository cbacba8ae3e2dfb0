"""registry.yaml: stages, how a version enters them, gates and approvers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from studbook.convention.base import Fault, FileRecord, Owner, Record, Text
from studbook.convention.names import LABEL, is_label, is_stage

ENTRY_POINTS = frozenset({"registered", "new"})
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def _one(value: object) -> object:
    """True equals 1 in Python and not in YAML."""
    return None if isinstance(value, bool) else value


ConventionNumber = Annotated[Literal[1], BeforeValidator(_one)]


class Gate(Record):
    """A CEL expression that must be true."""

    require: Text
    message: Text | None = None


class StagePolicy(Record):
    """How a version comes into a stage, and how it may leave it."""

    from_: list[Annotated[str, Field(pattern=f"^{LABEL}$")]] = Field(alias="from", min_length=1)
    soak: Annotated[str, Field(pattern=r"^[0-9]{1,6}[smhd]$")] | None = None
    approvers: list[Owner] = []
    reason: Literal["optional", "required"] = "optional"
    emptying: Literal["forbidden", "allowed"] = "forbidden"
    rollback: Literal["previous", "any", "forbidden"] = "previous"
    gates: list[Gate] = []

    @property
    def soak_seconds(self) -> int:
        return int(self.soak[:-1]) * SECONDS[self.soak[-1]] if self.soak else 0


class Registration(Record):
    gates: list[Gate] = []


class SuitePolicy(Record):
    approvers: list[Owner] = []


class ArtifactPolicy(Record):
    check: Literal["pointers", "remote", "verify"] = "pointers"
    formats: list[Text] | None = None


def permits(requires: str, version: str) -> bool | None:
    """Whether a range of versions (PEP 440) holds a version; None where it is no range."""
    if (plain := _plainly(requires, version)) is not None:
        return plain
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(requires).contains(version, prereleases=True)
    except InvalidSpecifier:
        return None


def _plainly(requires: str, version: str) -> bool | None:
    """The usual `>=0.1`, without the price of importing `packaging`; None where it is not that plain."""
    parts = [part.split(".") for part in (requires.removeprefix(">="), version)]
    if not requires.startswith(">=") or not all(n.isascii() and n.isdecimal() for numbers in parts for n in numbers):
        return None
    least, own = (tuple(map(int, numbers)) for numbers in parts)
    return own >= least


class Policy(FileRecord):
    """registry.yaml"""

    convention: ConventionNumber
    requires: Text | None = None
    approvers: list[Owner] = []
    stages: dict[str, StagePolicy]
    registration: Registration = Registration.model_construct()
    evaluations: dict[str, SuitePolicy] = {}
    artifacts: ArtifactPolicy = ArtifactPolicy.model_construct()
    metadata_schema: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*\.json$")] | None = None

    def semantic(self) -> Iterator[Fault]:
        if self.requires is not None and permits(self.requires, "0") is None:
            message = f"`requires: {self.requires}` is no range of versions"
            yield Fault(("requires",), message, 'write a range, such as ">=0.1" or ">=0.1,<1"')
        for stage in self.stages:
            if not is_stage(stage):
                hint = (
                    "use lower-case letters, digits and hyphens; not new, registered, archived, latest or v1, v2, ..."
                )
                yield Fault(("stages", stage), f"`{stage}` cannot be the name of a stage", hint, key=True, rule="name")
        for suite in self.evaluations:
            if not is_label(suite):
                hint = "use lower-case letters, digits and hyphens, beginning with a letter"
                yield Fault(
                    ("evaluations", suite), f"`{suite}` cannot be the name of a suite", hint, key=True, rule="name"
                )
