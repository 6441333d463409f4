"""A format change is proved by what the system stored since, read by the world's own reader."""

import asyncio
from collections.abc import Sequence
from typing import Any, cast

import pytest

from harness.faults import Noop
from scenarios.world.alterations import Alter, without_pickup_time
from scenarios.world.format_change import FormatChange
from scenarios.world.tenders import TenderSource
from tests.harness.faults.injecting import injected
from tests.toy import ToyEnvironment

CHANGE = FormatChange(partners=("P1", "P2"), link="partners->ingest", database="database-primary", at_least=4)


class Stored(ToyEnvironment):
    """A database that holds signals of P1 as they were received."""

    def __init__(self) -> None:
        super().__init__()
        self.raws: list[str] = []
        self.asked: list[tuple[str, str, Sequence[Any]]] = []

    async def query(self, service: str, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        self.asked.append((service, sql, parameters))
        return [{"id": str(number), "raw": raw} for number, raw in enumerate(self.raws)]

    def receive(self, count: int, *, late: bool, cancels: bool = False) -> None:
        """So many signals, all late or none, X12 and JSON as they come."""
        alter: Alter = without_pickup_time if late else (lambda tender: tender)
        source = TenderSource(len(self.raws), "P1", originals_only=not cancels, alter=alter)
        wanted = "cancel" if cancels else "original"
        while count:
            batch = source.next()
            if [tender.purpose for tender in batch.tenders] == [wanted]:
                self.raws.append(batch.body.decode())
                count -= 1


@pytest.mark.parametrize(
    ("late", "whole", "cancels", "proof"),
    [(4, 0, 0, True), (4, 4, 3, True), (4, 5, 0, False), (3, 0, 3, False), (0, 9, 0, False)],
)
def test_it_takes_enough_late_tenders_and_most_of_them(late: int, whole: int, cancels: int, proof: bool) -> None:
    system = Stored()
    system.receive(9, late=True)

    def come() -> None:
        system.receive(late, late=True)
        system.receive(whole, late=False)
        system.receive(cancels, late=False, cancels=True)

    evidence = injected(CHANGE, system, come)
    assert evidence.proof is proof
    assert evidence.facts == {"tenders": late + whole, "without pickup_at": late, "wanted": 4}
    service, _, parameters = system.asked[0]
    assert (service, parameters) == ("database-primary", ("P1", "P2"))


def test_one_that_was_not_injected_is_watched_all_the_same() -> None:
    system = Stored()
    noop = Noop(instead_of=CHANGE)
    assert (noop.name, noop.target) == ("noop instead of format_change", "partners->ingest")
    assert not injected(noop, system, lambda: system.receive(9, late=False)).proof


def test_nothing_is_done_to_the_environment() -> None:
    environment = cast("Any", None)

    async def apply() -> None:
        async with CHANGE.apply(environment):
            pass

    asyncio.run(apply())
