"""What checks a claim is read from the scenarios as they are judged; what nothing checks is said."""

from dataclasses import replace

import pytest

from harness.claims import Claims, ClaimsError, Hazard, StatedClaim
from harness.judging import course_of, objectives_of, premises_of
from harness.reports.coverage import Coverage, checks_of
from harness.scenario import Alert, NegativeControl, Recovery
from harness.steps import Operate
from tests.harness.toy_scenario import SHOP_DIES

STATED = Claims(
    sections={"0": "Toys"},
    claims={
        "0.1": StatedClaim(id="0.1", text="Nobody can buy"),
        "0.2": StatedClaim(id="0.2", text="Somebody bought"),
        "0.3": StatedClaim(id="0.3", text="Every till is guarded", tests=("tests/test_till.py",)),
        "0.4": StatedClaim(id="0.4", text="Nobody looks at this"),
    },
    hazards={
        "H1": Hazard(id="H1", harm="The door stays open", recovery="It is closed"),
        "H2": Hazard(id="H2", harm="Sold twice", recovery="Counted"),
        "H10": Hazard(id="H10", harm="Nothing left", recovery="Kept", tests=("tests/test_till.py",)),
    },
)
CONTROL = NegativeControl(name="open", settings={}, must_fail="SomethingWasBought", why="H1: the door is not closed")
DRILL = replace(SHOP_DIES, hazards=("H1", "H2"), negative_controls=(CONTROL,))


def test_each_claim_has_what_carries_it() -> None:
    document = Coverage(scenarios=(DRILL, replace(DRILL, name="again")), claims=STATED).document()
    assert document["claims"][0] == {
        "id": "0.1",
        "section": "Toys",
        "text": "Nobody can buy",
        "carried": True,
        "checked_by": [
            {"scenario": "shop_dies", "kind": "symptom", "name": "nobody can buy"},
            {"scenario": "again", "kind": "symptom", "name": "nobody can buy"},
        ],
        "tests": [],
    }
    assert document["claims"][2]["tests"] == ["tests/test_till.py"]
    assert [claim["carried"] for claim in document["claims"]] == [True, True, True, False]
    assert document["carried_by_nothing"] == ["0.4"]


def test_a_hazard_is_shown_by_the_control_that_names_it_or_by_a_test() -> None:
    document = Coverage(scenarios=(DRILL,), claims=STATED).document()
    first, second, tenth = document["hazards"]
    assert first["controls"] == [{"scenario": "shop_dies", "control": "open", "must_fail": "SomethingWasBought"}]
    assert first["scenarios"] == second["scenarios"] == ["shop_dies"]
    assert (second["shown"], tenth["shown"]) == (False, True), "H1 in a control's words is not H10"
    assert document["shown_by_nothing"] == ["H2"]


@pytest.mark.parametrize("wrong", [replace(DRILL, hazards=("H3",)), DRILL], ids=["hazard", "claim"])
def test_an_id_that_is_not_stated_is_refused(wrong: object) -> None:
    stated = STATED if wrong is not DRILL else replace(STATED, claims={})
    said = "carries H3" if wrong is not DRILL else "carries 0.1, 0.2, which the claims do not state"
    with pytest.raises(ClaimsError, match=said):
        Coverage(scenarios=(wrong,), claims=stated)  # type: ignore[arg-type]


def test_without_a_claims_file_any_id_goes() -> None:
    assert Coverage(scenarios=(DRILL,), claims=Claims()).document()["claims"] == []


def test_what_carries_is_what_is_judged() -> None:
    """A claim that a part carries and no verdict would is one that looks checked and is not."""
    step = Operate(words=("count",), why="count", claims=("0.3",))
    recovery = replace(DRILL.recovery, steps=(step,)) if isinstance(DRILL.recovery, Recovery) else DRILL.recovery
    scenario = replace(DRILL, recovery=recovery, alert=Alert(text="closed", within_s=1, claims=("0.4",)))
    checkers = (*premises_of(scenario), *scenario.invariants, *course_of(scenario))
    expected = {claim for checker in checkers for claim in checker.claims}
    expected |= {claim for objective in objectives_of(scenario) for claim in objective.claims}
    assert {claim for one in checks_of(scenario) for claim in one.claims} == expected == {"0.1", "0.2", "0.3", "0.4"}
