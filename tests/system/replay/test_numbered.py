"""Numbered ids: UUIDs, the same every time, in order, and no two the same."""

import uuid

from system.replay.numbered import NumberedIds


def test_the_same_seed_gives_the_same_ids_whatever_is_asked_in_between() -> None:
    one, two = NumberedIds(7), NumberedIds(7)
    two.new("request")
    assert [one.new("intent") for _ in range(3)] == [two.new("intent") for _ in range(3)]
    assert NumberedIds(8).new("intent") != NumberedIds(7).new("intent")


def test_they_are_uuids_in_the_order_in_which_they_were_made() -> None:
    ids = NumberedIds(2**31 - 1)
    made = [ids.new("intent") for _ in range(300)]
    assert made == sorted(made)
    kinds = [ids.new(kind) for kind in ("signal", "transition", "worker", "request")]
    assert len({*made, *kinds}) == len(made) + len(kinds)
    for one in made:
        assert str(uuid.UUID(one)) == one
        assert uuid.UUID(one).version == 4


def test_an_id_that_was_handed_out_has_a_name() -> None:
    ids = NumberedIds(7)
    made = [ids.new("breaker incident") for _ in range(20)]
    assert ids.name_of(made[-1]) == "breaker incident 20"
    assert ids.pattern.findall(f"of {made[0]}, and {made[1]}.") == made[:2]
    assert not ids.pattern.search(NumberedIds(8).new("breaker incident"))
    assert ids.name_of(NumberedIds(7).new("something else")) == "id 1"
