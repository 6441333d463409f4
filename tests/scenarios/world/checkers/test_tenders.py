"""What partners tendered is read from their own diary: what was acknowledged, in the order of the answers."""

from typing import Any

import pytest

from harness.history import Kind
from scenarios.world.checkers.tenders import REQUIRED, lacking, tendered, tendered_by
from system.x12.completeness import REQUIRED as OF_THE_SYSTEM
from tests.histories import Story
from tests.scenarios.world.checkers.drifting import WHOLE, send


def test_the_required_fields_are_the_systems() -> None:
    """Stated twice on purpose; a wrong line in either is found here."""
    assert {*REQUIRED, "stops"} == set(OF_THE_SYSTEM)


@pytest.mark.parametrize("field", [*REQUIRED, "stops"])
def test_each_field_can_be_missing(field: str) -> None:
    assert lacking(WHOLE) == ()
    assert lacking({**WHOLE, field: None}) == (field,)
    assert lacking({name: value for name, value in WHOLE.items() if name != field}) == (field,)


def test_a_pickup_alone_is_no_route() -> None:
    assert lacking({**WHOLE, "stops": WHOLE["stops"][:1]}) == ("stops",)


def test_what_was_acknowledged_once_each_in_the_order_of_the_answers() -> None:
    story = Story()
    begun: list[Any] = [send(story, "P1", name, late=name == "b", end=False) for name in ("a", "b", "c")]
    for operation, kind in zip(begun[::-1], (Kind.OK, Kind.OK, Kind.INFO), strict=True):
        story.end(operation, kind, results=[{"identity": one} for one in operation.value["identities"]])
    send(story, "P1", "b", late=True)
    send(story, "P2", "d")
    send(story, "P1", "e", purpose="cancel")
    found = tendered(story.history())
    assert [one.identity for one in found] == ["P1:c:original:1", "P1:b:original:1", "P2:d:original:1"]
    assert [one.whole for one in found] == [True, False, True]
    assert found[1].missing == ("pickup_at",)
    assert found[0].sent_at_s < found[0].answered_at_s < found[1].answered_at_s
    assert [one.identity for one in tendered_by(story.history(), "P2")] == ["P2:d:original:1"]
