"""A DVC pipeline as a commit has it."""

from __future__ import annotations

from pathlib import Path

import pytest

from studbook.authoring import pipeline
from studbook.authoring.pipeline import Item, Pipeline
from studbook.diagnostic import Fault
from studbook.git import Repository
from support.lab import Lab

MD5 = "098f6bcd4621d373cade4e832627b4f6"
_YAML = """\
.shared: &out {persist: true}
stages:
  prepare: {cmd: x, outs: [data.csv]}
  train:
    foreach: [a, b]
    do:
      cmd: python train.py ${item}
      wdir: work
      deps: [../data.csv]
      outs:
        - ${item}.bin: *out
      plots: ["plots/${item}"]
      metrics: ["${item}.json": {cache: false}]
metrics: [work/live.json]
"""


def _out(path: str, kind: str = "outs", hash: str = "hash: md5, ") -> str:
    return f"{kind}: [{{path: {path}, {hash}md5: {MD5}, size: 4}}]"


def _load(tmp_path: Path, lock: str, text: str = _YAML) -> Pipeline:
    lab = Lab(tmp_path / "lab")
    lab.commit({"sub/dvc.yaml": text, "sub/dvc.lock": lock})
    with Repository(lab.path) as repo:
        return pipeline.load(repo, repo.resolve("main"), lab.path / "sub")


def _rows(*paths: str) -> str:
    return "[" + ", ".join(f"{{path: {path}, hash: md5, md5: {MD5}, size: 4}}" for path in paths) + "]"


def test_paths_are_from_the_top_and_metrics_and_plots_are_told_apart_by_template(tmp_path: Path) -> None:
    lock = f"""\
schema: '2.0'
stages:
  train@a:
    cmd: [python train.py a, echo]
    deps: [{{path: ../data.csv, hash: md5, md5: {MD5}, size: 4}}, {{path: "s3://b/x.csv", etag: abc, size: 9}}]
    outs: {_rows("a.bin", "plots/a", "a.json", "live.json")}
"""
    stage = _load(tmp_path, lock).pick("train@a")
    assert stage.command == "python train.py a && echo"
    assert [item.path for item in stage.outputs] == ["sub/work/a.bin"]
    assert [item.path for item in stage.metrics] == ["sub/work/a.json", "sub/work/live.json"]
    assert stage.dependencies == (Item("sub/data.csv", MD5, 4, None), Item("s3://b/x.csv", None, 9, "abc"))


def test_the_last_stage_that_makes_an_output_is_the_one_unless_there_are_two(tmp_path: Path) -> None:
    lock = f"stages:\n  prepare:\n    cmd: x\n    outs: {_rows('data.csv')}\n"
    assert _load(tmp_path / "one", lock).pick(None).name == "prepare"
    one = f"\n    deps: {_rows('../data.csv')}\n    cmd: x\n    outs: "
    lock += f"  train@a:{one}{_rows('a.bin')}\n"
    assert _load(tmp_path / "two", lock).pick(None).name == "train@a"
    lock += f"  train@b:{one}{_rows('b.bin')}\n"
    with pytest.raises(Fault, match="These make outputs: train@a, train@b"):
        _load(tmp_path / "three", lock).pick(None)


@pytest.mark.parametrize(
    ("lock", "text", "said"),
    [
        (f"stages:\n  prepare:\n    cmd: x\n    {_out('data.csv', hash='')}\n", _YAML, "as DVC 2 made it"),
        ("stages: [", _YAML, "dvc.lock cannot be read"),
        ("{}", _YAML, "it has no `stages`"),
        ("stages: {a: {cmd: x}}", "stages: {a: {cmd: x, wdir: '${d}'}}", "is a template"),
        ("stages: {a: {cmd: x}}", "a: [", "dvc.yaml cannot be read"),
    ],
)
def test_what_is_not_understood_is_a_fault(tmp_path: Path, lock: str, text: str, said: str) -> None:
    with pytest.raises(Fault, match=said):
        _load(tmp_path, lock, text)
