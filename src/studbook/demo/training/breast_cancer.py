"""Is a tumour benign? Thirty measurements of cell nuclei tell (Wisconsin diagnostic data, 569 rows).

The data come with scikit-learn.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from studbook.demo.training import scoring
from studbook.demo.training.common import SEED, Artifact, Params, Recipe, Score, Suite, columns, tensor
from studbook.demo.training.formats import run_onnx, save_onnx
from studbook.demo.training.tables import Splits, split

Fit: TypeAlias = Callable[[tuple[str, ...], Params, Path], None]

SIZE_ONLY = ("mean radius", "mean texture")
PACKAGES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "skl2onnx")


@cache
def splits() -> Splits:
    """Classes: 0 malignant, 1 benign."""
    path = "sklearn/datasets/data/breast_cancer.csv"
    return split("breast-cancer", load_breast_cancer(), path, stratify=True)


def logistic(features: tuple[str, ...], params: Params, folder: Path) -> None:
    """A logistic regression of the standardised `features`."""
    model = make_pipeline(StandardScaler(), LogisticRegression(**params))
    train = splits().train
    save_onnx(model.fit(train.select(features), train.y), folder / "model.onnx", "breast-cancer")


def boosting(features: tuple[str, ...], params: Params, folder: Path) -> None:
    """Gradient boosted trees."""
    model = GradientBoostingClassifier(**params)
    train = splits().train
    save_onnx(model.fit(train.select(features), train.y), folder / "model.onnx", "breast-cancer")


def measure(features: tuple[str, ...], folder: Path, suite: Suite) -> Score:
    """Score the ONNX file in `folder`."""
    table = splits().suite(suite)
    probabilities = run_onnx(folder / "model.onnx", table.select(features))
    return Score(scoring.classification(table.y, probabilities), table.recorded("test"))


def recipes() -> dict[str, Recipe]:
    """The versions of this model."""
    everything = splits().train.columns
    linear: Params = {"C": 1.0, "max_iter": 1000}
    trees: Params = {"n_estimators": 60, "max_depth": 4, "learning_rate": 0.3, "random_state": SEED}
    weak = "Logistic regression of size and texture alone."
    full = "Logistic regression of all thirty measurements."
    boosted = "Gradient boosted trees on all thirty measurements."
    return {
        "breast-cancer@1.0.0": _recipe(weak, logistic, SIZE_ONLY, linear),
        "breast-cancer@1.1.0": _recipe(full, logistic, everything, linear),
        "breast-cancer@2.0.0": _recipe(boosted, boosting, everything, trees),
    }


def _recipe(description: str, fit: Fit, features: tuple[str, ...], params: Params) -> Recipe:
    chosen: Params = {"features": list(features)} if features == SIZE_ONLY else {}
    return Recipe(
        description=description,
        params={"estimator": fit.__name__, **params, **chosen, "split_seed": SEED},
        artifacts=(Artifact("model.onnx", "onnx"),),
        fit=partial(fit, features, params),
        measure=partial(measure, features),
        data=splits().lineage,
        signature={
            "inputs": columns(features, "float"),
            "outputs": [tensor("label", "int64", -1), tensor("probabilities", "float32", -1, 2)],
        },
        runtime="onnxruntime",
        packages=PACKAGES,
    )
