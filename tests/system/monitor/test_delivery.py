"""Delivery: in order, until taken, bounded, and nothing is lost while the receiver is away."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from system.clock import Clock
from system.monitor.delivery import WAITING_MAX, Delivery

Answer = Callable[[int], httpx.Response]


def _deliver(
    clock: Clock, answer: Answer, *notifications: dict[str, Any], waiting: list[dict[str, Any]] | None = None
) -> tuple[list[Any], Delivery, list[int]]:
    """Everything is delivered or dropped: the bodies that were posted, the delivery, and the lengths of the queue."""
    posted: list[Any] = []
    lengths: list[int] = []

    def receive(request: httpx.Request) -> httpx.Response:
        posted.append(json.loads(request.content))
        return answer(len(posted))

    async def main() -> Delivery:
        async with httpx.AsyncClient(transport=httpx.MockTransport(receive)) as client:
            delivery = Delivery(
                "http://inbox.invalid/alerts",
                client,
                clock,
                waiting=waiting or (),
                changed=lambda left: lengths.append(len(left)),
            )
            for one in notifications:
                delivery.send(one)
            running = asyncio.create_task(delivery.run())
            async with asyncio.timeout(30):
                while delivery.waiting:
                    await asyncio.sleep(0)
            running.cancel()
            await asyncio.wait([running])
            assert running.cancelled()
        return delivery

    return posted, asyncio.run(main()), lengths


def _down_until(number: int) -> Answer:
    def answer(call: int) -> httpx.Response:
        if call < number and call % 2:
            raise httpx.ConnectError("refused")
        return httpx.Response(503 if call < number else 202)

    return answer


def test_a_receiver_that_is_away_gets_everything_in_order_once_it_is_back(clock: Clock) -> None:
    posted, delivery, _ = _deliver(clock, _down_until(20), {"n": 1}, {"n": 2})
    assert [one["n"] for one in posted] == [1] * 20 + [2]
    assert (delivery.delivered, delivery.dropped) == (2, 0)


def test_the_wait_between_attempts_grows_and_is_bounded(clock: Clock) -> None:
    started_s = clock.monotonic_s()
    _deliver(clock, _down_until(8), {"n": 1})
    assert clock.monotonic_s() - started_s == pytest.approx(0.1 + 0.2 + 0.4 + 0.8 + 1.6 + 3.2 + 5.0)


def test_what_is_refused_for_good_does_not_hold_up_the_rest(clock: Clock) -> None:
    posted, delivery, _ = _deliver(clock, lambda call: httpx.Response(400 if call == 1 else 202), {"n": 1}, {"n": 2})
    assert [one["n"] for one in posted] == [1, 2]
    assert (delivery.delivered, delivery.dropped) == (1, 1)


def test_the_queue_is_bounded_and_the_oldest_goes(clock: Clock) -> None:
    posted, delivery, _ = _deliver(
        clock, lambda _: httpx.Response(202), *({"n": number} for number in range(WAITING_MAX + 5))
    )
    assert [one["n"] for one in posted] == list(range(5, WAITING_MAX + 5))
    assert delivery.dropped == 5


def test_what_was_left_undelivered_goes_first_and_every_change_is_told(clock: Clock) -> None:
    posted, _, lengths = _deliver(clock, lambda _: httpx.Response(202), {"n": 2}, waiting=[{"n": 1}])
    assert [one["n"] for one in posted] == [1, 2]
    assert lengths == [2, 1, 0]
