"""What `register` works out by itself: the next version, the environment."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from studbook.authoring import environment
from studbook.authoring.codebase import without_password
from studbook.authoring.registering import Source, next_versions


@pytest.mark.parametrize(
    ("versions", "following"),
    [
        ([], "0.0.1 0.1.0 1.0.0"),
        (["1.9.0", "1.10.2"], "1.10.3 1.11.0 2.0.0"),
        (["1.0.0", "2.0.0-rc.1"], "2.0.0 2.0.0 2.0.0"),
        (["1.2.0-rc.1"], "1.2.0 1.2.0 2.0.0"),
        (["1.2.3-rc.1"], "1.2.3 1.3.0 2.0.0"),
    ],
)
def test_a_bump_goes_on_from_the_highest_version_as_semver_has_it(versions: list[str], following: str) -> None:
    assert " ".join(next_versions(versions).values()) == following


def test_packages_that_the_code_declares_have_the_versions_that_are_installed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(
        '[project]\ndependencies = ["click>=8", "nowhere"]\n[project.optional-dependencies]\ntest = ["PyTest"]\n'
        '[dependency-groups]\ndev = [{include-group = "x"}, "pydantic"]\n[tool.poetry.dependencies]\npython = "^3.11"\nrich = "*"\n'
    )
    (tmp_path / "requirements.txt").write_text(
        "-r other.txt\n# note\nPyYAML==6 --hash=sha256:aa\ncffi; sys_platform == 'win32'\n./local\nhttps://x/y.whl\n"
    )
    found = environment.of_folder(tmp_path, Path(sys.executable))
    assert found["packages"].keys() == {"click", "pydantic", "pytest", "pyyaml", "rich"}  # type: ignore[attr-defined]
    assert found["python"] == "{}.{}.{}".format(*sys.version_info[:3])
    assert str(found["lockfile"]).startswith("requirements.txt@sha256:")
    (tmp_path / "requirements.txt").write_text("PyYAML==6\nclick\n")
    assert "lockfile" not in environment.of_folder(tmp_path, Path(sys.executable)), "not all of it is pinned"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("uv.lock", '[[package]]\nname = "Scikit_Learn"\nversion = "1.5.2"\n'),
        ("pylock.toml", '[[packages]]\nname = "scikit-learn"\nversion = "1.5.2"\n'),
        ("requirements.txt", "scikit-learn==1.5.2 \\\n    --hash=sha256:aa\n"),
        ("requirements.lock", "scikit-learn[extra] == 1.5.2 ; python_version > '3'\n"),
    ],
)
def test_a_commit_tells_its_lockfile_and_what_that_pins(name: str, text: str) -> None:
    files = {"pyproject.toml": b'[project]\ndependencies = ["scikit-learn"]\n', ".python-version": b"3.11.7\n", name: text.encode()}
    found = environment.of_commit(files.get)
    assert found["packages"] == {"scikit-learn": "1.5.2"}
    assert found["python"] == "3.11.7"
    assert str(found["lockfile"]).startswith(f"{name}@sha256:")


def test_what_is_no_environment_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("not toml [")
    assert environment.of_folder(tmp_path, tmp_path / "no-python") == {}


def test_no_password_of_a_remote_is_recorded() -> None:
    assert without_password("https://me:secret@github.com/acme/x.git") == "https://github.com/acme/x.git"
    assert without_password("git@github.com:acme/x.git") == "git@github.com:acme/x.git"


def test_what_was_typed_wins_over_what_was_found() -> None:
    found = Source(content={"params": {"a": 1, "b": 1}}, lineage={"data": [1], "code": 1})
    both = found.under(Source(content={"params": {"b": 2}, "license": "MIT"}, lineage={"data": [2], "run": 3}))
    assert both.content == {"params": {"a": 1, "b": 2}, "license": "MIT", "metrics": {}, "metadata": {}}
    assert both.lineage == {"data": [1, 2], "code": 1, "run": 3, "parents": []}
