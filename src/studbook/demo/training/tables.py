"""Tables that scikit-learn ships, each split once and for all into train, validation and holdout.

Train fits. Validation chooses, and gives a manifest's metrics. Holdout does neither, and is scored after
registration, as evidence; its figures were seen while these scripts were written, so it is not a blind test.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils import Bunch

from studbook.demo.training.common import SEED, Data, Role, Suite, canonical_csv, purl

Matrix: TypeAlias = NDArray[np.float64]
Targets: TypeAlias = "NDArray[np.int64] | NDArray[np.float64]"


@dataclass(frozen=True)
class Table:
    """Rows of features `x` (rows, columns) with what is to be predicted, `y` (rows,)."""

    name: str
    uri: str
    columns: tuple[str, ...]
    x: Matrix
    y: Targets

    def select(self, names: tuple[str, ...]) -> Matrix:
        """The named columns, in the order of `names`. Raises ValueError for a column that is not there."""
        return self.x[:, [self.columns.index(name) for name in names]]

    def recorded(self, role: Role) -> Data:
        """Its entry in a lineage or an evaluation."""
        rows = ([*x, y] for x, y in zip(self.x.tolist(), self.y.tolist(), strict=True))
        return Data.of(self.name, role, canonical_csv([*self.columns, "target"], rows), self.uri)


@dataclass(frozen=True)
class Splits:
    """The three disjoint parts of one data set."""

    train: Table
    validation: Table
    holdout: Table

    def suite(self, suite: Suite) -> Table:
        """The part that `suite` scores."""
        return self.validation if suite == "validation" else self.holdout

    def lineage(self) -> tuple[Data, ...]:
        """What an honest version is made from: train fits it, validation chooses it."""
        return self.train.recorded("train"), self.validation.recorded("validation")


def split(name: str, bunch: Bunch, file: str, *, stratify: bool) -> Splits:
    """Half of the rows of `bunch` to train, a quarter each to validation and holdout.

    `file` is the path of the data in scikit-learn's distribution. `stratify` keeps the share of each class.
    """
    rows = np.arange(len(bunch.target))
    rest, holdout = _divide(rows, bunch.target, 1 / 4, stratify)
    train, validation = _divide(rest, bunch.target, 1 / 3, stratify)
    uri = purl("scikit-learn", file)
    names = tuple(str(feature) for feature in bunch.feature_names)

    def part(which: str, index: NDArray[np.int64]) -> Table:
        return Table(f"{name}-{which}", uri, names, bunch.data[index], bunch.target[index])

    return Splits(part("train", train), part("validation", validation), part("holdout", holdout))


def _divide(
    rows: NDArray[np.int64], target: Targets, share: float, stratify: bool
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    classes = target[rows] if stratify else None
    first, second = train_test_split(rows, test_size=share, random_state=SEED, stratify=classes)
    return np.sort(first), np.sort(second)
