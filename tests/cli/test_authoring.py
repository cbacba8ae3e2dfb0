"""promote, rollback, archive, unarchive, evaluate, new: one validated commit on a new branch, and nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from studbook.cli.proposing import pull_request_page
from support import samples
from support.command import studbook
from support.lab import START, Lab, errors

PRODUCTION = "registry/churn/stages/production.yaml"


@pytest.fixture
def desk(lab: Lab) -> Lab:
    """A checkout in disorder: a dirty file, a staged one, an untracked one."""
    lab.git("checkout", "-q", "-b", "work", "main")
    (lab.path / "registry/churn/model.yaml").write_text("half-written")
    (lab.path / "staged.txt").write_text("staged")
    lab.git("add", "staged.txt")
    (lab.path / "loose.txt").write_text("loose")
    return lab


def _state(lab: Lab) -> tuple[str, ...]:
    index = (lab.path / ".git/index").read_bytes().hex()
    return lab.git("status", "--porcelain"), lab.git("symbolic-ref", "HEAD"), lab.git("rev-parse", "HEAD"), index


def test_promote_makes_a_legal_branch_and_leaves_the_desk_as_it_was(desk: Lab) -> None:
    before = _state(desk)
    done = studbook("promote", "churn@staging", "production", "--reason", "better", cwd=desk.path)
    assert done.returncode == 0, done.stderr + done.stdout
    assert _state(desk) == before
    assert desk.git("show", f"promote/churn-1.1.0-production:{PRODUCTION}") == "version: 1.1.0\nreason: better"
    assert desk.git("rev-parse", "promote/churn-1.1.0-production^") == desk.git("rev-parse", "main")
    assert not errors(desk.validate("main", "promote/churn-1.1.0-production", now=int(time.time())))
    desk.git("fsck", "--strict")


def test_an_illegal_promotion_shows_why_and_leaves_nothing(desk: Lab) -> None:
    before, objects, refs = _state(desk), desk.git("count-objects", "-v"), desk.git("for-each-ref")
    done = studbook("promote", "churn@1.2.0", "production", cwd=desk.path)
    assert done.returncode == 1
    assert "illegal-transition" in done.stdout
    assert (_state(desk), desk.git("count-objects", "-v"), desk.git("for-each-ref")) == (before, objects, refs)


def test_a_dry_run_shows_the_change_and_keeps_nothing(desk: Lab) -> None:
    refs = desk.git("for-each-ref")
    done = studbook("promote", "churn@1.1.0", "production", "--reason", "r", "--dry-run", cwd=desk.path)
    assert done.returncode == 0
    assert "+version: 1.1.0" in done.stdout
    assert "churn production: 1.0.0 -> 1.1.0" in done.stdout
    assert desk.git("for-each-ref") == refs


def test_rollback_makes_the_tree_that_git_revert_makes(lab: Lab) -> None:
    promotion = lab.commit({PRODUCTION: samples.stage("1.1.0", "better")}, at=START + 30 * 86400)
    assert studbook("rollback", "churn", "production", "--reason", "INC-4711", cwd=lab.path).returncode == 0
    lab.git("checkout", "-q", "-b", "reverted", "main")
    lab.git("revert", "--no-edit", promotion)
    assert lab.git("rev-parse", "rollback/churn-production-1.0.0^{tree}") == lab.git("rev-parse", "reverted^{tree}")
    assert "INC-4711" in lab.git("log", "-1", "--format=%B", "rollback/churn-production-1.0.0")


def test_rollback_skips_what_is_archived_and_goes_where_it_is_told(lab: Lab) -> None:
    day = START + 30 * 86400
    lab.commit({"registry/churn/stages/staging.yaml": samples.stage("1.2.0")}, at=day)
    lab.commit({"registry/churn/versions/1.1.0/archived.yaml": "reason: bad\n"}, at=day + 1)
    done = studbook("rollback", "churn", "staging", cwd=lab.path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert lab.git("show", "rollback/churn-staging-1.0.0:registry/churn/stages/staging.yaml") == "version: 1.0.0"


def test_what_was_rolled_back_comes_back_only_with_retry(lab: Lab) -> None:
    day = START + 30 * 86400
    lab.commit({PRODUCTION: samples.stage("1.1.0", "better")}, at=day)
    lab.commit({PRODUCTION: samples.stage("1.0.0", "the first model")}, at=day + 1)
    again = ("promote", "churn@1.1.0", "production", "--reason", "better")
    assert "rolled-back" in studbook(*again, cwd=lab.path).stdout
    assert studbook(*again, "--retry", "false alarm", cwd=lab.path).returncode == 0


def test_archive_unarchive_evaluate_and_new(lab: Lab, tmp_path: Path) -> None:
    assert studbook("archive", "churn@1.2.0", "--reason", "unused", cwd=lab.path).returncode == 0
    lab.git("update-ref", "refs/heads/main", "archive/churn-1.2.0")
    assert studbook("unarchive", "churn@1.2.0", "--reason", "used after all", cwd=lab.path).returncode == 0
    metrics = tmp_path / "metrics.json"
    metrics.write_text('{"auc": 0.97, "by_region": {"north": 0.9}}')
    done = studbook("evaluate", "churn@1.2.0", "shadow", "--metrics", str(metrics), "--run", "week-1",
                    "--data", f"name=traffic,file={metrics}", cwd=lab.path)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    text = lab.git("show", "evaluate/churn-1.2.0-shadow-week-1:registry/churn/versions/1.2.0/evaluations/shadow/week-1.yaml")
    assert "auc: 0.97" in text
    assert "md5: " in text
    new = ("new", "growth/ltv", "--description", "Lifetime value.", "--owner", "@acme/growth")
    assert studbook(*new, cwd=lab.path).returncode == 0
    assert lab.git("show", "new/growth-ltv:registry/growth/ltv/model.yaml").startswith("description: Lifetime value.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["promote", "churn@9.9.9", "staging"], "churn has no version 9.9.9"),
        (["promote", "churn", "staging"], "names no version"),
        (["promote", "churn@latest", "staging"], "for reading only"),
        (["promote", "churn@1.1.0", "staging"], "holds staging already"),
        (["rollback", "nobody", "production"], "no version of nobody holds production"),
        (["evaluate", "churn@1.0.0", "holdout", "--metrics", "nowhere.json"], "cannot read"),
        (["new", "Churn", "--description", "x", "--owner", "@a/b"], "cannot be the name of a model"),
        (["promote", "churn@1.1.0", "production", "--base", "nowhere"], "there is no branch nowhere"),
    ],
)
def test_a_mistake_is_exit_2_with_the_repair(lab: Lab, arguments: list[str], said: str) -> None:
    done = studbook(*arguments, cwd=lab.path)
    assert done.returncode == 2, done.stdout
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_here_commits_on_the_current_branch_and_spares_what_is_dirty(desk: Lab) -> None:
    done = studbook("promote", "churn@1.1.0", "production", "--reason", "r", "--here", cwd=desk.path)
    assert done.returncode == 0, done.stderr
    assert (desk.path / PRODUCTION).read_text() == "version: 1.1.0\nreason: r\n"
    assert (desk.path / "registry/churn/model.yaml").read_text() == "half-written"
    assert desk.git("diff", "--cached", "--name-only") == "staged.txt"


def test_two_promotions_at_once_make_two_branches_or_one_clear_refusal(lab: Lab) -> None:
    command = [sys.executable, "-m", "studbook", "promote", "churn@1.1.0", "production", "--reason", "r"]
    both = [subprocess.Popen(command, cwd=lab.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    ends = sorted((p.wait(), p.communicate()[1]) for p in both)
    assert [code for code, _ in ends] == [0, 2]
    assert "there is a branch promote/churn-1.1.0-production already" in ends[1][1]
    lab.git("fsck", "--strict")


def test_a_default_branch_of_any_name_and_a_detached_head(lab: Lab) -> None:
    lab.git("branch", "-m", "main", "trunk")
    lab.git("config", "init.defaultBranch", "trunk")
    lab.git("checkout", "-q", "--detach", "trunk~1")
    assert studbook("promote", "churn@1.1.0", "production", "--reason", "r", cwd=lab.path).returncode == 0
    assert lab.git("rev-parse", "promote/churn-1.1.0-production^") == lab.git("rev-parse", "trunk")


def test_push_goes_to_the_remote_and_pr_names_the_page(lab: Lab, tmp_path: Path) -> None:
    remote = tmp_path / "remote.git"
    lab.git("clone", "-q", "--bare", str(lab.path), str(remote))
    lab.git("remote", "add", "origin", str(remote))
    done = studbook("promote", "churn@1.1.0", "production", "--reason", "r", "--push", cwd=lab.path)
    assert done.returncode == 0, done.stderr
    assert "promote/churn-1.1.0-production" in lab.git("ls-remote", "origin")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("git@github.com:acme/models.git", "https://github.com/acme/models/compare/main...x?expand=1"),
        ("https://github.com/acme/models", "https://github.com/acme/models/compare/main...x?expand=1"),
        ("ssh://git@ghe.acme.com:22/acme/models.git", "https://ghe.acme.com/acme/models/compare/main...x?expand=1"),
        ("/srv/git/models.git", None),
    ],
)
def test_the_page_on_which_a_pull_request_begins(url: str, page: str | None) -> None:
    assert pull_request_page(url, "main", "x") == page


@pytest.mark.slow
def test_killed_at_any_moment_it_leaves_a_sound_repository(desk: Lab) -> None:
    before = _state(desk)
    command = [sys.executable, "-m", "studbook", "promote", "churn@1.1.0", "production", "--reason", "r"]
    for delay in [n / 50 for n in range(4, 26)]:
        process = subprocess.Popen(command, cwd=desk.path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        time.sleep(delay)
        os.killpg(process.pid, 9)
        process.wait()
        desk.git("fsck", "--strict")
        assert _state(desk) == before
        if desk.tip("promote/churn-1.1.0-production"):
            desk.git("branch", "-D", "promote/churn-1.1.0-production")
    assert subprocess.run(command, cwd=desk.path, capture_output=True).returncode == 0
