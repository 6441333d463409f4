"""A transport that asks outside parties which are there, and keeps what they said as a cassette has it.

It stands where a replay has the cassette, so what is recorded is exactly what a replay will ask for. Answers that come
late on the trace's clock, and calls that fail, are kept as such. The parties run in the same process, under the same
clock; who they are is the caller's business.
"""

from typing import Any

import httpx

from system.clock import Clock
from system.replay.calls import KEY_HEADER, call_of
from system.replay.cassette import Answered

_ASKED_WITH = ("content-type", KEY_HEADER)
_ANSWERED_WITH = ("content-type", "idempotent-replayed", "retry-after")


class RecordingTransport(httpx.AsyncBaseTransport):
    """`interactions` are those so far, as the replay contract has them; nothing is ever unmatched or unused."""

    def __init__(self, live: httpx.AsyncBaseTransport, clock: Clock) -> None:
        self._live, self._clock = live, clock
        self.interactions: list[dict[str, Any]] = []
        self.calls: list[Answered] = []
        self.unmatched: list[dict[str, Any]] = []
        self.unused: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """What the party answers, or the error that it ends in."""
        call = await call_of(request)
        asked = {
            "method": call.method,
            "uri": call.uri,
            "headers": _chosen(request.headers, _ASKED_WITH),
            "body": call.body,
        }
        began_s = self._clock.monotonic_s()
        try:
            response = await self._live.handle_async_request(request)
            await response.aread()
        except httpx.TransportError as error:
            self.interactions.append(
                {"request": asked, "failure": {"kind": _kind(error), "after_s": self._clock.monotonic_s() - began_s}}
            )
            self.calls.append(Answered(call=call, status=None))
            raise
        answer: dict[str, Any] = {
            "status": response.status_code,
            "headers": _chosen(response.headers, _ANSWERED_WITH),
            "body": response.text,
        }
        if after_s := self._clock.monotonic_s() - began_s:
            answer["after_s"] = after_s
        self.interactions.append({"request": asked, "response": answer})
        self.calls.append(Answered(call=call, status=response.status_code))
        return response


def _chosen(headers: httpx.Headers, names: tuple[str, ...]) -> dict[str, str]:
    return {name: headers[name] for name in names if name in headers}


def _kind(error: httpx.TransportError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "timeout"
    return "refused" if isinstance(error, httpx.ConnectError) else "reset"
