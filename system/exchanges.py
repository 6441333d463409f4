"""Writes every exchange with an outside party into a cassette as it happens: what was asked, and how it ended.

For recording traces from a system that runs, also against real parties. The layout is vcrpy's, so that other tools read
it; an exchange that ended without an answer has a `failure` beside a response that stands in for one. Addresses are
written as the parties are called in cassettes, and of the headers only those that decide anything, so no key gets in.
What bodies say is written as it is said: whoever keeps a recording redacts it.

Several processes share one file: each exchange is one line, added under a lock. The transport is passed in like any
other, and changes nothing of what passes through it but that an answer is there as a whole.
"""

import asyncio
import fcntl
import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from system.clock import Clock
from system.outside import MODEL_IN_TRACES, MOTION_IN_TRACES, certificates
from system.settings import Settings

BYTES_MAX = 64 * 1024 * 1024
ASKED_WITH = ("content-type", "idempotency-key")
ANSWERED_WITH = ("content-type", "idempotent-replayed", "retry-after")
LATE_S = 1.0
"""An answer that took longer is written with its time; any other comes at once when it is replayed."""

_HEAD = "version: 1\ninteractions:\n"
_NO_ANSWER = {"status": {"code": 504, "message": "a failure stands beside this"}, "headers": {}, "body": {"string": ""}}
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff]")
_log = logging.getLogger(__name__)


def outside_client(settings: Settings, clock: Clock) -> httpx.AsyncClient:
    """The HTTP client for outside parties; it records where the settings name a file for that."""
    trusted = certificates(settings.llm_base_url, settings.motion_base_url)
    if not settings.record_cassette_file:
        return httpx.AsyncClient(trust_env=False, verify=trusted)
    called = {
        settings.llm_base_url.rstrip("/"): MODEL_IN_TRACES,
        settings.motion_base_url.rstrip("/"): MOTION_IN_TRACES,
    }
    inner = httpx.AsyncHTTPTransport(trust_env=False, verify=trusted)
    file = Path(settings.record_cassette_file)
    return httpx.AsyncClient(trust_env=False, transport=ExchangeWriter(inner, file, clock, called=called))


class ExchangeWriter(httpx.AsyncBaseTransport):
    """Passes on to `inner`, and adds each exchange to the cassette at `file`.

    `called` says for each beginning of an address how that party is called in cassettes.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, file: Path, clock: Clock, *, called: Mapping[str, str]) -> None:
        self._inner, self._file, self._clock, self._called = inner, file, clock, dict(called)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer of `inner`, read to its end; what it raises is raised."""
        asked = self._asked(request, await request.aread())
        if asked is None:
            return await self._inner.handle_async_request(request)
        began_s = self._clock.monotonic_s()
        part: list[bytes] = []
        response: httpx.Response | None = None
        try:
            response = await self._inner.handle_async_request(request)
            assert isinstance(response.stream, httpx.AsyncByteStream)
            async for piece in response.stream:
                part.append(piece)  # noqa: PERF401 -- what has come counts, also when the rest does not
        except (httpx.TransportError, asyncio.CancelledError) as error:
            half = _half(response, b"".join(part))
            kind = _kind(error, half)
            failure = {"kind": kind, "after_s": self._after_s(began_s)}
            answered = half if kind == "half" else _NO_ANSWER
            await self._add({"request": asked, "response": answered, "failure": failure})
            raise
        finally:
            if response is not None:
                await response.aclose()
        whole = httpx.Response(
            response.status_code,
            headers=response.headers,
            content=b"".join(part),
            request=request,
            extensions=response.extensions,
        )
        interaction = {"request": asked, "response": _answered(whole, whole.content)}
        after_s = self._after_s(began_s)
        await self._add(interaction if after_s < LATE_S else {**interaction, "after_s": after_s})
        return whole

    async def aclose(self) -> None:
        """Ends `inner`."""
        await self._inner.aclose()

    def _after_s(self, began_s: float) -> float:
        return round(self._clock.monotonic_s() - began_s, 3)

    def _asked(self, request: httpx.Request, body: bytes) -> dict[str, Any] | None:
        """What is asked of an outside party; None for anybody else."""
        uri = str(request.url)
        base = next((base for base in self._called if uri.startswith(base)), None)
        if base is None:
            return None
        return {
            "method": request.method,
            "uri": self._called[base] + uri.removeprefix(base),
            "headers": _kept(request.headers, ASKED_WITH),
            "body": body.decode("utf-8", "replace"),
        }

    async def _add(self, interaction: Mapping[str, Any]) -> None:
        """Write one line; that it cannot be written is no reason to fail the exchange."""
        line = _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(interaction, ensure_ascii=False))
        try:
            await asyncio.shield(asyncio.to_thread(_append, self._file, f"- {line}\n".encode("utf-8", "replace")))
        except OSError as error:
            _log.error("an exchange was not recorded: %s", error)


def _append(file: Path, line: bytes) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        size = os.fstat(descriptor).st_size
        if size + len(line) > BYTES_MAX:
            raise OSError(f"{file} holds {size} bytes, and may hold {BYTES_MAX}")
        os.write(descriptor, line if size else _HEAD.encode() + line)
    finally:
        os.close(descriptor)


def _answered(response: httpx.Response, body: bytes) -> dict[str, Any]:
    return {
        "status": {"code": response.status_code, "message": response.reason_phrase},
        "headers": _kept(response.headers, ANSWERED_WITH),
        "body": {"string": body.decode("utf-8", "replace")},
    }


def _half(response: httpx.Response | None, part: bytes) -> dict[str, Any] | None:
    """What has come of an answer that broke off; of a compressed one only that it began."""
    if response is None or not part:
        return None
    return _answered(response, b"" if "content-encoding" in response.headers else part)


def _kept(headers: httpx.Headers, names: tuple[str, ...]) -> dict[str, list[str]]:
    return {name: headers.get_list(name) for name in names if name in headers}


def _kind(error: BaseException, half: Mapping[str, Any] | None) -> str:
    """How it ended, in the words of cassettes; whoever gave up waiting had no answer in time."""
    if isinstance(error, httpx.TimeoutException | asyncio.CancelledError):
        return "timeout"
    if isinstance(error, httpx.ConnectError):
        return "refused"
    return "half" if half is not None else "reset"
