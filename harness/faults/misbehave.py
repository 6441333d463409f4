"""Tell a party outside the system to misbehave: to answer wrong, late, or not at all.

How it can misbehave is its own affair; the orders are JSON that it understands at its control address. Proof is not
that it took them: it is what the party wrote down of how it answered those who asked it afterwards.
"""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.environments.base import Capability, Environment, OutsideParty
from harness.faults.base import Evidence, Witness, capability


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One thing to tell a party: `body` is JSON text, POSTed to `path`."""

    path: str
    body: str = "{}"

    def __post_init__(self) -> None:
        try:
            json.loads(self.body)
        except ValueError as error:
            raise ValueError(f"Order({self.path}): its body is to be JSON, not {self.body[:80]!r}: {error}") from error


@dataclass(frozen=True, slots=True, kw_only=True)
class Diary:
    """Where a party writes down what it did: the list `entries` of the JSON at `path`, each with its `number`.

    `{after}` in the path becomes the highest number seen before the fault. An entry that has each of `shown_by` as
    given shows the misbehaviour; it takes `at_least` of them.
    """

    path: str
    shown_by: tuple[tuple[str, str], ...]
    entries: str = "requests"
    at_least: int = 1


@dataclass(frozen=True, slots=True)
class _Reader:
    party: OutsideParty
    service: str
    diary: Diary
    read_up_to: int

    async def evidence(self) -> Evidence:
        diary = self.diary
        shown = [
            int(str(entry["number"]))
            for entry in await entries_of(self.party, self.service, diary, after=self.read_up_to)
            if int(str(entry["number"])) > self.read_up_to
            and all(str(entry.get(name)) == value for name, value in diary.shown_by)
        ]
        return Evidence(
            proof=len(shown) >= diary.at_least,
            facts={"entries": len(shown), "wanted": diary.at_least, "shown_by": dict(diary.shown_by)},
        )


async def entries_of(party: OutsideParty, service: str, diary: Diary, *, after: int) -> list[dict[str, object]]:
    """What a party has written into its diary, after entry `after` if it can say so."""
    document = await party.request(service, "GET", diary.path.replace("{after}", str(after)))
    entries: list[dict[str, object]] = document[diary.entries]
    return entries


@dataclass(frozen=True, slots=True, kw_only=True)
class Misbehave:
    """`service` is given `orders`, one after the other, and on healing `amends`."""

    service: str
    orders: tuple[Order, ...]
    amends: tuple[Order, ...]
    diary: Diary

    @property
    def name(self) -> str:
        return "misbehave"

    @property
    def target(self) -> str:
        return self.service

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.OUTSIDE_PARTY})

    async def watch(self, environment: Environment) -> Witness:
        party = capability(environment, OutsideParty)
        written = await entries_of(party, self.service, self.diary, after=0)
        read_up_to = max((int(str(entry["number"])) for entry in written), default=0)
        return _Reader(party, self.service, self.diary, read_up_to)

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        party = capability(environment, OutsideParty)
        try:
            for order in self.orders:
                await party.request(self.service, "POST", order.path, json.loads(order.body))
            yield
        finally:
            for order in self.amends:
                await party.request(self.service, "POST", order.path, json.loads(order.body))
