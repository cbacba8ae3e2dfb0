"""What the records of all files share: strictness, the common field types, and how a record is read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, NamedTuple, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from studbook.convention.names import COMMIT, LABEL, MAX_VERSION, MODEL, OWNER, VERSION
from studbook.diagnostic import Route

_LEAP_SECOND = re.compile(r"(T23:59):60")


class Fault(NamedTuple):
    """Something wrong inside one record, beyond what JSON Schema can say."""

    route: Route
    message: str
    hint: str
    key: bool = False
    rule: str = "schema"


class Record(BaseModel):
    """Unknown keys are errors, types are exact, values do not change."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True, allow_inf_nan=False)


class FileRecord(Record):
    """The top level of a file. Its `x-` keys belong to the user and are taken off before it is read."""

    def semantic(self) -> Iterator[Fault]:
        """What is wrong with this record beyond its schema."""
        return iter(())


def _whole(value: object) -> object:
    """In JSON Schema 1.0 is an integer; so it is here."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _anchored(pattern: str) -> str:
    return f"^(?:{pattern})$"


Text: TypeAlias = Annotated[str, Field(min_length=1)]
Size: TypeAlias = Annotated[int, Field(ge=0, le=2**63 - 1), BeforeValidator(_whole)]
ModelName: TypeAlias = Annotated[str, Field(pattern=_anchored(MODEL))]
Version: TypeAlias = Annotated[str, Field(pattern=_anchored(VERSION), max_length=MAX_VERSION)]
VersionReference: TypeAlias = Annotated[str, Field(pattern=_anchored(f"{MODEL}@{VERSION}"))]
StageName: TypeAlias = Annotated[str, Field(pattern=_anchored(LABEL))]
Owner: TypeAlias = Annotated[str, Field(pattern=_anchored(OWNER))]
Commit: TypeAlias = Annotated[str, Field(pattern=_anchored(COMMIT))]
Md5: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{32}(?:\.dir)?$")]
Sha256: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Timestamp: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?(?:[Zz]|[+-][0-9]{2}:[0-9]{2})$"
    ),
    Field(json_schema_extra={"format": "date-time"}),
]
"""RFC 3339 with a zone."""
Free: TypeAlias = dict[str, object]
"""Any JSON values under the user's own keys."""


def instant(timestamp: str) -> datetime:
    """The moment that an RFC 3339 timestamp names. Raises ValueError where there is no such moment."""
    without_leap = _LEAP_SECOND.sub(r"\1:59", timestamp.upper())  # which Python does not know
    return datetime.fromisoformat(without_leap).astimezone(UTC)


def impossible_date(timestamp: str) -> Iterator[Fault]:
    try:
        instant(timestamp)
    except (ValueError, OverflowError):
        yield Fault(("created",), f"there is no such moment as {timestamp}", "write it as 2026-11-01T09:30:00Z")
