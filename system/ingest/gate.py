"""Turns away whoever is shut out, before the app has anything to do with a request: a flood must cost next to nothing.

It stands in front of the app and looks at two headers. A partner that shows its key and whose circuit breaker is open
gets its 429 from here, from memory alone: no row, no thread, no parsing, and but for the first few of a second not even
a look at the body; and no faster than its `pace`. Everybody else passes, also those who show a wrong key: telling them
so is the app's business. When a breaker opens is decided elsewhere.
"""

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from system.ingest import answers
from system.ingest.admission import RunBlocking
from system.ingest.bodies import read_small_body
from system.ingest.breakers import PartnerBreakers, Refusal
from system.ingest.directory import Directory
from system.ingest.metrics import Metrics
from system.ingest.pace import Pace
from system.storage import Storage

SIGNALS = "/signals"


class Gate:
    """Knows who is shut out, and refuses them; also for the app, when it finds out later."""

    def __init__(self, breakers: PartnerBreakers, directory: Directory, metrics: Metrics, pace: Pace) -> None:
        self._breakers, self._directory, self._pace = breakers, directory, pace
        self._refused = metrics.signals.labels("refused")
        self._said: dict[str, tuple[Refusal, Response]] = {}

    def keeps_out(self, scope: Scope) -> tuple[str, Refusal] | None:
        """The partner whose request this is and why it is refused; None where it may pass. Costs nothing."""
        if scope["type"] != "http" or scope["path"] != SIGNALS or scope["method"] != "POST":
            return None
        partner_id, key = credentials(scope)
        refusal = self._breakers.shut(partner_id)
        if refusal is None or self._directory.known(partner_id, key) is None:
            return None
        return partner_id, refusal

    async def refuse(self, partner_id: str, refusal: Refusal, request: Request | bytes) -> Response:
        """Counts the attempt and answers it; `request` is its body, where that has been read.

        The first bodies of each second are remembered: sending them again will have been our wish.
        """
        self._refused.inc()
        if self._breakers.refused(partner_id, refusal):
            body = request if isinstance(request, bytes) else await read_small_body(request)
            if body is not None:
                self._breakers.excuses.refused_unread(partner_id, body)
        if not await self._pace.turn(partner_id):
            return answers.shut_out(refusal, goodbye=True)
        return self._answer(partner_id, refusal)

    def _answer(self, partner_id: str, refusal: Refusal) -> Response:
        """The same words as the last time, as long as they are true."""
        last, response = self._said.get(partner_id, (None, None))
        if response is None or last != refusal:
            response = answers.shut_out(refusal)
            self._said[partner_id] = refusal, response
        return response


class UnsafeGate(Gate):
    """For a negative control (H13): each refused attempt is written down at once, in a row of its own."""

    def __init__(
        self,
        breakers: PartnerBreakers,
        directory: Directory,
        metrics: Metrics,
        pace: Pace,
        storage: Storage,
        run_blocking: RunBlocking,
    ) -> None:
        super().__init__(breakers, directory, metrics, pace)
        self._storage, self._run_blocking = storage, run_blocking

    async def refuse(self, partner_id: str, refusal: Refusal, request: Request | bytes) -> Response:
        """As it says."""
        if refusal.breaker is None:
            return await super().refuse(partner_id, refusal, request)
        self._refused.inc()
        written = {(partner_id, refusal.breaker.incident_id): 1}
        await self._run_blocking(lambda: self._storage.breakers.add_refused(written))
        return answers.shut_out(refusal)


class Guarded:
    """The app behind the gate of its ingest."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers for the gate, or lets the app answer."""
        gate: Gate = scope["app"].state.ingest.gate
        kept_out = gate.keeps_out(scope)
        if kept_out is None:
            await self._app(scope, receive, send)
            return
        response = await gate.refuse(*kept_out, Request(scope, receive))
        await response(scope, receive, send)


def credentials(scope: Scope) -> tuple[str, str]:
    """The partner that a request says it is of, and the key that it shows; empty where it shows none."""
    partner_id, key = "", ""
    for name, value in scope["headers"]:
        if name == b"x-partner":
            partner_id = value.decode("latin-1")
        elif name == b"authorization":
            scheme, _, shown = value.decode("latin-1").partition(" ")
            key = shown.strip() if scheme.lower() == "bearer" else ""
    return partner_id, key
