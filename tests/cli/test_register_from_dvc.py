"""studbook register --from-dvc: a complete manifest from one command, each field of it from dvc.lock."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.desk import Desk
from support.lab import errors

pytestmark = pytest.mark.slow

NOW = 1_900_000_000
_PIPELINE = """\
stages:
  prepare:
    cmd: python prepare.py
    deps: [prepare.py, data/raw.csv]
    params: [prepare.rows]
    outs: [prepared.csv]
  train:
    cmd: python train.py --out ${out}
    deps: [train.py, prepared.csv]
    params: [train]
    outs: ["${out}", weights]
    metrics:
      - metrics.json: {cache: false}
    plots:
      - curve.csv: {cache: false}
  evaluate:
    cmd: python evaluate.py
    deps: [evaluate.py, model.bin]
    metrics: [scores.yaml]
vars: [{out: model.bin}]
"""
_FILES = {
    "prepare.py": "open('prepared.csv', 'w').write(open('data/raw.csv').read() * 2)\n",
    "train.py": (
        "import os, json\nos.makedirs('weights/deep', exist_ok=True)\nopen('model.bin', 'wb').write(b'm' * 5000)\n"
        "open('weights/a', 'w').write('a')\nopen('weights/deep/b', 'w').write('bb')\n"
        "json.dump({'auc': 0.9, 'by': {'north': 0.8}, 'note': 'text'}, open('metrics.json', 'w'))\n"
        "open('curve.csv', 'w').write('x,y\\n')\n"
    ),
    "evaluate.py": "open('scores.yaml', 'w').write('f1: 0.7\\n')\n",
    "params.yaml": "prepare: {rows: 10}\ntrain: {depth: 6, rate: 0.1}\n",
    "data/raw.csv": "id,x\n1,2\n",
    "dvc.yaml": _PIPELINE,
}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk whose code repository is a real DVC pipeline that has run; each test gets a copy."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
        desk = Desk(tmp_path_factory.mktemp("ran"))
    code = desk.code
    desk.dvc("init", "-q", folder=code.path)
    for name, text in _FILES.items():
        (code.path / name).parent.mkdir(exist_ok=True)
        (code.path / name).write_text(text)
    desk.dvc("add", "-q", "data/raw.csv", folder=code.path)
    desk.dvc("repro", "-q", folder=code.path)
    _commit(desk)
    return desk.top


def _commit(desk: Desk) -> None:
    desk.code.git("add", "-A")
    desk.code.git("commit", "-q", "-m", "run")
    desk.code.git("push", "-q", "origin", "main")


@pytest.fixture
def desk(ran: Path, tmp_path: Path) -> Desk:
    """The same bytes at another place."""
    shutil.copytree(ran, tmp_path / "desk", symlinks=True)
    for name in ("registry", "code"):
        folder = tmp_path / "desk" / name
        subprocess.run(["git", "remote", "set-url", "origin", tmp_path / "desk" / f"{name}.git"], cwd=folder, check=True)
    return Desk.at(tmp_path / "desk")


def _lock(desk: Desk) -> dict[str, Any]:
    stages = yaml.safe_load(desk.code.git("show", "HEAD:dvc.lock"))["stages"]
    assert isinstance(stages, dict)
    return stages


def _row(rows: list[dict[str, Any]], path: str) -> dict[str, Any]:
    return next(row for row in rows if row["path"] == path)


def test_every_field_traces_to_dvc_lock(desk: Desk) -> None:
    before = desk.state()
    done = desk.register("churn", "--bump", "minor", "--from-dvc", ".." / Path("code"), "--pipeline-stage", "train", "--push")
    assert done.returncode == 0, done.stdout + done.stderr
    assert desk.state() == before
    assert "left out: note" in done.stderr
    train, manifest = _lock(desk)["train"], desk.manifest("register/churn-1.1.0", "1.1.0")
    assert manifest["params"] == train["params"]["params.yaml"] == {"train": {"depth": 6, "rate": 0.1}}
    assert manifest["metrics"] == {"auc": 0.9, "by": {"north": 0.8}, "f1": 0.7}
    lineage, prepared = manifest["lineage"], _row(train["deps"], "prepared.csv")
    assert lineage["data"] == [{"name": "prepared.csv", "md5": prepared["md5"], "size": prepared["size"]}]
    assert lineage["code"] == {
        "repository": str(desk.origin), "commit": desk.code.git("rev-parse", "HEAD"), "path": "train.py", "command": train["cmd"],
    }  # fmt: skip
    assert [(a["path"], a["size"]) for a in manifest["artifacts"]] == [("model.bin", 5000), ("weights", 3)]
    assert manifest["artifacts"][0]["sha256"] == hashlib.sha256(b"m" * 5000).hexdigest()
    for name in ("model.bin", "weights"):
        text = desk.registry.git("show", f"register/churn-1.1.0:registry/churn/versions/1.1.0/{name}.dvc")
        out, md5 = yaml.safe_load(text)["outs"][0], _row(train["outs"], name)["md5"]
        assert out == _row(train["outs"], name)
        assert (desk.store / "files/md5" / md5[:2] / md5[2:]).is_file()
    assert not errors(desk.registry.validate("main", "register/churn-1.1.0", now=NOW))


def test_the_working_tree_is_not_read_and_an_output_can_be_named(desk: Desk) -> None:
    for name in ("model.bin", "metrics.json", "dvc.lock"):
        (desk.code.path / name).unlink()
    dirty = desk.register("churn@1.1.0", "model.bin", "--from-dvc", desk.code.path)
    assert "dvc.lock, metrics.json are not committed" in dirty.stderr
    done = desk.register("churn@1.1.0", "model.bin", "--from-dvc", desk.code.path, "--allow-dirty")
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = desk.manifest("register/churn-1.1.0", "1.1.0")
    assert [artifact["path"] for artifact in manifest["artifacts"]] == ["model.bin"]
    assert manifest["metadata"] == {"code": {"uncommitted": ["dvc.lock", "metrics.json"]}}


def test_the_bytes_come_from_the_cache_or_an_unchanged_working_tree_and_from_nowhere_else(desk: Desk) -> None:
    cache = desk.code.path / ".dvc/cache"
    shutil.rmtree(cache)
    done = desk.register("churn@1.1.0", "--from-dvc", desk.code.path, "--pipeline-stage", "train", "--dry-run")
    assert done.returncode == 0, done.stdout + done.stderr
    model = desk.code.path / "model.bin"
    model.unlink()
    model.write_bytes(b"other")
    done = desk.register("churn@1.1.0", "--from-dvc", desk.code.path, "--pipeline-stage", "train", "--dry-run")
    assert done.returncode == 2
    assert "and not " in done.stderr
    assert f"cd {desk.code.path} && dvc pull model.bin" in done.stderr


def test_what_ran_with_other_code_or_is_not_pushed_is_refused(desk: Desk) -> None:
    (desk.code.path / "train.py").write_text("print('another')\n")
    assert "train.py is not committed" in desk.register("churn@1.1.0", "--from-dvc", desk.code.path).stderr
    desk.code.git("commit", "-q", "-a", "-m", "without dvc repro")
    assert "is not pushed" in desk.register("churn@1.1.0", "--from-dvc", desk.code.path).stderr
    desk.code.git("push", "-q", "origin", "main")
    done = desk.register("churn@1.1.0", "--from-dvc", desk.code.path)
    assert "is not what dvc.lock says that `train` ran with" in done.stderr
    assert done.returncode == 2
    assert "it has prepare, train, evaluate" in desk.register("churn@1.1.0", "--from-dvc", desk.code.path, "--pipeline-stage", "x").stderr
    assert "makes no output" in desk.register("churn@1.1.0", "--from-dvc", desk.code.path, "--pipeline-stage", "evaluate").stderr
