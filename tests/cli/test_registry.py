"""The registry of this repository: real, legal at every step of its history, and reproducible."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from studbook.git import Repository
from studbook.question import of_step
from studbook.validate import judge

ROOT = Path(__file__).parents[2]
REGISTRY = ROOT / "registry"
MANIFESTS = sorted(REGISTRY.rglob("manifest.yaml"))
REFERENCES = [f"{m.parents[2].relative_to(REGISTRY).as_posix()}@{m.parent.name}" for m in MANIFESTS]
BYTES = dict(zip(REFERENCES, MANIFESTS, strict=True))


def _load(path: Path) -> dict[str, object]:
    value = yaml.safe_load(path.read_text())
    assert isinstance(value, dict)
    return value


def _git(*arguments: str) -> str:
    return subprocess.run(
        ["git", "-C", str(ROOT), *arguments], check=True, capture_output=True, text=True
    ).stdout.strip()


def test_every_step_of_the_history_was_legal_at_its_time() -> None:
    lines = _git("log", "--first-parent", "--reverse", "--format=%H %P %ct", "--", "registry").splitlines()
    assert len(lines) > 40
    with Repository(ROOT) as repo:
        for line in lines:
            commit, parent, *_, moment = line.split()
            report = judge(repo, of_step(repo, parent, commit), now=int(moment))
            assert report.ok, (commit, report.diagnostics)


def test_the_history_uses_what_a_registry_is_for() -> None:
    with Repository(ROOT) as repo:
        commits = _git("log", "--first-parent", "--format=%H %P %ct", "--", "registry").splitlines()
        events = [
            event
            for commit, parent, *_, moment in map(str.split, commits)
            for event in judge(repo, of_step(repo, parent, commit), now=int(moment)).changes
        ]
    assert {e.kind for e in events} >= {
        "model-added", "version-registered", "evaluation-added", "stage-changed", "version-archived", "policy-changed"
    }  # fmt: skip
    assert any(e.get("rollback") and e.get("stage") == "production" for e in events)


def test_there_are_models_versions_an_import_and_a_descendant() -> None:
    manifests = [_load(path) for path in MANIFESTS]
    assert len({m["model"] for m in manifests}) >= 4
    assert len(manifests) >= 10
    assert any("origin" in m["lineage"] for m in manifests)  # type: ignore[operator]
    assert any("parents" in m["lineage"] for m in manifests)  # type: ignore[operator]


@pytest.mark.slow
def test_check_jsonschema_accepts_every_file_of_the_registry() -> None:
    kinds = {
        "registry": ["registry.yaml"], "model": ["**/model.yaml"], "manifest": ["**/manifest.yaml"],
        "stage": ["**/stages/*.yaml"], "evaluation": ["**/evaluations/*/*.yaml"],
        "archived": ["**/archived.yaml"], "pointer": ["**/*.dvc"],
    }  # fmt: skip
    for kind, patterns in kinds.items():
        files = [str(path) for pattern in patterns for path in REGISTRY.glob(pattern)]
        assert files, kind
        command = [sys.executable, "-m", "check_jsonschema", "--schemafile", str(ROOT / f"schemas/{kind}.schema.json")]
        done = subprocess.run([*command, "--default-filetype", "yaml", *files], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone with every artifact brought back by DVC from the remote in the clone itself."""
    folder = tmp_path_factory.mktemp("clone") / "studbook"
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(folder)], check=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    pulled = subprocess.run(
        [sys.executable, "-m", "dvc", "pull", "--quiet"], cwd=folder, env=environment, capture_output=True, text=True
    )
    assert pulled.returncode == 0, pulled.stderr
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("reference", REFERENCES)
def test_an_artifact_comes_back_in_a_fresh_clone_and_scores_as_its_evaluation_says(reference: str, clone: Path) -> None:
    from studbook.demo.recording import describe
    from studbook.demo.training import evaluate

    folder = clone / BYTES[reference].parent.relative_to(ROOT)
    manifest = _load(BYTES[reference])
    for artifact in manifest["artifacts"]:  # type: ignore[attr-defined]
        assert describe(folder / artifact["path"]) == {key: artifact[key] for key in ("size", "sha256")}
    recorded = [_load(path) for path in sorted(folder.glob("evaluations/holdout/*.yaml"))]
    scored = json.loads(json.dumps(evaluate(reference, folder, "holdout")))
    for evaluation in recorded:
        assert scored["data"]["md5"] == evaluation["data"]["md5"]  # type: ignore[index]
        assert scored["metrics"] == pytest.approx(evaluation["metrics"], abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("reference", REFERENCES)
def test_training_again_gives_the_recorded_metrics(reference: str, tmp_path: Path) -> None:
    from studbook.demo.training import train

    recorded = _load(BYTES[reference])
    again = json.loads(json.dumps(train(reference, tmp_path)))
    assert again["metrics"] == pytest.approx(recorded["metrics"], abs=1e-6)
    assert again["params"] == recorded["params"]
    assert again["lineage"]["environment"] == recorded["lineage"]["environment"]  # type: ignore[index]


def test_the_demo_ships_the_very_models_of_the_registry() -> None:
    from studbook.demo.recording import describe

    for version in ("1.0.0", "1.1.0", "2.0.0"):
        folder = ROOT / "src/studbook/demo/assets" / version
        manifest = _load(REGISTRY / "breast-cancer/versions" / version / "manifest.yaml")
        artifact = manifest["artifacts"][0]  # type: ignore[index]
        assert describe(folder / "model.onnx") == {key: artifact[key] for key in ("size", "sha256")}
        assert json.loads((folder / "record.json").read_text())["metrics"] == manifest["metrics"]
