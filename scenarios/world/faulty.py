"""A partner whose program has gone wrong: its tenders are malformed, or repeat what was answered long ago.

First it goes wrong a few times, and each of these is an operation with a name of its own, which says what is wrong with
it. The flood that comes then is the same, over and over; it is only bytes, and what a client is told of them nobody
writes down. Everything here is made up from a fixed seed of its own, whatever the seed of the drill.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from itertools import cycle, islice

from harness.environments.base import Capability
from harness.faults import Request
from harness.history import Kind
from harness.traffic import RecordingClient, Stage, ends_within
from scenarios.world.partners import load_partners
from scenarios.world.tenders import X12, Batch, TenderSource
from scenarios.world.traffic import PATH, headers_of, send_batch
from scenarios.world.x12_writer import Layout, Segment, interchange, transaction_set

FAULTY = "send_faulty"
_SEED = "a program gone wrong"
_AT = datetime(2090, 2, 27, 8)
_RETRY_AFTER_S = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Mistake:
    """What is wrong with a malformed tender: `value` stands in an element of the first such segment."""

    segment: str
    element: int
    value: str

    def made_in(self, segments: Sequence[Segment]) -> list[Segment]:
        """The segments with the mistake in them."""
        at = next(number for number, segment in enumerate(segments) if segment[0] == self.segment)
        wrong = list(segments[at])
        wrong[self.element] = self.value
        return [*segments[:at], tuple(wrong), *segments[at + 1 :]]


NO_SUCH_DAY = Mistake(segment="G62", element=2, value="20901332")
NO_SHIPMENT = Mistake(segment="B2", element=4, value="")
NO_SUCH_PURPOSE = Mistake(segment="B2A", element=1, value="99")
NO_NUMBER = Mistake(segment="L3", element=1, value="HEAVY")
MISTAKES = (NO_SUCH_DAY, NO_SHIPMENT, NO_SUCH_PURPOSE, NO_NUMBER)

TEN: tuple[Mistake | None, ...] = (
    *(NO_SUCH_DAY, None, NO_SUCH_DAY, NO_SHIPMENT, NO_SUCH_DAY),
    *(None, NO_SUCH_DAY, NO_SUCH_PURPOSE, NO_SUCH_DAY, None),
)
"""What is wrong with each of those that are not too many; None is a repeat. Most often it is the date in G62."""


@dataclass(slots=True)
class FaultySource:
    """What the program of `partner` sends: each malformed tender is a new one, each repeat that of the first."""

    partner: str
    _tenders: TenderSource
    _count: int = 0

    @classmethod
    def of(cls, partner: str) -> "FaultySource":
        """From the beginning."""
        return cls(partner, TenderSource(_SEED, partner, originals_only=True))

    def next(self, mistake: Mistake | None = None) -> Batch:
        """One tender in one interchange: a good one without a mistake."""
        while len((batch := self._tenders.next()).tenders) > 1:
            pass
        (tender,) = batch.tenders
        segments = transaction_set(tender, Layout())
        return self._batch(replace(batch, content_type=X12), mistake.made_in(segments) if mistake else segments)

    def again(self, batch: Batch) -> Batch:
        """The same once more, under another control number."""
        (tender,) = batch.tenders
        return self._batch(batch, transaction_set(tender, Layout()))

    def _batch(self, batch: Batch, segments: Sequence[Segment]) -> Batch:
        self._count += 1
        body = interchange([[segments]], sender=self.partner, control_number=self._count, at=_AT)
        return replace(batch, body=body, control_number=f"{self._count:09d}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyTenders:
    """`partner` has one good signal accepted, then goes wrong as many times as `mistakes` has, and no more."""

    partner: str
    mistakes: tuple[Mistake | None, ...] = TEN
    link: str = "partners->ingest"
    timeout_s: float = 5.0

    @property
    def name(self) -> str:
        return "faulty tenders"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset()

    async def play(self, stage: Stage) -> None:
        host, port = stage.environment.link_address(self.link)
        key, source = _key_of(self.partner), FaultySource.of(self.partner)
        async with RecordingClient(stage.history, f"http://{host}:{port}", timeout_s=self.timeout_s) as client:
            good, value = source.next(), {"batch": 0, "again": False}
            while (await send_batch(client, self.partner, key, good, value)).kind is not Kind.OK:
                if await ends_within(stage, _RETRY_AFTER_S):
                    return
            for number, mistake in enumerate(self.mistakes, start=1):
                batch = source.next(mistake) if mistake else source.again(good)
                wrong = None if mistake is None else {"segment": mistake.segment, "element": mistake.element}
                value = {"batch": number, "again": mistake is None}
                await send_batch(client, self.partner, key, batch, {**value, "wrong": wrong}, action=FAULTY)
            await stage.ending.wait()


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultyFlood:
    """What the same program sends when it does not stop: malformed tenders of every kind, and every fifth a repeat.

    The first is malformed, so the eleventh failure of the partner is one.
    """

    partner: str
    count: int = 120

    def requests(self) -> Sequence[Request]:
        return _flood_of(self.partner, self.count)


@cache
def _flood_of(partner: str, count: int) -> tuple[Request, ...]:
    source, key = FaultySource.of(partner), _key_of(partner)
    good = source.next()
    for mistake in TEN:  # those went out before: what follows is new
        source.next(mistake)
    batches = [
        source.next(mistake) if mistake else source.again(good) for mistake in islice(cycle((*MISTAKES, None)), count)
    ]
    return tuple(
        Request(path=PATH, body=batch.body, headers=headers_of(partner, key, batch.content_type)) for batch in batches
    )


def _key_of(partner: str) -> str:
    return next(one.api_key for one in load_partners() if one.id == partner)
