"""Signals are stored all or none and each once, whatever is repeated, on SQLite, on MariaDB and on MySQL alike."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from system.storage import DatabaseUnavailable, Identity, NewSignal, State, Storage, schema
from system.storage.signals import readings_of

Make = Callable[..., NewSignal]


def _rows(storage: Storage, table: Any) -> int:
    with storage.engine.connect() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_one_signal_makes_its_four_rows(storage: Storage, signal_of: Make, clock: Any) -> None:
    (accepted,) = storage.signals.accept([signal_of("S1")])

    assert accepted.status == "accepted"
    assert str(accepted.identity) == "P1:S1:original:1"
    intent = storage.intents.get(accepted.intent_id)
    assert intent is not None
    assert (intent.state, intent.attempt, intent.created_at) == (State.RECEIVED, 0, clock.now())
    signal = storage.signals.get(intent.signal_id)
    assert signal is not None
    assert (signal.raw, signal.tender["weight_lb"], signal.received_at) == ("B2**SCAC**S1~", 4200.0, clock.now())
    (created,) = storage.transitions.of(intent.id)
    assert (created.number, created.from_state, created.to_state) == (1, None, State.RECEIVED)
    assert _rows(storage, schema.shipments) == 1


def test_repeats_answer_with_the_first_intent(storage: Storage, signal_of: Make) -> None:
    first, same = storage.signals.accept([signal_of("S1"), signal_of("S1", raw="another envelope")])
    again, other = storage.signals.accept([signal_of("S1"), signal_of("S2")])

    assert [first.status, same.status, again.status, other.status] == ["accepted", "duplicate", "duplicate", "accepted"]
    assert same.intent_id == again.intent_id == first.intent_id != other.intent_id
    assert _rows(storage, schema.signals) == _rows(storage, schema.intents) == 2


def test_only_the_exact_identity_is_a_repeat(storage: Storage, signal_of: Make) -> None:
    """Case, a trailing blank, purpose, version and partner all tell signals apart: a folded key would lose one."""
    different = [
        signal_of("S1"),
        signal_of("s1"),
        signal_of("S1 "),
        signal_of("S1", "change"),
        signal_of("S1", version="2"),
        signal_of("S1", partner_id="P2"),
    ]
    assert [one.status for one in storage.signals.accept(different)] == ["accepted"] * 6


def test_a_failing_batch_writes_nothing(storage: Storage, signal_of: Make) -> None:
    broken = signal_of("S2", raw=None)
    with pytest.raises(Exception, match="raw"):
        storage.signals.accept([signal_of("S1"), broken])

    assert _rows(storage, schema.signals) == _rows(storage, schema.intents) == _rows(storage, schema.transitions) == 0


def test_the_same_signal_from_many_at_once_is_stored_once(storage: Storage, signal_of: Make) -> None:
    batch = [signal_of(f"S{number}") for number in range(5)]

    def accept(turn: int) -> list[tuple[str, str]]:
        turned = batch[turn % 5 :] + batch[: turn % 5]
        for _ in range(20):
            try:
                return [(one.intent_id, one.status) for one in storage.signals.accept(turned)]
            except DatabaseUnavailable:
                continue
        raise AssertionError("never accepted")

    with ThreadPoolExecutor(8) as pool:
        answers = [answer for answers in pool.map(accept, range(16)) for answer in answers]

    assert sum(status == "accepted" for _, status in answers) == 5
    assert len({intent_id for intent_id, _ in answers}) == 5
    assert _rows(storage, schema.intents) == 5


def test_existing_identities_are_found_in_batches(storage: Storage, signal_of: Make) -> None:
    storage.signals.accept([signal_of(f"S{number}") for number in range(1200)])
    asked = [f"P1:S{number}:original:1" for number in range(0, 2400, 2)] + ["P1:S1:change:1", "no identity", ""]

    assert storage.signals.existing_identities(asked) == {f"P1:S{number}:original:1" for number in range(0, 1200, 2)}
    assert storage.signals.existing_identities([]) == set()


def test_an_ambiguous_text_finds_its_signal(storage: Storage, signal_of: Make) -> None:
    storage.signals.accept([signal_of("A:original:B", "change", "C")])
    assert storage.signals.existing_identities(["P1:A:original:B:change:C"]) == {"P1:A:original:B:change:C"}


@given(
    st.text("AB:", min_size=1, max_size=6),
    st.sampled_from(["original", "change", "cancel"]),
    st.text("12:", min_size=1, max_size=4),
)
def test_an_identity_is_among_the_readings_of_its_text(shipment_id: str, purpose: str, version: str) -> None:
    identity = Identity("P1", shipment_id, purpose, version)
    assert identity in readings_of(str(identity))


def test_the_window_counts_what_was_received_in_it(storage: Storage, signal_of: Make, clock: Any) -> None:
    start: datetime = clock.now()
    for number in range(4):
        storage.signals.accept([signal_of(f"S{number}")])
        clock.move(10)

    assert storage.signals.count_received_since(start) == 4
    assert storage.signals.count_received_since(start + timedelta(seconds=10)) == 3
    assert storage.signals.count_received_since(start, start + timedelta(seconds=10)) == 1


@pytest.mark.parametrize("field", ["shipment_id", "version", "control_number"])
def test_what_does_not_fit_its_column_is_refused_before_the_database(signal_of: Make, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        signal_of(**{"shipment_id": "S1", field: "x" * 41})


def test_counter_ids_count_without_a_gap(database_url: str, connect: Callable[..., Storage], signal_of: Make) -> None:
    """The unsafe ids of the negative control: a row in the database counts, so a failover rewinds it (H16)."""
    storage = connect(database_url, allow_unsafe=True, unsafe_counter_ids=True)
    schema.METADATA.drop_all(storage.engine)
    schema.create_schema(storage.engine)
    ids = [one.intent_id for one in storage.signals.accept([signal_of("B"), signal_of("A"), signal_of("B")])]
    ids += [one.intent_id for one in storage.signals.accept([signal_of("C")])]

    assert [int(one[-12:]) for one in ids] == [2, 1, 2, 3]
    assert all(len(one) == 36 for one in ids)
