"""Listing and asking: what was lost is on the list, once, whoever lists it how often; what survived never is."""

from datetime import timedelta
from typing import Any

import pytest
import redis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from system.recovery.database import NoIncident
from system.recovery.evidence import YOUNG_S, SourceUnavailable
from system.storage import DatabaseUnavailable, Partner


def _listed(listing: Any) -> dict[str, str]:
    return {str(one.identity): one.certainty for one in listing.lost}


def test_what_redis_remembers_and_no_row_has_is_lost_or_may_be(aftermath: Any) -> None:
    aftermath.key("P1:S1:original:1", "committed", ago_s=10)
    aftermath.key("P1:S2:original:1", "pending", ago_s=10)
    aftermath.key("P2:S3:change:2", "committed", ago_s=20)
    aftermath.key("P1:S4:original:1", "committed", ago_s=30)
    aftermath.row("P1:S4:original:1", ago_s=30)
    listing = aftermath.list_lost()
    assert _listed(listing) == {
        "P1:S1:original:1": "lost",
        "P1:S2:original:1": "possible",
        "P2:S3:change:2": "lost",
    }
    document = listing.as_json()
    assert document["counts"] == {"lost": 2, "possible": 1, "survived_in_window": 1, "newly_listed": 3}
    assert document["incident_id"] == "database-1"
    entry = next(one for one in document["lost"] if one["identity"] == "P2:S3:change:2")
    assert (entry["partner"], entry["shipment_id"], entry["sources"]) == ("P2", "S3", ["redis"])


def test_counting_rows_says_nothing_about_the_loss(aftermath: Any) -> None:
    """The playbook's COUNT(*) is a number of survivors: it does not move when ten signals are lost."""
    for number in range(3):
        aftermath.row(f"P1:KEPT{number}:original:1", ago_s=5)
    counted = aftermath.list_lost().survived_in_window
    for number in range(10):
        aftermath.key(f"P1:LOST{number}:original:1", "committed", ago_s=5)
    listing = aftermath.list_lost(outage_at=aftermath.clock.now())
    assert (counted, len(listing.lost)) == (3, 10)


def test_a_second_list_opens_no_second_incident(aftermath: Any) -> None:
    aftermath.key("P1:S1:original:1", "committed", ago_s=10)
    first = aftermath.list_lost()
    aftermath.clock.at += timedelta(minutes=5)
    aftermath.row("P1:S1:original:1")
    aftermath.key("P1:S5:original:1", "committed", ago_s=320)
    second = aftermath.list_lost()
    assert first.incident_id == second.incident_id
    assert _listed(second) == {"P1:S1:original:1": "lost", "P1:S5:original:1": "lost"}
    assert (second.added, second.as_json()["lost"][0]["stored_again"]) == (1, True)
    assert aftermath.list_lost().added == 0


def test_nothing_lost_is_no_incident_and_nobody_is_asked(aftermath: Any) -> None:
    aftermath.row("P1:S1:original:1")
    aftermath.key("P1:S1:original:1", "committed", ago_s=1)
    assert aftermath.list_lost().incident_id is None
    asked = aftermath.ask()
    assert (asked.incident_id, asked.notices, aftermath.notices) == (None, (), [])


def test_a_request_that_is_being_served_is_not_lost(aftermath: Any) -> None:
    """Its key is pending and young; its row arrives while the list waits for it."""
    aftermath.key("P1:S1:original:1", "pending", ago_s=0)
    aftermath.key("P1:S2:original:1", "pending", ago_s=0.5)
    served = aftermath.storage.signals.intent_ids

    def arrives(identities: Any) -> Any:
        if len(aftermath.clock.slept) == 1:
            aftermath.row("P1:S1:original:1")
        return served(identities)

    aftermath.storage.signals.intent_ids = arrives
    assert _listed(aftermath.list_lost()) == {"P1:S2:original:1": "possible"}
    assert sum(aftermath.clock.slept) <= YOUNG_S + 0.5


def test_what_was_never_acknowledged_and_long_before_is_another_story(aftermath: Any) -> None:
    aftermath.key("P1:OLD:original:1", "pending", ago_s=3600)
    aftermath.key("P1:LOST:original:1", "committed", ago_s=3600)
    aftermath.key("P1:NEW:original:1", "committed", ago_s=10)
    assert set(_listed(aftermath.list_lost())) == {"P1:LOST:original:1", "P1:NEW:original:1"}


def test_the_window_reaches_from_before_the_outage_to_the_last_loss(aftermath: Any) -> None:
    """From the newest loss, however late the operator comes; a loss beyond the recovery point widens it."""
    now = aftermath.clock.now()
    aftermath.key("P1:S1:original:1", "committed", ago_s=600)
    aftermath.key("P1:S2:original:1", "committed", ago_s=610)
    window = aftermath.list_lost().window
    assert window.start == now - timedelta(seconds=600 + 120)
    assert window.end == now - timedelta(seconds=600 - 1)
    aftermath.key("P1:S3:original:1", "committed", ago_s=2000)
    assert aftermath.list_lost().window.start == now - timedelta(seconds=2001)


@pytest.mark.parametrize(
    ("reference", "rank", "status", "implied"),
    [
        ("P1:S1", [0], "BOOKED", {"P1:S1:original:1"}),
        ("P1:S1", None, "BOOKED", {"P1:S1:original:1"}),
        ("P1:S1", [1, 1, 4], "BOOKED", {"P1:S1:change:4"}),
        ("P1:S1", [1, 0, 123456], "BOOKED", {"P1:S1:original:1"}),
        ("P1:S1", [0], "CANCELLED", {"P1:S1:original:1", "P1:S1:cancel:1"}),
        ("no shipment", [0], "BOOKED", set()),
    ],
)
def test_a_load_without_an_intent_tells_of_a_lost_signal(
    aftermath: Any, reference: str, rank: list[int] | None, status: str, implied: set[str]
) -> None:
    """Also where its key was evicted."""
    aftermath.load(reference, rank=rank, status=status)
    listing = aftermath.list_lost()
    assert set(_listed(listing)) == implied
    assert all(one.sources == ("motion",) for one in listing.lost)


@pytest.mark.parametrize(
    ("rows", "rank", "status"),
    [
        (["P1:S1:original:1"], [0], "BOOKED"),
        (["P1:S1:original:7"], [0], "BOOKED"),
        (["P1:S1:change:2"], [1, 1, 2], "BOOKED"),
        (["P1:S1:change:abc"], [1, 0, 99], "BOOKED"),
        (["P1:S1:original:1", "P1:S1:cancel:3"], [0], "CANCELLED"),
    ],
)
def test_a_load_that_its_rows_explain_tells_of_nothing(
    aftermath: Any, rows: list[str], rank: list[int], status: str
) -> None:
    for row in rows:
        aftermath.row(row)
    aftermath.confirm_all()
    aftermath.load("P1:S1", rank=rank, status=status)
    assert aftermath.list_lost().lost == []


def test_two_sources_of_one_signal_are_one_entry(aftermath: Any) -> None:
    """The key names the version that the load only implies."""
    aftermath.key("P1:S1:original:3", "committed", ago_s=10)
    aftermath.load("P1:S1", rank=[0])
    (lost,) = aftermath.list_lost().lost
    assert (str(lost.identity), lost.sources) == ("P1:S1:original:3", ("motion", "redis"))


def test_a_pending_key_with_a_load_is_lost_for_certain(aftermath: Any) -> None:
    aftermath.key("P1:S1:original:1", "pending", ago_s=10)
    aftermath.load("P1:S1", rank=[0])
    assert _listed(aftermath.list_lost()) == {"P1:S1:original:1": "lost"}


def test_an_incomplete_list_is_refused_unless_that_is_wanted(aftermath: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    aftermath.key("P1:S1:original:1", "committed", ago_s=10)
    aftermath.motion_status = 503
    with pytest.raises(SourceUnavailable, match="--without motion"):
        aftermath.list_lost()
    assert aftermath.storage.lost_signals.newest_incident() is None, "and nothing is written down"
    assert set(_listed(aftermath.list_lost(without=("motion",)))) == {"P1:S1:original:1"}

    def refuse(*_: Any, **__: Any) -> Any:
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(aftermath.redis, "scan_iter", refuse)
    with pytest.raises(SourceUnavailable, match="--without redis"):
        aftermath.list_lost()


def test_each_partner_is_asked_once_for_its_own(aftermath: Any) -> None:
    hook = "http://p2.invalid/hook"
    aftermath.storage.partners.upsert(Partner(id="P2", name="Two", api_key_sha256="0" * 64, notice_url=hook))
    for text in ("P1:S1:original:1", "P1:S2:original:1", "P2:S3:original:1"):
        aftermath.key(text, "committed", ago_s=10)
    listing = aftermath.list_lost()
    asked = aftermath.ask()
    assert asked.incident_id == listing.incident_id
    one, two = aftermath.notices
    assert one["kind"] == "resend_request"
    assert (one["partner"], one["shipments"]) == ("P1", ["P1:S1:original:1", "P1:S2:original:1"])
    assert (two["partner"], two["url"]) == ("P2", hook)
    assert one["window"] == two["window"] == listing.window.as_json()
    assert one["incident_id"] == "database-1"
    again = aftermath.ask()
    assert (again.notices, again.asked_before, len(aftermath.notices)) == ([], 3, 2)
    aftermath.key("P1:S9:original:1", "committed", ago_s=10)
    aftermath.list_lost()
    aftermath.ask()
    assert aftermath.notices[2]["shipments"] == ["P1:S9:original:1"], "what is found later is asked for later"
    assert aftermath.notices[2]["key"] != one["key"]


def test_a_partner_that_cannot_be_reached_is_asked_the_next_time(aftermath: Any) -> None:
    for text in ("P1:S1:original:1", "P2:S3:original:1"):
        aftermath.key(text, "committed", ago_s=10)
    aftermath.list_lost()
    aftermath.inbox_down.add("P1")
    asked = aftermath.ask()
    assert asked.failed
    assert [(notice.partner_id, notice.error is None) for notice in asked.notices] == [("P1", False), ("P2", True)]
    aftermath.inbox_down.clear()
    again = aftermath.ask()
    assert not again.failed
    assert [notice["partner"] for notice in aftermath.notices] == ["P2", "P1"]


def test_an_incident_that_is_not_there_is_said_so(aftermath: Any) -> None:
    with pytest.raises(NoIncident, match="database-7"):
        aftermath.ask("database-7")


def test_the_next_failover_is_another_incident_and_does_not_list_the_old_loss_again(
    aftermath: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    aftermath.key("P1:OLD:original:1", "committed", ago_s=10)
    aftermath.key("P1:BACK:original:1", "committed", ago_s=10)
    aftermath.list_lost()
    aftermath.clock.at += timedelta(minutes=10)
    monkeypatch.setattr(aftermath.storage, "ping", lambda: 2)
    aftermath.key("P1:NEW:original:1", "committed", ago_s=5)
    aftermath.key("P1:BACK:original:1", "committed", ago_s=60)  # it was sent again, and lost again
    second = aftermath.list_lost()
    assert second.incident_id == "database-2"
    assert set(_listed(second)) == {"P1:NEW:original:1", "P1:BACK:original:1"}


def test_a_database_that_is_away_again_is_said_so(aftermath: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def away() -> int:
        raise DatabaseUnavailable("gone")

    monkeypatch.setattr(aftermath.storage, "ping", away)
    with pytest.raises(DatabaseUnavailable):
        aftermath.list_lost()


SIGNALS = st.dictionaries(
    st.builds(
        "{}:S{}:{}".format,
        st.sampled_from(["P1", "P2"]),
        st.integers(0, 6),
        st.sampled_from(["original:1", "change:2", "change:3", "cancel:1"]),
    ),
    st.tuples(st.sampled_from(["committed", "pending", "evicted"]), st.booleans(), st.floats(5, 100)),
    max_size=15,
)


@given(SIGNALS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_all_of_the_truth_and_nothing_that_is_there(made: Any, signals: dict[str, tuple[str, bool, float]]) -> None:
    """Whatever was acknowledged and has no row is listed as lost; whatever has a row is not listed at all."""
    aftermath = made()
    for text, (key, has_row, ago_s) in signals.items():
        if has_row:
            aftermath.row(text, ago_s=ago_s)
        if key != "evicted":
            aftermath.key(text, key, ago_s=ago_s)
    listed = _listed(aftermath.list_lost())
    for text, (key, has_row, _) in signals.items():
        expected = None if has_row else {"committed": "lost", "pending": "possible", "evicted": None}[key]
        assert listed.get(text) == expected
    assert set(listed) <= set(signals)
