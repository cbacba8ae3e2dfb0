"""`studbook validate`: what it compares, what it prints, how it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from support import samples
from support.command import report, studbook
from support.lab import START, Lab

PRODUCTION = "registry/churn/stages/production.yaml"
JUMP = {PRODUCTION: samples.stage("1.2.0", "in a hurry")}


def _propose(lab: Lab, files: dict[str, object]) -> None:
    lab.commit(files, branch="topic", at=START + 30 * 86400, parents=[lab.git("rev-parse", "main")])  # type: ignore[arg-type]


def test_json_is_the_contract_to_the_letter(lab: Lab) -> None:
    _propose(lab, JUMP)
    value = report("--base", "main", "--head", "topic", cwd=lab.path)
    assert list(value) == ["schema", "ok", "base", "head", "changes", "diagnostics"]
    assert value["schema"] == 1
    assert value["ok"] is False
    assert value["base"] == lab.git("rev-parse", "main")
    assert value["head"] == lab.git("rev-parse", "topic")
    assert value["changes"] == [
        {
            "kind": "stage-changed",
            "model": "churn",
            "stage": "production",
            "from": "1.0.0",
            "to": "1.2.0",
            "rollback": False,
        }
    ]
    (illegal,) = [d for d in value["diagnostics"] if d["rule"] == "illegal-transition"]
    assert list(illegal) == ["rule", "severity", "message", "path", "line", "column", "hint"]
    assert (illegal["severity"], illegal["path"], illegal["line"], illegal["column"]) == ("error", PRODUCTION, 1, 10)


@pytest.mark.parametrize(
    "revisions", [["main..topic"], ["--base", "main..topic"], ["--base", "main", "--head", "topic"]]
)
def test_revisions_may_be_given_as_a_range(lab: Lab, revisions: list[str]) -> None:
    _propose(lab, JUMP)
    assert studbook("validate", *revisions, cwd=lab.path).returncode == 1


def test_exit_status_is_0_where_the_change_holds(lab: Lab) -> None:
    _propose(lab, {PRODUCTION: samples.stage("1.1.0", "better")})
    done = studbook("validate", "main..topic", cwd=lab.path)
    assert done.returncode == 0, done.stdout
    assert "churn production: 1.0.0 -> 1.1.0" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base", "nowhere"], "there is no commit `nowhere`"),
        (["--head", "main"], "--head needs --base"),
        (["--base", "-x"], "there is no commit `-x`"),
        (["main...topic"], "with two dots"),
        (["--format", "yaml"], "Invalid value"),
    ],
)
def test_a_question_that_cannot_be_asked_is_exit_2_with_the_repair(lab: Lab, arguments: list[str], said: str) -> None:
    done = studbook("validate", *arguments, cwd=lab.path)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_outside_a_repository_is_exit_2(tmp_path: Path) -> None:
    done = studbook("validate", cwd=tmp_path)
    assert done.returncode == 2
    assert "not inside a Git repository" in done.stderr


def test_a_tag_named_like_the_branch_is_ambiguous(lab: Lab) -> None:
    lab.git("tag", "main", "main~1")
    done = studbook("validate", "--base", "main", cwd=lab.path)
    assert done.returncode == 2
    assert "`main` is ambiguous" in done.stderr
    assert studbook("validate", "--base", "refs/heads/main", cwd=lab.path).returncode == 0


def test_the_working_tree_is_judged_as_git_add_would_stage_it_and_nothing_is_touched(lab: Lab) -> None:
    lab.git("checkout", "-q", "main")
    (lab.path / PRODUCTION).write_text("version: 1.2.0\nreason: in a hurry\n")
    (lab.path / "registry/churn/versions/1.2.0/model.onnx").write_text("ignored")
    objects, index = lab.git("count-objects", "-v"), (lab.path / ".git/index").read_bytes()
    value = report(cwd=lab.path)
    assert [d["rule"] for d in value["diagnostics"]] == ["gate-failed", "illegal-transition"]
    assert (lab.git("count-objects", "-v"), (lab.path / ".git/index").read_bytes()) == (objects, index)


def test_a_repository_without_a_commit_can_be_asked(empty_lab: Callable[[], Lab]) -> None:
    lab = empty_lab()
    (lab.path / "registry").mkdir()
    (lab.path / "registry/registry.yaml").write_text("convention: 1\nstages: {}\n")
    value = report(cwd=lab.path)
    assert value["ok"] is True
    assert value["changes"] == [{"kind": "policy-changed"}]


def test_all_without_a_base_excuses_nothing_and_with_a_base_what_base_has(lab: Lab) -> None:
    lab.commit({"registry/stray.txt": "x"}, at=START + 20 * 86400)
    _propose(lab, {"registry/churn/README.md": "# Churn\n"})
    lab.git("checkout", "-q", "main")
    assert studbook("validate", "--all", cwd=lab.path).returncode == 1
    done = report("--all", "--base", "main", "--head", "topic", cwd=lab.path)
    assert done["ok"] is True
    assert [(d["rule"], d["severity"]) for d in done["diagnostics"]] == [("unknown-file", "warning")]


def test_quiet_says_nothing_and_output_writes_a_file(lab: Lab) -> None:
    _propose(lab, JUMP)
    quiet = studbook("-q", "validate", "main..topic", cwd=lab.path)
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (1, "", "")
    written = studbook("validate", "main..topic", "--format", "json", "--output", "out.json", cwd=lab.path)
    assert (written.returncode, written.stdout) == (1, "")
    assert json.loads((lab.path / "out.json").read_text())["ok"] is False


def test_another_folder_may_be_the_registry(empty_lab: Callable[[], Lab]) -> None:
    lab = empty_lab()
    lab.commit({"ml/models/registry.yaml": "convention: 1\nstages: {}\n", "registry/junk": "not ours"})
    lab.commit({"ml/models/churn/junk": "x"}, branch="topic", parents=[lab.git("rev-parse", "main")])
    done = studbook("--registry", "ml/models", "validate", "main..topic", "--json", cwd=lab.path)
    assert [d["path"] for d in json.loads(done.stdout)["diagnostics"]] == ["ml/models/churn/junk"]


def test_text_is_plain_when_piped_and_shows_line_caret_repair_and_rule(lab: Lab) -> None:
    _propose(lab, JUMP)
    text = studbook("validate", "main..topic", cwd=lab.path).stdout
    assert "\x1b" not in text
    assert "error[illegal-transition]: churn 1.2.0 has never been in staging" in text
    assert "  1 | version: 1.2.0\n    |          ^^^^^\n" in text
    assert "fix: studbook promote churn@1.2.0 staging" in text


def test_github_annotations_escape_what_could_end_them(lab: Lab) -> None:
    _propose(lab, {"registry/churn/100%,a:b.txt": "x"})
    text = studbook("validate", "main..topic", "--format", "github", cwd=lab.path).stdout
    assert text.startswith("::error file=registry/churn/100%25%2Ca%3Ab.txt,line=1,col=1,title=unknown-file::")
    assert "churn/100%25,a:b.txt" in text


def test_a_replace_ref_changes_nothing(lab: Lab) -> None:
    good = lab.commit(
        {PRODUCTION: samples.stage("1.1.0", "better")},
        branch="good",
        at=START + 30 * 86400,
        parents=[lab.git("rev-parse", "main")],
    )
    _propose(lab, JUMP)
    lab.git("replace", lab.git("rev-parse", "topic"), good)
    assert studbook("validate", "main..topic", cwd=lab.path).returncode == 1


def test_attributes_filters_and_drivers_of_head_or_checkout_do_not_matter(lab: Lab) -> None:
    lab.git("config", "merge.steal.driver", "touch stolen; true")
    lab.git("config", "filter.steal.smudge", "touch stolen; cat")
    lab.git("config", "filter.steal.clean", "touch stolen; cat")
    _propose(lab, {**JUMP, ".gitattributes": "* merge=steal filter=steal -diff\n", "code.py": "b\n"})
    lab.commit({"code.py": "a\n"}, at=START + 30 * 86400)
    assert studbook("validate", "main..topic", cwd=lab.path).returncode == 1
    assert not (lab.path / "stolen").exists()
    assert not (lab.path / ".git/stolen").exists()


def test_a_conflict_elsewhere_is_reported_and_the_registry_judged(lab: Lab) -> None:
    _propose(lab, {**JUMP, "code.py": "b\n"})
    lab.commit({"code.py": "a\n"}, at=START + 30 * 86400)
    found = {(d["rule"], d["path"]) for d in report("main..topic", cwd=lab.path)["diagnostics"]}
    assert found >= {("merge-conflict", "code.py"), ("illegal-transition", PRODUCTION)}


def test_a_shallow_clone_says_that_history_is_missing(lab: Lab, tmp_path: Path) -> None:
    lab.git("checkout", "-q", "main")
    clone = tmp_path / "shallow"
    lab.git("clone", "-q", "--depth", "1", f"file://{lab.path}", str(clone))
    (clone / PRODUCTION).write_text("version: 1.1.0\nreason: better\n")
    done = studbook("validate", "--json", cwd=clone)
    assert [d["rule"] for d in json.loads(done.stdout)["diagnostics"]] == ["history-missing"]


def test_a_bare_repository_can_be_asked_about_revisions(lab: Lab, tmp_path: Path) -> None:
    _propose(lab, JUMP)
    bare = tmp_path / "bare.git"
    lab.git("clone", "-q", "--bare", str(lab.path), str(bare))
    assert studbook("validate", "main..topic", cwd=bare).returncode == 1
    done = studbook("validate", cwd=bare)
    assert done.returncode == 2
    assert "bare" in done.stderr


def test_no_color_is_respected_and_colour_comes_only_with_a_terminal(lab: Lab) -> None:
    _propose(lab, JUMP)
    import pty

    def on_a_terminal(**environment: str) -> str:
        leader, follower = pty.openpty()
        import subprocess
        import sys

        env = {**os.environ, "TERM": "xterm-256color", **environment}
        subprocess.run(
            [sys.executable, "-m", "studbook", "validate", "main..topic"],
            cwd=lab.path,
            env=env,
            stdout=follower,
            stderr=follower,
        )
        os.close(follower)
        text = b""
        while chunk := _read(leader):
            text += chunk
        return text.decode()

    assert "\x1b[1;31m" in on_a_terminal()
    assert "\x1b[1;31m" not in on_a_terminal(NO_COLOR="1")


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""
