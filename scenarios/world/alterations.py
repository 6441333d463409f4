"""Ways in which partners tender what they should not: made of a plain tender, before it is written as X12 or JSON.

What was altered is what was sent, and stands so in the history. Chance comes from the stage, so a seed repeats it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Protocol

from harness.history import History, Kind
from harness.traffic import Stage
from scenarios.world.sent_tender import SentTender

Alter = Callable[[SentTender], SentTender]
"""Makes something else of a tender, or leaves it as it is."""


class Alteration(Protocol):
    """One way of altering; a value. `begin` is called once for each partner's desk, which sends one after the other."""

    def begin(self, stage: Stage, random: Random) -> Alter: ...


def altering(alterations: tuple[Alteration, ...], stage: Stage) -> Alter:
    """All of `alterations`, one after the other, with a chance of their own, for one partner's desk."""
    if not alterations:
        return lambda tender: tender
    random = Random(stage.random.getrandbits(64))  # noqa: S311 -- to repeat a drill, not to keep a secret
    begun = [alteration.begin(stage, random) for alteration in alterations]

    def alter(tender: SentTender) -> SentTender:
        for one in begun:
            tender = one(tender)
        return tender

    return alter


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedName:
    """A share of the tenders has an order to the language model where the name of the last stop should be."""

    text: str
    share: float

    def begin(self, stage: Stage, random: Random) -> Alter:
        def alter(tender: SentTender) -> SentTender:
            if random.random() >= self.share:
                return tender
            *others, last = tender.stops
            return replace(tender, stops=(*others, replace(last, name=self.text)))

        return alter


INDIGESTIBLE = "indigestible"
"""What the history calls a tender that was made so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Indigestible:
    """The first `times` originals that any partner tenders after the fault called `after` carry `commodity`.

    Whatever cannot deal with that commodity meets it so often and no more. Each one is written into the history, which
    is also how they are counted: all partners have one history, and an interchange may hold several.
    """

    commodity: str
    after: str
    times: int

    def begin(self, stage: Stage, random: Random) -> Alter:
        def alter(tender: SentTender) -> SentTender:
            if tender.purpose != "original":
                return tender
            made = len(stage.history.where(kind=Kind.PROBE, action=INDIGESTIBLE))
            if made >= self.times or not stage.history.where(kind=Kind.FAULT, action=self.after):
                return tender
            value = {"identity": tender.identity, "commodity": self.commodity}
            stage.history.append(actor=f"partner {tender.partner}", kind=Kind.PROBE, action=INDIGESTIBLE, value=value)
            return replace(tender, commodity=self.commodity)

        return alter


@dataclass(frozen=True, slots=True, kw_only=True)
class LostPickupTime:
    """`partners` leave the pickup time out: in the `usual` share of their tenders, and in `share` while `fault` stands.

    It is spread evenly: of any twenty in a row a share of 0.85 takes seventeen. A partner that is asked by notice for
    that very field mends its format, and then leaves it out no more. What the fault is asks the history alone, so that
    one that was never injected changes nothing.
    """

    partners: tuple[str, ...]
    share: float
    fault: str
    usual: float = 0.0
    asked_for: str = "pickup_time"

    def begin(self, stage: Stage, random: Random) -> Alter:
        due = random.random()

        def alter(tender: SentTender) -> SentTender:
            nonlocal due
            if tender.partner not in self.partners:
                return tender
            due += self._share_now(stage.history, tender.partner)
            if due < 1.0:
                return tender
            due -= 1.0
            return without_pickup_time(tender)

        return alter

    def _share_now(self, history: History, partner: str) -> float:
        fault = history.last(kind=Kind.FAULT, action=self.fault)
        if fault is None:
            return self.usual
        notices = history.where(kind=Kind.STEP, action="notice")
        if any(notice.number > fault.number and self._asks(notice.value, partner) for notice in notices):
            return 0.0
        healed = history.last(kind=Kind.HEAL, action=self.fault)
        return self.usual if healed is not None and healed.number > fault.number else self.share

    def _asks(self, notice: Mapping[str, Any], partner: str) -> bool:
        fields = notice.get("fields")
        named = [field.get("field") for field in fields if isinstance(field, dict)] if isinstance(fields, list) else []
        return notice.get("partner") == partner and self.asked_for in named


def without_pickup_time(tender: SentTender) -> SentTender:
    """The same tender, which says nowhere when it is to be picked up."""
    stops = tuple(replace(stop, at=None) if stop.type == "pickup" else stop for stop in tender.stops)
    return replace(tender, pickup_at=None, stops=stops)
