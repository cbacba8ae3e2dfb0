"""`studbook demo`, `rules` and `explain`, as a newcomer meets them."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from studbook.rules import RULES
from support.command import studbook
from support.lab import Lab


@pytest.mark.slow
def test_the_demo_tells_the_whole_story_and_leaves_a_repository_to_play_in(tmp_path: Path) -> None:
    done = studbook("demo", "play", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    for said in ("error[illegal-transition]", "error[gate-failed]", "(rollback)", "error[rolled-back]", "cd play/models"):
        assert said in done.stdout
    models = tmp_path / "play/models"
    assert studbook("validate", "--all", cwd=models).returncode == 0
    assert (models / "registry/breast-cancer/stages/production.yaml").read_text().startswith("version: 1.0.0\n")
    assert subprocess.run(["git", "-C", str(models), "status", "--porcelain"], capture_output=True).stdout == b""
    pulled = subprocess.run([sys.executable, "-m", "dvc", "status", "--cloud", "--json"], cwd=models, capture_output=True)
    assert json.loads(pulled.stdout) == {}


def test_the_demo_takes_no_folder_that_holds_something(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    done = studbook("demo", ".", cwd=tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_interrupted_demo_leaves_nothing(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-m", "studbook", "demo", "play"], cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not (tmp_path / "play/models/.git").exists() and process.poll() is None:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert b"Traceback" not in errors
    assert not (tmp_path / "play").exists()


def test_rules_lists_every_rule_with_its_first_sentence(tmp_path: Path) -> None:
    rows = json.loads(studbook("rules", "--json", cwd=tmp_path).stdout)["rules"]
    assert [row["id"] for row in rows] == [rule.id for rule in RULES]
    text = studbook("rules", cwd=tmp_path).stdout
    assert all(rule.id in text for rule in RULES)


def test_explain_prints_a_page_and_corrects_a_typing_error(tmp_path: Path) -> None:
    assert studbook("explain", "soak", cwd=tmp_path).stdout.startswith("# soak\n")
    assert studbook("explain", "sample", cwd=tmp_path).stdout.startswith("# The sample registry\n")
    wrong = studbook("explain", "gate-faild", cwd=tmp_path)
    assert wrong.returncode == 2
    assert "did you mean `gate-failed`?" in wrong.stderr


def test_a_mistyped_command_is_corrected(lab: Lab) -> None:
    done = studbook("valdate", cwd=lab.path)
    assert done.returncode == 2
    assert "did you mean `validate`?" in done.stderr


@pytest.mark.parametrize("command", [["--help"], ["validate", "--help"], ["promote", "--help"], ["demo", "-h"]])
def test_help_is_there(command: list[str], tmp_path: Path) -> None:
    done = studbook(*command, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: studbook")
