"""Repeats that are not the partner's fault: each excuse is good for one, also across processes and restarts."""

from collections.abc import Callable
from typing import Any

import fakeredis
import pytest
import redis
from hypothesis import given
from hypothesis import strategies as st

from system.ingest.excuses import BODIES_MAX, Excuses, digest_of
from system.ingest.optional_redis import OptionalRedis
from system.settings import Settings
from system.storage import DatabaseUnavailable, Identity

ONE, TWO = Identity("P1001", "S1", "original", "1"), Identity("P1001", "S2", "original", "1")
BODY = b"a body"

Make = Callable[..., Excuses]


class Storage:
    """Says what was asked for."""

    def __init__(self) -> None:
        self.lost_signals = self
        self.asked: dict[Identity, str] = {}
        self.gone = False

    def asked_for(self, partner_id: str, identities: list[Identity], *, since: Any) -> dict[Identity, str]:
        if self.gone:
            raise DatabaseUnavailable
        return {one: self.asked[one] for one in identities if one in self.asked}


@pytest.fixture
def storage() -> Storage:
    return Storage()


@pytest.fixture
def make(running: Any, storage: Storage) -> Make:
    """Makes the excuses of one process; all share a Redis unless `alone`."""
    server = fakeredis.FakeServer()

    def begin(*, alone: bool = False, **settings: Any) -> Excuses:
        client: Any = fakeredis.FakeRedis(server=server)
        if alone:
            client = redis.Redis(host="127.0.0.1", port=1)
        shared = OptionalRedis(client, running.clock)
        return Excuses(storage, shared, Settings(**settings), running.clock)  # type: ignore[arg-type]

    return begin


@pytest.mark.parametrize("alone", [False, True], ids=["redis", "without"])
def test_a_signal_that_we_refused(make: Make, alone: bool) -> None:
    excuses = make(alone=alone)
    assert excuses.excused("P1001", [ONE, TWO], BODY) == set()
    excuses.refused([ONE])
    assert excuses.excused("P1001", [ONE, TWO], BODY) == {ONE}
    assert excuses.excused("P1001", [ONE, TWO], BODY) == {ONE}, "until it was answered"
    excuses.answered("P1001", {ONE}, BODY)
    excuses.flush()
    assert excuses.excused("P1001", [ONE, TWO], BODY) == set()


@pytest.mark.parametrize("alone", [False, True], ids=["redis", "without"])
def test_a_body_that_we_refused_unread(make: Make, alone: bool) -> None:
    excuses = make(alone=alone)
    excuses.refused_unread("P1001", BODY)
    assert excuses.excused("P1001", [ONE, TWO], BODY) == {ONE, TWO}
    assert excuses.excused("P1001", [ONE], b"another") == set()
    assert excuses.excused("P2002", [ONE], BODY) == set()
    excuses.answered("P1001", {ONE, TWO}, BODY)
    assert excuses.excused("P1001", [ONE], BODY) == set()


def test_other_processes_know(make: Make) -> None:
    one, two = make(), make()
    one.refused([ONE])
    one.refused_unread("P1001", BODY)
    assert two.excused("P1001", [ONE], b"") == set(), "not told yet"
    one.flush()
    assert two.excused("P1001", [ONE, TWO], b"") == {ONE}
    assert two.excused("P1001", [ONE, TWO], BODY) == {ONE, TWO}
    two.answered("P1001", {ONE, TWO}, BODY)
    two.flush()
    third = make()
    assert third.excused("P1001", [ONE, TWO], BODY) == set()


@pytest.mark.parametrize("alone", [False, True], ids=["redis", "without"])
def test_what_we_asked_for_may_come_once(make: Make, storage: Storage, alone: bool) -> None:
    excuses = make(alone=alone)
    storage.asked = {ONE: "I1"}
    assert excuses.excused("P1001", [ONE, TWO], BODY) == {ONE}
    assert excuses.excused("P1001", [ONE, TWO], BODY) == set()
    storage.asked = {ONE: "I2"}
    assert excuses.excused("P1001", [ONE, TWO], BODY) == {ONE}, "asked again, in another incident"


def test_what_cannot_be_found_out_is_excused(make: Make, storage: Storage) -> None:
    storage.gone = True
    assert make().excused("P1001", [ONE], BODY) == {ONE}


def test_an_excuse_ends_with_its_time(make: Make, running: Any) -> None:
    excuses = make(alone=True, breaker_excuse_s=100)
    excuses.refused([ONE])
    excuses.refused_unread("P1001", BODY)
    running.clock.move(101)
    assert excuses.excused("P1001", [ONE], BODY) == set()


def test_memory_is_bounded(make: Make) -> None:
    excuses = make(alone=True)
    for number in range(BODIES_MAX + 10):
        excuses.refused_unread("P1001", b"%d" % number)
    assert excuses.excused("P1001", [ONE], b"0") == set()
    assert excuses.excused("P1001", [ONE], b"%d" % BODIES_MAX) == {ONE}


@pytest.mark.parametrize(
    ("refusals", "resends", "excused"), [(True, False, {TWO}), (False, True, {ONE}), (True, True, set())]
)
def test_each_unsafe_switch_takes_one_kind_of_excuse_away(
    make: Make, storage: Storage, refusals: bool, resends: bool, excused: set[Identity]
) -> None:
    """H15 and H18: what we refused, and what we asked for."""
    excuses = make(
        allow_unsafe=True, unsafe_breaker_counts_our_refusals=refusals, unsafe_breaker_counts_resends=resends
    )
    storage.asked = {TWO: "I1"}
    excuses.refused([ONE])
    assert excuses.excused("P1001", [ONE, TWO], BODY) == excused
    excuses.refused_unread("P1001", BODY)
    assert (excuses.excused("P1001", [ONE], BODY) == set()) is refusals


def test_a_new_envelope_is_the_same_body(write: Any) -> None:
    one, again = (write("SHP1", "SHP2", control_number=number).encode() for number in ("77", "123456"))
    assert one != again
    assert digest_of(one) == digest_of(again)
    assert digest_of(one) != digest_of(write("SHP1", "SHP3").encode())


@given(st.binary(max_size=400), st.binary(max_size=400))
def test_any_bytes_have_a_digest(one: bytes, two: bytes) -> None:
    for prefix in (b"", b"ISA*" + b"x" * 102):
        assert (digest_of(prefix + one) == digest_of(prefix + one)) is True
        if b"ST" not in one + two:
            assert (digest_of(prefix + one) == digest_of(prefix + two)) == (one == two)
