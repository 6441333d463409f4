"""Ways in which partners tender what they should not: made of a plain tender, before it is written as X12 or JSON.

What was altered is what was sent, and stands so in the history. Chance comes from the stage, so a seed repeats it.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Protocol

from harness.history import Kind
from harness.traffic import Stage
from scenarios.world.sent_tender import SentTender


class Alteration(Protocol):
    """Makes something else of a tender, or leaves it as it is."""

    def of(self, tender: SentTender, stage: Stage, random: Random) -> SentTender: ...


def altering(alterations: tuple[Alteration, ...], stage: Stage) -> Callable[[SentTender], SentTender]:
    """All of `alterations`, one after the other, with a chance of their own."""
    if not alterations:
        return lambda tender: tender
    random = Random(stage.random.getrandbits(64))  # noqa: S311 -- to repeat a drill, not to keep a secret

    def alter(tender: SentTender) -> SentTender:
        for alteration in alterations:
            tender = alteration.of(tender, stage, random)
        return tender

    return alter


@dataclass(frozen=True, slots=True, kw_only=True)
class InjectedName:
    """A share of the tenders has an order to the language model where the name of the last stop should be."""

    text: str
    share: float

    def of(self, tender: SentTender, stage: Stage, random: Random) -> SentTender:
        if random.random() >= self.share:
            return tender
        *others, last = tender.stops
        return replace(tender, stops=(*others, replace(last, name=self.text)))


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

    def of(self, tender: SentTender, stage: Stage, random: Random) -> SentTender:
        if tender.purpose != "original":
            return tender
        made = len(stage.history.where(kind=Kind.PROBE, action=INDIGESTIBLE))
        if made >= self.times or not stage.history.where(kind=Kind.FAULT, action=self.after):
            return tender
        value = {"identity": tender.identity, "commodity": self.commodity}
        stage.history.append(actor=f"partner {tender.partner}", kind=Kind.PROBE, action=INDIGESTIBLE, value=value)
        return replace(tender, commodity=self.commodity)
