"""What type is a file? The pretrained model in the magika package (Apache-2.0), and one quantized from it.

Both are kept as magika reads them: the network, and a configuration that describes its inputs and classes.
"""

from __future__ import annotations

import logging
import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import metadata
from pathlib import Path
from statistics import fmean

from magika import Magika, MagikaResult
from onnxruntime.quantization import QuantType, quantize_dynamic

from studbook.demo.training.common import (
    Artifact,
    Data,
    Json,
    Metrics,
    Recipe,
    Score,
    Suite,
    purl,
    rounded,
    tensor,
)
from studbook.demo.training.samples import Sample, recorded, samples

BASE = "file-type/standard@3.3.0"
"""Magika calls this model standard_v3_3."""

FILES = ("model.onnx", "config.min.json")


def shipped() -> Path:
    """The folder of the default model in the installed magika."""
    distribution = metadata.distribution("magika")
    name = Magika().get_model_name()
    return Path(str(distribution.locate_file(f"magika/models/{name}")))


def import_base(folder: Path) -> None:
    """Copy the pretrained model, unchanged."""
    for name in FILES:
        shutil.copyfile(shipped() / name, folder / name)


def quantize(weights: str, per_channel: bool, folder: Path) -> None:
    """Write the base with its weights in eight bits; activations are quantized as they come."""
    shutil.copyfile(shipped() / "config.min.json", folder / "config.min.json")
    base, derived = shipped() / "model.onnx", folder / "model.onnx"
    with _without_advice():
        quantize_dynamic(base, derived, weight_type=QuantType[weights], per_channel=per_channel)


def measure(folder: Path, suite: Suite) -> Score:
    """Score the model in `folder`: accuracy, and mean recall over the labels (higher is better)."""
    files = samples(suite)
    return Score(_metrics(files, _identify(folder, files)), recorded(suite, "test"))


def measure_derived(folder: Path, suite: Suite) -> Score:
    """Score the model in `folder`, and the share of files on which it agrees with the base."""
    files = samples(suite)
    found, expected = _identify(folder, files), _identify(shipped(), files)
    same = [ours.output.label == theirs.output.label for ours, theirs in zip(found, expected, strict=True)]
    metrics = {**_metrics(files, found), **rounded({"agreement": fmean(same)})}
    return Score(metrics, recorded(suite, "test"))


def lineage() -> tuple[Data, ...]:
    """Nothing is trained here, so there is only the data that the versions were compared on."""
    return (recorded("validation", "validation"),)


def recipes() -> dict[str, Recipe]:
    """The versions of both models."""
    base = Recipe(
        description="The type of a file by its first and last kilobyte: magika's standard model, unchanged.",
        params={},
        artifacts=(Artifact("model.onnx", "onnx"), Artifact("config.min.json", "json")),
        fit=import_base,
        measure=measure,
        data=lineage,
        signature={
            "inputs": [tensor("bytes", "int32", -1, 2048)],
            "outputs": [tensor("target_label", "float32", -1, 214)],
        },
        runtime="onnxruntime",
        packages=("magika", "numpy", "onnx", "onnxruntime", "scikit-learn", "scipy"),
        origin=_origin(),
    )
    weights, per_channel = "QInt8", False
    quantized = replace(
        base,
        description="The standard model with weights of eight bits: a quarter of the size.",
        params={"method": "dynamic", "weight_type": weights, "per_channel": per_channel},
        fit=partial(quantize, weights, per_channel),
        measure=measure_derived,
        origin=None,
        parents=({"ref": BASE, "relation": "quantized"},),
    )
    return {BASE: base, "file-type/quantized@1.0.0": quantized}


@contextmanager
def _without_advice() -> Iterator[None]:
    """The quantizer's advice, a pass over fixed shapes, goes to the root logger and does not apply here."""
    logging.disable(logging.WARNING)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def _origin() -> dict[str, Json]:
    note = f"The model {shipped().name} as the package ships it."
    return {"uri": purl("magika"), "version": metadata.version("magika"), "note": note}


def _identify(folder: Path, files: Sequence[Sample]) -> list[MagikaResult]:
    model = Magika(model_dir=folder)
    return [model.identify_bytes(file.content) for file in files]


def _metrics(files: Sequence[Sample], found: Sequence[MagikaResult]) -> Metrics:
    right: dict[str, list[bool]] = defaultdict(list)
    for file, result in zip(files, found, strict=True):
        right[file.label].append(result.output.label == file.label)
    every = [hit for hits in right.values() for hit in hits]
    return rounded({"accuracy": fmean(every), "macro_recall": fmean(map(fmean, right.values()))})
