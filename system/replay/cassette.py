"""The transport that answers the system's outside calls from a trace's cassette.

A call matches a recorded one of the same method, address, body and Idempotency-Key; JSON bodies match whatever their
spelling. Each recorded answer is given once, equal calls in the order of recording. A call without a match is never
answered by something similar: it fails, and is reported with the nearest that was recorded. What nobody asked for is
reported as well. It goes by an index, so that a long cassette costs no more a call than a short one.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import unified_diff
from typing import Any

import httpx

from system.replay.trace import AskedRequest, RecordedFailure, RecordedInteraction

KEY_HEADER = "idempotency-key"
_DIFFERENCES_MAX = 20
_UNBOUNDED_S = 86_400.0

Call = tuple[str, str, str, str]
"""Method, address, canonical body, key: what a call is matched by."""


class Unmatched(httpx.TransportError):
    """The cassette has no answer for this call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One call of the system and its end: a status, or None where it failed."""

    method: str
    uri: str
    key: str
    body: str
    status: int | None


class CassetteTransport(httpx.AsyncBaseTransport):
    """Plays `interactions`; `calls`, `unmatched` and `unused` say what became of them."""

    def __init__(self, interactions: Sequence[RecordedInteraction]) -> None:
        self._waiting: dict[Call, deque[int]] = defaultdict(deque)
        self._interactions = interactions
        self._asked: list[Call] = []
        self._played: set[int] = set()
        for number, interaction in enumerate(interactions):
            recorded = interaction.request
            headers = {name.lower(): value for name, value in recorded.headers.items()}
            call = _call(recorded.method, recorded.uri, recorded.body, headers.get(KEY_HEADER, ""))
            self._asked.append(call)
            self._waiting[call].append(number)
        self.calls: list[Answered] = []
        self.unmatched: list[dict[str, Any]] = []

    @property
    def unused(self) -> list[dict[str, Any]]:
        """The recorded requests that nobody made."""
        return [
            {"number": number, "request": interaction.request.model_dump()}
            for number, interaction in enumerate(self._interactions)
            if number not in self._played
        ]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer; Unmatched without one, and httpx's own errors for a recorded failure."""
        body = (await request.aread()).decode("utf-8", "surrogateescape")
        key = request.headers.get(KEY_HEADER, "")
        call = _call(request.method, str(request.url), body, key)
        waiting = self._waiting.get(call)
        if not waiting:
            self._refuse(request, body, key, call)
        number = waiting.popleft()  # type: ignore[union-attr]  # _refuse raises
        self._played.add(number)
        interaction = self._interactions[number]
        status = interaction.response.status if interaction.response else None
        self.calls.append(Answered(method=call[0], uri=call[1], key=key, body=body, status=status))
        if interaction.failure is not None:
            await _fail(interaction.failure, request)
        answer = interaction.response
        assert answer is not None
        return httpx.Response(
            answer.status,
            headers=[(name, value) for name, value in answer.headers.items() if name.lower() != "content-encoding"],
            content=answer.body.encode("utf-8", "surrogateescape"),
            request=request,
        )

    def _refuse(self, request: httpx.Request, body: str, key: str, call: Call) -> None:
        asked = AskedRequest.model_construct(
            method=call[0],
            uri=call[1],
            headers={name: request.headers[name] for name in ("content-type", KEY_HEADER) if name in request.headers},
            body=body,
        )
        self.unmatched.append({"request": asked.model_dump(), "nearest": self._nearest(call)})
        raise Unmatched(f"no recorded answer for {call[0]} {call[1]}", request=request)

    def _nearest(self, call: Call) -> dict[str, Any] | None:
        """The recorded call that shares most with this one, first among those that are still waiting."""
        same = [
            (one[:2] == call[:2], one[3] == call[3], one[2] == call[2], number not in self._played, -number)
            for number, one in enumerate(self._asked)
        ]
        best = max(same, default=None)
        if best is None or not any(best[:3]):
            return None
        number = -best[4]
        return {"number": number, "differences": _differences(self._asked[number], call, number in self._played)}


async def _fail(failure: RecordedFailure, request: httpx.Request) -> None:
    """Ends like the recorded call: the client's own timeout may come first."""
    limits: Mapping[str, float | None] = request.extensions.get("timeout", {})
    limit_s = limits.get("read") or _UNBOUNDED_S
    if failure.kind == "timeout" or failure.after_s >= limit_s:
        await asyncio.sleep(min(failure.after_s, limit_s) if failure.after_s else limit_s)
        raise httpx.ReadTimeout("no answer in time", request=request)
    await asyncio.sleep(failure.after_s)
    if failure.kind == "refused":
        raise httpx.ConnectError("connection refused", request=request)
    raise httpx.ReadError("connection reset", request=request)


def _call(method: str, uri: str, body: str, key: str) -> Call:
    url = httpx.URL(uri)
    ordered = url.copy_with(params=sorted(url.params.multi_items())) if url.query else url
    return method.upper(), str(ordered), _canonical(body), key


def _canonical(body: str) -> str:
    try:
        return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body


def _differences(recorded: Call, made: Call, played: bool) -> list[str]:
    found = [
        f"{name}: recorded {one!r}, now {other!r}"
        for name, one, other in (
            ("method", recorded[0], made[0]),
            ("address", recorded[1], made[1]),
            ("Idempotency-Key", recorded[3], made[3]),
        )
        if one != other
    ]
    lines = unified_diff(_spread(recorded[2]), _spread(made[2]), lineterm="", n=0)
    found += [f"body {line}"[:300] for line in lines if not line.startswith(("---", "+++", "@@"))]
    if not found and played:
        found = ["it was recorded, and has been answered as often as it was recorded"]
    return found[:_DIFFERENCES_MAX]


def _spread(body: str) -> list[str]:
    try:
        return json.dumps(json.loads(body), indent=1, sort_keys=True, ensure_ascii=False).splitlines()
    except (ValueError, RecursionError):
        return body.splitlines()
