"""Which digit is it? From images of 8 x 8 pixels, each 0 to 16 (1797 rows, in scikit-learn).

Each version is kept in another format. All take the pixels as they are: scaling them is part of the model.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from scipy.special import softmax
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from studbook.demo.training import scoring
from studbook.demo.training.common import SEED, Artifact, Json, Params, Recipe, Score, Suite, tensor
from studbook.demo.training.formats import load_skops, run_onnx, save_onnx, save_skops
from studbook.demo.training.tables import Splits, split

Probabilities: TypeAlias = Callable[[Path, NDArray[np.float64]], NDArray[np.float64]]

TRAINING = ("numpy", "scikit-learn", "scipy")
BRIGHTEST = 16.0

TRUSTED: tuple[str, ...] = ()
"""Types that loading may create beside those that skops knows to be harmless: none is needed."""


@cache
def splits() -> Splits:
    """Classes: the digits."""
    return split("digits", load_digits(), "sklearn/datasets/data/digits.csv.gz", stratify=True)


def logistic(params: Params, folder: Path) -> None:
    """Write a logistic regression as skops."""
    train = splits().train
    model = make_pipeline(MinMaxScaler(), LogisticRegression(**params))
    save_skops(model.fit(train.x, train.y), folder / "model.skops")


def network_weights(params: Params, folder: Path) -> None:
    """Write a network of one hidden layer as its bare weights."""
    train = splits().train
    model = MLPClassifier(**params).fit(train.x / BRIGHTEST, train.y)
    (hidden, output), (hidden_bias, output_bias) = model.coefs_, model.intercepts_
    # The scaling of the pixels is folded into the first layer.
    layers = {"hidden": hidden / BRIGHTEST, "output": output}
    biases = {"hidden.bias": hidden_bias, "output.bias": output_bias}
    tensors = {**{f"{name}.weight": layer for name, layer in layers.items()}, **biases}
    single = {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in tensors.items()}
    save_file(single, folder / "model.safetensors")


def network_onnx(params: Params, folder: Path) -> None:
    """Write a network as ONNX."""
    train = splits().train
    model = make_pipeline(MinMaxScaler(), MLPClassifier(**params))
    save_onnx(model.fit(train.x, train.y), folder / "model.onnx", "digits")


def from_skops(folder: Path, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Class probabilities (rows, 10) by the skops file in `folder`."""
    return np.asarray(load_skops(folder / "model.skops", TRUSTED).predict_proba(pixels), dtype=np.float64)


def from_weights(folder: Path, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Class probabilities (rows, 10) by the weights in `folder`: a rectified hidden layer, then softmax."""
    weights = load_file(folder / "model.safetensors")
    hidden = np.maximum(pixels @ weights["hidden.weight"] + weights["hidden.bias"], 0.0)
    return np.asarray(softmax(hidden @ weights["output.weight"] + weights["output.bias"], axis=1))


def from_onnx(folder: Path, pixels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Class probabilities (rows, 10) by the ONNX file in `folder`."""
    return run_onnx(folder / "model.onnx", pixels)


def measure(probabilities: Probabilities, folder: Path, suite: Suite) -> Score:
    """Score what is in `folder` by the function that knows its format."""
    table = splits().suite(suite)
    return Score(scoring.classification(table.y, probabilities(folder, table.x)), table.recorded("test"))


def recipes() -> dict[str, Recipe]:
    """The versions of this model."""
    linear: Params = {"C": 0.1, "max_iter": 1000}
    narrow: Params = {"hidden_layer_sizes": [32], "max_iter": 1000, "random_state": SEED}
    wide: Params = {"hidden_layer_sizes": [128], "alpha": 0.01, "max_iter": 1000, "random_state": SEED}
    first = Recipe(
        description="Logistic regression of the pixels.",
        params={"estimator": "logistic", **linear, "split_seed": SEED},
        artifacts=(Artifact("model.skops", "skops"),),
        fit=partial(logistic, linear),
        measure=partial(measure, from_skops),
        data=splits().lineage,
        signature=_signature("float64"),
        runtime="scikit-learn",
        packages=(*TRAINING, "skops"),
    )
    second = replace(
        first,
        description="A network of 32 hidden units, kept as its bare weights.",
        params={"estimator": "network", **narrow, "split_seed": SEED},
        artifacts=(Artifact("model.safetensors", "safetensors"),),
        fit=partial(network_weights, narrow),
        measure=partial(measure, from_weights),
        runtime="numpy",
        packages=(*TRAINING, "safetensors"),
    )
    third = replace(
        first,
        description="A network of 128 hidden units, in ONNX.",
        params={"estimator": "network", **wide, "split_seed": SEED},
        artifacts=(Artifact("model.onnx", "onnx"),),
        fit=partial(network_onnx, wide),
        measure=partial(measure, from_onnx),
        signature=_signature("float32"),
        runtime="onnxruntime",
        packages=(*TRAINING, "onnx", "onnxruntime", "skl2onnx"),
    )
    return {"digits@1.0.0": first, "digits@1.1.0": second, "digits@2.0.0": third}


def _signature(dtype: str) -> dict[str, Json]:
    return {
        "inputs": [tensor("features", dtype, -1, 64)],
        "outputs": [tensor("probabilities", dtype, -1, 10)],
    }
