"""Partners at work: each sends its tenders at a steady rate, repeats what was not answered, and resends when asked.

What a partner does here is what partners do: a request that ended without an answer, or with a 5xx, is sent again until
somebody says yes or no; and when a notice asks for a window, everything sent in that window goes out once more, under
new control numbers. Each sending is an operation of its own in the history.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import httpx

from harness.clock import epoch_s, sleep_s
from harness.environments.base import Capability
from harness.history import Event, Kind
from harness.traffic import RecordingClient, Stage, arrivals
from scenarios.world.alterations import Alteration, altering
from scenarios.world.partners import load_partners
from scenarios.world.sent_tender import expected_content
from scenarios.world.tenders import Batch, TenderSource

SEND = "send_signal"
PATH = "/signals"
_RESENT_AT_ONCE = 4
"""How many requests of one partner are on their way while it works through a window that it was asked for again."""
_RETRIES_SLOWER_UP_TO = 8.0
_ASKS_AGAIN = "resend_request"
"""The kind of notice that asks for a window; the others tell what to mend."""
_LOOK_FOR_NOTICES_EVERY_S = 0.05


async def send_batch(
    client: RecordingClient, partner: str, api_key: str, batch: Batch, value: Mapping[str, Any], *, action: str = SEND
) -> Event:
    """One request with what `batch` says, as an operation of its partner; `value` is what else there is to tell of it.

    A completion holds the `results`, or the `error` and, where it was told one, when to come back: `retry_after`.
    """
    identities = [tender.identity for tender in batch.tenders]
    tenders = [
        {
            "identity": tender.identity,
            "shipment": tender.reference,
            "purpose": tender.purpose,
            "version": tender.version,
            "content": expected_content(tender),
        }
        for tender in batch.tenders
    ]

    return await client.send(
        actor=f"partner {partner}",
        action=action,
        method="POST",
        path=PATH,
        value={**value, "identities": identities, "tenders": tenders},
        headers=dict(headers_of(partner, api_key, batch.content_type)),
        content=batch.body,
        read=answer_about(identities),
    )


def answer_about(identities: Sequence[str]) -> Callable[[httpx.Response], Mapping[str, Any]]:
    """How an answer to these signals is written down."""

    def read(response: httpx.Response) -> Mapping[str, Any]:
        if response.status_code >= 300:
            told = {"error": response.text[:300], "identities": identities}
            when = response.headers.get("Retry-After")
            return told if when is None else {**told, "retry_after": when}
        return {"results": response.json()["results"], "identities": identities}

    return read


def headers_of(partner: str, api_key: str, content_type: str) -> tuple[tuple[str, str], ...]:
    """How a partner shows who it is."""
    return (("Authorization", f"Bearer {api_key}"), ("X-Partner", partner), ("Content-Type", content_type))


@dataclass(slots=True, kw_only=True)
class _Sent:
    """One batch and when it was first sent, in seconds since 1970."""

    number: int
    batch: Batch
    at_epoch_s: float


@dataclass(slots=True, kw_only=True)
class _Partner:
    """One partner's desk: what it has sent, and the ways it sends again."""

    name: str
    api_key: str
    source: TenderSource
    client: RecordingClient
    stage: Stage
    retry_after_s: float
    attempts: int
    sent: list[_Sent] = field(default_factory=list)
    acknowledged: list[_Sent] = field(default_factory=list)
    asked: int = 0

    async def send_next(self, number: int) -> None:
        sent = _Sent(number=number, batch=self.source.next(), at_epoch_s=epoch_s())
        self.sent.append(sent)
        await self.send_until_answered(sent, sent.batch)

    async def repeat(self, sent: _Sent) -> None:
        """Send what was acknowledged once more, for no good reason, as a partner's system does that lost its place."""
        await self.send_until_answered(sent, self.source.again(sent.batch), again=True)

    async def send_until_answered(self, sent: _Sent, batch: Batch, *, again: bool = False) -> None:
        """Send, and as long as nobody said yes or no, send the same bytes again a little later, and later each time."""
        for attempt in range(self.attempts):
            completion = await self.send(sent, batch, again=again or attempt > 0)
            if completion.kind is not Kind.INFO:
                if completion.kind is Kind.OK and not again:
                    self.acknowledged.append(sent)
                return
            slower = min(2.0**attempt, _RETRIES_SLOWER_UP_TO)
            await sleep_s(self.retry_after_s * slower * (1 + self.stage.random.random()))

    async def send(self, sent: _Sent, batch: Batch, *, again: bool) -> Event:
        return await send_batch(self.client, self.name, self.api_key, batch, {"batch": sent.number, "again": again})

    async def resend_when_asked(self) -> None:
        """Follow the notices to this partner; each asks for a window, and gets all of it again."""
        read_up_to = 0
        while True:
            news = self.stage.history.since(read_up_to)
            read_up_to += len(news)
            for event in news:
                if _asks(event) and event.value.get("partner") == self.name:
                    await self.resend(event.value["window"])
            await sleep_s(_LOOK_FOR_NOTICES_EVERY_S)

    async def resend(self, window: Mapping[str, str]) -> None:
        from_s, to_s = (datetime.fromisoformat(window[end]).timestamp() for end in ("from", "to"))
        asked_for = [sent for sent in self.sent if from_s <= sent.at_epoch_s <= to_s]
        left = iter(asked_for)

        async def work_through() -> None:
            for sent in left:
                await self.send_until_answered(sent, self.source.again(sent.batch), again=True)

        async with asyncio.TaskGroup() as sending:
            for _ in range(_RESENT_AT_ONCE):
                sending.create_task(work_through())
        self.asked += 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SteadyTenders:
    """`partners` together send `rate_per_s` batches a second, over `link`; a time-out is `timeout_s`.

    Past `open_at_most` batches that nobody has said yes or no to, partners tender nothing new: they too have desks of
    a finite size, and a client that queues without end only measures its own queue. `alterations` are ways in which
    what they tender is not as it should be. `repeats` is the share of batches, 0 to under 1, that were acknowledged
    before and are sent once more. Where a drill has several of these, `called` tells them apart.
    """

    partners: tuple[str, ...]
    rate_per_s: float
    link: str = "partners->ingest"
    timeout_s: float = 5.0
    retry_after_s: float = 0.25
    attempts: int = 60
    open_at_most: int = 60
    alterations: tuple[Alteration, ...] = ()
    repeats: float = 0.0
    called: str = "steady tenders"

    @property
    def name(self) -> str:
        return self.called

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset()

    async def play(self, stage: Stage) -> None:
        host, port = stage.environment.link_address(self.link)
        keys = {partner.id: partner.api_key for partner in load_partners()}
        seed = stage.random.getrandbits(64)
        async with RecordingClient(stage.history, f"http://{host}:{port}", timeout_s=self.timeout_s) as client:
            desks = [
                _Partner(
                    name=name,
                    api_key=keys[name],
                    source=TenderSource(seed, name, alter=altering(self.alterations, stage)),
                    client=client,
                    stage=stage,
                    retry_after_s=self.retry_after_s,
                    attempts=self.attempts,
                )
                for name in self.partners
            ]
            followers = [asyncio.create_task(desk.resend_when_asked()) for desk in desks]
            try:
                async with asyncio.TaskGroup() as sending:
                    under_way: set[asyncio.Task[None]] = set()
                    async for number in arrivals(stage, self.rate_per_s):
                        desk = stage.random.choice(desks)
                        if len(under_way) < self.open_at_most:
                            task = sending.create_task(self._one(desk, number, stage))
                            under_way.add(task)
                            task.add_done_callback(under_way.discard)
                    await _until_notices_are_served(stage, desks)
            finally:
                for follower in followers:
                    follower.cancel()
                ended = await asyncio.gather(*followers, return_exceptions=True)
            for result in ended:
                if isinstance(result, Exception):
                    raise result

    def _one(self, desk: _Partner, number: int, stage: Stage) -> Coroutine[Any, Any, None]:
        """What a desk sends next: something new, or by chance something old."""
        if self.repeats and desk.acknowledged and stage.random.random() < self.repeats:
            return desk.repeat(stage.random.choice(desk.acknowledged))
        return desk.send_next(number)


async def _until_notices_are_served(stage: Stage, desks: list[_Partner]) -> None:
    """A notice that came before the end of the traffic is served to the last batch."""
    names = {desk.name for desk in desks}
    notices = stage.history.where(kind=Kind.STEP, action="notice")
    wanted = [event for event in notices if _asks(event) and event.value.get("partner") in names]
    while sum(desk.asked for desk in desks) < len(wanted):
        await sleep_s(_LOOK_FOR_NOTICES_EVERY_S)


def _asks(event: Event) -> bool:
    return event.kind is Kind.STEP and event.action == "notice" and event.value.get("kind") == _ASKS_AGAIN
