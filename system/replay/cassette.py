"""The transport that answers the system's outside calls from a trace's cassette.

A call matches a recorded one that means the same (`calls` says what that is). Each recorded answer is given once, equal
calls in the order of recording. A call without a match is never answered by something similar: it fails, and is
reported with the nearest that was recorded and the parts that moved. What nobody asked for is reported as well. Answers
that were late, broke off or never came do so again, on the trace's clock. The next call that was recorded is looked at
first, letter by letter; other matches go by an index, so that a long cassette costs no more a call than a short one.
"""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from system.replay.calls import KEY_HEADER, Call, call_of, moved
from system.replay.trace import AskedRequest, RecordedFailure, RecordedInteraction, RecordedResponse

_DIFFERENCES_MAX = 20
_UNBOUNDED_S = 86_400.0


class Unmatched(httpx.TransportError):
    """The cassette has no answer for this call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One call of the system and its end: a status, or None where no whole answer came."""

    call: Call
    status: int | None


class CassetteTransport(httpx.AsyncBaseTransport):
    """Plays `interactions`; `calls`, `unmatched` and `unused` say what became of them."""

    def __init__(self, interactions: Sequence[RecordedInteraction]) -> None:
        self._interactions = interactions
        self._recorded = [_recorded(interaction.request) for interaction in interactions]
        self._played = [False] * len(interactions)
        self._next = 0
        self._by_meaning: dict[tuple[str, ...], deque[int]] | None = None
        self.calls: list[Answered] = []
        self.unmatched: list[dict[str, Any]] = []

    @property
    def unused(self) -> list[dict[str, Any]]:
        """The recorded requests that nobody made."""
        return [
            {"number": number, "request": interaction.request.model_dump()}
            for number, interaction in enumerate(self._interactions)
            if not self._played[number]
        ]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The recorded answer; Unmatched without one, and httpx's own errors for a recorded failure."""
        call = await call_of(request)
        number = self._match(call)
        if number is None:
            self._refuse(request, call)
            raise Unmatched(f"no recorded answer for {call.method} {call.uri}", request=request)
        self._played[number] = True
        interaction = self._interactions[number]
        status = interaction.response.status if interaction.response else None
        self.calls.append(Answered(call=call, status=status))
        if interaction.response is not None:
            await _wait(interaction.response.after_s, request)
            return _answer(interaction.response, request)
        assert interaction.failure is not None
        return await _fail(interaction.failure, request)

    def _match(self, call: Call) -> int | None:
        while self._next < len(self._played) and self._played[self._next]:
            self._next += 1
        if self._next < len(self._played):
            first = self._recorded[self._next]
            if first.is_spelled_as(call) or first.meaning == call.meaning:
                return self._next
        if self._by_meaning is None:
            self._by_meaning = defaultdict(deque)
            for number in range(self._next, len(self._recorded)):
                self._by_meaning[self._recorded[number].meaning].append(number)
        waiting = self._by_meaning.get(call.meaning, deque())
        while waiting:
            number = waiting.popleft()
            if not self._played[number]:
                return number
        return None

    def _refuse(self, request: httpx.Request, call: Call) -> None:
        asked = AskedRequest.model_construct(
            method=call.method,
            uri=call.address,
            headers={name: request.headers[name] for name in ("content-type", KEY_HEADER) if name in request.headers},
            body=call.body,
        )
        nearest = self._nearest(call)
        told = {} if nearest is None else moved(self._recorded[nearest], call)
        self.unmatched.append(
            {
                "request": asked.model_dump(),
                "moved": list(told),
                "nearest": None if nearest is None else self._told(nearest, told),
            }
        )

    def _told(self, number: int, parts: Mapping[str, Sequence[str]]) -> dict[str, Any]:
        lines = [line for told in parts.values() for line in told]
        if not lines:
            lines = ["it was recorded, and has been answered as often as it was recorded"]
        return {"number": number, "differences": lines[:_DIFFERENCES_MAX]}

    def _nearest(self, call: Call) -> int | None:
        """The recorded call that shares most with this one, first among those that are still waiting."""

        def likeness(number: int) -> tuple[int, int, bool, int]:
            recorded = self._recorded[number]
            method, address, key, body = recorded.meaning
            same = ((method, address) == call.meaning[:2]) + bool(key and key == call.key)
            same += bool(body and body == call.meaning[3])
            parts = sum(recorded.parts.get(name) == part for name, part in call.parts.items())
            return same, parts, not self._played[number], -number

        best = max(range(len(self._recorded)), key=likeness, default=None)
        return None if best is None or likeness(best)[0] == 0 else best


class _BrokenOff(httpx.AsyncByteStream):
    """The part of an answer that came before the connection broke."""

    def __init__(self, part: bytes, request: httpx.Request) -> None:
        self._part, self._request = part, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._part:
            yield self._part
        raise httpx.RemoteProtocolError("the connection broke in the middle of the answer", request=self._request)


def _recorded(request: AskedRequest) -> Call:
    key = next((value for name, value in request.headers.items() if name.lower() == KEY_HEADER), "")
    return Call(method=request.method, uri=request.uri, key=key, body=request.body)


def _answer(answer: RecordedResponse, request: httpx.Request) -> httpx.Response:
    content = _bytes(answer.body)
    return httpx.Response(answer.status, headers=_headers(answer.headers), content=content, request=request)


async def _fail(failure: RecordedFailure, request: httpx.Request) -> httpx.Response:
    """Ends like the recorded call: the client's own timeout may come first."""
    await _wait(failure.after_s, request)
    if failure.kind == "half":
        stream = _BrokenOff(_bytes(failure.body), request)
        return httpx.Response(failure.status, headers=_headers(failure.headers), stream=stream, request=request)
    if failure.kind == "timeout":
        # It never came: what was recorded is how long its asker waited, unless that is not known.
        if not failure.after_s:
            await _wait(_UNBOUNDED_S, request)
        raise httpx.ReadTimeout("no answer in time", request=request)
    if failure.kind == "refused":
        raise httpx.ConnectError("connection refused", request=request)
    raise httpx.ReadError("connection reset", request=request)


async def _wait(after_s: float, request: httpx.Request) -> None:
    """Lets so much time pass, or as much as the client waits; then ReadTimeout."""
    if not after_s:
        return
    limits: Mapping[str, float | None] = request.extensions.get("timeout", {})
    limit_s = limits.get("read") or _UNBOUNDED_S
    await asyncio.sleep(min(after_s, limit_s))
    if after_s >= limit_s:
        raise httpx.ReadTimeout("no answer in time", request=request)


def _headers(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Those that say something of the body as it is here: decoded, and whole or not by what comes of it."""
    return [
        (name, value) for name, value in headers.items() if name.lower() not in ("content-encoding", "content-length")
    ]


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
