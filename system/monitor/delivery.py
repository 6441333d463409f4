"""Delivers notifications by webhook, in order, until each is taken: a receiver that is down must not lose an alert.

What waits is bounded: past the limit the oldest goes, with a line in the log. A receiver may get one twice (its answer
was lost); fingerprint and start tell it so. Who is told what is decided elsewhere.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import httpx

from system.clock import Clock

WAITING_MAX = 100
RETRY_FIRST_S, RETRY_MAX_S = 0.1, 5.0
_TIMEOUT_S = 2.0
_REFUSED_FOR_GOOD = frozenset({400, 404, 405, 410, 413, 415, 422})

_log = logging.getLogger(__name__)

Notification = dict[str, Any]


class Delivery:
    """A queue and one sender. `changed` is called with what still waits, whenever that changes.

    With `addressed` each notification is `{"url", "body"}`, and `url` is for those that name none (None). One whose
    receiver is down then lets the others go first.
    """

    def __init__(
        self,
        url: str,
        client: httpx.AsyncClient,
        clock: Clock,
        *,
        waiting: Iterable[Notification] = (),
        changed: Callable[[Sequence[Notification]], None] | None = None,
        addressed: bool = False,
    ) -> None:
        self._addressed = addressed
        self._url, self._client, self._clock = url, client, clock
        self._waiting: deque[Notification] = deque(waiting, maxlen=WAITING_MAX)
        self._changed = changed or (lambda _: None)
        self._news = asyncio.Event()
        self.delivered = 0
        self.dropped = 0
        if self._waiting:
            self._news.set()

    @property
    def waiting(self) -> tuple[Notification, ...]:
        """What has not been taken yet, oldest first."""
        return tuple(self._waiting)

    def send(self, notification: Notification) -> None:
        """Puts one in the queue; returns at once."""
        if len(self._waiting) == WAITING_MAX:
            self._drop(f"{WAITING_MAX} were waiting")
        self._waiting.append(notification)
        self._changed(self.waiting)
        self._news.set()

    async def run(self) -> None:
        """Delivers until it is cancelled."""
        delay_s = RETRY_FIRST_S
        while True:
            if not self._waiting:
                self._news.clear()
                await self._news.wait()
            problem = await self._deliver_first()
            if problem is None:
                delay_s = RETRY_FIRST_S
                continue
            _log.warning("notification not taken, trying again: %s", problem, extra={"after_s": delay_s})
            await self._clock.sleep_s(delay_s)
            delay_s = min(RETRY_MAX_S, delay_s * 2)

    async def deliver(self) -> None:
        """Delivers what waits, until nothing does any more or one is not taken."""
        while self._waiting and await self._deliver_first() is None:
            pass

    async def _deliver_first(self) -> str | None:
        """None when the first that waits was taken, or never will be; else what kept it, and it waits on."""
        first = self._waiting[0]
        problem = await self._post(first)
        # While it was on its way the queue may have overflowed, and then its head is another.
        still_first = bool(self._waiting) and self._waiting[0] is first
        if problem is None:
            self.delivered += 1
            if still_first:
                self._waiting.popleft()
                self._changed(self.waiting)
            return None
        if problem.startswith("refused"):
            if still_first:
                self._drop(problem)
                self._changed(self.waiting)
            return None
        if self._addressed and still_first:
            self._waiting.rotate(-1)
        return problem

    async def _post(self, notification: Notification) -> str | None:
        """None when it was taken, else what kept it; `refused...` when it never will be."""
        url, body = self._url, notification
        if self._addressed:
            url, body = notification["url"] or self._url, notification["body"]
        try:
            response = await self._client.post(url, json=body, timeout=_TIMEOUT_S)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, ValueError) as error:
            return f"refused: {url!r} is no address: {error}"
        except httpx.HTTPError as error:
            return f"{type(error).__name__}: {error}"
        if response.is_success:
            return None
        refused = response.status_code in _REFUSED_FOR_GOOD
        return f"{'refused with ' if refused else ''}status {response.status_code}"

    def _drop(self, why: str) -> None:
        self.dropped += 1
        dropped = self._waiting.popleft()
        _log.error("notification dropped: %s", why, extra={"notification": dropped})
