"""Partners do what partners do: send, send again what nobody answered, and send a window again when asked."""

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import pytest

from harness.clock import Clock
from harness.history import Event, History, Kind
from harness.traffic import Stage
from scenarios.world.traffic import SEND, SteadyTenders
from tests.answering import HANG_UP, Answer, Request, answering
from tests.toy import ToyEnvironment

PARTNERS = ("P1001", "P1002")


def accept(_: Request) -> tuple[int, Any]:
    return 202, {"results": []}


def refused_at_first(*statuses: int) -> Answer:
    """Answers with each of `statuses` in turn, and accepts from then on."""
    left = list(statuses)

    def answer(request: Request) -> tuple[int, Any]:
        return (left.pop(0), {"error": "not now"}) if left else accept(request)

    return answer


class Played:
    """A traffic as it went: the requests that came and the history that was written."""

    def __init__(self, requests: list[Request], history: History) -> None:
        self.requests = requests
        self.invokes = history.where(kind=Kind.INVOKE, action=SEND)
        self.completions = [event for event in history if event.action == SEND and event.kind is not Kind.INVOKE]

    def of(self, batch: int) -> list[Event]:
        return [event for event in self.invokes if event.value["batch"] == batch]


def notice(history: History, partner: str, from_s: float, to_s: float) -> None:
    ends = (datetime.fromtimestamp(moment_s, UTC).isoformat() for moment_s in (from_s, to_s))
    history.append(
        actor="inbox",
        kind=Kind.STEP,
        action="notice",
        value={"kind": "resend_request", "partner": partner, "window": dict(zip(("from", "to"), ends, strict=True))},
    )


def played(
    answer: Answer,
    *,
    until: Callable[[History], bool],
    when: Callable[[History], None] = lambda history: None,
    partners: tuple[str, ...] = PARTNERS[:1],
    seed: int = 1,
    attempts: int = 60,
    repeats: float = 0.0,
) -> Played:
    """Play until `until` says so of the history; then do `when`, end the traffic and wait for its last operation."""

    async def go() -> Played:
        clock = Clock()
        history, ending = History(clock=clock), asyncio.Event()
        traffic = SteadyTenders(
            partners=partners, rate_per_s=100.0, retry_after_s=0.001, attempts=attempts, repeats=repeats
        )
        async with asyncio.timeout(30), answering(answer) as server:
            environment = ToyEnvironment(addresses={"partners->ingest": server.address})
            stage = Stage(environment=environment, history=history, clock=clock, random=Random(seed), ending=ending)
            playing = asyncio.create_task(traffic.play(stage))
            while not until(history) and not playing.done():
                await asyncio.sleep(0.002)
            when(history)
            ending.set()
            await playing
        return Played(server.requests, history)

    return asyncio.run(go())


def completed(count: int) -> Callable[[History], bool]:
    return lambda history: len(history.where(kind=Kind.OK, action=SEND)) >= count


def test_every_request_is_an_authenticated_operation_that_says_what_was_sent() -> None:
    went = played(accept, until=completed(20), partners=PARTNERS)
    assert len(went.requests) == len(went.invokes) == len(went.completions)
    for request in went.requests:
        assert (request.method, request.path) == ("POST", "/signals")
        assert request.headers["x-partner"] in PARTNERS
        assert request.headers["authorization"].startswith("Bearer ")
        assert request.headers["content-type"] in ("application/edi-x12", "application/json")
    for event in went.invokes:
        tenders = event.value["tenders"]
        assert event.value["identities"] == [tender["identity"] for tender in tenders]
        assert all(tender["identity"].startswith(tender["shipment"] + ":") for tender in tenders)
        assert all(bool(tender["content"]) == (tender["purpose"] != "cancel") for tender in tenders)
        json.dumps(event.value)
    assert {event.actor for event in went.invokes} == {f"partner {partner}" for partner in PARTNERS}


def test_one_seed_sends_the_same_and_another_sends_something_else() -> None:
    def first(seed: int) -> list[Any]:
        went = played(accept, until=completed(10), seed=seed)
        in_order = sorted(went.invokes, key=lambda event: int(event.value["batch"]))
        return [event.value["tenders"] for event in in_order[:8]]

    assert first(3) == first(3) != first(4)


@pytest.mark.parametrize("status", [503, 500, HANG_UP])
def test_what_nobody_answered_goes_out_again_byte_for_byte(status: int) -> None:
    went = played(refused_at_first(status, status), until=completed(5))
    repeats = [event for event in went.invokes if event.value["again"]]
    assert len(repeats) == 2
    for event in repeats:
        assert len(went.of(event.value["batch"])) >= 2
    assert len({request.body for request in went.requests}) == len(went.requests) - 2
    assert sum(event.kind is Kind.INFO for event in went.completions) == 2


@pytest.mark.parametrize("status", [400, 401, 413, 429])
def test_a_no_is_an_answer(status: int) -> None:
    went = played(refused_at_first(status), until=completed(3))
    assert not [event for event in went.invokes if event.value["again"]]
    assert [event.kind for event in went.completions].count(Kind.FAIL) == 1


def test_a_partner_gives_up_in_the_end() -> None:
    went = played(lambda _: (503, {}), until=lambda history: len(history.where(kind=Kind.INFO)) >= 6, attempts=3)
    assert all(len(went.of(event.value["batch"])) == 3 for event in went.invokes)


def test_a_window_is_sent_again_by_the_partner_that_was_asked_and_by_no_other() -> None:
    """Also when the traffic ends at once: whoever was asked still serves the notice to the last batch."""
    now_s = datetime.now(UTC).timestamp()
    went = played(
        accept,
        until=completed(12),
        when=lambda history: notice(history, "P1001", now_s - 60, now_s + 60),
        partners=PARTNERS,
    )
    again = [event for event in went.invokes if event.value["again"]]
    first = [event for event in went.invokes if not event.value["again"] and event.actor == "partner P1001"]
    assert {event.actor for event in again} == {"partner P1001"}
    assert {event.value["batch"] for event in again} >= {event.value["batch"] for event in first[:3]}
    by_batch = {event.value["batch"]: event for event in first}
    for event in again:
        assert event.value["tenders"] == by_batch[event.value["batch"]].value["tenders"]


def test_a_resend_bears_a_new_control_number() -> None:
    now_s = datetime.now(UTC).timestamp()
    went = played(accept, until=completed(8), when=lambda history: notice(history, "P1001", now_s - 60, now_s + 60))
    x12 = [request.body for request in went.requests if request.headers["content-type"] == "application/edi-x12"]
    assert len(set(x12)) == len(x12)


def test_nothing_outside_the_window_is_sent_again() -> None:
    long_ago_s = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
    went = played(
        accept, until=completed(5), when=lambda history: notice(history, "P1001", long_ago_s, long_ago_s + 60)
    )
    assert not [event for event in went.invokes if event.value["again"]]


def test_a_notice_of_what_to_mend_asks_for_nothing() -> None:
    """It names a place and no window; nobody waits for it to be served, and what comes after it is."""
    now_s = datetime.now(UTC).timestamp()

    def tell(history: History) -> None:
        value = {"kind": "malformed_signals", "partner": "P1001", "segment": "G62", "element": 2}
        history.append(actor="inbox", kind=Kind.STEP, action="notice", value=value)
        notice(history, "P1001", now_s - 60, now_s + 60)

    went = played(accept, until=completed(5), when=tell)
    again = [event.value["batch"] for event in went.invokes if event.value["again"]]
    assert again
    assert len(again) == len(set(again)), "the window was asked for once"


def test_an_acknowledgement_that_cannot_be_read_is_sent_again() -> None:
    left = [(202, []), (200, b"<html>")]
    went = played(lambda request: left.pop() if left else accept(request), until=completed(3))
    assert sum(event.kind is Kind.INFO for event in went.completions) == 2
    assert sum(event.value["again"] for event in went.invokes) == 2


def test_a_share_of_what_goes_out_was_acknowledged_before() -> None:
    went = played(accept, until=completed(150), partners=PARTNERS, repeats=0.5)
    again = [event for event in went.invokes if event.value["again"]]
    assert 0.25 * len(went.invokes) < len(again) < 0.75 * len(went.invokes)
    firsts = {event.value["batch"]: event for event in went.invokes if not event.value["again"]}
    ended = {event.operation_id: event.number for event in went.completions}
    for event in again:
        first = firsts[event.value["batch"]]
        assert (first.actor, first.value["tenders"]) == (event.actor, event.value["tenders"])
        assert ended[first.operation_id] < event.number, "only what was acknowledged is repeated"


def test_what_was_refused_is_not_repeated() -> None:
    def refuses(_: Request) -> tuple[int, Any]:
        return 400, {}

    went = played(refuses, until=lambda history: len(history.where(kind=Kind.FAIL)) >= 20, repeats=0.9)
    assert not [event for event in went.invokes if event.value["again"]]


def test_by_default_nothing_is_repeated() -> None:
    went = played(accept, until=completed(30))
    assert not [event for event in went.invokes if event.value["again"]]
