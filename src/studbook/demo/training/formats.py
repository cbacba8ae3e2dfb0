"""Reading and writing the formats that models are kept in, in bytes that depend on the model alone.

None of them can run code when it is loaded, which is why pickles are not among them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile, ZipInfo

import numpy as np
import onnxruntime
import skops.io
from numpy.typing import NDArray
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from sklearn.base import BaseEstimator

from studbook.demo.training.common import Json

TARGET_OPSET = 18
"""Given, so that a newer converter writes the same file."""

_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def save_onnx(model: BaseEstimator, path: Path, name: str) -> None:
    """Write a fitted `model` as ONNX: input `features` float32 (rows, columns), the graph called `name`.

    Classifiers give `label` (rows,) and `probabilities` (rows, classes) as plain tensors. Without a name the
    graph would get a random one.
    """
    shape = FloatTensorType([None, model.n_features_in_])
    plain = {"zipmap": False} if hasattr(model, "predict_proba") else {}
    proto = convert_sklearn(model, name, [("features", shape)], target_opset=TARGET_OPSET, options={id(model): plain})
    # The converter lists the opsets in the order of a set, which is another one in every process.
    opsets = sorted(proto.opset_import, key=lambda opset: opset.domain)
    del proto.opset_import[:]
    proto.opset_import.extend(opsets)
    path.write_bytes(proto.SerializeToString(deterministic=True))


def run_onnx(path: Path, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """The last output of the model at `path` (probabilities, or the prediction), in one thread."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    outputs = session.run(None, {"features": features.astype(np.float32)})
    return np.asarray(outputs[-1], dtype=np.float64)


def save_skops(model: BaseEstimator, path: Path) -> None:
    """Write a fitted `model` as skops, without the addresses and the time that skops puts into the file."""
    with ZipFile(BytesIO(skops.io.dumps(model))) as dumped:
        content = {name: dumped.read(name) for name in dumped.namelist()}
    schema = json.loads(content.pop("schema.json"))
    names = _renumber(schema, {})
    members = {names[name]: data for name, data in content.items()}
    with ZipFile(path, "w") as file:
        for name, data in [*sorted(members.items()), ("schema.json", json.dumps(schema, indent=1).encode())]:
            file.writestr(ZipInfo(name, _ZIP_EPOCH), data)


def _renumber(node: Json, files: dict[str, str], ids: dict[int, int] | None = None) -> dict[str, str]:
    """Replace each object's address in a skops schema, in place, by its place in the order of appearance.

    Returns the new names of the files, which skops names after the addresses, by their old ones.
    """
    ids = {} if ids is None else ids
    if isinstance(node, dict):
        if "__id__" in node:
            node["__id__"] = ids.setdefault(node["__id__"], len(ids))
        if "file" in node:
            node["file"] = files.setdefault(node["file"], f"{len(files)}{Path(node['file']).suffix}")
    for child in _children(node):
        _renumber(child, files, ids)
    return files


def _children(node: Json) -> Sequence[Json]:
    if isinstance(node, Mapping):
        return list(node.values())
    return node if isinstance(node, list) else []


def load_skops(path: Path, trusted: Sequence[str] = ()) -> BaseEstimator:
    """The model at `path`. Raises skops' UntrustedTypesFoundException for a type that is not `trusted`."""
    return skops.io.load(path, trusted=list(trusted))
