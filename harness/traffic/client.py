"""An HTTP client that writes every operation into the history, before it is sent and after it ended.

The outcome is honest rather than convenient: 2xx happened, 4xx did not, and a time-out, a reset or any 5xx *may have
happened*. It retries nothing: whoever sends again makes a new operation.

So many operations are under way at once and no more: the next waits for its turn, and its wait counts as its own. A
client that piled up thousands of them on a system that answers none would be busy with nothing but its own queue.
"""

import asyncio
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import httpx

from harness.clock import monotonic_s
from harness.history import Event, History, Kind

_MAY_HAVE_HAPPENED_4XX = frozenset({408})


def completion_kind(status: int) -> Kind:
    """What an HTTP status says about the operation: ok, fail, or info for *may have happened*."""
    if 200 <= status < 300:
        return Kind.OK
    if 400 <= status < 500 and status not in _MAY_HAVE_HAPPENED_4XX:
        return Kind.FAIL
    return Kind.INFO


def nothing_more(response: httpx.Response) -> Mapping[str, Any]:
    """The default reading of an answer: its status is enough."""
    return {}


@dataclass(slots=True)
class RecordingClient:
    """Sends requests for one or many actors over one pool of connections. Use as an async context manager.

    Without TLS nobody is trusted: to load who is takes 0.1 s of a processor.
    """

    history: History
    base_url: str
    timeout_s: float = 10.0
    under_way_max: int = 200
    _http: httpx.AsyncClient = field(init=False)
    _turns: asyncio.Semaphore = field(init=False)
    _numbers: "count[int]" = field(init=False, default_factory=count)

    async def __aenter__(self) -> Self:
        self._turns = asyncio.Semaphore(self.under_way_max)
        self._http = httpx.AsyncClient(
            base_url=self.base_url,
            timeout=self.timeout_s,
            # Each request looks at every idle connection; after a burst, many idle ones would cost more than they save.
            limits=httpx.Limits(max_connections=self.under_way_max, max_keepalive_connections=8),
            trust_env=False,
            verify=self.base_url.startswith("https:") or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def send(
        self,
        *,
        actor: str,
        action: str,
        method: str,
        path: str,
        value: Mapping[str, Any],
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        read: Callable[[httpx.Response], Mapping[str, Any]] = nothing_more,
    ) -> Event:
        """One operation: writes its invoke with `value`, sends it, and returns the completion that it wrote.

        The completion holds `status` (None when no answer came), `duration_s` from the call on, what `read` makes of
        the answer, and `error` when there was none. Whatever happens is an event; only cancellation goes through,
        after an *info* if the operation had begun.
        """
        started_s = monotonic_s()
        async with self._turns:
            operation_id = f"{actor}/{next(self._numbers)}"
            self.history.append(actor=actor, kind=Kind.INVOKE, action=action, value=value, operation_id=operation_id)
            seen: dict[str, Any] = {"status": None}
            kind = Kind.INFO
            try:
                response = await self._http.request(method, path, headers=headers, content=content)
                seen["status"] = response.status_code
                kind = completion_kind(response.status_code)
                seen.update(read(response))
            except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError) as error:
                kind = Kind.INFO
                seen["error"] = f"{type(error).__name__}: {error}"
            finally:
                seen["duration_s"] = round(monotonic_s() - started_s, 6)
                completion = self.history.append(
                    actor=actor, kind=kind, action=action, value=seen, operation_id=operation_id
                )
        return completion
