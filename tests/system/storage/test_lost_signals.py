"""The list of what an incident lost: added to without repeats, asked for once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal

from system.storage import Identity, LostSignal, NewSignal, Storage


def _lost(clock: Any, incident: str, shipment: str, certainty: Literal["lost", "possible"] = "lost") -> LostSignal:
    return LostSignal(
        incident_id=incident,
        identity=Identity("P1", shipment, "original", "1"),
        certainty=certainty,
        acknowledged_at=clock.now() - timedelta(seconds=3),
        sources=("redis", "motion"),
        listed_at=clock.now(),
    )


def test_listed_once_and_asked_once(storage: Storage, signal_of: Callable[..., NewSignal], clock: Any) -> None:
    assert storage.lost_signals.newest_incident() is None
    one, two = _lost(clock, "I1", "S1"), _lost(clock, "I1", "S2", "possible")
    assert storage.lost_signals.record_lost([two, one, one]) == 2
    assert storage.lost_signals.record_lost([one]) == 0
    assert storage.lost_signals.record_lost([]) == 0
    assert storage.lost_signals.lost_of("I1") == [one, two]

    asked_at = clock.now() + timedelta(seconds=1)
    assert storage.lost_signals.mark_asked("I1", ["P1:S1:original:1"], asked_at) == 1
    assert storage.lost_signals.mark_asked("I1", ["P1:S1:original:1", "P1:S2:original:1"], asked_at) == 1
    assert [entry.asked_at for entry in storage.lost_signals.lost_of("I1")] == [asked_at, asked_at]


def test_the_newest_incident_is_the_one_listed_last(storage: Storage, clock: Any) -> None:
    storage.lost_signals.record_lost([_lost(clock, "I2", "S1")])
    clock.move(60)
    storage.lost_signals.record_lost([_lost(clock, "I1", "S1")])
    assert storage.lost_signals.newest_incident() == "I1"
    assert storage.lost_signals.lost_of("I9") == []


def test_what_was_asked_for(storage: Storage, signal_of: Callable[..., NewSignal], clock: Any) -> None:
    """The window's survivors and the list itself, and nothing that came after the partner was asked."""
    survivor, gone, later, unknown = (Identity("P1", name, "original", "1") for name in ("S1", "S2", "S3", "S4"))
    storage.signals.accept([signal_of("S1")])
    since = clock.now()
    clock.move(1)
    assert storage.lost_signals.asked_for("P1", [survivor], since=since) == {}

    storage.lost_signals.record_lost([_lost(clock, "I1", "S2")])
    every = [survivor, gone, later, unknown]
    assert storage.lost_signals.asked_for("P1", every, since=since) == {survivor: "I1", gone: "I1"}
    clock.move(5)
    storage.signals.accept([signal_of("S3")])
    assert storage.lost_signals.asked_for("P1", every, since=since) == {survivor: "I1", gone: "I1"}
    storage.lost_signals.mark_asked("I1", ["P1:S2:original:1"], clock.now())
    assert storage.lost_signals.asked_for("P1", every, since=since) == {survivor: "I1", gone: "I1", later: "I1"}
    assert storage.lost_signals.asked_for("P2", every, since=since) == {}
    assert storage.lost_signals.asked_for("P1", every, since=clock.now()) == {}, "too long ago"
    assert storage.lost_signals.asked_for("P1", [], since=since) == {}
