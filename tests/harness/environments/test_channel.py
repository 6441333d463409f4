"""A channel pairs answers with requests, passes notices on, and breaks its promises when the other side is gone."""

import asyncio
import json
import os
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from typing import IO

import pytest

from harness.environments.channel import Channel, ChannelClosed, Document, outcome_of


class Other:
    """A channel and the far ends of its two pipes."""

    def __init__(self) -> None:
        near_in, far_out = os.pipe()
        far_in, near_out = os.pipe()
        self.reads: IO[bytes] = os.fdopen(far_in, "rb")
        self.writes: IO[bytes] = os.fdopen(far_out, "wb", buffering=0)
        self.notices: list[Document] = []
        self.ended = threading.Event()
        self.channel = Channel(
            "other",
            reader=os.fdopen(near_in, "rb"),
            writer=os.fdopen(near_out, "wb"),
            on_notice=self.notices.append,
            on_end=self.ended.set,
        )

    def say(self, document: Document) -> None:
        self.writes.write(json.dumps(document).encode() + b"\n")


@pytest.fixture
def other() -> Iterator[Other]:
    one = Other()
    yield one
    one.writes.close()
    one.channel.close()
    one.reads.close()
    assert one.channel.join(5.0)


def test_answers_find_their_requests_in_any_order(other: Other) -> None:
    first, second = other.channel.request({"do": "a"}), other.channel.request({"do": "b"})
    asked = [json.loads(other.reads.readline()) for _ in range(2)]
    assert [request["do"] for request in asked] == ["a", "b"]
    other.say({"id": asked[1]["id"], "value": 2})
    other.say({"id": asked[0]["id"], "value": 1})
    assert first.result(5)["value"] == 1
    assert second.result(5)["value"] == 2


def test_what_is_no_answer_is_a_notice(other: Other) -> None:
    other.say({"exited": 7})
    future = other.channel.request({"do": "a"})
    other.say({"id": 1})
    future.result(5)
    assert other.notices == [{"exited": 7}]


def test_when_the_other_side_dies_open_and_later_requests_fail(other: Other) -> None:
    future = other.channel.request({"do": "a"})
    other.writes.close()
    with pytest.raises(ChannelClosed, match="other is gone"):
        future.result(5)
    assert other.ended.wait(5)
    with pytest.raises(ChannelClosed):
        other.channel.request({"do": "b"}).result(5)


def test_a_promise_outlives_who_stopped_waiting_for_it() -> None:
    promise: Future[int] = Future()

    async def wait_briefly() -> None:
        with pytest.raises(TimeoutError):
            await outcome_of(promise, 0.01)

    asyncio.run(wait_briefly())
    promise.set_result(3)  # the loop of the one who waited is closed by now
    assert asyncio.run(outcome_of(promise)) == 3
