"""The alert of 3.1: in the playbook's words, one an incident, from the fall to the end of the review."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from system.clock import RandomIds, SystemClock
from system.governance.trust import lowered
from system.governance.trust_watcher import TrustWatcher, shown
from system.monitor.alertmanager import notification
from system.settings import Settings
from system.storage import Partner, Storage, create_schema
from system.storage.trust_incidents import Fall

AT = datetime(2027, 3, 1, 8, 0, tzinfo=UTC)
FALL = Fall(partner_id="P45678", score=0.75, before=0.92, missing={"pickup_at": 25, "weight_lb": 1})


@pytest.fixture
def storage() -> Iterator[Storage]:
    storage = Storage.connect(Settings(database_url="sqlite://"), clock=SystemClock(), ids=RandomIds())
    create_schema(storage.engine)
    storage.partners.upsert(Partner(id="P45678", name="One", api_key_sha256="0" * 64))
    yield storage
    storage.close()


def test_it_says_what_the_playbook_says_to_whom_it_says_nothing_of(storage: Storage) -> None:
    watcher = TrustWatcher(storage)
    assert watcher.look() == []
    storage.trust_incidents.open(FALL, at=AT, who="controller", lower=lowered)
    (found,) = watcher.look()
    said = notification(
        found.rule,
        status="firing",
        starts_at=found.since,
        reason=found.reason,
        labels=found.labels,
        details=found.details,
    )["alerts"][0]
    assert said["annotations"]["summary"] == "Partner P45678 trust score: 0.75 (was 0.92)"
    assert said["labels"]["contact"] == "DevOps Lead"
    assert said["annotations"]["reason"] == "missing: pickup_time in 25, weight in 1"
    assert watcher.look() == [found], "the same, however often one looks"


def test_it_is_over_with_the_review(storage: Storage) -> None:
    storage.trust_incidents.open(FALL, at=AT, who="controller", lower=lowered)
    (incident,) = storage.trust_incidents.unclosed()
    storage.trust_incidents.begin_probation(incident.id, at=AT, who="ada", why="mended")
    (seen,) = storage.trust_incidents.unclosed()
    assert len(TrustWatcher(storage).look()) == 1
    storage.trust_incidents.give_back(seen, at=AT, who="controller", why="good", raised=lambda _, tier: tier)
    assert TrustWatcher(storage).look() == []


def test_two_incidents_of_one_partner_are_two(storage: Storage) -> None:
    first = storage.trust_incidents.open(FALL, at=AT, who="controller", lower=lowered)
    assert first is not None
    (one,) = TrustWatcher(storage).look()
    storage.trust_incidents.give_back(first, at=AT, who="controller", why="good", raised=lambda _, tier: tier)
    fall = replace(FALL, before=None)
    assert storage.trust_incidents.open(fall, at=AT, who="controller", lower=lowered) is not None
    (other,) = TrustWatcher(storage).look()
    assert one.labels != other.labels
    assert other.details["before"] == "none"


@pytest.mark.parametrize(
    ("score", "words"), [(0.75, "0.75"), (0.7999, "0.79"), (0.29, "0.29"), (0.57, "0.57"), (0, "0.00"), (1, "1.00")]
)
def test_a_score_under_the_threshold_is_never_told_as_the_threshold(score: float, words: str) -> None:
    assert shown(score) == words
