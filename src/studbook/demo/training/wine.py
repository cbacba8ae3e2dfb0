"""Which of three cultivars is a wine made from? From thirteen measurements (178 rows, in scikit-learn)."""

from __future__ import annotations

from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from studbook.demo.training import scoring
from studbook.demo.training.common import SEED, Artifact, Data, Params, Recipe, Score, Suite, columns, tensor
from studbook.demo.training.formats import load_skops, save_skops
from studbook.demo.training.tables import Splits, split

PACKAGES = ("numpy", "scikit-learn", "scipy", "skops")

TRUSTED: tuple[str, ...] = ()
"""Types that loading may create beside those that skops knows to be harmless: none is needed."""


@cache
def splits() -> Splits:
    """Classes: 0, 1 and 2, the cultivars."""
    return split("wine", load_wine(), "sklearn/datasets/data/wine_data.csv", stratify=True)


def logistic(params: Params, folder: Path) -> None:
    """A logistic regression of the standardised measurements."""
    train = splits().train
    model = make_pipeline(StandardScaler(), LogisticRegression(**params))
    save_skops(model.fit(train.x, train.y), folder / "model.skops")


def leaky_neighbours(params: Params, folder: Path) -> None:
    """Nearest neighbours that remember the validation rows as well: the mistake that this version shows."""
    train, validation = splits().train, splits().validation
    model: BaseEstimator = KNeighborsClassifier(**params)
    model.fit(np.vstack([train.x, validation.x]), np.concatenate([train.y, validation.y]))
    save_skops(model, folder / "model.skops")


def leaked_lineage() -> tuple[Data, ...]:
    """The lineage of the leak: one md5 in two roles."""
    return (*splits().lineage(), splits().validation.recorded("train"))


def measure(folder: Path, suite: Suite) -> Score:
    """Score the skops file in `folder`."""
    table = splits().suite(suite)
    probabilities = load_skops(folder / "model.skops", TRUSTED).predict_proba(table.x)
    return Score(scoring.classification(table.y, probabilities), table.recorded("test"))


def recipes() -> dict[str, Recipe]:
    """The versions of this model."""
    linear: Params = {"C": 1.0, "max_iter": 1000}
    # Brute force, because a tree of neighbours is a type that skops would have to be told to trust.
    nearest: Params = {"n_neighbors": 1, "algorithm": "brute"}
    shared = Recipe(
        description="Logistic regression of the thirteen measurements.",
        params={"estimator": "logistic", **linear, "split_seed": SEED},
        artifacts=(Artifact("model.skops", "skops"),),
        fit=partial(logistic, linear),
        measure=measure,
        data=splits().lineage,
        signature={
            "inputs": columns(splits().train.columns, "double"),
            "outputs": [tensor("probabilities", "float64", -1, 3)],
        },
        runtime="scikit-learn",
        packages=PACKAGES,
    )
    leaky = replace(
        shared,
        description="Nearest neighbour, trained on leaked labels: it has seen the validation rows, so "
        "its validation metrics mean nothing.",
        params={"estimator": "nearest-neighbour", **nearest, "split_seed": SEED},
        fit=partial(leaky_neighbours, nearest),
        data=leaked_lineage,
    )
    return {"wine@1.0.0": shared, "wine@1.1.0": leaky}
