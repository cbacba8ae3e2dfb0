"""The reading commands: status, list, show, log, diff, lineage, changes, and completion."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import samples
from support.command import studbook
from support.lab import START, Lab

DAY = 86400
STAGING, PRODUCTION = "registry/churn/stages/staging.yaml", "registry/churn/stages/production.yaml"
FOLDER = "registry/churn/versions"
NUMBERS = ["churn@1.2.0", "churn@1.1.0", "churn@1.0.0"]


def said(lab: Lab, *arguments: str) -> str:
    done = studbook(*arguments, cwd=lab.path)
    assert done.returncode == 0, done.stderr
    assert "\t" not in done.stdout
    assert "\x1b" not in done.stdout
    return done.stdout


def told(lab: Lab, *arguments: str) -> dict[str, Any]:
    value = json.loads(said(lab, *arguments, "--json"))
    assert value["schema"] == 1
    assert isinstance(value, dict)
    return value


def refused(lab: Lab, *arguments: str) -> str:
    done = studbook(*arguments, cwd=lab.path)
    assert done.returncode == 2, done.stdout
    assert "Traceback" not in done.stderr
    return done.stderr


# log


def test_log_tells_who_when_from_to_why_and_how_long(lab: Lab) -> None:
    lab.commit({PRODUCTION: samples.stage("1.1.0", "beats 1.0.0")}, at=START + 10 * DAY, message="Promote 1.1.0")
    newest, oldest = told(lab, "log", "churn", "production")["log"]
    assert (newest["from"], newest["to"], newest["kind"], newest["why"]) == (
        "1.0.0",
        "1.1.0",
        "promotion",
        "beats 1.0.0",
    )
    assert (newest["author"], newest["at"], newest["until"]) == ("Ada", "2026-01-11T00:00:00Z", None)
    assert (oldest["from"], oldest["to"], oldest["why"]) == (None, "1.0.0", "the first model")
    assert oldest["until"] == newest["at"]
    line = said(lab, "log", "churn", "production").splitlines()[1]
    assert line.split()[:7] == ["2026-01-11", "00:00Z", "production", "1.0.0", "1.1.0", "promotion", "Ada"]


def test_log_of_a_rollback_tells_what_the_revert_says_and_not_the_older_reason(lab: Lab) -> None:
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY, message="Promote 1.1.0")
    why = 'Revert "Promote 1.1.0"\n\nThis reverts commit 0123456789012345678901234567890123456789.\n\nINC-4711: wrong'
    lab.commit({PRODUCTION: samples.stage("1.0.0", "the first model")}, at=START + 11 * DAY, message=why)
    newest = told(lab, "log", "churn", "production")["log"][0]
    assert (newest["kind"], newest["to"]) == ("rollback", "1.0.0")
    assert newest["why"] == 'Revert "Promote 1.1.0": INC-4711: wrong'


def test_log_of_a_merge_names_who_proposed_and_who_merged(lab: Lab) -> None:
    main = lab.git("rev-parse", "main")
    topic = lab.commit({PRODUCTION: samples.stage("1.1.0", None)}, branch="topic", at=START + 9 * DAY, parents=[main])
    tree = lab.git("rev-parse", f"{topic}^{{tree}}")
    person = ["-c", "user.name=Grace", "-c", "user.email=grace@example.com"]
    lab.environment |= {"GIT_AUTHOR_NAME": "Grace"}
    message = "Merge pull request #7 from acme/topic\n\nPromote churn 1.1.0"
    merge = lab.git(*person, "commit-tree", tree, "-p", main, "-p", topic, "-m", message, at=START + 10 * DAY)
    lab.git("update-ref", "refs/heads/main", merge)
    newest = told(lab, "log", "churn", "production")["log"][0]
    assert (newest["author"], newest["merger"], newest["why"]) == ("Ada", "Grace", "Promote churn 1.1.0")


def test_log_on_a_day_shows_every_holder_of_that_day(lab: Lab) -> None:
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY + 3600)
    lab.commit({PRODUCTION: samples.stage("1.2.0")}, at=START + 12 * DAY)
    assert [t["to"] for t in told(lab, "log", "churn", "production", "--at", "2026-01-10")["log"]] == ["1.0.0"]
    assert [t["to"] for t in told(lab, "log", "churn", "production", "--at", "2026-01-11")["log"]] == ["1.1.0", "1.0.0"]
    assert [t["to"] for t in told(lab, "log", "churn", "production", "--at", "2026-01-12")["log"]] == ["1.1.0"]
    assert said(lab, "log", "churn", "production", "--at", "2026-01-02").startswith("nothing has held production")


def test_log_tells_promotion_from_rollback_as_the_rules_do_even_past_an_archived_version(lab: Lab) -> None:
    archived = f"{FOLDER}/1.0.0/archived.yaml"
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY)
    lab.commit({archived: "reason: old\n"}, at=START + 11 * DAY)
    lab.commit({archived: None}, at=START + 12 * DAY)
    lab.commit({PRODUCTION: samples.stage("1.0.0")}, at=START + 13 * DAY)
    lab.commit({PRODUCTION: None}, at=START + 14 * DAY)
    kinds = [turn["kind"] for turn in told(lab, "log", "churn", "production")["log"]]
    assert kinds == ["emptied", "promotion", "promotion", "promotion"]


def test_log_of_two_turns_in_one_second_has_the_later_one_first(lab: Lab) -> None:
    for version in ("1.1.0", "1.2.0", "1.0.0"):
        lab.commit({PRODUCTION: samples.stage(version)}, at=START + 10 * DAY)
    assert [turn["to"] for turn in told(lab, "log", "churn", "production")["log"]][:3] == ["1.0.0", "1.2.0", "1.1.0"]


# status


def test_status_has_one_line_a_stage_with_the_next_command(lab: Lab) -> None:
    lines = said(lab, "status", "churn@1.1.0").splitlines()
    assert lines[0] == "churn 1.1.0"
    assert "holds it" in lines[2]
    assert "since 2026-01-" in lines[2]
    assert "may enter now" in lines[3]
    assert 'next: studbook promote churn@1.1.0 production --reason "..."' in lines[3]
    assert "needs @acme/retention" in lines[3]


def test_status_says_why_a_version_may_not_enter_with_the_figures_the_gate_saw(lab: Lab) -> None:
    gate = '{from: [registered], gates: [{require: "candidate.metrics.auc > 0.95", message: too weak}]}'
    policy = f"convention: 1\nstages: {{staging: {gate}}}\n"
    lab.commit({"registry/registry.yaml": policy}, at=START + 9 * DAY)
    (staging,) = told(lab, "status", "churn@1.2.0")["stages"]
    assert staging["state"] == "blocked"
    (obstacle,) = staging["obstacles"]
    assert obstacle["rule"] == "gate-failed"
    assert "too weak (candidate.metrics.auc = 0.9)" in obstacle["message"]


def test_status_says_that_a_version_was_never_where_it_has_to_come_from(lab: Lab) -> None:
    production = told(lab, "status", "churn@1.2.0")["stages"][1]
    assert [o["rule"] for o in production["obstacles"]] == ["illegal-transition", "gate-failed"]
    assert "next: studbook promote churn@1.2.0 staging" in said(lab, "status", "churn@1.2.0")


def test_status_counts_the_soak_that_is_left_at_a_moment(lab: Lab) -> None:
    at = told(lab, "log", "churn", "staging")["log"][0]["at"]
    moment = at.replace("T00:00:00Z", "T00:12:00Z")
    line = said(lab, "status", "churn@1.1.0", "--at", moment).splitlines()[3]
    assert "must wait" in line
    assert f"soak: 48m left, passes from {at[:10]} 01:00Z" in line
    production = told(lab, "status", "churn@1.1.0", "--at", moment)["stages"][1]
    assert (production["state"], production["passes_at"]) == ("waiting", at.replace("T00", "T01"))


def test_status_of_a_former_holder_is_a_rollback_and_of_a_rolled_back_one_asks_for_retry(lab: Lab) -> None:
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY)
    production = told(lab, "status", "churn@1.0.0")["stages"][1]
    assert (production["state"], production["next"]) == ("rollback", "studbook rollback churn production --to 1.0.0")
    lab.commit({PRODUCTION: samples.stage("1.0.0")}, at=START + 11 * DAY)
    production = told(lab, "status", "churn@1.1.0")["stages"][1]
    assert (production["state"], production["needs"]) == ("ready", ["--reason", "--retry"])


def test_status_of_an_archived_version_says_so(lab: Lab) -> None:
    lab.commit({f"{FOLDER}/1.2.0/archived.yaml": "reason: leaked labels\n"}, at=START + 9 * DAY)
    assert [s["state"] for s in told(lab, "status", "churn@1.2.0")["stages"]] == ["archived", "archived"]
    assert "archived: leaked labels" in said(lab, "status", "churn@1.2.0")


def test_status_agrees_with_what_validate_says_of_the_same_change(lab: Lab) -> None:
    for version in ("1.0.0", "1.1.0", "1.2.0"):
        for standing in told(lab, "status", f"churn@{version}")["stages"]:
            if standing["state"] == "holds":
                continue
            path = f"registry/churn/stages/{standing['stage']}.yaml"
            lab.commit(
                {path: samples.stage(version, "x", "y")}, branch=f"try-{version}-{standing['stage']}", parents=["main"]
            )
            done = studbook("validate", f"main..try-{version}-{standing['stage']}", cwd=lab.path)
            assert (done.returncode == 0) == (standing["state"] in ("ready", "rollback")), (version, standing)


# list


def test_list_shows_models_and_stages_aligned(lab: Lab) -> None:
    assert said(lab, "list") == "model  staging  production  latest\nchurn  1.1.0    1.0.0       1.2.0\n"
    (row,) = told(lab, "list")["models"]
    assert row["stages"] == {"staging": "1.1.0", "production": "1.0.0"}
    assert (row["latest"], row["owners"]) == ("1.2.0", ["@acme/retention"])


def test_list_filters_by_stage_owner_task_tag_and_cel(lab: Lab) -> None:
    other = "owners: [joe@acme.com]\ntask: ranking\ntags: {team: growth}\n"
    lab.commit(
        {
            "registry/growth/rank/model.yaml": other,
            **samples.version_files("growth/rank", "1.0.0", **{"metrics.auc": 0.5}),
        }
    )

    def names(*arguments: str) -> list[str]:
        return [row["model"] for row in told(lab, "list", *arguments)["models"]]

    assert names() == ["churn", "growth/rank"]
    assert names("--stage", "production") == ["churn"]
    assert names("--owner", "Joe@acme.com") == ["growth/rank"]
    assert names("--task", "ranking") == ["growth/rank"]
    assert names("--tag", "team=growth") == ["growth/rank"]
    assert names("--tag", "team=risk") == []
    assert names("--where", "candidate.metrics.auc > 0.8") == ["churn"]
    assert names("--where", "candidate.stages.staging.soaked >= duration('1h')") == []
    assert names("--stage", "staging", "--where", "candidate.stages.staging.soaked >= duration('1h')") == ["churn"]
    done = studbook("list", "--where", "candidate.metrics.rmse < 1.0", cwd=lab.path)
    assert "could not be asked of churn@1.2.0" in done.stderr
    assert "--where: " in refused(lab, "list", "--where", "candidate.metrics.auc >")
    assert "the policy has no stage `prod`" in refused(lab, "list", "--stage", "prod")


def test_list_on_a_day_shows_every_holder_of_that_day(lab: Lab) -> None:
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY + 3600)
    lab.commit({PRODUCTION: samples.stage("1.0.0")}, at=START + 10 * DAY + 7200)
    (row,) = told(lab, "list", "--at", "2026-01-11")["models"]
    assert row["held"]["production"] == ["1.1.0", "1.0.0"]
    assert row["stages"]["production"] == "1.0.0"
    assert "1.1.0, 1.0.0" in said(lab, "list", "--at", "2026-01-11")
    (row,) = told(lab, "list", "--at", "2026-01-12")["models"]
    assert row["held"]["production"] == ["1.0.0"]


# show


def test_show_tells_all_about_a_version_by_number_stage_or_latest(lab: Lab) -> None:
    value = told(lab, "show", "churn@production")
    assert (value["version"], value["stages"], value["folder"]) == ("1.0.0", ["production"], f"{FOLDER}/1.0.0")
    assert value["manifest"]["metrics"] == {"auc": 0.9}
    assert [(e["suite"], e["run"]) for e in value["evaluations"]] == [("holdout", "first")]
    assert told(lab, "show", "churn@latest")["version"] == "1.2.0"
    text = said(lab, "show", "churn@1.0.0")
    assert "  holds    production\n" in text
    assert "evaluation holdout/first" in text


def test_show_of_a_model_lists_its_stages_and_versions(lab: Lab) -> None:
    text = said(lab, "show", "churn")
    assert "production  1.0.0  the first model" in text
    assert [v["version"] for v in told(lab, "show", "churn")["versions"]] == ["1.0.0", "1.1.0", "1.2.0"]


@pytest.mark.parametrize(
    ("reference", "hint"),
    [
        ("chrun@1.0.0", "did you mean `churn`?"),
        ("churn@prod", "did you mean `production`?"),
        ("churn@1.1.1", "did you mean `1.1.0`?"),
        ("churn@", "churn@latest"),
        ("../churn@1.0.0", "there is no model `../churn`"),
        ("churn/versions@1.0.0", "churn"),
    ],
)
def test_an_unknown_name_is_exit_2_with_what_comes_close(lab: Lab, reference: str, hint: str) -> None:
    assert hint in refused(lab, "show", reference)


def test_show_at_a_revision_or_date_reads_what_was_there(lab: Lab) -> None:
    assert "no version in production" in refused(lab, "show", "churn@production", "--at", "main~4")
    assert "no commit at or before 2025-01-01" in refused(lab, "show", "churn", "--at", "2025-01-01")
    assert "no such moment as 2026-02-30" in refused(lab, "show", "churn", "--at", "2026-02-30")
    assert "there is no commit `nowhere`" in refused(lab, "show", "churn", "--at", "nowhere")
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY + 3600)
    assert told(lab, "show", "churn@production", "--at", "2026-01-11T00:30")["version"] == "1.0.0"
    assert told(lab, "show", "churn@production", "--at", "2026-01-11T02:30+01:00")["version"] == "1.1.0"
    whole = told(lab, "show", "churn@production", "--at", "2026-01-11")
    assert (whole["version"], whole["also_held"]) == ("1.1.0", ["1.0.0"])


def test_control_characters_of_a_registry_do_not_reach_the_terminal(lab: Lab) -> None:
    lab.commit({PRODUCTION: 'version: 1.1.0\nreason: "a\\e[31m\\tb\\nc"\n'}, at=START + 10 * DAY)
    assert "a\\x1b[31m b c" in said(lab, "log", "churn", "production")


# diff


def test_diff_tells_metrics_with_deltas_params_data_and_artifacts(lab: Lab) -> None:
    lab.commit(
        {
            "registry/churn/model.yaml": 'owners: ["@acme/r"]\nmetrics: {auc: {better: higher}, loss: {better: lower}}\n',
            **samples.version_files("churn", "2.0.0", **{"metrics.loss": 0.5, "params.depth": 6}),
            **samples.version_files("churn", "2.1.0", **{"metrics.auc": 0.85, "metrics.loss": 0.25, "params.depth": 7}),
        }
    )
    value = told(lab, "diff", "churn@2.0.0", "churn@2.1.0")
    rows = {(row["section"], row["key"]): row for row in value["differences"]}
    assert rows["metrics", "auc"]["trend"] == "worse"
    assert rows["metrics", "loss"] == {
        "section": "metrics", "key": "loss", "from": 0.5, "to": 0.25, "delta": -0.25, "trend": "better"
    }  # fmt: skip
    assert (rows["params", "depth"]["from"], rows["params", "depth"]["to"]) == (6, 7)
    text = said(lab, "diff", "churn@2.0.0", "churn@2.1.0")
    assert "-0.25 better" in text
    assert "-0.05 worse" in text
    assert "do not differ" in said(lab, "diff", "churn@2.0.0", "churn@2.0.0")


def test_diff_of_numbers_that_no_double_can_hold_has_no_delta(lab: Lab) -> None:
    lab.commit(
        {
            **samples.version_files("churn", "2.0.0", **{"metrics.auc": -1.7e308, "params.depth": 10**100}),
            **samples.version_files(
                "churn", "2.1.0", **{"metrics.auc": 1.7e308, "params.depth": 10**120, "params.x": 0.5}
            ),
        }
    )
    assert "params" in said(lab, "diff", "churn@2.0.0", "churn@2.1.0")
    rows = told(lab, "diff", "churn@2.0.0", "churn@2.1.0")["differences"]
    assert "delta" not in next(row for row in rows if row["key"] == "auc")


# lineage


def _family(lab: Lab) -> None:
    data = [{"name": "customers", "role": "train", "md5": "1b2cf535f27731c974343645a3985328"}]
    child = [{"ref": "churn@2.0.0", "relation": "finetune"}]
    lab.commit(
        {
            "registry/small/model.yaml": 'owners: ["@acme/r"]\n',
            **samples.version_files("churn", "2.0.0", **{"lineage.data": data}),
            **samples.version_files("small", "1.0.0", **{"lineage.parents": child}),
            **samples.version_files(
                "small", "1.1.0", **{"lineage.parents": [{"ref": "small@1.0.0", "relation": "quantized"}]}
            ),
            "registry/small/stages/production.yaml": samples.stage("1.1.0"),
        }
    )


def test_lineage_goes_up_to_parents_data_and_origin(lab: Lab) -> None:
    _family(lab)
    assert said(lab, "lineage", "small@1.1.0").splitlines() == [
        "small@1.1.0 (production)",
        "├── origin: https://models.example.com/churn",
        "└── quantized: small@1.0.0",
        "    ├── origin: https://models.example.com/churn",
        "    └── finetune: churn@2.0.0",
        "        ├── origin: https://models.example.com/churn",
        "        └── train: customers (1b2cf535f277)",
    ]


def test_lineage_goes_down_to_children_as_tree_dot_mermaid_and_json(lab: Lab) -> None:
    _family(lab)
    tree = said(lab, "lineage", "churn@2.0.0", "--downstream").splitlines()
    assert tree == ["churn@2.0.0", "└── finetune: small@1.0.0", "    └── quantized: small@1.1.0 (production)"]
    dot = said(lab, "lineage", "churn@2.0.0", "--downstream", "--format", "dot")
    assert '"churn@2.0.0" -> "small@1.0.0" [label="finetune"];' in dot
    assert said(lab, "lineage", "churn@2.0.0", "--downstream", "--format", "mermaid").startswith("flowchart LR\n")
    edges = told(lab, "lineage", "churn@2.0.0", "--downstream")["edges"]
    assert edges[0] == {"from": "churn@2.0.0", "to": "small@1.0.0", "how": "finetune"}


def test_lineage_of_data_finds_every_version_made_from_it_and_the_stages_they_reach(lab: Lab) -> None:
    _family(lab)
    found = told(lab, "lineage", "--data", "1b2cf535")["versions"]
    assert [(f["model"], f["version"], f["role"], f["through"], f["stages"]) for f in found] == [
        ("churn", "2.0.0", "train", None, []),
        ("small", "1.0.0", None, "churn@2.0.0", []),
        ("small", "1.1.0", None, "small@1.0.0", ["production"]),
    ]
    assert said(lab, "lineage", "--data", "ffffffff").startswith("no version was made from data")
    assert "too short" in refused(lab, "lineage", "--data", "1b")
    assert "give a version REF, or --data HASH" in refused(lab, "lineage")


def test_lineage_with_a_cycle_or_a_missing_parent_ends(lab: Lab) -> None:
    def made_of(parent: str) -> list[dict[str, str]]:
        return [{"ref": parent, "relation": "merge"}]

    lab.commit(
        {
            **samples.version_files("churn", "3.0.0", **{"lineage.parents": made_of("churn@3.1.0")}),
            **samples.version_files("churn", "3.1.0", **{"lineage.parents": made_of("churn@3.0.0")}),
            **samples.version_files("churn", "3.2.0", **{"lineage.parents": made_of("gone@1.0.0")}),
        }
    )
    assert "churn@3.0.0 (see above)" in said(lab, "lineage", "churn@3.0.0")
    assert "gone@1.0.0 (missing)" in said(lab, "lineage", "churn@3.2.0")
    assert "churn@3.1.0" in said(lab, "lineage", "churn@3.0.0", "--downstream")


# changes


def test_changes_are_those_of_validate(lab: Lab) -> None:
    lab.commit({PRODUCTION: samples.stage("1.1.0")}, at=START + 10 * DAY)
    event = {
        "kind": "stage-changed",
        "model": "churn",
        "stage": "production",
        "from": "1.0.0",
        "to": "1.1.0",
        "rollback": False,
    }
    value = told(lab, "changes", "main~1..main")
    assert value["changes"] == [event]
    assert (value["base"], value["head"]) == (lab.git("rev-parse", "main~1"), lab.git("rev-parse", "main"))
    assert told(lab, "changes")["changes"] == [event]
    assert told(lab, "changes", "--at", "2026-01-11")["changes"] == [event]
    lab.commit({PRODUCTION: samples.stage("1.0.0")}, at=START + 11 * DAY)
    assert "production: 1.1.0 -> 1.0.0 (rollback)" in said(lab, "changes")
    assert said(lab, "changes", "main..main") == "nothing in the registry changed\n"
    assert "with two dots" in refused(lab, "changes", "main...main~1")


# everywhere


def test_quiet_says_nothing_and_faults_are_told_without_a_traceback(lab: Lab, tmp_path: Path) -> None:
    for arguments in (
        ["list"],
        ["show", "churn"],
        ["log", "churn"],
        ["status", "churn@1.0.0"],
        ["lineage", "churn@1.0.0"],
    ):
        done = studbook("-q", *arguments, cwd=lab.path)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert studbook(*arguments, cwd=tmp_path).returncode == 2


def test_a_shallow_clone_is_asked_to_be_deepened_only_where_history_is_needed(lab: Lab, tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    lab.git("clone", "-q", "--depth", "1", f"file://{lab.path}", str(clone))
    assert studbook("show", "churn@production", cwd=clone).returncode == 0
    for arguments in (["log", "churn"], ["status", "churn@1.0.0"], ["list", "--at", "2026-01-03"], ["changes"]):
        done = studbook(*arguments, cwd=clone)
        assert done.returncode == 2, arguments
        assert "git fetch" in done.stderr


def test_an_unreadable_file_is_told_and_not_taken_for_an_empty_stage(lab: Lab) -> None:
    lab.commit({PRODUCTION: "version: [\n", f"{FOLDER}/1.2.0/manifest.yaml": "model: [\n"}, at=START + 9 * DAY)
    assert "cannot be read" in refused(lab, "show", "churn@production")
    assert "cannot be read" in refused(lab, "show", "churn@1.2.0")
    assert told(lab, "log", "churn", "production")["log"][0]["to"] == "unreadable"
    assert "unreadable" in said(lab, "log", "churn", "production")
    assert "churn" in said(lab, "list")


def test_a_terminal_gets_colour_unless_it_says_no(lab: Lab) -> None:
    def on_a_terminal(**environment: str) -> str:
        import pty

        leader, follower = pty.openpty()
        env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "60", **environment}
        command = [sys.executable, "-m", "studbook", "status", "churn@1.2.0"]
        subprocess.run(command, cwd=lab.path, env=env, stdout=follower, stderr=follower, check=True)
        os.close(follower)
        text = b""
        while chunk := _read(leader):
            text += chunk
        return text.decode()

    assert "\x1b[" in on_a_terminal()
    plain = on_a_terminal(NO_COLOR="1")
    assert not re.search(r"\x1b\[(\d+;)?3\d", plain)
    lines = re.sub(r"\x1b\[[0-9;]*m|\r", "", plain).split("\n")
    assert max(map(len, lines)) <= 60


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:
        return b""


# completion


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        (["log", "ch"], ["churn"]),
        (["show", "ch"], ["churn", "churn@staging", "churn@production", "churn@latest", *NUMBERS]),
        (["show", ""], ["churn", "growth/"]),
        (["show", "churn@"], ["churn@staging", "churn@production", "churn@latest", *NUMBERS]),
        (["status", "churn@1.1"], ["churn@1.1.0"]),
        (["log", "churn", "p"], ["production"]),
        (["list", "--stage", "s"], ["staging"]),
        (["show", "gro"], ["growth/rank"]),
        (["show", "growth/"], ["growth/rank"]),
        (["show", "nobody@"], []),
    ],
)
def test_completion_knows_models_stages_and_versions(lab: Lab, words: list[str], offered: list[str]) -> None:
    lab.commit({"registry/growth/rank/model.yaml": "owners: [joe@acme.com]\n"})
    assert _completed(lab.path, words) == offered


def test_completion_outside_a_registry_offers_nothing_and_says_nothing(
    empty_lab: Callable[[], Lab], tmp_path: Path
) -> None:
    assert _completed(empty_lab().path, ["show", "c"]) == []
    assert _completed(tmp_path, ["show", "c"]) == []


def test_completion_prints_what_turns_it_on(lab: Lab) -> None:
    assert "COMP_WORDBREAKS=${COMP_WORDBREAKS//@}" in said(lab, "completion", "bash")
    assert "zsh_source" in said(lab, "completion", "zsh")
    assert "Invalid value" in refused(lab, "completion", "cmd")


def _completed(folder: Path, words: list[str]) -> list[str]:
    line = ["studbook", *words]
    environment = {
        "_STUDBOOK_COMPLETE": "bash_complete",
        "COMP_WORDS": " ".join(line),
        "COMP_CWORD": str(len(line) - 1),
    }
    done = studbook(cwd=folder, **environment)
    assert done.stderr == ""
    return [row.partition(",")[2] for row in done.stdout.splitlines() if row]
