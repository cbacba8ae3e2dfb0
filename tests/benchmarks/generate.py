"""Large registries, written through `git fast-import`: the same arguments give the same repository, byte for byte.

    python tests/benchmarks/generate.py FOLDER --models 1000 --versions 10 --commits 100000

`main` holds the registry and its history. `register` proposes one version (manifest, pointer, evaluation), `promote`
moves the version that has soaked in staging to production; both are up to date with main.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

START = 1_767_225_600
"""2026-01-01T00:00:00Z"""
POLICY = """\
convention: 1
requires: ">=0.1"
approvers: ["@acme/ml-platform"]
stages:
  staging:
    from: [registered]
    rollback: any
  production:
    from: [staging]
    soak: 24h
    reason: required
"""
MODEL = """\
description: Predicts which customers leave within 30 days.
owners: ["@acme/retention"]
task: tabular-classification
license: Apache-2.0
tags: {team: growth}
metrics:
  auc: {better: higher}
"""
MANIFEST = """\
convention: 1
model: %(model)s
version: %(version)s
created: 2026-01-01T09:30:00Z
description: Adds tenure buckets and drops the columns that leaked the label.
artifacts:
  - path: model.onnx
    size: %(size)d
    sha256: %(sha256)s
    format: onnx
params:
  learning_rate: 0.1
  depth: 6
  rounds: %(size)d
  subsample: 0.8
  seed: 7
  objective: binary
metrics:
  accuracy: 0.912
  auc: 0.%(size)d
  log_loss: 0.231
  latency_p99_ms: 12.5
lineage:
  code:
    repository: https://github.com/acme/churn
    commit: %(sha1)s
    path: train.py
    command: python train.py --seed 7
  data:
    - name: customers
      role: train
      uri: "s3://acme/customers/2026-10.parquet"
      md5: "%(md5)s"
      size: 81273
    - name: customers-validation
      role: validation
      uri: "s3://acme/customers/2026-10-validation.parquet"
      md5: "%(md5)s"
      size: 20318
  environment:
    python: "3.11.7"
    lockfile: requirements.lock
    packages:
      scikit-learn: "1.5.2"
      numpy: "2.1.0"
  run:
    tracker: mlflow
    id: "%(md5)s"
    uri: "https://mlflow.acme.internal/#/experiments/1/runs/0a1b2c"
runtime:
  name: onnxruntime
  version: "1.20"
signature:
  inputs:
    - name: tenure
      type: double
    - name: plan
      type: string
  outputs:
    - name: probability
      type: double
license: Apache-2.0
"""
POINTER = "outs:\n- md5: %(md5)s\n  size: %(size)d\n  hash: md5\n  path: model.onnx\n"
EVALUATION = """\
convention: 1
model: %(model)s
version: %(version)s
created: 2026-01-02T08:00:00Z
metrics: {auc: 0.948, accuracy: 0.9}
data: {name: holdout, uri: "s3://acme/holdout.parquet", md5: "9dd4e461268c8034f5c8564e155c67a6"}
"""
STAGE = "version: %s\nreason: Beats the last one by 2.1 points on the October holdout.\n"

Files = Iterator[tuple[str, str]]


def model_name(number: int) -> str:
    return f"model-{number:05d}"


def version_name(number: int) -> str:
    return f"1.{number}.0"


def version_files(model: str, version: str, *, evaluated: bool) -> Files:
    digest = hashlib.sha256(f"{model}@{version}".encode()).hexdigest()
    values = {"model": model, "version": version, "size": 1000 + int(digest[:4], 16)}
    values |= {"sha256": digest, "md5": digest[:32], "sha1": digest[:40]}
    folder = f"registry/{model}/versions/{version}"
    yield f"{folder}/manifest.yaml", MANIFEST % values
    yield f"{folder}/model.onnx.dvc", POINTER % values
    if evaluated:
        yield f"{folder}/evaluations/holdout/first.yaml", EVALUATION % values


def registry_files(models: int, versions: int) -> Files:
    """One version in five has an evaluation; half of the models have a version in staging, a quarter in production."""
    yield "registry/registry.yaml", POLICY
    yield "registry/.gitignore", "*\n!*/\n!*.yaml\n!*.dvc\n!*.md\n"
    for number in range(models):
        model = model_name(number)
        yield f"registry/{model}/model.yaml", MODEL
        for index in range(versions):
            yield from version_files(model, version_name(index), evaluated=index % 5 == 0)
        if number % 2 == 0:
            yield f"registry/{model}/stages/staging.yaml", STAGE % version_name(versions - 1)
        if number % 4 == 0:
            yield f"registry/{model}/stages/production.yaml", STAGE % version_name(0)


def step_files(number: int, commits: int, models: int, versions: int) -> Files:
    """What a commit of the history changes: a model's card, or once in a while a stage of the first model."""
    every = max(1, commits // 20)
    if number % every == 0:
        stage = "production" if number // every % 2 else "staging"
        version = version_name(number // every // 2 % (versions - 1))
        yield f"registry/{model_name(0)}/stages/{stage}.yaml", STAGE % version
    elif number == commits - 1:
        yield f"registry/{model_name(0)}/stages/staging.yaml", STAGE % version_name(versions - 1)
    else:
        yield f"registry/{model_name(number * 7919 % models)}/README.md", f"Card, edit {number}.\n"


def stream(models: int, versions: int, commits: int) -> Iterator[bytes]:
    """The whole repository, as fast-import reads it."""
    moment = START
    yield _commit("main", moment, registry_files(models, versions))
    for number in range(commits):
        moment += 60
        yield _commit("main", moment, step_files(number, commits, models, versions))
    proposed = version_files(model_name(1 % models), version_name(versions), evaluated=True)
    yield _commit("register", moment + 60, proposed, parent="main")
    promoted = (f"registry/{model_name(0)}/stages/production.yaml", STAGE % version_name(versions - 1))
    yield _commit("promote", moment + 60, iter([promoted]), parent="main")


def _commit(branch: str, moment: int, files: Files, parent: str = "") -> bytes:
    lines = [f"commit refs/heads/{branch}\ncommitter Ada <ada@example.com> {moment} +0000\ndata 4\nstep\n"]
    lines += [f"from refs/heads/{parent}\n"] if parent else []
    lines += [f"M 100644 inline {path}\ndata {len(text)}\n{text}\n" for path, text in files]
    return "".join(lines).encode()


def generate(folder: Path, models: int, versions: int, commits: int = 0) -> Path:
    """Write the repository unless it stands there already; bare, and packed as a server would send it."""
    done = folder / "generated"
    if done.exists():
        return folder
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", folder], check=True, env=environment)
    command = ["git", "fast-import", "--quiet"]
    with subprocess.Popen(command, cwd=folder, stdin=subprocess.PIPE, env=environment) as importer:
        assert importer.stdin is not None
        importer.stdin.writelines(stream(models, versions, commits))
        importer.stdin.close()
    assert importer.returncode == 0, "git fast-import failed"
    subprocess.run(["git", "repack", "-adq"], cwd=folder, check=True, env=environment)
    done.touch()
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write a large registry.")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--models", type=int, default=100)
    parser.add_argument("--versions", type=int, default=10)
    parser.add_argument("--commits", type=int, default=0)
    given = parser.parse_args()
    generate(given.folder, given.models, given.versions, given.commits)
