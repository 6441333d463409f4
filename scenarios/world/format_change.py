"""The fault of a partner drift: the format of some partners' tenders changes, and nobody was told.

It is the partners that change, not a service, so nothing is done to the environment: while this fault stands in the
history, the desks of those partners leave the field out (`alterations.LostPickupTime`). Proof is what the system has
stored: the signals as they came in since, read by the world's own reader, which is neither the desk nor the system's.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from harness.environments.base import Capability, Environment, Store
from harness.faults.base import Evidence, Witness, capability
from scenarios.world.reading import read_signal

_LOOKED_AT_MAX = 500


@dataclass(frozen=True, slots=True)
class _StoredSignals:
    store: Store
    fault: "FormatChange"
    known: frozenset[str]

    async def evidence(self) -> Evidence:
        came = [raw for one, raw in (await self.fault.stored(self.store)).items() if one not in self.known]
        tenders = [read for raw in came if (read := read_signal(raw))["kind"] != "cancel"]
        lacking = sum(tender[self.fault.field] is None for tender in tenders)
        share = lacking / len(tenders) if tenders else 0.0
        return Evidence(
            proof=lacking >= self.fault.at_least and share >= self.fault.share_at_least,
            facts={"tenders": len(tenders), f"without {self.fault.field}": lacking, "wanted": self.fault.at_least},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatChange:
    """Tenders of `partners` lose a field. `database` is where the system stores what came over `link`.

    It takes `at_least` tenders without the `field` to prove it, and `share_at_least` of all that came since.
    """

    partners: tuple[str, ...]
    link: str
    database: str
    field: str = "pickup_at"
    at_least: int = 6
    share_at_least: float = 0.5

    @property
    def name(self) -> str:
        return "format_change"

    @property
    def target(self) -> str:
        return self.link

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.STORE})

    async def watch(self, environment: Environment) -> Witness:
        store = capability(environment, Store)
        return _StoredSignals(store, self, frozenset(await self.stored(store)))

    @asynccontextmanager
    async def apply(self, environment: Environment) -> AsyncIterator[None]:
        yield

    async def stored(self, store: Store) -> dict[str, str]:
        """The newest signals of the partners, as they came, by id."""
        named = ", ".join(["%s"] * len(self.partners))
        sql = (
            f"SELECT id, raw FROM freight.signals WHERE partner_id IN ({named}) "
            f"ORDER BY received_at DESC LIMIT {_LOOKED_AT_MAX}"
        )
        return {str(row["id"]): str(row["raw"]) for row in await store.query(self.database, sql, self.partners)}
