"""Stage changes that somebody may try: each is built on the sample registry as a real repository and judged.

In the sample, 1.0.0 holds production, 1.1.0 holds staging (1.0.0 before it), 1.2.0 is registered. Staging has
`rollback: any`; production takes from staging, soaks for an hour, asks for a reason and for a holdout evaluation.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from support import examples, samples
from support.lab import START, Content, Lab, errors, rules

DAY = 86400
BROKEN = "version: [\n"


class Story(Lab):
    """The sample registry, and what happens next; a day passes before each step."""

    now = START
    texts: dict[str, str]

    def merged(self, *parts: dict[str, Content], parents: list[str] | None = None) -> str:
        self.now += DAY
        return self.commit(_joined(parts), at=self.now, parents=parents)

    def proposed(self, *parts: dict[str, Content], parents: list[str] | None = None) -> str:
        self.now += DAY
        if parents is None and not self.tip("topic"):
            parents = [self.git("rev-parse", "main")]
        return self.commit(_joined(parts), branch="topic", at=self.now, parents=parents)

    def policy(self, route: str, value: object) -> dict[str, Content]:
        path = "registry/registry.yaml"
        self.texts[path] = examples._edited(self.texts[path], route, value)
        return {path: self.texts[path]}

    def errors(self) -> list[str]:
        return sorted(errors(self.validate(now=self.now)))

    def rules(self) -> list[str]:
        return sorted(rules(self.validate(now=self.now)))


def _joined(parts: tuple[dict[str, Content], ...]) -> dict[str, Content]:
    return {path: content for part in parts for path, content in part.items()}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Story:
    story = Story(tmp_path_factory.mktemp("sample") / "repo")
    story.texts = {}
    for step in examples.of_page("sample")[0].steps:
        story.merged(dict(examples._files(step, story.texts)))
    return story


@pytest.fixture
def story(sample: Story, tmp_path: Path) -> Story:
    shutil.copytree(sample.path, tmp_path / "repo")
    copy = Story(tmp_path / "repo")
    copy.now, copy.texts = sample.now, dict(sample.texts)
    return copy


def staging(version: str, retry: str | None = None) -> dict[str, Content]:
    return {"registry/churn/stages/staging.yaml": samples.stage(version, retry=retry)}


def production(version: str | None, reason: str | None = "better", retry: str | None = None) -> dict[str, Content]:
    return {"registry/churn/stages/production.yaml": samples.stage(version, reason, retry) if version else None}


def text(path: str, content: str | None) -> dict[str, Content]:
    return {f"registry/churn/{path}": content}


def evaluation(version: str) -> dict[str, Content]:
    return text(f"versions/{version}/evaluations/holdout/first.yaml", samples.evaluation("churn", version))


def archived(version: str, present: bool = True) -> dict[str, Content]:
    return text(f"versions/{version}/archived.yaml", "reason: leaked\n" if present else None)


CARD = text("README.md", "A card.\n")


# the branch


def test_what_main_brings_in_by_a_merge_is_no_detour_of_the_branch(story: Story) -> None:
    story.proposed(evaluation("1.2.0"))
    tip = story.merged(staging("1.2.0"))
    story.proposed(staging("1.2.0"), parents=[story.git("rev-parse", "topic"), tip])
    story.merged(staging("1.1.0"))
    assert story.rules() == []


def test_a_branch_that_merged_main_is_judged_by_what_main_says_now(story: Story) -> None:
    story.proposed(CARD)
    tip = story.merged(staging("1.2.0"), evaluation("1.2.0"))
    story.proposed(staging("1.2.0"), evaluation("1.2.0"), parents=[story.git("rev-parse", "topic"), tip])
    story.proposed(production("1.2.0"))
    assert story.errors() == []


def test_a_stage_set_in_the_merge_commit_itself_is_judged(story: Story) -> None:
    story.proposed(CARD)
    tip = story.merged(evaluation("1.2.0"))
    story.proposed(production("1.2.0"), evaluation("1.2.0"), parents=[story.git("rev-parse", "topic"), tip])
    assert story.errors() == ["illegal-transition"]


def test_a_merge_commit_can_be_a_detour(story: Story) -> None:
    story.proposed(CARD)
    tip = story.merged(evaluation("1.2.0"))
    story.proposed(staging("1.2.0"), evaluation("1.2.0"), parents=[story.git("rev-parse", "topic"), tip])
    story.proposed(staging("1.0.0"))
    assert story.errors() == ["stage-detour"]


def test_a_merge_that_drops_what_main_did_to_a_stage_is_a_change_of_that_stage(story: Story) -> None:
    story.merged(production("1.1.0"))
    story.proposed(evaluation("1.2.0"))
    tip = story.merged(production("1.0.0"))
    story.proposed(parents=[story.git("rev-parse", "topic"), tip])
    assert story.errors() == ["rolled-back"]


def _criss_cross(story: Story) -> None:
    """Two merge bases, which differ on staging; both sides have merged both."""
    fork = story.git("rev-parse", "main")
    left = story.merged(staging("1.2.0"))
    right = story.proposed(evaluation("1.2.0"), parents=[fork])
    story.merged(evaluation("1.2.0"), parents=[left, right])
    story.proposed(staging("1.2.0"), parents=[right, left])
    assert len(story.git("merge-base", "--all", "main", "topic").split()) == 2


def test_a_path_on_which_merge_bases_differ_counts_as_changed_on_both_sides(story: Story) -> None:
    _criss_cross(story)
    story.proposed(staging("1.0.0"))
    assert story.errors() == ["merge-conflict"]


def test_a_path_on_which_merge_bases_agree_merges(story: Story) -> None:
    _criss_cross(story)
    story.proposed(production("1.1.0"))
    assert story.errors() == []


# rollbacks


def test_with_any_a_rollback_may_skip_versions_and_all_of_them_were_rolled_back(story: Story) -> None:
    story.merged(staging("1.2.0"))
    story.proposed(staging("1.0.0"))
    assert story.rules() == []
    story.merged(staging("1.0.0"))
    story.git("branch", "-D", "topic")
    story.proposed(staging("1.1.0"))
    assert story.errors() == ["rolled-back"]


def test_a_rollback_that_is_forbidden_may_pass_as_a_promotion(story: Story) -> None:
    story.merged(story.policy("stages.production.rollback", "forbidden"))
    story.merged(production("1.1.0"))
    story.proposed(production("1.0.0"))
    assert story.rules() == []


def test_a_forbidden_rollback_that_is_no_legal_promotion_is_told_once(story: Story) -> None:
    story.merged(story.policy("stages.production.rollback", "forbidden"))
    story.merged(production("1.1.0"))
    story.proposed(production("1.0.0", reason=None))
    report = story.validate(now=story.now)
    assert [d.rule for d in report.diagnostics] == ["rollback-forbidden"]
    assert report.diagnostics[0].hint == "as a promotion this would pass, but for a `reason`"


def test_retry_is_asked_again_after_every_rollback(story: Story) -> None:
    for change in (staging("1.0.0"), staging("1.1.0", retry="false alarm"), staging("1.0.0")):
        story.merged(change)
    story.proposed(staging("1.1.0"))
    assert story.errors() == ["rolled-back"]


def test_a_blank_retry_is_none(story: Story) -> None:
    story.merged(staging("1.0.0"))
    story.proposed(text("stages/staging.yaml", 'version: 1.1.0\nretry: "  "\n'))
    assert story.errors() == ["rolled-back"]


def test_going_back_to_a_version_that_was_retried_is_a_rollback(story: Story) -> None:
    for change in (staging("1.0.0"), staging("1.1.0", retry="false alarm"), staging("1.2.0")):
        story.merged(change)
    story.proposed(staging("1.1.0"))
    assert story.rules() == []


# archiving


def test_a_new_holder_may_come_with_the_archiving_of_the_old_one(story: Story) -> None:
    story.proposed(production("1.1.0"), archived("1.0.0"))
    assert story.rules() == ["mixed-promotion"]


def test_who_was_archived_and_unarchived_has_to_go_all_the_way_again(story: Story) -> None:
    story.merged(production("1.1.0"), archived("1.0.0"))
    story.merged(archived("1.0.0", present=False))
    story.proposed(production("1.0.0"))
    assert story.errors() == ["illegal-transition"]


def test_archived_and_unarchived_on_one_branch_is_nothing(story: Story) -> None:
    story.proposed(archived("1.2.0"))
    story.proposed(archived("1.2.0", present=False))
    assert story.rules() == []


def test_archiving_one_version_does_not_bring_up_another_that_base_holds_archived(story: Story) -> None:
    story.merged(archived("1.0.0"))
    story.proposed(archived("1.2.0"))
    assert story.rules() == []


def test_an_archived_holder_that_base_has_is_a_warning_where_its_file_is_touched(story: Story) -> None:
    story.merged(archived("1.0.0"))
    story.proposed(production("1.0.0", reason="said better"))
    assert (story.errors(), story.rules()) == ([], ["stage-archived"])


# emptying


def test_refilling_an_emptied_stage_is_a_promotion(story: Story) -> None:
    story.merged(story.policy("stages.production.emptying", "allowed"))
    story.merged(production("1.1.0"))
    story.merged(production(None))
    story.proposed(production("1.0.0", reason=None))
    assert story.errors() == ["reason-missing"]


def test_bringing_back_a_first_promotion_that_was_undone_needs_retry(story: Story) -> None:
    story.merged(production(None))
    story.proposed(production("1.0.0"))
    assert story.errors() == ["rolled-back"]
    story.proposed(production("1.0.0", retry="it was the network"))
    assert story.errors() == []


@pytest.mark.parametrize("rollback", ["previous", "forbidden"])
def test_where_emptying_is_allowed_rollback_does_not_matter(story: Story, rollback: str) -> None:
    story.merged(story.policy("stages.production.emptying", "allowed"))
    story.merged(story.policy("stages.production.rollback", rollback))
    story.proposed(production(None))
    assert story.rules() == []


# what cannot be read


def test_putting_back_what_a_broken_file_said_is_a_rollback(story: Story) -> None:
    story.merged(text("stages/production.yaml", BROKEN))
    story.proposed(production("1.0.0", reason=None))
    assert story.rules() == []


def test_repairing_a_broken_file_is_no_way_round_the_rules(story: Story) -> None:
    story.merged(text("stages/production.yaml", BROKEN))
    story.proposed(production("1.2.0"))
    assert story.errors() == ["gate-failed", "illegal-transition"]


def test_a_broken_value_in_between_is_not_what_a_rollback_goes_to(story: Story) -> None:
    story.merged(text("stages/production.yaml", BROKEN))
    story.merged(production("1.1.0"))
    story.proposed(production("1.0.0", reason=None))
    assert story.rules() == []


def test_gates_that_cannot_be_read_are_not_passed(story: Story) -> None:
    story.merged(text("model.yaml", "description: [\n"))
    story.proposed(production("1.1.0"))
    assert story.errors() == ["gate-error"]


def test_a_rollback_does_not_ask_for_gates_that_cannot_be_read(story: Story) -> None:
    story.merged(production("1.1.0"))
    story.merged(text("model.yaml", "description: [\n"))
    story.proposed(production("1.0.0"))
    assert story.rules() == []


# base judges


def test_an_incumbent_of_an_empty_stage_is_its_last_holder(story: Story) -> None:
    story.merged(story.policy("stages.production.gates", [{"require": 'incumbent.version == "1.0.0"'}]))
    story.merged(production(None))
    story.proposed(production("1.1.0"))
    assert story.rules() == []


def test_an_incumbent_of_an_empty_stage_is_nobody_where_its_last_holder_is_archived(story: Story) -> None:
    story.merged(story.policy("stages.production.gates", [{"require": "incumbent == null"}]))
    story.merged(production(None))
    story.merged(archived("1.0.0"))
    story.proposed(production("1.1.0"))
    assert story.rules() == []


def test_a_model_cannot_drop_the_gate_that_it_is_judged_by(story: Story) -> None:
    plain = 'description: d\nowners: ["@a/b"]\n'
    story.merged(text("model.yaml", plain + 'gates: {production: [{require: "false"}]}\n'))
    story.proposed(text("model.yaml", plain), production("1.1.0"))
    assert story.errors() == ["gate-failed"]


def test_a_policy_cannot_be_weakened_by_what_it_judges(story: Story) -> None:
    story.proposed(story.policy("stages.production", {"from": ["registered"]}), production("1.2.0"))
    assert story.errors() == ["gate-failed", "illegal-transition"]


def test_one_change_cannot_go_through_two_stages(story: Story) -> None:
    story.merged(evaluation("1.2.0"))
    story.proposed(staging("1.2.0"), production("1.2.0"))
    assert story.errors() == ["illegal-transition"]


def test_a_version_may_move_on_while_the_next_takes_its_place(story: Story) -> None:
    story.proposed(staging("1.2.0"), production("1.1.0"))
    assert story.rules() == []


def test_soak_of_registered_counts_from_the_merge_not_from_a_date_before_it(story: Story) -> None:
    story.merged(story.policy("stages.trial", {"from": ["registered"], "soak": "2d"}))
    story.commit(dict(samples.version_files("churn", "1.3.0")), at=START)
    story.proposed(text("stages/trial.yaml", "version: 1.3.0\n"))
    assert story.errors() == ["soak"]


# what the branch would write into history on the way


def test_taking_a_stage_away_and_giving_it_back_is_a_detour(story: Story) -> None:
    """A rebase merge would clear the undo stack, and make emptying legal."""
    story.merged(production("1.1.0"))
    story.proposed(production(None))
    story.proposed(production("1.0.0"))
    assert story.errors() == ["stage-detour"]


def test_a_file_that_could_not_be_read_on_the_way_is_a_detour(story: Story) -> None:
    story.proposed(text("stages/staging.yaml", BROKEN))
    story.proposed(staging("1.2.0"))
    assert story.errors() == ["stage-detour"]


def test_removing_a_file_that_cannot_be_read_empties_the_stage(story: Story) -> None:
    story.merged(production("1.1.0"))
    story.merged(text("stages/production.yaml", BROKEN))
    story.proposed(production(None))
    assert story.errors() == ["stage-emptied"]


def test_a_stage_that_main_and_branch_got_from_each_other_is_no_change_without_effect(story: Story) -> None:
    _criss_cross(story)
    story.proposed(CARD)
    assert story.rules() == []
