"""Recorded traces as a drill's traffic, while the fault stands: what was acknowledged has to end as the baseline says.

Each round sends the signals of the traces once more, under other shipment ids, so that they are new. They come from the
`T` partners, who say themselves when their signals were received. Only traces whose signals the world's own model reads
as it did when they were recorded may be sent so: nobody tells it any answers here. What each has to come to is written
into the history before its first signal is sent.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from harness.clock import sleep_s
from harness.environments.base import Capability
from harness.history import Kind
from harness.traces import Input, Trace, load_trace
from harness.traffic import RecordingClient, Stage, arrivals
from scenarios.world.partners import load_partners
from scenarios.world.replay import DIRECTORY, LINK
from scenarios.world.traffic import PATH, SEND, answer_about, headers_of

EXPECTED = "trace_sent"
"""The event that says what the signals of a trace have to come to."""
READ_AS_RECORDED = (
    *("original_booked", "change_before_original", "cancelled_with_repeats", "changes/amended_twice"),
    *("cancels/after_original", "cancels/before_original", "interchanges/several_sets"),
)
_NOT_CONTENT = frozenset({"kind", "confidence", "reason"})
_ATTEMPTS, _RETRY_AFTER_S = 60, 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Pseudonym:
    """The same trace with other shipments: each id gets the round behind it."""

    trace: Trace
    round: int

    def text(self, text: str) -> str:
        """`text`, where shipments are called otherwise."""
        return re.sub("|".join(map(re.escape, self._shipments)), lambda found: f"{found[0]}R{self.round}", text)

    @property
    def _shipments(self) -> list[str]:
        found = {intent["identity"].split(":")[1] for intent in self.trace.baseline["intents"]}
        return sorted(found, key=len, reverse=True)

    def identities(self, number: int) -> list[str]:
        """Those of the signals in the trace's input `number`."""
        return [self.text(one["identity"]) for one in self.trace.baseline["answers"][number]["results"]]

    def tender(self, identity: str) -> dict[str, Any]:
        """What the partner of a signal expects of it, as traffic writes that down."""
        partner, shipment, purpose, version = identity.split(":")
        intent = next(one for one in self.intents if one["identity"] == identity)
        payload = intent["payload"] or {}
        content = {} if purpose == "cancel" else {k: v for k, v in payload.items() if k not in _NOT_CONTENT}
        shared = {"purpose": purpose, "version": version, "content": content}
        return {"identity": identity, "shipment": f"{partner}:{shipment}", **shared}

    @property
    def intents(self) -> list[dict[str, Any]]:
        """What each signal has to come to: the baseline's intents."""
        return [self._named(one) for one in self.trace.baseline["intents"]]

    @property
    def loads(self) -> dict[str, Any]:
        """What each shipment's one live load has to be, None where there must be none, by its reference."""
        found: dict[str, Any] = {":".join(one["identity"].split(":")[:2]): None for one in self.intents}
        for write in self.trace.baseline["writes"]:
            named = self._named(write)
            found[":".join(named["booking_key"].split(":")[1:3])] = named["content"]
        return found

    def _named(self, document: Any) -> Any:
        if isinstance(document, str):
            return self.text(document)
        if isinstance(document, Mapping):
            return {name: self._named(value) for name, value in document.items()}
        return [self._named(one) for one in document] if isinstance(document, list) else document


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedTenders:
    """Sends the traces called `traces`, one after the other, `rate_per_s` of them a second, until the drill ends it.

    Every signal is sent until somebody says yes or no; `again` is the share of traces that are then sent once more.
    """

    traces: Sequence[str] = READ_AS_RECORDED
    rate_per_s: float = 2.0
    again: float = 0.0
    timeout_s: float = 5.0

    @property
    def name(self) -> str:
        return "recorded tenders"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset()

    async def play(self, stage: Stage) -> None:
        host, port = stage.environment.link_address(LINK)
        traces = [load_trace(DIRECTORY / name, root=DIRECTORY) for name in self.traces]
        sent: list[Pseudonym] = []
        async with (
            RecordingClient(stage.history, f"http://{host}:{port}", timeout_s=self.timeout_s) as client,
            asyncio.TaskGroup() as sending,
        ):
            async for number in arrivals(stage, self.rate_per_s):
                if sent and stage.random.random() < self.again:
                    sending.create_task(self._send(client, stage.random.choice(sent), again=True))
                    continue
                one = Pseudonym(trace=traces[number % len(traces)], round=number)
                told = {"trace": one.trace.id, "round": number, "intents": one.intents, "loads": one.loads}
                stage.history.append(actor=self.name, kind=Kind.STEP, action=EXPECTED, value=told)
                sending.create_task(self._send(client, one, again=False))
                sent.append(one)

    async def _send(self, client: RecordingClient, one: Pseudonym, *, again: bool) -> None:
        """The trace's signals, each once the one before it has been answered."""
        for number, signal in enumerate(one.trace.inputs):
            identities = one.identities(number)
            tenders = [one.tender(identity) for identity in identities]
            value = {"batch": f"{one.trace.id} {number}", "identities": identities, "tenders": tenders}
            for attempt in range(_ATTEMPTS):
                completion = await client.send(
                    actor=f"partner {signal.partner}",
                    action=SEND,
                    method="POST",
                    path=PATH,
                    value={**value, "again": again or attempt > 0},
                    headers=dict(_headers(one.trace, signal)),
                    content=one.text(signal.body).encode(),
                    read=answer_about(identities),
                )
                if completion.kind is not Kind.INFO:
                    break
                await sleep_s(_RETRY_AFTER_S)


def _headers(trace: Trace, signal: Input) -> Iterator[tuple[str, str]]:
    key = next(one.api_key for one in load_partners() if one.id == signal.partner)
    yield from headers_of(signal.partner, key, signal.content_type)
    yield "X-Received-At", (trace.starts_at + timedelta(seconds=signal.at_s)).isoformat()
