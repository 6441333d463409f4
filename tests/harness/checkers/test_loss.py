"""The truth of a loss, and what is held against it: the recovery's list, the notices, and that there was none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.checkers import AskedAgain, LossIsListed, NothingLost
from harness.checkers.base import Claim
from harness.history import Kind
from harness.objective import rpo
from harness.verdict import Outcome
from tests.histories import Story

LISTED = LossIsListed(write="write", listing=("recover", "list"))
ASKED = AskedAgain(write="write", asked_field="identities")
NOTHING = NothingLost(write="write")


def list_of(story: Story, *identities: str) -> None:
    lost = [{"identity": one, "certainty": "lost"} for one in identities]
    story.step("operator", actor="operator", command=["recover", "list"], exit_code=0, document={"lost": lost})


def failed_over() -> Story:
    """`kept` and `gone` were acknowledged, `maybe` may have happened; then the fault and the promotion."""
    story = Story()
    story.write("kept", actor="client one")
    story.write("gone", actor="client two")
    story.write("maybe", kind=Kind.INFO)
    story.fault()
    story.step("promoted")
    return story


def test_a_list_of_the_truth_passes() -> None:
    story = failed_over()
    list_of(story, "gone")
    story.rows("kept", name="promoted_rows")
    verdict = LISTED.check(story.history())
    assert verdict.outcome is Outcome.PASS
    assert verdict.summary == "all 1 lost are listed, and 0 more that may have been"


def test_a_list_may_hold_what_nobody_knew() -> None:
    story = failed_over()
    list_of(story, "gone", "maybe")
    story.rows("kept", name="promoted_rows")
    assert LISTED.check(story.history()).outcome is Outcome.PASS


@pytest.mark.parametrize(
    ("listed", "said"),
    [(["maybe"], "1 of 1 lost are not listed: gone"), (["gone", "kept"], "never lost: kept"), (["gone", "x"], ": x")],
    ids=["one missing", "one that stands", "one that nobody sent"],
)
def test_a_list_that_is_not_the_truth_fails(listed: list[str], said: str) -> None:
    story = failed_over()
    list_of(story, *listed)
    story.rows("kept", name="promoted_rows")
    verdict = LISTED.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert said in verdict.summary


def test_what_was_under_way_while_the_list_was_made_was_known_to_nobody() -> None:
    story = failed_over()
    begun = story.begin("late")
    list_of(story, "gone", "late")
    story.end(begun, Kind.OK, results=[{"identity": "late", "id": "1"}])
    story.rows("kept", "late", name="promoted_rows")
    assert LISTED.check(story.history()).outcome is Outcome.PASS


def test_what_had_ended_well_before_the_list_was_made_was_known() -> None:
    story = failed_over()
    story.write("new")
    story.step("wait")
    list_of(story, "gone", "new")
    story.rows("kept", "new", name="promoted_rows")
    assert LISTED.check(story.history()).outcome is Outcome.FAIL


def test_what_never_ended_was_known_to_nobody() -> None:
    story = failed_over()
    story.begin("hanging")
    list_of(story, "gone", "hanging")
    story.rows("kept", name="promoted_rows")
    assert LISTED.check(story.history()).outcome is Outcome.PASS


def test_what_is_written_while_the_rows_are_looked_at_is_not_lost() -> None:
    """It was acknowledged after the promotion and before the look was written down, and the look had not seen it."""
    story = failed_over()
    list_of(story, "gone")
    story.write("new")
    story.rows("kept", name="promoted_rows")
    assert LISTED.check(story.history()).outcome is Outcome.PASS
    measured = rpo(limit_s=10, write="write", snapshot="promoted_rows").measure(story.history())
    assert [one["identity"] for one in measured.lost] == ["gone"]


def test_without_a_list_nothing_is_known_of_it() -> None:
    story = failed_over()
    story.rows("kept", name="promoted_rows")
    assert LISTED.check(story.history()).outcome is Outcome.UNKNOWN
    story.step("operator", actor="operator", command=["recover", "list"], exit_code=1, document=None)
    assert LISTED.check(story.history()).outcome is Outcome.UNKNOWN


def notice(story: Story, partner: str, *identities: str) -> None:
    story.step("notice", actor="inbox", partner=partner, identities=list(identities))


def test_who_lost_something_was_asked_for_it() -> None:
    story = failed_over()
    story.rows("kept", name="promoted_rows")
    notice(story, "two", "gone")
    assert ASKED.check(story.history()).outcome is Outcome.PASS


@pytest.mark.parametrize(("partner", "asked"), [("two", "kept"), ("one", "gone")], ids=["what", "whom"])
def test_asking_for_another_thing_or_somebody_else_is_not_asking(partner: str, asked: str) -> None:
    story = failed_over()
    story.rows("kept", name="promoted_rows")
    notice(story, partner, asked)
    verdict = ASKED.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 of 1 lost were not asked for: gone"


def test_where_nothing_was_lost_nobody_has_to_be_asked() -> None:
    story = failed_over()
    story.rows("kept", "gone", name="promoted_rows")
    assert ASKED.check(story.history()).outcome is Outcome.PASS


def test_nothing_lost() -> None:
    story = failed_over()
    story.rows("kept", "gone", name="promoted_rows")
    assert NOTHING.check(story.history()).outcome is Outcome.PASS
    story.rows("kept", name="promoted_rows")
    verdict = NOTHING.check(story.history())
    assert verdict.outcome is Outcome.FAIL
    assert verdict.summary == "1 acknowledged were gone: gone"


def test_sending_again_does_not_hide_a_loss() -> None:
    """The look is taken before anybody sends again; what is sent again afterwards changes nothing of it."""
    story = failed_over()
    story.rows("kept", name="promoted_rows")
    story.write("gone")
    story.rows("kept", "gone")
    assert NOTHING.check(story.history()).outcome is Outcome.FAIL


@pytest.mark.parametrize("claim", [LISTED, ASKED, NOTHING], ids=lambda claim: claim.name)
def test_without_a_promotion_a_look_or_an_acknowledgement_nothing_is_known(
    claim: LossIsListed | AskedAgain | NothingLost,
) -> None:
    assert isinstance(claim, Claim)
    story = Story()
    list_of(story)
    assert claim.check(story.history()).outcome is Outcome.UNKNOWN
    story.step("promoted")
    assert claim.check(story.history()).outcome is Outcome.UNKNOWN
    story.rows(name="promoted_rows")
    assert claim.check(story.history()).outcome is Outcome.UNKNOWN


fates = st.lists(st.sampled_from(["kept", "lost", "maybe kept", "maybe lost", "refused"]), min_size=1, max_size=20)


def told(fates: list[str]) -> tuple[Story, list[str]]:
    """A failover in which each operation had the fate at its place; and what was truly lost."""
    story = Story()
    kinds = {"kept": Kind.OK, "lost": Kind.OK, "maybe kept": Kind.INFO, "maybe lost": Kind.INFO, "refused": Kind.FAIL}
    for number, fate in enumerate(fates):
        story.write(str(number), kind=kinds[fate])
    story.fault()
    story.step("promoted")
    story.rows(*(str(n) for n, fate in enumerate(fates) if fate.endswith("kept")), name="promoted_rows")
    return story, [str(number) for number, fate in enumerate(fates) if fate == "lost"]


@given(fates.filter(lambda fates: "lost" in fates), st.data())
def test_leaving_any_lost_thing_off_the_list_fails(fates: list[str], data: st.DataObject) -> None:
    story, lost = told(fates)
    list_of(story, *lost)
    assert LISTED.check(story.history()).outcome is Outcome.PASS
    dropped = data.draw(st.sampled_from(lost))
    list_of(story, *(one for one in lost if one != dropped))
    assert LISTED.check(story.history()).outcome is Outcome.FAIL


@given(fates.filter(lambda fates: "lost" in fates or "kept" in fates))
def test_the_recovery_point_and_the_checkers_know_the_same_truth(fates: list[str]) -> None:
    story, lost = told(fates)
    measured = rpo(limit_s=10, write="write", snapshot="promoted_rows").measure(story.history())
    assert [one["identity"] for one in measured.lost] == lost
    assert (NOTHING.check(story.history()).outcome is Outcome.PASS) is (not lost)
