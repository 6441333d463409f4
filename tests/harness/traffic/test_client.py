"""Every operation is written down, and its outcome is honest: what got no answer may have happened."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from harness.history import Event, History, Kind
from harness.traffic.client import RecordingClient, completion_kind, nothing_more
from tests.answering import HANG_UP, SAY_NOTHING, answering


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((200, 201, 202, 204), Kind.OK),
        ((400, 401, 404, 409, 413, 415, 422, 429), Kind.FAIL),
        ((408, 500, 502, 503, 504, 599), Kind.INFO),
        ((301, 302, 100), Kind.INFO),
    ],
)
def test_what_a_status_says(statuses: tuple[int, ...], kind: Kind) -> None:
    assert {completion_kind(status) for status in statuses} == {kind}


Read = Callable[[httpx.Response], Mapping[str, Any]]


def sent(status: int, document: Any = None, *, read: Read = nothing_more, timeout_s: float = 10.0) -> History:
    async def go() -> History:
        history = History()
        async with (
            answering(lambda _: (status, document)) as server,
            RecordingClient(history, server.url, timeout_s=timeout_s) as client,
        ):
            completion = await client.send(
                actor="client", action="write", method="POST", path="/", value={"id": "a"}, content=b"x", read=read
            )
            assert completion is history[len(history) - 1]
        return history

    return asyncio.run(go())


def completion(history: History) -> Event:
    invoke, done = history
    assert (invoke.kind, invoke.value) == (Kind.INVOKE, {"id": "a"})
    assert invoke.operation_id == done.operation_id is not None
    assert done.value["duration_s"] > 0
    return done


def test_an_answer_is_written_with_what_was_read_of_it() -> None:
    done = completion(sent(202, {"given": "a"}, read=lambda response: response.json()))
    assert (done.kind, done.value["status"], done.value["given"]) == (Kind.OK, 202, "a")


@pytest.mark.parametrize(("status", "kind"), [(400, Kind.FAIL), (503, Kind.INFO)])
def test_a_refusal_is_written(status: int, kind: Kind) -> None:
    done = completion(sent(status, {}))
    assert (done.kind, done.value["status"]) == (kind, status)


@pytest.mark.parametrize(("status", "error"), [(HANG_UP, "RemoteProtocolError"), (SAY_NOTHING, "ReadTimeout")])
def test_without_an_answer_it_may_have_happened(status: int, error: str) -> None:
    done = completion(sent(status, timeout_s=0.2))
    assert (done.kind, done.value["status"]) == (Kind.INFO, None)
    assert done.value["error"].startswith(error)


def test_nobody_listening_may_have_happened_too() -> None:
    async def go() -> History:
        history = History()
        async with answering(lambda _: (200, {})) as server:
            url = server.url
        async with RecordingClient(history, url, timeout_s=1.0) as client:
            await client.send(actor="client", action="write", method="POST", path="/", value={"id": "a"})
        return history

    done = completion(asyncio.run(go()))
    assert (done.kind, done.value["status"]) == (Kind.INFO, None)


@pytest.mark.parametrize("document", [b"<html>", b"\xff", [], {}, {"results": 7}, None])
def test_an_answer_that_cannot_be_read_is_no_acknowledgement(document: Any) -> None:
    done = completion(sent(202, document, read=lambda response: {"first": response.json()["results"][0]}))
    assert (done.kind, done.value["status"]) == (Kind.INFO, 202)


def test_a_cancelled_operation_is_written_as_one_that_may_have_happened() -> None:
    async def go() -> History:
        history, begun = History(), asyncio.Event()

        def answer(_: object) -> tuple[int, Any]:
            begun.set()
            return SAY_NOTHING, None

        async with answering(answer) as server, RecordingClient(history, server.url) as client:
            sending = asyncio.create_task(
                client.send(actor="client", action="write", method="POST", path="/", value={"id": "a"})
            )
            await begun.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
        return history

    assert completion(asyncio.run(go())).kind is Kind.INFO


def test_operations_under_way_at_once_are_told_apart() -> None:
    async def go() -> History:
        history = History()
        async with (
            answering(lambda _: (200, {})) as server,
            RecordingClient(history, server.url) as client,
            asyncio.TaskGroup() as sending,
        ):
            for _ in range(20):
                sending.create_task(
                    client.send(actor="client", action="write", method="POST", path="/", value={"id": "a"})
                )
        return history

    history = asyncio.run(go())
    ids = [event.operation_id for event in history.where(kind=Kind.INVOKE)]
    assert len(set(ids)) == 20
    assert sorted(map(str, ids)) == sorted(str(event.operation_id) for event in history.where(kind=Kind.OK))


def test_only_so_many_are_under_way_and_a_wait_for_the_turn_is_not_hidden() -> None:
    async def go() -> tuple[History, int]:
        history = History()
        async with (
            answering(lambda _: (SAY_NOTHING, None)) as server,
            RecordingClient(history, server.url, timeout_s=0.2, under_way_max=2) as client,
        ):
            async with asyncio.TaskGroup() as sending:
                for _ in range(4):
                    sending.create_task(
                        client.send(actor="client", action="write", method="POST", path="/", value={"id": "a"})
                    )
            return history, len(server.requests)

    history, arrived = asyncio.run(go())
    assert [event.kind for event in history][:3] == [Kind.INVOKE, Kind.INVOKE, Kind.INFO]
    durations_s = sorted(event.value["duration_s"] for event in history.where(kind=Kind.INFO))
    assert durations_s[0] >= 0.2
    assert durations_s[2] >= 0.4
    assert arrived == 4
    assert all(event.value["error"].startswith("ReadTimeout") for event in history.where(kind=Kind.INFO))
