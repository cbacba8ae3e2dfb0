"""What every training script shares: the shape of a recipe, and how data and environment are recorded.

Only the standard library is imported here: the shape of a recipe costs none of the recipes' libraries.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"
Params: TypeAlias = dict[str, Json]
Metrics: TypeAlias = dict[str, float]
Suite: TypeAlias = Literal["validation", "holdout"]
Role: TypeAlias = Literal["train", "validation", "test", "calibration", "other"]

SEED = 20
"""Seeds every split, and every estimator that draws random numbers."""

DECIMALS = 6
"""How finely metrics are recorded: further decimals say more about the processor than about the model."""


@dataclass(frozen=True)
class Data:
    """One data set as lineage records it: the md5 and the size in bytes are those of its canonical text."""

    name: str
    role: Role
    md5: str
    size: int
    uri: str | None = None

    @classmethod
    def of(cls, name: str, role: Role, content: bytes, uri: str | None = None) -> Data:
        """Fingerprint `content`. The md5 names the data, it does not guard it."""
        return cls(name, role, hashlib.md5(content, usedforsecurity=False).hexdigest(), len(content), uri)

    def as_json(self) -> dict[str, Json]:
        """The record as a manifest's `lineage.data` has it."""
        uri: dict[str, Json] = {} if self.uri is None else {"uri": self.uri}
        return {"name": self.name, "role": self.role, **uri, "md5": self.md5, "size": self.size}


@dataclass(frozen=True)
class Artifact:
    """A file or folder that training writes, by its name in the output folder."""

    path: str
    format: str


@dataclass(frozen=True)
class Score:
    """What an artifact scored, and on which data."""

    metrics: Metrics
    data: Data


@dataclass(frozen=True)
class Recipe:
    """How to make one version of a model, and how to measure what was made.

    `fit` writes the artifacts to a folder. `measure` reads them back from there: what is recorded is what was
    shipped, not what was in memory. `data` names what the version learned from, and what chose it. `packages`
    are the distributions that had a part in the result.
    """

    description: str
    params: Params
    artifacts: tuple[Artifact, ...]
    fit: Callable[[Path], None]
    measure: Callable[[Path, Suite], Score]
    data: Callable[[], tuple[Data, ...]]
    signature: Mapping[str, Json]
    runtime: str
    packages: tuple[str, ...]
    origin: Mapping[str, Json] | None = None
    parents: tuple[Mapping[str, Json], ...] = ()
    license: str = "Apache-2.0"


def rounded(metrics: Mapping[str, float]) -> Metrics:
    """The metrics as they are recorded: plain floats of `DECIMALS` decimals."""
    return {name: round(float(value), DECIMALS) for name, value in metrics.items()}


def canonical_csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The one text that stands for a table, in any library: `repr` of each value, commas, line feeds, UTF-8.

    Python's `repr` of a float is the shortest text that reads back as the same float, on every platform.
    """
    lines = [",".join(header), *(",".join(map(_cell, row)) for row in rows)]
    return "".join(f"{line}\n" for line in lines).encode()


def _cell(value: object) -> str:
    return value if isinstance(value, str) else repr(value)


def environment(packages: Iterable[str]) -> dict[str, Json]:
    """The Python and the installed versions of `packages`, as a manifest's `lineage.environment` has them.

    Raises `importlib.metadata.PackageNotFoundError` for one that is not installed.
    """
    return {
        "python": platform.python_version(),
        "packages": {name: metadata.version(name) for name in sorted(packages)},
    }


def purl(package: str, path: str | None = None) -> str:
    """The package URL of the installed `package`, or of a file in it."""
    subpath = "" if path is None else f"#{path}"
    return f"pkg:pypi/{package}@{metadata.version(package)}{subpath}"


def columns(names: Iterable[str], kind: str) -> list[Json]:
    """An MLflow column schema in which every column has type `kind`."""
    return [{"name": name, "type": kind} for name in names]


def tensor(name: str, dtype: str, *shape: int) -> dict[str, Json]:
    """One tensor of an MLflow tensor schema; -1 stands for the number of rows."""
    return {"name": name, "type": "tensor", "tensor-spec": {"dtype": dtype, "shape": list(shape)}}
