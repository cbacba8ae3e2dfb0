"""What an outsider found who had read only the convention: each a way in which a registry could be hurt or misled."""

from __future__ import annotations

from pathlib import Path

import pytest

from support import samples
from support.command import report, studbook
from support.lab import START, Content, Lab, errors

LATER = START + 30 * 86400
POLICY = "registry/registry.yaml"


def _judge(lab: Lab, files: dict[str, Content]) -> list[str]:
    lab.commit(files, branch="topic", at=LATER, parents=[lab.git("rev-parse", "main")])
    return errors(lab.validate(now=LATER + 60))


def _policy(lab: Lab) -> str:
    return lab.git("show", f"main:{POLICY}") + "\n"


@pytest.mark.parametrize(("wanted", "rule"), [("foo", "schema"), (">=9", "policy-invalid")])
def test_a_policy_that_nobody_could_judge_again_is_refused(lab: Lab, wanted: str, rule: str) -> None:
    assert _judge(lab, {POLICY: _policy(lab) + f'requires: "{wanted}"\n'}) == [rule]


def test_a_policy_that_was_merged_unreadable_can_be_put_right_alone_and_only_if_it_is(lab: Lab) -> None:
    good = _policy(lab)
    lab.commit({POLICY: good + 'requires: "foo"\n'}, at=LATER)
    assert _judge(lab, {POLICY: good + 'requires: "foo "\n'}) == ["schema"]
    assert _judge(lab, {POLICY: good}) == []
    assert "policy-invalid" in _judge(lab, {POLICY: good, "registry/churn/README.md": "# Churn\n"})


@pytest.mark.parametrize(
    "gate",
    [
        "candidate.metricz.auc > 0.5",
        "candidate.evaluations.holdout.metric.auc > 0.5",
        "model.ownerz.size() > 0",
        "incumbent.foo == 1",
    ],
)
def test_a_gate_that_names_no_field_is_found_when_it_is_written(lab: Lab, gate: str) -> None:
    card = f'description: x\nowners: ["@acme/ml"]\ngates: {{production: [{{require: "{gate}"}}]}}\n'
    assert _judge(lab, {"registry/churn/model.yaml": card}) == ["policy-invalid"]


def test_a_clone_of_depth_one_lacks_history_and_says_so(lab: Lab, tmp_path: Path) -> None:
    lab.commit(
        {"registry/churn/README.md": "# Churn\n"}, branch="topic", at=LATER, parents=[lab.git("rev-parse", "main~1")]
    )
    clone = tmp_path / "shallow"
    lab.git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{lab.path}", str(clone))
    found = report("--base", "origin/main", "--head", "origin/topic", cwd=clone)
    assert [d["rule"] for d in found["diagnostics"]] == ["history-missing"]
    assert "fetch-depth: 0" in found["diagnostics"][0]["hint"]


def test_a_blank_reason_is_pointed_at(lab: Lab) -> None:
    lab.commit(
        {"registry/churn/stages/production.yaml": 'version: 1.1.0\nreason: "  "\n'},
        branch="topic",
        at=LATER,
        parents=[lab.git("rev-parse", "main")],
    )
    (finding,) = lab.validate(now=LATER).diagnostics
    assert (finding.rule, finding.span.line, finding.span.column) == ("reason-missing", 2, 9)


def test_a_full_commit_id_is_that_commit_whatever_refs_are_called(lab: Lab) -> None:
    tip = lab.git("rev-parse", "main")
    lab.git("update-ref", f"refs/heads/{tip}", "main~1")
    assert report("--base", tip, "--head", tip, cwd=lab.path)["base"] == tip


def test_a_number_in_other_letters_is_taken_too(lab: Lab) -> None:
    added = samples.version_files("churn", "2.0.0-rc")
    lab.commit(dict(added), at=LATER)
    lab.commit(dict.fromkeys(added), at=LATER)
    assert _judge(lab, dict(samples.version_files("churn", "2.0.0-RC"))) == ["version-reused"]


def test_taking_the_ignore_file_away_is_an_error_and_the_schema_of_metadata_is_policy(lab: Lab) -> None:
    assert _judge(lab, {"registry/.gitignore": None}) == ["missing-file"]
    lab.commit({POLICY: _policy(lab) + "metadata_schema: m.schema.json\n", "registry/m.schema.json": "{}\n"}, at=LATER)
    assert _judge(lab, {"registry/m.schema.json": '{"type": "object"}\n'}) == []
    assert [event.kind for event in lab.validate(now=LATER).changes] == ["policy-changed"]


def test_a_hint_that_is_a_command_stays_a_command_on_github(lab: Lab) -> None:
    _judge(lab, {"registry/churn/stages/production.yaml": samples.stage("1.2.0", "r")})
    text = studbook("validate", "main..topic", "--format", "github", cwd=lab.path).stdout
    assert "%0Afix: studbook promote churn@1.2.0 staging" in text


def test_the_schemas_that_init_wrote_are_up_to_date(tmp_path: Path) -> None:
    Lab(tmp_path)
    assert studbook("init", "--no-dvc", cwd=tmp_path).returncode == 0
    assert studbook("schema", "--check", cwd=tmp_path).returncode == 0
