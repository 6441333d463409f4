"""Motion's own rules: one key one write, older ranks refused, cancelled stays cancelled, a ledger of all of it."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.world import loads as loads_module
from scenarios.world.loads import Answer, Loads, Refused
from scenarios.world.serving import BadRequest


def booking(reference: str = "P1:S1", **more: Any) -> dict[str, Any]:
    return {"reference": reference, "content": {"weight_lb": 1}, **more}


def test_the_same_key_books_once_and_answers_the_same() -> None:
    motion = Loads()
    first, again = motion.book("k", booking()), motion.book("k", booking())
    assert (first.status, first.replayed, again.status, again.replayed) == (201, False, 201, True)
    assert again.load == first.load
    assert len(motion.ledger) == 1
    assert motion.replay_count == 1


def test_a_replay_answers_what_it_answered_then_though_the_load_went_on() -> None:
    motion = Loads()
    load_id = motion.book("k", booking()).load["load_id"]
    motion.amend("a", load_id, {"content": {"weight_lb": 2}})
    assert motion.book("k", booking()).load["content"] == {"weight_lb": 1}
    assert motion.load(load_id)["content"] == {"weight_lb": 2}


def test_a_key_is_for_one_write_only() -> None:
    motion = Loads()
    load_id = motion.book("k", booking()).load["load_id"]
    writes: tuple[Callable[[], Answer], ...] = (
        lambda: motion.book("k", booking("P1:S2")),
        lambda: motion.amend("k", load_id, {"content": {"weight_lb": 2}}),
        lambda: motion.cancel("k", load_id, {}),
    )
    for write in writes:
        with pytest.raises(Refused, match="another request") as refused:
            write()
        assert refused.value.status == 422


def test_a_second_load_for_a_reference_is_booked() -> None:
    motion = Loads()
    assert motion.book("k1", booking()).load["load_id"] != motion.book("k2", booking()).load["load_id"]


@given(st.permutations([[0, 1], [1, 2], [1, 9], [1, 10]]))
def test_amendments_end_at_the_highest_rank_whatever_their_order(ranks: list[list[int]]) -> None:
    motion = Loads()
    load_id = motion.book("k", booking()).load["load_id"]
    applied: list[list[int]] = []
    for rank in ranks:
        with contextlib.suppress(Refused):
            motion.amend(f"a{rank}", load_id, {"content": {"rank": rank}, "rank": rank})
            applied.append(rank)
    assert motion.load(load_id)["content"] == {"rank": [1, 10]}
    assert applied == sorted(applied)


def test_an_amendment_without_a_rank_never_undoes_one_with() -> None:
    motion = Loads()
    load_id = motion.book("k", booking(rank=[2])).load["load_id"]
    with pytest.raises(Refused):
        motion.amend("a", load_id, {"content": {"weight_lb": 2}})
    assert motion.amend("b", load_id, {"content": {"weight_lb": 3}, "rank": [2]}).load["content"] == {"weight_lb": 3}


def test_a_cancelled_load_stays_cancelled() -> None:
    motion = Loads()
    load_id = motion.book("k", booking()).load["load_id"]
    assert motion.cancel("c", load_id, {}).load["status"] == "CANCELLED"
    assert motion.cancel("c2", load_id, {"reason": "again"}).status == 200
    with pytest.raises(Refused, match="CANCELLED"):
        motion.amend("a", load_id, {"content": {"weight_lb": 2}})


def test_the_ledger_tells_every_write_in_order() -> None:
    motion = Loads()
    load_id = motion.book("k", booking()).load["load_id"]
    motion.amend("a", load_id, {"content": {"weight_lb": 2}, "rank": [1]})
    motion.cancel("c", load_id, {})
    assert [(entry["number"], entry["action"], entry["booking_key"]) for entry in motion.ledger] == [
        (1, "book", "k"),
        (2, "amend", "a"),
        (3, "cancel", "c"),
    ]
    assert motion.ledger[0]["content"] == {"weight_lb": 1}
    assert {entry["reference"] for entry in motion.ledger} == {"P1:S1"}


def test_search_finds_by_reference_and_by_time() -> None:
    motion = Loads()
    for number in range(3):
        motion.book(f"k{number}", booking(f"P1:S{number}"))
    now = datetime.now(UTC)
    assert [load["reference"] for load in motion.search("P1:S1", None, 10)[0]] == ["P1:S1"]
    assert len(motion.search(None, now - timedelta(seconds=60), 10)[0]) == 3
    assert motion.search(None, now + timedelta(seconds=60), 10) == ([], False)
    assert motion.search(None, None, 2)[1]


@pytest.mark.parametrize(
    "document",
    [
        {"content": {"a": 1}},
        {"reference": "", "content": {"a": 1}},
        {"reference": "r", "content": {}},
        {"reference": "r", "content": []},
        booking(rank=3),
        booking(rank=[None]),
        booking(rank=[True]),
    ],
)
def test_a_booking_without_its_parts_is_refused(document: dict[str, Any]) -> None:
    with pytest.raises(BadRequest, match="expected"):
        Loads().book("k", document)


def test_ranks_that_do_not_compare_are_refused() -> None:
    motion = Loads()
    load_id = motion.book("k", booking(rank=[1])).load["load_id"]
    with pytest.raises(BadRequest, match="compared"):
        motion.amend("a", load_id, {"content": {"a": 1}, "rank": ["x"]})


def test_beyond_its_limit_it_refuses_instead_of_forgetting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loads_module, "WRITES_MAX", 2)
    motion = Loads()
    motion.book("k1", booking())
    motion.book("k2", booking())
    with pytest.raises(Refused) as refused:
        motion.book("k3", booking())
    assert refused.value.status == 503
    assert motion.book("k1", booking()).replayed
