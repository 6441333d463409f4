"""The cassette's transport: what matches, what never does, and what is reported."""

import asyncio
import copy
import json
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from system.replay.cassette import CassetteTransport, Unmatched
from system.replay.steered import SteeredClock, run_steered
from system.replay.trace import RecordedInteraction
from system.resolver.prompt import request_body

URL = "http://motion.invalid/loads"
START = datetime(2026, 2, 2, 14, tzinfo=UTC)


def _recorded(
    body: Any = None, *, method: str = "POST", uri: str = URL, key: str = "", **end: Any
) -> RecordedInteraction:
    headers = {"Idempotency-Key": key} if key else {}
    request = {"method": method, "uri": uri, "headers": headers, "body": "" if body is None else json.dumps(body)}
    return RecordedInteraction.model_validate(
        {"request": request, **(end or {"response": {"status": 200, "body": "{}"}})}
    )


def _play(
    transport: CassetteTransport, work: Callable[[httpx.AsyncClient, SteeredClock], Coroutine[Any, Any, Any]]
) -> Any:
    async def main(clock: SteeredClock) -> Any:
        async with httpx.AsyncClient(transport=transport, timeout=5.0) as client:
            return await work(client, clock)

    return run_steered(main, starts_at=START)


def _post(transport: CassetteTransport, body: Any, *, uri: str = URL, key: str = "", method: str = "POST") -> Any:
    headers = {"Idempotency-Key": key} if key else {}
    return _play(transport, lambda client, _: client.request(method, uri, json=body, headers=headers))


def test_a_body_matches_in_any_spelling() -> None:
    transport = CassetteTransport([_recorded({"b": [1, 2], "a": "ü"})])
    response = _play(transport, lambda client, _: client.post(URL, content='{ "a": "\\u00fc",\n "b": [1,2] }'))
    assert response.status_code == 200
    assert transport.unused == []


@pytest.mark.parametrize(
    "call",
    [
        {"body": {"weight": 42000}},
        {"body": {"weight": 4200}, "uri": f"{URL}/L1"},
        {"body": {"weight": 4200}, "uri": "http://other.invalid/loads"},
        {"body": {"weight": 4200}, "uri": f"{URL}?a=1"},
        {"body": {"weight": 4200}, "method": "PATCH"},
        {"body": {"weight": 4200}, "key": "another"},
        {"body": {"weight": 4200.5}},
        {"body": [{"weight": 4200}]},
    ],
)
def test_what_differs_anywhere_is_not_answered(call: dict[str, Any]) -> None:
    """Method, address, query, key and every part of the body count: nothing similar is ever played."""
    transport = CassetteTransport([_recorded({"weight": 4200})])
    with pytest.raises(Unmatched):
        _post(transport, call.pop("body"), **call)
    (unmatched,) = transport.unmatched
    assert unmatched["nearest"] is None or unmatched["nearest"]["differences"]
    assert len(transport.unused) == 1


def test_the_nearest_says_what_is_different() -> None:
    transport = CassetteTransport([_recorded({"a": 1}, uri="http://x.invalid/"), _recorded({"weight": 4200}, key="k")])
    with pytest.raises(Unmatched):
        _post(transport, {"weight": 42000}, key="k")
    nearest = transport.unmatched[0]["nearest"]
    assert nearest["number"] == 1
    assert nearest["differences"] == ['body - "weight": 4200', 'body + "weight": 42000']
    assert transport.unmatched[0]["moved"] == ["body"]
    assert transport.unmatched[0]["request"]["headers"] == {"content-type": "application/json", "idempotency-key": "k"}


@pytest.mark.parametrize(
    ("change", "moved", "told"),
    [
        (lambda body: body.update(model="another"), "model", "recorded 'tender-reader', now 'another'"),
        (lambda body: body.update(temperature=1), "parameters", '+ "temperature": 1'),
        (lambda body: body["messages"][0].update(content="Guess."), "template", "+system: Guess."),
        (lambda body: body["messages"][1].update(content="<signal>\nB2**Y~\n</signal>"), "input", "now 'B2**Y~'"),
        (lambda body: body["response_format"]["json_schema"].update(strict=False), "schema", '+  "strict": false'),
    ],
)
def test_of_a_question_the_part_that_moved_is_named(change: Callable[[Any], None], moved: str, told: str) -> None:
    question = request_body("B2**X~", model="tender-reader")
    asked = copy.deepcopy(question)
    change(asked)
    transport = CassetteTransport([_recorded({"n": 1}), _recorded(question)])
    with pytest.raises(Unmatched):
        _post(transport, asked)
    (unmatched,) = transport.unmatched
    assert (unmatched["moved"], unmatched["nearest"]["number"]) == ([moved], 1)
    assert told in "\n".join(unmatched["nearest"]["differences"])


def test_a_call_and_a_question_differ_in_the_body() -> None:
    transport = CassetteTransport([_recorded({"n": 1})])
    with pytest.raises(Unmatched):
        _post(transport, request_body("B2**X~", model="m"))
    assert transport.unmatched[0]["moved"] == ["body"]


def test_the_nearest_is_one_that_still_waits() -> None:
    """Of two that are as near, and when the same call is made once more often than recorded."""
    transport = CassetteTransport([_recorded({"n": 1}), _recorded({"n": 2})])
    _post(transport, {"n": 1})
    with pytest.raises(Unmatched):
        _post(transport, {"n": 3})
    assert transport.unmatched[0]["nearest"]["number"] == 1


def test_each_answer_is_given_once_and_equal_calls_get_theirs_in_order() -> None:
    answers: list[dict[str, Any]] = [
        {"response": {"status": 200, "body": json.dumps({"loads": loads})}} for loads in ([], ["L1"])
    ]
    transport = CassetteTransport([_recorded(method="GET", **answer) for answer in answers])

    async def work(client: httpx.AsyncClient, _: SteeredClock) -> list[Any]:
        return [(await client.get(URL)).json()["loads"] for _ in range(2)]

    assert _play(transport, work) == [[], ["L1"]]
    assert transport.unused == []
    with pytest.raises(Unmatched):
        _play(transport, lambda client, _: client.get(URL))
    assert "as often as it was recorded" in transport.unmatched[0]["nearest"]["differences"][0]


def test_query_parameters_match_in_any_order() -> None:
    transport = CassetteTransport([_recorded(method="GET", uri=f"{URL}?b=2&a=P1%3AS1")])
    response = _play(transport, lambda client, _: client.get(URL, params={"a": "P1:S1", "b": "2"}))
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("failure", "error", "after_s"),
    [
        ({"kind": "timeout", "after_s": 0.0}, httpx.ReadTimeout, 5.0),
        ({"kind": "timeout", "after_s": 2.0}, httpx.ReadTimeout, 2.0),
        ({"kind": "timeout", "after_s": 600.0}, httpx.ReadTimeout, 5.0),
        ({"kind": "reset", "after_s": 1.5}, httpx.ReadError, 1.5),
        ({"kind": "reset", "after_s": 600.0}, httpx.ReadTimeout, 5.0),
        ({"kind": "refused"}, httpx.ConnectError, 0.0),
    ],
)
def test_a_failure_ends_as_it_did_and_when(failure: Any, error: type[Exception], after_s: float) -> None:
    transport = CassetteTransport([_recorded({}, failure=failure)])

    async def work(client: httpx.AsyncClient, clock: SteeredClock) -> float:
        with pytest.raises(error):
            await client.post(URL, json={})
        return clock.monotonic_s()

    assert _play(transport, work) == pytest.approx(after_s)
    assert transport.calls[0].status is None
    assert transport.unused == []


def test_an_answer_that_was_late_is_late_again() -> None:
    transport = CassetteTransport([_recorded({}, response={"status": 200, "body": "{}", "after_s": 3.5})])

    async def work(client: httpx.AsyncClient, clock: SteeredClock) -> float:
        assert (await client.post(URL, json={})).status_code == 200
        return clock.monotonic_s()

    assert _play(transport, work) == pytest.approx(3.5)


def test_an_answer_that_came_too_late_is_a_timeout() -> None:
    transport = CassetteTransport([_recorded({}, response={"status": 200, "body": "{}", "after_s": 7.0})])

    async def work(client: httpx.AsyncClient, clock: SteeredClock) -> float:
        with pytest.raises(httpx.ReadTimeout):
            await client.post(URL, json={})
        return clock.monotonic_s()

    assert _play(transport, work) == pytest.approx(5.0)


@pytest.mark.parametrize("body", ["", '{"loads": [{"load_'])
def test_half_an_answer_breaks_off(body: str) -> None:
    """Status and headers came, and a part of the body; whoever reads it finds out that it is not whole."""
    half = {"kind": "half", "after_s": 1.5, "status": 201, "headers": {"Content-Length": "500"}, "body": body}
    transport = CassetteTransport([_recorded({}, failure=half)])

    async def work(client: httpx.AsyncClient, clock: SteeredClock) -> float:
        async with client.stream("POST", URL, json={}) as response:
            assert response.status_code == 201
            parts: list[bytes] = []
            with pytest.raises(httpx.RemoteProtocolError):
                await _collect(response, parts)
        assert b"".join(parts) == body.encode()
        return clock.monotonic_s()

    assert _play(transport, work) == pytest.approx(1.5)
    assert transport.calls[0].status is None


async def _collect(response: httpx.Response, parts: list[bytes]) -> None:
    async for part in response.aiter_raw():
        parts.append(part)  # noqa: PERF401 -- those that came before it broke off are wanted


def test_a_long_cassette_costs_no_more_a_call() -> None:
    """Three thousand interactions play in one go; with a search through all of them this takes minutes."""
    transport = CassetteTransport([_recorded({"n": number}) for number in range(3000)])

    async def work(client: httpx.AsyncClient, _: SteeredClock) -> None:
        await asyncio.gather(*(client.post(URL, json={"n": number}) for number in reversed(range(3000))))

    _play(transport, work)
    assert len(transport.calls) == 3000
    assert transport.unused == []
