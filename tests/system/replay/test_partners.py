"""Partners as a trace begins: what a trace says of them is what the system's own repositories then say."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from system.clock import RandomIds
from system.replay.partners import write_partner
from system.replay.stage import Stage
from system.replay.steered import SteeredClock
from system.replay.trace import SIGNALS_BEFORE_MAX, ReplayPartner
from system.storage import BreakerState, Storage

AT = datetime(2026, 2, 2, 14, tzinfo=UTC)


@pytest.fixture
def storage() -> Iterator[Storage]:
    stage, clock = Stage(), SteeredClock(AT)
    yield Storage(stage.cleared(clock), clock=clock, ids=RandomIds())
    stage.close()


def _write(storage: Storage, **state: object) -> None:
    write_partner(storage, ReplayPartner.model_validate({"id": "P1", **state}), key="k", at=AT)


def test_a_plain_partner_has_nothing_against_it(storage: Storage) -> None:
    _write(storage, autonomy_tier=2)
    partner = storage.partners.get("P1")
    assert partner is not None
    assert (partner.autonomy_tier, partner.require_review) == (2, False)
    assert (storage.breakers.all(), storage.trust_incidents.unclosed()) == ([], [])


@pytest.mark.parametrize(("probation", "stage"), [(False, "open"), (True, "probation")])
def test_an_incident_of_trust_stands(storage: Storage, probation: bool, stage: str) -> None:
    trust = {"score": 0.75, "before": 0.92, "missing": {"pickup_at": 8}, "ceiling_before": 3, "probation": probation}
    _write(storage, autonomy_tier=2, trust=trust)
    partner, (incident,) = storage.partners.get("P1"), storage.trust_incidents.unclosed()
    assert partner is not None
    assert (partner.autonomy_tier, partner.require_review) == (2, True)
    assert (incident.ceiling_before, incident.ceiling, incident.stage) == (3, 2, stage)
    assert (incident.score, incident.score_before, incident.opened_at) == (0.75, 0.92, AT)


def test_a_breaker_stands_open(storage: Storage) -> None:
    place = {"segment": "B2", "element": 4, "message": "m", "count": 2}
    _write(storage, breaker={"malformed": 9, "duplicates": 2, "places": [place], "probe_after_s": 120})
    breaker = storage.breakers.get("P1")
    assert breaker is not None
    assert (breaker.state, breaker.failure_count) == (BreakerState.OPEN, 11)
    assert breaker.probe_after == AT + timedelta(seconds=120)
    assert str(breaker.places[0]) == "B204"


def test_signals_of_before_are_as_good_as_the_trace_says(storage: Storage) -> None:
    """The newest first, as the score reads them; all of them are over when the trace begins."""
    _write(storage, quality=[{"count": 3}, {"count": 2, "missing": ["pickup_at", "stops"]}, {"count": 1}])
    lacking = [list(one) for one in storage.signal_quality.newest("P1", 100)]
    assert lacking == [[], ["pickup_at", "stops"], ["pickup_at", "stops"], [], [], []]
    assert storage.signal_quality.newest("P1", 100, since=AT - timedelta(seconds=2), before=AT) == [()]
    assert storage.signal_quality.count_since("P1", AT) == 0


@pytest.mark.parametrize(
    ("quality", "told"),
    [
        ([{"count": 0}], "greater than or equal to 1"),
        ([{"count": 1, "missing": ["colour"]}], "expected some of weight_lb"),
        ([{"count": 1, "missing": ["stops"] * 7}], "at most 6 items"),
        ([{"count": SIGNALS_BEFORE_MAX}, {"count": 1}], f"at most {SIGNALS_BEFORE_MAX} signals"),
        ([{"count": 1}] * 101, "at most 100 items"),
    ],
)
def test_no_trace_begins_with_more_than_there_is_time_for(quality: list[object], told: str) -> None:
    """And with no field that no signal has."""
    with pytest.raises(ValidationError, match=told):
        ReplayPartner.model_validate({"id": "P1", "quality": quality})
