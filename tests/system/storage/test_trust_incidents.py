"""An incident takes away once and gives back step by step, with the partner's row and an audit row each time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from system.clock import RandomIds
from system.governance.trust import lowered, raised
from system.storage import Storage, TrustIncident
from system.storage.trust_incidents import Fall

DAY = timedelta(days=1)
FALL = Fall(partner_id="P1", score=0.75, before=0.92, missing={"pickup_at": 25})


def _open(storage: Storage, clock: Any, fall: Fall = FALL) -> TrustIncident | None:
    return storage.trust_incidents.open(fall, at=clock.now(), who="controller", lower=lowered)


def _opened(storage: Storage, clock: Any) -> TrustIncident:
    incident = _open(storage, clock)
    assert incident is not None
    return incident


def _give_back(storage: Storage, clock: Any, seen: TrustIncident) -> TrustIncident | None:
    def one_step(incident: TrustIncident, tier: int) -> int:
        return raised(tier, before=incident.ceiling_before, ends_review=incident.review_ended_at is None)

    return storage.trust_incidents.give_back(seen, at=clock.now(), who="controller", why="7 good days", raised=one_step)


def _autonomy(storage: Storage) -> tuple[int, bool]:
    partner = storage.partners.get("P1")
    assert partner is not None
    return partner.autonomy_tier, partner.require_review


def test_it_lowers_the_ceiling_and_has_a_person_review(storage: Storage, clock: Any) -> None:
    incident = _opened(storage, clock)
    assert _autonomy(storage) == (2, True)
    assert (incident.ceiling_before, incident.ceiling, incident.stage) == (3, 2, "open")
    assert (incident.score, incident.score_before, incident.missing) == (0.75, 0.92, {"pickup_at": 25})
    assert storage.trust_incidents.unclosed() == [incident] == [storage.trust_incidents.newest("P1")]
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.command, action.why) == ("controller", "trust lower", "trust score 0.75 (was 0.92)")
    assert action.what == {"partner": "P1", "incident_id": incident.id, "ceiling": 2, "was": 3}
    (review,) = storage.quality_reviews.of_week()
    assert (review.partner_id, review.cause, review.incident_id) == ("P1", "trust", incident.id)


def test_however_often_it_is_evaluated_one_incident_lowers_once(storage: Storage, clock: Any) -> None:
    """H7; over a restart too, because it is the row that remembers."""
    _opened(storage, clock)
    for _ in range(5):
        assert _open(storage, clock) is None
    again = Storage(storage.engine, clock=clock, ids=RandomIds())
    assert _open(again, clock) is None
    assert _autonomy(storage) == (2, True)
    assert len(storage.operator_actions.newest()) == 1


def test_without_the_latch_one_bad_week_goes_down_to_the_lowest(
    storage: Storage, connect: Callable[..., Storage], database_url: str, clock: Any
) -> None:
    """The harm of H7, as the unsafe switch shows it."""
    unsafe = connect(database_url, allow_unsafe=True, unsafe_trust_lowers_at_each_evaluation=True)
    for _ in range(3):
        _open(unsafe, clock)
    assert _autonomy(storage) == (1, True)
    assert [action.command for action in storage.operator_actions.newest()] == ["trust lower"] * 3


def test_the_way_back_is_one_step_for_each_probation(storage: Storage, clock: Any) -> None:
    incident = _opened(storage, clock)
    clock.move(86_400)
    began_at = clock.now()
    assert storage.trust_incidents.begin_probation(incident.id, at=began_at, who="ada", why="they mended G62")
    seen = storage.trust_incidents.newest("P1")
    assert seen is not None
    assert (seen.stage, seen.probation_at) == ("probation", began_at)
    clock.move(8 * 86_400)
    first = _give_back(storage, clock, seen)
    assert first is not None
    assert (first.stage, first.review_ended_at, first.probation_at) == ("returning", clock.now(), clock.now())
    assert _autonomy(storage) == (2, False)
    assert storage.trust_incidents.unclosed() == [first]
    clock.move(7 * 86_400)
    second = _give_back(storage, clock, first)
    assert second is not None
    assert (second.stage, second.closed_at) == ("closed", clock.now())
    assert _autonomy(storage) == (3, False)
    assert storage.trust_incidents.unclosed() == []
    told = [(action.who, action.command) for action in storage.operator_actions.newest()]
    assert told == [
        ("controller", "trust give back"),
        ("controller", "trust give back"),
        ("ada", "trust probation"),
        ("controller", "trust lower"),
    ]


def test_what_has_changed_since_it_was_seen_is_not_given_back(storage: Storage, clock: Any) -> None:
    incident = _opened(storage, clock)
    storage.trust_incidents.begin_probation(incident.id, at=clock.now(), who="ada", why="mended")
    seen = storage.trust_incidents.newest("P1")
    assert seen is not None
    storage.trust_incidents.begin_anew(seen.id, clock.now() + DAY)
    assert _give_back(storage, clock, seen) is None
    assert _autonomy(storage) == (2, True)
    anew = storage.trust_incidents.newest("P1")
    assert anew == replace(seen, probation_at=clock.now() + DAY, restarts=1)


def test_a_relapse_on_the_way_back_is_an_incident_of_its_own(storage: Storage, clock: Any) -> None:
    """What it had come back to is the most that it can come back to."""
    incident = _opened(storage, clock)
    storage.trust_incidents.begin_probation(incident.id, at=clock.now(), who="ada", why="mended")
    seen = storage.trust_incidents.newest("P1")
    assert seen is not None
    assert _give_back(storage, clock, seen) is not None
    clock.move(60)
    relapse = _opened(storage, clock)
    assert (relapse.ceiling_before, relapse.ceiling) == (2, 1)
    assert _autonomy(storage) == (1, True)
    assert storage.trust_incidents.unclosed() == [relapse]
    assert storage.trust_incidents.newest("P1") == relapse


def test_a_probation_belongs_to_an_incident_under_review(storage: Storage, clock: Any) -> None:
    assert not storage.trust_incidents.begin_probation("nobody", at=clock.now(), who="ada", why="mended")
    incident = _opened(storage, clock)
    for _ in range(2):
        assert storage.trust_incidents.begin_probation(incident.id, at=clock.now(), who="ada", why="mended")
    seen = storage.trust_incidents.newest("P1")
    assert seen is not None
    assert _give_back(storage, clock, seen) is not None
    assert not storage.trust_incidents.begin_probation(incident.id, at=clock.now(), who="ada", why="once more")


def test_a_partner_that_is_gone_has_no_incident(storage: Storage, clock: Any) -> None:
    assert _open(storage, clock, replace(FALL, partner_id="P9")) is None
    assert storage.trust_incidents.unclosed() == []


@pytest.mark.slow
def test_two_controllers_at_once_lower_once(
    server_storage: Storage, connect: Callable[..., Storage], server: Any, clock: Any
) -> None:
    others = [connect(server.url) for _ in range(4)]
    with ThreadPoolExecutor(4) as pool:
        opened = list(pool.map(lambda storage: _open(storage, clock), others))
    assert sum(incident is not None for incident in opened) == 1
    assert _autonomy(server_storage) == (2, True)
