"""What signals lack is read by partner and by time; cancels are not counted."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from system.storage import NewSignal, Partner, Storage
from system.storage.signal_quality import Quality

Make = Callable[..., NewSignal]
HOUR = timedelta(hours=1)


def _received(storage: Storage, signal_of: Make, clock: Any, *lacking: tuple[str, ...], partner: str = "P1") -> None:
    """One signal an hour, each lacking these."""
    for number, missing in enumerate(lacking):
        clock.move(3600)
        signal = signal_of(f"S{partner}{clock.at:%d%H}{number}", missing=missing, partner_id=partner)
        storage.signals.accept([signal])


def test_newest_first_and_only_the_partners_own(storage: Storage, signal_of: Make, clock: Any) -> None:
    storage.partners.upsert(Partner(id="P2", name="Two", api_key_sha256="0" * 64))
    began = clock.at
    _received(storage, signal_of, clock, ("pickup_at",), (), ("stops", "weight_lb"))
    _received(storage, signal_of, clock, (), partner="P2")
    quality = storage.signal_quality
    assert quality.newest("P1", 10) == [["stops", "weight_lb"], (), ["pickup_at"]]
    assert quality.newest("P1", 2) == [["stops", "weight_lb"], ()]
    assert quality.newest("P1", 10, since=began + HOUR) == [["stops", "weight_lb"], ()]
    assert quality.newest("P9", 10) == []


def test_cancels_need_nothing_and_are_not_counted(storage: Storage, signal_of: Make, clock: Any) -> None:
    began = clock.at
    storage.signals.accept([signal_of("S1"), signal_of("S1", "cancel"), signal_of("S1", "change", "2")])
    end = clock.at + HOUR
    assert storage.signal_quality.newest("P1", 10) == [(), ()]
    assert storage.signal_quality.between("P1", began, end) == Quality(signals=2, incomplete=0, missing={})
    assert storage.signal_quality.count_since("P1", began - HOUR) == 2


def test_counts_of_a_span(storage: Storage, signal_of: Make, clock: Any) -> None:
    began = clock.at
    _received(storage, signal_of, clock, ("pickup_at",), ("pickup_at", "weight_lb"), (), (), ("pickup_at",))
    end = clock.at
    counted = storage.signal_quality.between("P1", began, end)
    assert counted == Quality(signals=4, incomplete=2, missing={"pickup_at": 2, "weight_lb": 1}), (
        "not what came at the end"
    )
    whole = storage.signal_quality.between("P1", began + HOUR, end + HOUR)
    assert whole == Quality(signals=5, incomplete=3, missing={"pickup_at": 3, "weight_lb": 1}), (
        "what came at the start is"
    )
    assert storage.signal_quality.between("P1", end + HOUR, end + 2 * HOUR).signals == 0


def test_the_last_bad_one_and_how_many_came_since(storage: Storage, signal_of: Make, clock: Any) -> None:
    began = clock.at
    _received(storage, signal_of, clock, (), ("pickup_at",), (), ())
    bad_at = began + 2 * HOUR
    quality = storage.signal_quality
    assert quality.last_incomplete("P1", since=began) == bad_at
    assert quality.last_incomplete("P1", since=bad_at) is None
    assert (quality.count_since("P1", began), quality.count_since("P1", bad_at)) == (4, 2)
