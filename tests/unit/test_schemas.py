"""The JSON Schemas are what the models say, and an independent tool reads them the same way."""

from __future__ import annotations

import shutil
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from studbook import schemas
from studbook.convention import paths
from studbook.convention.paths import YAML_KINDS
from support import samples

COMMITTED = Path(__file__).parents[2] / "schemas"
CHECK = shutil.which("check-jsonschema", path=sysconfig.get_path("scripts")) or "check-jsonschema"

POLICY = """\
convention: 1
approvers: ["@acme/ml-platform"]
stages:
  production:
    from: [registered]
    soak: 24h
    gates: [{require: "true", message: always}]
"""
SAMPLES = {
    "registry": ("registry.yaml", POLICY),
    "model": ("growth/churn/model.yaml", 'owners: ["@acme/retention"]\nmetrics: {auc: {better: higher}}\n'),
    "manifest": ("growth/churn/versions/1.0.0/manifest.yaml", samples.manifest("growth/churn", "1.0.0")),
    "evaluation": (
        "growth/churn/versions/1.0.0/evaluations/holdout/first.yaml",
        samples.evaluation("growth/churn", "1.0.0"),
    ),
    "stage": ("growth/churn/stages/production.yaml", samples.stage("1.0.0")),
    "archived": ("growth/churn/versions/1.0.0/archived.yaml", "reason: trained on leaked labels\n"),
    "waiver": (f"waivers/{'a' * 40}.yaml", "reason: emergency\n"),
    "pointer": ("growth/churn/versions/1.0.0/model.onnx.dvc", samples.pointer()),
}
BROKEN = {
    "registry": ("soak: 24h", "soak: soon"),
    "model": ("better: higher", "better: faster"),
    "manifest": ("convention: 1", "convention: 2"),
    "evaluation": ("convention: 1", "convention: 1\nmetric: {}"),
    "stage": ("version: 1.0.0", "version: 1.0"),
    "archived": ("reason:", "because:"),
    "waiver": ("reason: emergency", "reason: 7"),
    "pointer": ("hash: md5", "hash: md5\n  cache: false"),
}


def accepts(name: str, text: str, folder: Path) -> bool:
    """Whether check-jsonschema, the command, accepts this text against the committed schema."""
    (folder / "sample.yaml").write_text(text, encoding="utf-8")
    command = [CHECK, "--schemafile", str(COMMITTED / schemas.file_name(name)), str(folder / "sample.yaml")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("name", schemas.MODELS)
def test_the_committed_schema_is_the_generated_one(name: str) -> None:
    file = COMMITTED / schemas.file_name(name)
    assert file.read_text(encoding="utf-8") == schemas.text(name), "run: studbook schema --output schemas"


def test_no_other_schema_is_committed() -> None:
    assert {file.name for file in COMMITTED.iterdir()} == {name for name, _ in schemas.files()}


@pytest.mark.parametrize("name", schemas.MODELS)
def test_a_schema_is_valid_json_schema(name: str) -> None:
    schema = schemas.build(name)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == Draft202012Validator.META_SCHEMA["$id"]


@pytest.mark.parametrize("name", SAMPLES)
def test_check_jsonschema_accepts_a_sample_and_refuses_a_broken_one(name: str, tmp_path: Path) -> None:
    _, text = SAMPLES[name]
    broken = text.replace(*BROKEN[name])
    assert broken != text
    assert accepts(name, text, tmp_path)
    assert not accepts(name, broken, tmp_path)


@pytest.mark.parametrize("name", SAMPLES)
def test_keys_of_the_users_own_begin_with_x_but_for_the_pointer_which_is_dvcs(name: str) -> None:
    judge = Draft202012Validator(schemas.build(name))
    value = yaml.safe_load(SAMPLES[name][1])
    assert judge.is_valid({**value, "x-team": {"anything": [1]}}) == (name != "pointer")
    assert not judge.is_valid({**value, "team": "growth"})


def test_the_globs_find_each_kind_of_file_and_no_other(tmp_path: Path) -> None:
    for path, text in SAMPLES.values():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text, encoding="utf-8")
    for name, glob in schemas.PATHS.items():
        assert [file.relative_to(tmp_path).as_posix() for file in tmp_path.glob(glob)] == [SAMPLES[name][0]]


def test_every_kind_of_yaml_file_has_a_schema() -> None:
    assert {paths.place(path).kind for path, _ in SAMPLES.values()} == YAML_KINDS
