"""What is recorded from parties that answer replays to the same output: answers, late ones, and failures."""

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from harness.traces import canonical_json, load_trace
from system.replay import replay
from system.replay.root import record

TRACES = Path(__file__).resolve().parents[3] / "traces"


def _contract(name: str) -> dict[str, Any]:
    return load_trace(TRACES / name).to_contract()


class _Parties(httpx.AsyncBaseTransport):
    """The model reads what the plain trace's did; Motion books. The first calls have troubles."""

    def __init__(self, troubles: list[str]) -> None:
        self._troubles = troubles
        self._answers = {
            one["request"]["method"] + one["request"]["uri"]: one["response"]
            for one in _contract("original_booked")["cassette"]
        }

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        trouble = self._troubles.pop(0) if self._troubles else ""
        if trouble == "timeout":
            await asyncio.sleep(10)
            raise httpx.ReadTimeout("no answer in time")
        if trouble == "refused":
            raise httpx.ConnectError("connection refused")
        if trouble == "reset":
            await asyncio.sleep(0.5)
            raise httpx.ReadError("connection reset")
        if trouble == "late":
            await asyncio.sleep(3)
        if trouble == "503":
            return httpx.Response(503, headers={"Retry-After": "7"}, text="busy")
        recorded = self._answers[request.method + str(request.url)]
        return httpx.Response(recorded["status"], headers=recorded["headers"], text=recorded["body"])


@pytest.mark.parametrize("troubles", [[], ["timeout"], ["refused", "reset"], ["late", "503"], ["503", "", "timeout"]])
def test_what_was_recorded_replays_to_the_same(troubles: list[str]) -> None:
    document = _contract("original_booked") | {"contract": 2, "cassette": []}
    recorded, cassette = record(document, _Parties(list(troubles)))
    replayed = replay(document | {"cassette": cassette})
    assert (replayed["unmatched"], replayed["unused"]) == ([], [])
    assert canonical_json(replayed["output"]) == canonical_json(recorded["output"])
    assert replayed["output"]["intents"][0]["state"] == "EXECUTED"
    assert len(cassette) == 3 + sum(trouble in ("timeout", "refused", "reset", "503") for trouble in troubles)


def test_a_cassette_holds_what_matters_and_no_more() -> None:
    _, cassette = record(_contract("original_booked") | {"cassette": []}, _Parties([]))
    headers: set[str] = {name for one in cassette for name in one["request"]["headers"]}
    assert headers == {"content-type", "idempotency-key"}
    assert json.loads(cassette[2]["response"]["body"])["reference"] == "T0001:TRC1001"


def test_a_document_that_is_no_trace_records_nothing() -> None:
    document: dict[str, Any] = _contract("original_booked") | {"partners": []}
    result, cassette = record(document, _Parties([]))
    assert (list(result), cassette) == (["error"], [])
