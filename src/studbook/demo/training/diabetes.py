"""How far will diabetes have progressed in a year? From ten measurements (442 rows, in scikit-learn).

The measurements are taken raw: the last digits of the standardised ones depend on the processor.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache, partial
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Lasso, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import PolynomialFeatures, StandardScaler

from studbook.demo.training import scoring
from studbook.demo.training.common import SEED, Artifact, Params, Recipe, Score, Suite, columns, tensor
from studbook.demo.training.formats import run_onnx, save_onnx
from studbook.demo.training.tables import Splits, split

RIDGE_PACKAGES = ("numpy", "safetensors", "scikit-learn", "scipy")
LASSO_PACKAGES = ("numpy", "onnx", "onnxruntime", "scikit-learn", "scipy", "skl2onnx")


@cache
def splits() -> Splits:
    """The target is a score of disease progression, 25 to 346."""
    path = "sklearn/datasets/data/diabetes_data_raw.csv.gz"
    return split("diabetes", load_diabetes(scaled=False), path, stratify=False)


def ridge(params: Params, folder: Path) -> None:
    """Write a ridge regression as the folder `weights`: the tensors, and beside them what they apply to."""
    train, weights = splits().train, folder / "weights"
    scaler = StandardScaler().fit(train.x)
    model = Ridge(**params).fit(scaler.transform(train.x), train.y)
    # The scaling is folded into the coefficients, so that they take the measurements as they are.
    coefficients = np.ascontiguousarray(model.coef_ / scaler.scale_)
    intercept = np.asarray([model.intercept_ - coefficients @ scaler.mean_])
    weights.mkdir(exist_ok=True)
    save_file({"coefficients": coefficients, "intercept": intercept}, weights / "model.safetensors")
    config = {"kind": "linear", "features": train.columns}
    (weights / "config.json").write_bytes(f"{json.dumps(config, indent=2)}\n".encode())


def measure_ridge(folder: Path, suite: Suite) -> Score:
    """Score the tensors in `folder`/weights."""
    table, weights = splits().suite(suite), folder / "weights"
    features = tuple(json.loads((weights / "config.json").read_text("utf-8"))["features"])
    tensors = load_file(weights / "model.safetensors")
    predicted = table.select(features) @ tensors["coefficients"] + tensors["intercept"]
    return Score(scoring.regression(table.y, predicted), table.recorded("test"))


def products(params: Params, folder: Path) -> None:
    """Write a lasso regression of the measurements, their squares and their products as ONNX."""
    train = splits().train
    terms = PolynomialFeatures(degree=2, include_bias=False)
    model = make_pipeline(StandardScaler(), terms, StandardScaler(), Lasso(**params))
    save_onnx(model.fit(train.x, train.y), folder / "model.onnx", "diabetes")


def measure_onnx(folder: Path, suite: Suite) -> Score:
    """Score the ONNX file in `folder`."""
    table = splits().suite(suite)
    predicted = run_onnx(folder / "model.onnx", table.x)
    return Score(scoring.regression(table.y, predicted), table.recorded("test"))


def recipes() -> dict[str, Recipe]:
    """The versions of this model."""
    penalty: Params = {"alpha": 10.0}
    sparse: Params = {"alpha": 3.0}
    names = splits().train.columns
    first = Recipe(
        description="Ridge regression: ten coefficients and an intercept.",
        params={"estimator": "ridge", **penalty, "split_seed": SEED},
        artifacts=(Artifact("weights", "safetensors"),),
        fit=partial(ridge, penalty),
        measure=measure_ridge,
        data=splits().lineage,
        signature={"inputs": columns(names, "double"), "outputs": columns(["progression"], "double")},
        runtime="numpy",
        packages=RIDGE_PACKAGES,
    )
    second = replace(
        first,
        description="Lasso regression of the measurements, their squares and their products; now in ONNX.",
        params={"estimator": "lasso", "degree": 2, **sparse, "split_seed": SEED},
        artifacts=(Artifact("model.onnx", "onnx"),),
        fit=partial(products, sparse),
        measure=measure_onnx,
        signature={"inputs": columns(names, "float"), "outputs": [tensor("variable", "float32", -1, 1)]},
        runtime="onnxruntime",
        packages=LASSO_PACKAGES,
    )
    return {"diabetes@1.0.0": first, "diabetes@1.1.0": second}
