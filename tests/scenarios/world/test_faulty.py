"""The faulty partner's signals are wrong in just what they say, and the flood goes on where the first ten ended."""

import asyncio
from collections import Counter
from random import Random
from typing import Any

import pytest

from harness.clock import Clock
from harness.history import History, Kind
from harness.traffic import Stage
from scenarios.world.faulty import FAULTY, MISTAKES, NO_SUCH_DAY, TEN, FaultyFlood, FaultySource, FaultyTenders, Mistake
from scenarios.world.traffic import SEND
from system.x12 import read_interchange
from tests.answering import Answering, Request, answering
from tests.toy import ToyEnvironment

PARTNER = "P1004"


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: f"{mistake.segment}{mistake.element:02}")
def test_a_mistake_is_found_where_it_was_made_and_nowhere_else(mistake: Mistake) -> None:
    source = FaultySource.of(PARTNER)
    for _ in range(20):
        reading = read_interchange(source.next(mistake).body)
        assert {(one.segment, one.element) for one in reading.defects.found} == {(mistake.segment, mistake.element)}
        assert reading.tenders == ()


def test_without_a_mistake_it_is_a_good_tender_and_a_repeat_is_the_same_signal() -> None:
    source = FaultySource.of(PARTNER)
    good = source.next()
    again = source.again(good)
    assert again.body != good.body
    (first,), (second,) = (read_interchange(one.body).tenders for one in (good, again))
    assert first.tender == second.tender
    assert first.tender.identity(PARTNER) == good.tenders[0].identity
    assert (first.control_number, second.control_number) == ("000000001", "000000002")


def test_the_date_is_wrong_most_often_also_counting_the_repeats() -> None:
    counts = Counter(TEN)
    assert len(TEN) == 10
    assert counts[NO_SUCH_DAY] > max(count for mistake, count in counts.items() if mistake != NO_SUCH_DAY)


def test_the_flood_begins_with_a_malformed_one_and_none_of_it_is_new_and_good() -> None:
    flood = FaultyFlood(partner=PARTNER, count=50)
    requests = flood.requests()
    assert requests is flood.requests(), "the same at every call"
    readings = [read_interchange(request.body) for request in requests]
    assert readings[0].defects
    good = [tender for reading in readings for tender in reading.tenders]
    first = FaultySource.of(PARTNER).next().tenders[0]
    assert {one.tender.identity(PARTNER) for one in good} == {first.identity}
    assert len(good) == 10
    assert Counter(dict(requests[0].headers)) == Counter(
        {
            "Authorization": "Bearer fixture-key-P1004-not-a-secret",
            "X-Partner": PARTNER,
            "Content-Type": "application/edi-x12",
        }
    )


def played(answer: Any) -> tuple[Answering, History]:
    """The ten, sent to a server that answers so."""

    async def play() -> tuple[Answering, History]:
        history, ending = History(clock=Clock()), asyncio.Event()
        async with asyncio.timeout(30), answering(answer) as server:
            environment = ToyEnvironment(addresses={"partners->ingest": server.address})
            stage = Stage(environment=environment, history=history, clock=Clock(), random=Random(1), ending=ending)
            playing = asyncio.create_task(FaultyTenders(partner=PARTNER).play(stage))
            while len(history.where(action=FAULTY)) < 20 and not playing.done():
                await asyncio.sleep(0.002)
            ending.set()
            await playing
            return server, history

    return asyncio.run(play())


def test_ten_go_out_after_a_good_one_and_say_what_is_wrong_with_them() -> None:
    refusals = [503]

    def answer(_: Request) -> tuple[int, Any]:
        return (refusals.pop(), {}) if refusals else (202, {"results": []})

    server, history = played(answer)
    assert len(history.where(kind=Kind.OK, action=SEND)) == 1
    assert len(history.where(kind=Kind.INFO, action=SEND)) == 1, "the good one is sent until it is accepted"
    begun = history.where(kind=Kind.INVOKE, action=FAULTY, actor=f"partner {PARTNER}")
    assert len(server.requests) == 2 + len(TEN) == 2 + len(begun)
    for event, mistake in zip(begun, TEN, strict=True):
        wrong = None if mistake is None else {"segment": mistake.segment, "element": mistake.element}
        assert (event.value["wrong"], event.value["again"]) == (wrong, mistake is None)
    bodies = [request.body for request in server.requests]
    assert len(set(bodies)) == len(bodies) - 1
    assert not set(bodies) & {request.body for request in FaultyFlood(partner=PARTNER).requests()}


def test_it_ends_with_its_stage_although_nothing_was_ever_accepted() -> None:
    async def play() -> None:
        async with asyncio.timeout(30), answering(lambda _: (503, {})) as server:
            ending = asyncio.Event()
            stage = Stage(
                environment=ToyEnvironment(addresses={"partners->ingest": server.address}),
                history=History(clock=Clock()),
                clock=Clock(),
                random=Random(1),
                ending=ending,
            )
            playing = asyncio.create_task(FaultyTenders(partner=PARTNER).play(stage))
            while not server.requests:
                await asyncio.sleep(0.002)
            ending.set()
            await playing
            assert not stage.history.where(action=FAULTY)

    asyncio.run(play())
