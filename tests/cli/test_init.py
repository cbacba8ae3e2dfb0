"""`studbook init` in real repositories, as a user would run it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from support import samples
from support.lab import Lab

WRITTEN = (
    "registry/registry.yaml",
    "registry/.gitignore",
    ".github/workflows/registry.yml",
    ".github/workflows/registry-soak.yml",
    ".studbook/schemas/manifest.schema.json",
    ".vscode/settings.json",
    ".dvc/config",
)


class Workplace(Lab):
    """A repository in which commands are run."""

    def studbook(self, *arguments: str, at: str = ".") -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", "-m", "studbook", *arguments]
        environment = {**self.environment, "HOME": str(self.path.parent)}
        return subprocess.run(command, cwd=self.path / at, env=environment, capture_output=True, text=True, check=False)

    def files(self) -> dict[str, str]:
        found = (file for file in self.path.rglob("*") if file.is_file() and ".git" not in file.parts)
        return {file.relative_to(self.path).as_posix(): file.read_text(encoding="utf-8") for file in found}

    def write(self, path: str, text: str) -> None:
        (self.path / path).parent.mkdir(parents=True, exist_ok=True)
        (self.path / path).write_text(text, encoding="utf-8")

    def commit_all(self) -> None:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", "step")


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path / "repository")


def init(place: Workplace, *arguments: str) -> str:
    done = place.studbook("init", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_it_writes_is_a_legal_registry_before_and_after_the_first_commit(place: Workplace) -> None:
    said = init(place)
    assert all((place.path / path).is_file() and f"wrote    {path.split('/config')[0]}" in said for path in WRITTEN)
    assert place.studbook("validate").returncode == 0
    place.commit_all()
    assert place.studbook("validate", "--all").returncode == 0


def test_a_model_can_be_registered_and_promoted_in_it(place: Workplace) -> None:
    init(place, "--no-dvc")
    place.commit_all()
    place.write("registry/churn/model.yaml", 'owners: ["@acme/retention"]\n')
    for path, text in samples.version_files("churn", "1.0.0").items():
        place.write(path, text)
    assert place.studbook("validate").returncode == 0, place.studbook("validate").stdout
    place.commit_all()
    place.write("registry/churn/stages/staging.yaml", samples.stage("1.0.0"))
    assert place.studbook("validate").returncode == 0
    place.write("registry/churn/stages/production.yaml", samples.stage("1.0.0"))
    assert place.studbook("validate").returncode == 1


def test_artifacts_cannot_be_committed_by_accident(place: Workplace) -> None:
    init(place, "--no-dvc")
    version = "registry/churn/versions/1.0.0"
    described = ["manifest.yaml", "model.onnx.dvc", "README.md", "evaluations/holdout/first.yaml"]
    for name in ["model.onnx", "weights/part-1.bin", *described]:
        place.write(f"{version}/{name}", "x")
    place.write("registry/metadata.schema.json", "{}")
    place.git("add", "-A")
    staged = place.git("ls-files", "registry").splitlines()
    expected = [f"{version}/{name}" for name in described]
    expected += ["registry/.gitignore", "registry/metadata.schema.json", "registry/registry.yaml"]
    assert sorted(staged) == sorted(expected)


def test_it_works_at_the_top_level_wherever_it_is_started(place: Workplace) -> None:
    place.write("src/train.py", "")
    done = place.studbook("init", at="src")
    assert done.returncode == 0, done.stderr
    assert all((place.path / path).is_file() for path in WRITTEN)
    assert [file.name for file in (place.path / "src").iterdir()] == ["train.py"]


def test_running_it_again_changes_nothing(place: Workplace) -> None:
    init(place)
    before = place.files()
    said = init(place, "--approver", "@acme/late")
    assert place.files() == before
    assert "wrote" not in said
    assert "kept     registry/registry.yaml" in said


def test_what_exists_is_kept(place: Workplace) -> None:
    own = {path: f"# mine: {path}\n" for path in WRITTEN if path not in (".vscode/settings.json", ".dvc/config")}
    for path, text in own.items():
        place.write(path, text)
    said = init(place)
    assert {path: place.files()[path] for path in own} == own
    assert "not this version's: studbook schema --output .studbook/schemas" in said
    assert "wrote    .studbook/schemas/stage.schema.json" in said


def test_approvers_are_named_in_the_policy(place: Workplace) -> None:
    init(place, "--no-dvc", "--approver", "@acme/ml", "--approver", "ada@example.com")
    policy = yaml.safe_load(place.files()["registry/registry.yaml"])
    assert policy["approvers"] == ["@acme/ml", "ada@example.com"]
    assert policy["stages"]["production"]["approvers"] == ["@acme/ml", "ada@example.com"]


def test_an_approver_that_cannot_be_one_is_refused_before_anything_is_written(place: Workplace) -> None:
    done = place.studbook("init", "--approver", "the team")
    assert done.returncode == 2
    assert "the team" in done.stderr
    assert not place.files()


def test_parts_can_be_left_out(place: Workplace) -> None:
    said = init(place, "--no-dvc", "--no-workflow")
    roots = {path.split("/")[0] for path in place.files()}
    assert roots == {"registry", ".studbook", ".vscode"}
    assert "studbook validate --base" in said


def test_without_a_repository_it_says_how_to_begin_one(tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-m", "studbook", "-C", str(tmp_path), "init"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "run git init first" in done.stderr
    assert not os.listdir(tmp_path)


def test_a_bare_repository_has_no_place_for_it(place: Workplace) -> None:
    place.git("config", "core.bare", "true")
    done = place.studbook("init")
    assert done.returncode == 2
    assert "bare" in done.stderr


@pytest.mark.parametrize("registry", [".", "a b", "../elsewhere", "x${{y}}"])
def test_a_registry_needs_a_folder_of_its_own_with_a_plain_name(place: Workplace, registry: str) -> None:
    done = place.studbook("--registry", registry, "init")
    assert done.returncode == 2
    assert f"--registry {registry}" in done.stderr
    assert not place.files()


def test_another_folder_is_named_wherever_it_matters(place: Workplace) -> None:
    done = place.studbook("--registry", "ml/models", "init", "--no-dvc")
    assert done.returncode == 0, done.stderr
    files = place.files()
    assert "ml/models/registry.yaml" in files
    assert 'REGISTRY: "ml/models"' in files[".github/workflows/registry.yml"]
    attached = json.loads(files[".vscode/settings.json"])["yaml.schemas"]
    assert attached["./.studbook/schemas/stage.schema.json"] == "ml/models/**/stages/*.yaml"
    assert place.studbook("--registry", "ml/models", "validate").returncode == 0


def test_the_workflow_guards_the_branch_that_pull_requests_go_to(place: Workplace) -> None:
    place.git("checkout", "-q", "-b", "trunk")
    place.git("commit", "-q", "--allow-empty", "-m", "begin")
    place.git("update-ref", "refs/remotes/origin/trunk", "HEAD")
    place.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/trunk")
    place.git("checkout", "-q", "-b", "add-a-registry")
    assert "protect the branch trunk" in init(place, "--no-dvc")
    assert 'branches: ["trunk"]' in place.files()[".github/workflows/registry.yml"]


def test_editor_settings_are_added_to_and_nothing_in_them_is_replaced(place: Workplace) -> None:
    own = {"editor.tabSize": 4, "files.associations": {"*.dvc": "plaintext"}, "name": "Zoë"}
    place.write(".vscode/settings.json", json.dumps(own, indent=4, ensure_ascii=False))
    assert "added to .vscode/settings.json" in init(place, "--no-dvc")
    text = place.files()[".vscode/settings.json"]
    merged = json.loads(text)
    assert {key: merged[key] for key in own} == own
    assert len(merged["yaml.schemas"]) == 8
    assert '\n    "editor.tabSize": 4,' in text
    assert "Zoë" in text


@pytest.mark.parametrize("text", ['{\n  // mine\n  "a": 1\n}\n', '{"a": 1, "a": 2}', "[]", '{"yaml.schemas": []}'])
def test_editor_settings_that_are_not_plain_json_are_left_alone_and_the_addition_is_shown(
    place: Workplace, text: str
) -> None:
    place.write(".vscode/settings.json", text)
    said = init(place, "--no-dvc")
    assert place.files()[".vscode/settings.json"] == text
    assert '"./.studbook/schemas/manifest.schema.json": "registry/**/versions/*/manifest.yaml"' in said


def test_a_path_that_is_in_the_way_is_a_fault_and_leaves_no_half_written_file(place: Workplace) -> None:
    place.write(".github", "a file, not a folder")
    done = place.studbook("init", "--no-dvc")
    assert done.returncode == 2
    assert ".github/workflows/registry.yml" in done.stderr
    assert "Traceback" not in done.stderr
    assert not [path for path in place.files() if path.endswith(".tmp")]


def test_a_registry_that_is_a_symlink_is_refused(place: Workplace, tmp_path: Path) -> None:
    (place.path / "registry").symlink_to(tmp_path)
    assert place.studbook("init").returncode == 2


def test_where_dvc_cannot_begin_nothing_is_written(place: Workplace) -> None:
    place.write(".dvc", "a file, not a folder")
    done = place.studbook("init")
    assert done.returncode == 2
    assert "dvc init failed" in done.stderr
    assert list(place.files()) == [".dvc"]


def test_code_that_lies_in_the_repository_is_not_run_as_dvc(place: Workplace) -> None:
    place.write("dvc.py", "open('ran', 'w').close()\n")
    init(place)
    assert "ran" not in place.files()
    assert (place.path / ".dvc/config").is_file()


def test_quiet_says_nothing(place: Workplace) -> None:
    assert place.studbook("--quiet", "init", "--no-dvc").stdout == ""
