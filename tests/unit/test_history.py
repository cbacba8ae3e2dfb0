"""The undo stack of a stage, its tenures, and who was rolled back: pure, from the values that the stage took."""

from __future__ import annotations

from studbook.history import Held, Moment, StageHistory, WasArchived, replay

HOUR = 3600


def took(*values: str | None) -> StageHistory:
    """The history of a stage that took these values, one an hour; "-1.0.0" is the archiving of 1.0.0."""
    return replay(_event(number, value) for number, value in enumerate(values))


def _event(hour: int, value: str | None) -> Held | WasArchived:
    at = Moment(f"commit-{hour}", hour * HOUR)
    return WasArchived(at, value[1:]) if value and value.startswith("-") else Held(at, value)


def test_a_stage_that_was_never_set_has_no_holder_and_nothing_to_go_back_to() -> None:
    history = took()
    assert (history.holder, history.stack, history.below, history.tenures) == (None, (), (), ())
    assert not history.entered_from_empty


# promotions and rollbacks


def test_a_promotion_is_pushed_and_what_it_replaced_stays_below() -> None:
    history = took("1", "2", "3")
    assert history.stack == ("1", "2", "3")
    assert history.holder == "3"
    assert history.below == ("1", "2")
    assert not history.rolled_back


def test_the_same_value_again_is_no_change() -> None:
    history = took("1", "1", "2", "2")
    assert history.stack == ("1", "2")
    assert [tenure.since.time for tenure in history.tenures] == [0, 2 * HOUR]


def test_a_rollback_pops_who_held_the_stage() -> None:
    history = took("1", "2", "1")
    assert history.stack == ("1",)
    assert history.below == ()
    assert history.rolled_back == {"2"}


def test_a_rollback_that_skips_versions_pops_them_all_and_all_count_as_rolled_back() -> None:
    history = took("1", "2", "3", "1")
    assert history.stack == ("1",)
    assert history.rolled_back == {"2", "3"}


def test_who_was_rolled_back_has_not_been_in_the_stage_and_who_was_replaced_has() -> None:
    history = took("1", "2", "3", "2")
    assert history.has_been_in("1")
    assert history.has_been_in("2")
    assert not history.has_been_in("3")


def test_a_rollback_after_a_rollback_goes_further_down() -> None:
    assert took("1", "2", "3", "2").below == ("1",)
    assert took("1", "2", "3", "2", "1").below == ()


def test_what_is_brought_back_after_a_rollback_is_pushed_again_and_stays_once_rolled_back() -> None:
    history = took("1", "2", "1", "2", "3")
    assert history.stack == ("1", "2", "3")
    assert history.rolled_back == {"2"}


def test_a_promotion_after_a_rollback_goes_on_top_of_where_it_went_back_to() -> None:
    assert took("1", "2", "3", "1", "4").stack == ("1", "4")


# emptying


def test_emptying_pops_everything() -> None:
    history = took("1", "2", None)
    assert (history.holder, history.stack, history.below) == (None, (), ())


def test_after_emptying_nothing_of_before_can_be_gone_back_to() -> None:
    history = took("1", "2", None, "3")
    assert history.stack == ("3",)
    assert history.below == ()


def test_emptying_right_after_the_first_promotion_rolls_it_back() -> None:
    assert took("1", None).rolled_back == {"1"}


def test_emptying_later_on_rolls_nobody_back() -> None:
    assert not took("1", "2", None).rolled_back


def test_refilling_after_emptying_is_a_first_promotion_again() -> None:
    assert took("1", "2", None, "2").entered_from_empty
    assert took("1", "2", None, "2", None).rolled_back == {"2"}


def test_an_entry_from_empty_is_the_last_change_only_until_the_next() -> None:
    assert took("1").entered_from_empty
    assert not took("1", "2").entered_from_empty
    assert not took("1", "2", "1").entered_from_empty
    assert not took("1", None).entered_from_empty


def test_emptying_an_empty_stage_is_no_change() -> None:
    assert took(None).tenures == ()
    assert took("1", None, None).rolled_back == {"1"}
    assert took("1", "2", None, None).entered_from_empty is False


# archiving


def test_who_is_archived_after_being_replaced_is_taken_off() -> None:
    history = took("1", "2", "3", "-2")
    assert history.stack == ("1", "3")
    assert history.below == ("1",)
    assert not history.has_been_in("2")


def test_who_is_archived_while_holding_the_stage_stays_until_replaced() -> None:
    assert took("1", "2", "-2").stack == ("1", "2")
    assert took("1", "2", "-2").holder == "2"
    assert took("1", "2", "-2", "3").stack == ("1", "3")


def test_who_was_archived_and_unarchived_since_stays_off() -> None:
    """Unarchiving is no event: the stack says who held the stage and was not archived since."""
    assert took("1", "2", "-1", "3").stack == ("2", "3")


def test_who_was_archived_and_promoted_again_later_is_on_like_any_other() -> None:
    assert took("1", "2", "-1", "1", "3").stack == ("2", "1", "3")


def test_archiving_before_the_first_entry_does_not_matter() -> None:
    assert took("-2", "1", "2", "3").stack == ("1", "2", "3")


def test_archiving_is_no_rollback() -> None:
    assert not took("1", "2", "-1").rolled_back


def test_a_rollback_to_one_that_was_taken_off_is_a_promotion() -> None:
    history = took("1", "2", "3", "-1", "1")
    assert history.stack == ("2", "3", "1")
    assert not history.rolled_back


def test_archiving_the_one_before_makes_the_one_before_that_the_nearest() -> None:
    assert took("1", "2", "3", "-2").below[-1] == "1"


# tenures and soak


def test_a_tenure_lasts_from_entry_to_replacement_and_the_last_one_to_now() -> None:
    history = took("1", "2")
    assert [(t.version, t.since.commit, t.until and t.until.commit) for t in history.tenures] == [
        ("1", "commit-0", "commit-1"),
        ("2", "commit-1", None),
    ]
    assert history.soaked("1", now=10 * HOUR) == HOUR
    assert history.soaked("2", now=10 * HOUR) == 9 * HOUR


def test_soak_is_the_longest_unbroken_tenure_not_the_sum() -> None:
    times = {0: "1", 5: "2", 6: "1", 9: "3"}
    history = replay(Held(Moment("commit", time), version) for time, version in times.items())
    assert history.soaked("1", now=100) == 5


def test_a_longer_tenure_of_before_counts_though_the_present_one_is_short() -> None:
    history = replay([Held(Moment("a", 0), "1"), Held(Moment("b", 50), "2"), Held(Moment("c", 60), "1")])
    assert history.soaked("1", now=61) == 50


def test_emptying_breaks_a_tenure() -> None:
    history = took("1", None, "1")
    assert history.soaked("1", now=2 * HOUR) == HOUR
    assert history.holding_since("1") == Moment("commit-2", 2 * HOUR)


def test_who_never_held_the_stage_has_not_soaked() -> None:
    assert took("1").soaked("2", now=10 * HOUR) == 0


def test_a_tenure_that_begins_after_now_has_not_soaked() -> None:
    assert took(None, None, "1").soaked("1", now=0) == 0


def test_only_who_holds_the_stage_has_been_holding_it() -> None:
    history = took("1", "2")
    assert history.holding_since("1") is None
    assert history.holding_since("2") == Moment("commit-1", HOUR)
    assert took("1", None).holding_since("1") is None
