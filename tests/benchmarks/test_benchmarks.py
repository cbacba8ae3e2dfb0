"""Every command that is measured gives the expected verdict. No time is ever asserted."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import generate
import run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory: pytest.TempPathFactory) -> list[run.Comparison]:
    return list(run.comparisons(tmp_path_factory.mktemp("benchmarks"), run.Sizes(small=4, large=8, commits=100)))


def test_every_measured_check_finds_the_change_legal(comparisons: list[run.Comparison]) -> None:
    checks = [command for c in comparisons for command in (*c.ours, *c.floor) if "json" in command.arguments]
    assert len(checks) >= 4
    for command in checks:
        done = subprocess.run(command.arguments, cwd=command.folder, capture_output=True)
        assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
        report = json.loads(done.stdout)
        assert report["ok"]
        assert report["diagnostics"] == []
        assert report["changes"]


def test_every_measured_command_runs(comparisons: list[run.Comparison]) -> None:
    for comparison in comparisons:
        assert run.seconds((*comparison.ours, *comparison.floor)) > 0


def test_the_same_arguments_give_the_same_repository(tmp_path: Path) -> None:
    folders = [generate.generate(tmp_path / name, models=2, versions=3, commits=20) for name in ("one", "other")]
    heads = [run.git(run.Command(("git", "rev-parse", "main", "register", "promote"), folder)) for folder in folders]
    assert heads[0] == heads[1]
