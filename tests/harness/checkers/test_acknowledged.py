"""What was acknowledged stands in the last snapshot, or the checker says which of it does not."""

from hypothesis import given
from hypothesis import strategies as st

from harness.checkers import AcknowledgedWritesSurvive
from harness.history import Kind
from harness.verdict import Outcome
from tests.histories import Story

SURVIVE = AcknowledgedWritesSurvive(write="write", snapshot="rows", key="identity")
AFTERWARDS = AcknowledgedWritesSurvive(write="write", snapshot="rows", key="identity", after="promoted")
names = st.lists(st.text("abcdef", min_size=1, max_size=4), min_size=1, max_size=20, unique=True)


def test_all_there() -> None:
    story = Story()
    story.write("a", "b")
    story.rows("a", "b", "c")
    verdict = SURVIVE.check(story.history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "all 2 acknowledged are there"


def test_one_is_gone() -> None:
    """A repeat that was told "duplicate" is a promise too; the evidence names the promise and the snapshot."""
    story = Story()
    told = story.write("a", "b")
    rows = story.rows("b")
    verdict = SURVIVE.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 of 2 acknowledged are gone: a"
    assert verdict.evidence == (told.number, rows.number)


def test_without_a_snapshot_or_a_write_nothing_is_known() -> None:
    story = Story()
    story.write("a", kind=Kind.INFO)
    story.write("b", kind=Kind.FAIL)
    assert SURVIVE.check(story.history()).outcome is Outcome.UNKNOWN
    story.rows("a")
    verdict = SURVIVE.check(story.history())
    assert verdict.outcome is Outcome.UNKNOWN
    assert "2 were tried" in verdict.summary


def test_only_the_last_snapshot_counts() -> None:
    story = Story()
    story.write("a")
    story.rows()
    story.rows("a")
    assert SURVIVE.check(story.history()).outcome is Outcome.PASS


def test_after_a_step_only_what_was_told_from_then_on_counts() -> None:
    story = Story()
    story.write("before", at_s=1.0)
    story.step("promoted", told_at_s=3.0, at_s=2.0)
    story.rows("after")
    assert AFTERWARDS.check(story.history()).outcome is Outcome.UNKNOWN
    story.write("after", at_s=4.0)
    story.rows("after")
    assert AFTERWARDS.check(story.history()).outcome is Outcome.PASS


def test_what_was_told_before_a_step_and_again_after_it_counts() -> None:
    """A key that vouches for a lost row says "duplicate" after the promotion: that is a promise made after it."""
    story = Story()
    story.write("a", at_s=1.0)
    story.step("promoted", told_at_s=2.0, at_s=2.0)
    story.write("a", at_s=3.0)
    story.rows()
    assert AFTERWARDS.check(story.history()).outcome is Outcome.FAIL


def test_the_moment_of_a_step_counts_and_not_when_it_was_read_of() -> None:
    story = Story()
    story.write("a", at_s=2.5)
    story.step("promoted", told_at_s=3.0, at_s=2.0)
    story.rows()
    assert AFTERWARDS.check(story.history()).outcome is Outcome.FAIL


def test_without_the_step_nothing_is_known() -> None:
    story = Story()
    story.write("a")
    story.rows("a")
    assert AFTERWARDS.check(story.history()).outcome is Outcome.UNKNOWN


def test_refusing_holds_where_the_scenario_says_so() -> None:
    """A write that nobody was told succeeded breaks no promise; but one has to have been tried."""
    refusing = AcknowledgedWritesSurvive(
        write="write", snapshot="rows", key="identity", after="promoted", refusing_holds=True
    )
    story = Story()
    story.write("a")
    story.step("promoted")
    story.rows("a")
    assert refusing.check(story.history()).outcome is Outcome.UNKNOWN
    story.write("b", kind=Kind.FAIL)
    story.rows("a")
    assert refusing.check(story.history()).outcome is Outcome.PASS
    assert AFTERWARDS.check(story.history()).outcome is Outcome.UNKNOWN


def test_an_answer_about_a_single_thing_is_its_own_result() -> None:
    one = AcknowledgedWritesSurvive(write="write", snapshot="kept", key="id")
    story = Story()
    story.tell(Kind.INVOKE, "write", {"id": "a"}, operation_id="1")
    story.tell(Kind.OK, "write", {"id": "a"}, operation_id="1")
    story.probe("kept", rows=[{"id": "a"}])
    assert one.check(story.history()).outcome is Outcome.PASS
    story.probe("kept", rows=[])
    assert one.check(story.history()).outcome is Outcome.FAIL


@given(names, st.data())
def test_dropping_any_acknowledged_row_of_a_passing_history_fails(identities: list[str], data: st.DataObject) -> None:
    dropped = data.draw(st.sampled_from(identities))
    whole, broken = Story(), Story()
    for story in (whole, broken):
        for identity in identities:
            story.write(identity)
    whole.rows(*identities)
    broken.rows(*(one for one in identities if one != dropped))
    assert SURVIVE.check(whole.history()).outcome is Outcome.PASS
    verdict = SURVIVE.check(broken.history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary.endswith(f": {dropped}")
