"""From signals to loads, through the real resolver and agents: one load a shipment, whatever breaks on the way."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest
from sqlalchemy import delete

from scenarios.world.tenders import Batch, SentTender, TenderSource, desired_content, normal_content
from system.agents.agents import Agents
from system.resolver.resolver import Resolver
from system.storage import State, schema


def _sent(seed: int, count: int) -> tuple[list[Batch], dict[str, list[SentTender]]]:
    source = TenderSource(seed, "P1")
    batches = [source.next() for _ in range(count)]
    by_reference: dict[str, list[SentTender]] = {}
    for batch in batches:
        for tender in batch.tenders:
            by_reference.setdefault(tender.reference, []).append(tender)
    return batches, by_reference


def _assert_as_desired(middle: Any, by_reference: dict[str, list[SentTender]]) -> None:
    for reference, tenders in by_reference.items():
        live = [load for load in middle.loads(reference) if load["status"] == "BOOKED"]
        wanted = desired_content(tenders)
        assert [normal_content(load["content"]) for load in live] == ([normal_content(wanted)] if wanted else [])
        assert len(middle.loads(reference)) <= 1, reference


def _original(seed: int = 1) -> Batch:
    source = TenderSource(seed, "P1", originals_only=True)
    return next(batch for batch in iter(source.next, None) if len(batch.tenders) == 1)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_shipment_becomes_the_one_load_it_asks_for(middle: Any, seed: int) -> None:
    batches, by_reference = _sent(seed, 40)
    middle.accept(*batches)
    middle.settle()
    assert set(middle.storage.intents.counts().items()) >= {(State.EXECUTED, sum(map(len, by_reference.values())))}
    _assert_as_desired(middle, by_reference)


@pytest.mark.parametrize("seed", [4, 5])
def test_the_order_of_arrival_makes_no_difference(middle: Any, seed: int) -> None:
    batches, by_reference = _sent(seed, 40)
    random.Random(seed).shuffle(batches)
    for batch in batches:
        middle.accept(batch)
        if random.Random(len(middle.calls)).random() < 0.3:
            middle.settle()
    middle.settle()
    _assert_as_desired(middle, by_reference)


@pytest.mark.parametrize("mode", ["book_and_lose", "fail"])
def test_a_lost_answer_books_no_second_load(middle: Any, mode: str) -> None:
    """H3 and H5: it was booked, and nobody heard; looking before writing finds it."""
    batches, by_reference = _sent(6, 15)
    turn = iter(range(10_000))

    def outage(request: httpx.Request) -> httpx.Response | None:
        if request.url.host == "motion" and request.method != "GET" and next(turn) % 3 == 0:
            if mode == "book_and_lose":
                _write_unheard(middle, request)
            raise httpx.ReadTimeout("no answer", request=request)
        return None

    middle.outage = outage
    middle.accept(*batches)
    middle.settle()
    _assert_as_desired(middle, by_reference)
    assert len(set(middle.writes())) == len(middle.writes())


def _write_unheard(middle: Any, request: httpx.Request) -> None:
    """What Motion does with a write whose answer nobody gets."""
    import json

    body, key, path = json.loads(request.content), request.headers["Idempotency-Key"], request.url.path.split("/")
    if request.method == "PATCH":
        middle.motion.loads.amend(key, path[2], body)
    elif path[-1] == "cancel":
        middle.motion.loads.cancel(key, path[2], body)
    else:
        middle.motion.loads.book(key, body)


def _forget(middle: Any) -> None:
    """A failover to a replica that had received nothing."""
    with middle.storage.engine.begin() as connection:
        for table in (schema.signals, schema.intents, schema.shipments, schema.transitions):
            connection.execute(delete(table))


@pytest.mark.parametrize("seed", [7, 8])
def test_sent_again_after_the_rows_were_lost_still_makes_one_load(middle: Any, seed: int) -> None:
    """H3: Motion has the loads, the database knows nothing, the partners send everything again."""
    batches, by_reference = _sent(seed, 30)
    middle.accept(*batches)
    middle.settle()
    _forget(middle)
    middle.accept(*batches)
    middle.settle()
    _assert_as_desired(middle, by_reference)


def test_the_unsafe_key_books_a_second_load_once_the_row_is_lost(make_middle: Callable[..., Any]) -> None:
    """The negative control: a key from the row protects only as long as the row lives."""
    middle = make_middle(allow_unsafe=True, unsafe_booking_key_from_row=True)
    batch = _original()
    reference = batch.tenders[0].reference
    middle.accept(batch)
    middle.settle()
    assert len(middle.loads(reference)) == 1
    _forget(middle)
    middle.accept(batch)
    middle.settle()
    assert len(middle.loads(reference)) == 2


def test_the_unsafe_key_does_no_harm_while_nothing_is_lost(make_middle: Callable[..., Any]) -> None:
    middle = make_middle(allow_unsafe=True, unsafe_booking_key_from_row=True)
    batches, by_reference = _sent(9, 30)
    middle.accept(*batches)
    middle.settle()
    _assert_as_desired(middle, by_reference)


def test_the_keys_come_from_the_signal(middle: Any) -> None:
    batches, _ = _sent(10, 40)
    middle.accept(*batches)
    middle.settle()
    texts = {str(tender.identity) for batch in batches for tender in batch.tenders}
    references = {tender.reference for batch in batches for tender in batch.tenders}
    allowed = {f"book:{one}" for one in references} | {f"cancel:{one}" for one in references}
    assert set(middle.writes()) <= allowed | {f"change:{one}" for one in texts}


def test_a_change_whose_row_was_lost_is_not_undone_by_the_original(middle: Any) -> None:
    batch = _original()
    (original,) = batch.tenders
    middle.accept(batch)
    middle.settle()
    (load,) = middle.loads(original.reference)
    middle.motion.loads.amend("change:elsewhere", load["load_id"], {"content": {"weight_lb": 1.0}, "rank": [1, 1, 2]})
    _forget(middle)
    middle.accept(batch)
    middle.settle()
    (load,) = middle.loads(original.reference)
    assert load["content"] == {"weight_lb": 1.0}
    assert middle.storage.intents.counts()[State.EXECUTED] == 1


def test_a_cancel_whose_row_was_lost_is_not_undone_by_the_original(middle: Any) -> None:
    batch = _original()
    (original,) = batch.tenders
    middle.accept(batch)
    middle.settle()
    (load,) = middle.loads(original.reference)
    middle.motion.loads.cancel("cancel:elsewhere", load["load_id"], {})
    _forget(middle)
    middle.accept(batch)
    middle.settle()
    assert [load["status"] for load in middle.loads(original.reference)] == ["CANCELLED"]


def test_a_signal_that_was_read_differently_before_amends_its_own_load(middle: Any) -> None:
    """The key is taken, by a body that the lost row had; the load is brought to what the row says now."""
    batch = _original()
    (original,) = batch.tenders
    body = {"reference": original.reference, "content": {"weight_lb": 1.0}, "rank": [0]}
    middle.motion.loads.book(f"book:{original.reference}", body)
    middle.accept(batch)
    middle.settle()
    _assert_as_desired(middle, {original.reference: [original]})


def test_a_cancel_alone_books_nothing(middle: Any) -> None:
    source = TenderSource(11, "P1")
    batch = next(
        batch for batch in iter(source.next, None) if {tender.purpose for tender in batch.tenders} == {"cancel"}
    )
    middle.accept(batch)
    middle.settle()
    assert middle.writes() == []
    assert middle.storage.intents.counts()[State.EXECUTED] == len(batch.tenders)


def test_motion_away_gives_back_with_growing_waits_and_loses_nothing(middle: Any) -> None:
    batch = _original()
    away = True

    def outage(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(503) if away and request.url.host == "motion" else None

    middle.outage = outage
    (accepted,) = middle.accept(batch)

    async def work(resolver: Resolver, agents: Agents) -> None:
        nonlocal away
        await resolver.step()
        waits = []
        for _ in range(25):
            assert await agents.step()
            assert not await agents.step(), "given back, to be tried later"
            intent = middle.storage.intents.get(accepted.intent_id)
            assert intent.state is State.CONFIRMED
            waits.append((intent.retry_at - middle.clock.now()).total_seconds())
            middle.clock.at = intent.retry_at
        assert waits == sorted(waits)
        assert (waits[0], waits[10], waits[-1]) == (0.2, 5.0, 60.0)
        away = False
        assert await agents.step()

    middle.run(work)
    assert len(middle.loads(batch.tenders[0].reference)) == 1
    last = middle.storage.transitions.of(accepted.intent_id)[-1]
    assert last.to_state is State.EXECUTED


@pytest.mark.parametrize(("status", "state"), [(400, State.FAILED), (401, State.CONFIRMED), (429, State.CONFIRMED)])
def test_only_a_refusal_of_the_write_fails_the_intent(middle: Any, status: int, state: State) -> None:
    def outage(request: httpx.Request) -> httpx.Response | None:
        refused = request.url.host == "motion" and request.method == "POST"
        return httpx.Response(status, headers={"Retry-After": "7"}) if refused else None

    middle.outage = outage
    (accepted,) = middle.accept(_original())

    async def work(resolver: Resolver, agents: Agents) -> None:
        await resolver.step()
        await agents.step()

    middle.run(work)
    intent = middle.storage.intents.get(accepted.intent_id)
    assert intent.state is state
    if state is State.FAILED:
        assert intent.error_reason.startswith("Motion refused: status 400")
    else:
        assert (intent.retry_at - middle.clock.now()).total_seconds() == 7


def test_a_hallucination_never_reaches_motion(middle: Any) -> None:
    """2.3, and H10 beside it."""
    for number, weight in enumerate((-50, 42_000)):
        batch = _original(20 + number)
        (tender,) = batch.tenders
        content = {"kind": "tender", "confidence": 0.99, **desired_content([replace(tender, weight_lb=weight)])}
        import json

        middle.model.scripts.add({"shipment_id": tender.shipment_id, "content": json.dumps(content), "times": None})
        middle.accept(batch)
    middle.settle()
    assert middle.storage.intents.counts()[State.FAILED] == 2
    assert not [call for call in middle.calls if call.url.host == "motion"]
