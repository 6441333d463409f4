"""What a drill looks at in the freight world: rows past the endpoint, Motion's loads, and the managed database's
diary.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from harness.clock import Clock
from harness.environments.base import Capability, Environment, OutsideParty, Store
from harness.faults.base import capability
from harness.history import History, Kind
from harness.probes import Probe, SqlProbe
from scenarios.world.traffic import SEND

_IDENTITY = "CONCAT_WS(':', partner_id, shipment_id, purpose, version)"
_OPEN_STATES = "'RECEIVED', 'RESOLVING', 'CONFIRMED', 'EXECUTING'"


def acknowledged(history: History) -> dict[str, int]:
    """Each signal identity that a partner was told is accepted or known, and the number of the event that first said
    so.
    """
    found: dict[str, int] = {}
    for event in history.where(kind=Kind.OK, action=SEND):
        for result in event.value.get("results", ()):
            found.setdefault(str(result["identity"]), event.number)
    return found


def attempted(history: History) -> set[str]:
    """Every signal identity that a partner has sent, whatever came of it."""
    return {
        str(identity)
        for event in history.where(kind=Kind.INVOKE, action=SEND)
        for identity in event.value["identities"]
    }


def signal_identities(name: str, service: str) -> SqlProbe:
    """Every signal that stands in one database."""
    return SqlProbe(name=name, service=service, sql=f"SELECT {_IDENTITY} AS identity FROM freight.signals")


def intent_rows(name: str, service: str, *, trading_only: bool = True) -> SqlProbe:
    """Every intent of one database, as the checkers want it; those of trace partners are left out."""
    where = "WHERE partner_id LIKE 'P%%'" if trading_only else ""
    return SqlProbe(
        name=name,
        service=service,
        sql=(
            f"SELECT {_IDENTITY} AS identity, CONCAT_WS(':', partner_id, shipment_id) AS shipment, id AS intent_id, "
            "partner_id AS partner, purpose, version, state, load_id, error_reason, attempt, epoch, payload AS content "
            f"FROM freight.intents {where} ORDER BY created_at"
        ),
        json_columns=("content",),
    )


def intent_states(name: str, service: str) -> SqlProbe:
    """The state of every intent of one database, looked at again and again."""
    sql = f"SELECT {_IDENTITY} AS identity, state FROM freight.intents"
    return SqlProbe(name=name, service=service, sql=sql, every_s=0.25)


def transitions(service: str) -> SqlProbe:
    """The audit rows of one database, in the order of their times."""
    return SqlProbe(
        name="transitions",
        service=service,
        field="transitions",
        sql=(
            "SELECT intent_id, from_state AS `from`, to_state AS `to`, at, actor, attempt, epoch "
            "FROM freight.transitions ORDER BY at, number"
        ),
    )


def open_work(service: str) -> SqlProbe:
    """How many intents have not come to rest in one database, as a gauge called `intents`."""
    return SqlProbe(
        name="open_work",
        service=service,
        gauge=True,
        sql=f"SELECT COUNT(*) AS intents FROM freight.intents WHERE state IN ({_OPEN_STATES})",
        every_s=0.1,
    )


def hallucinations(service: str) -> SqlProbe:
    """How many intents failed of a hallucination that the model was sure of, and how many of them nobody looked into.

    A gauge called `hallucinations`, with `failed` and `untagged`.
    """
    return SqlProbe(
        name="hallucinations",
        service=service,
        gauge=True,
        sql=(
            "SELECT COUNT(*) AS failed, COALESCE(SUM(h.tagged_at IS NULL), 0) AS untagged "
            "FROM freight.hallucinations h JOIN freight.intents i ON i.id = h.intent_id "
            "WHERE i.state = 'FAILED' AND h.confidence > 0.9 "
            "AND i.error_reason LIKE 'Hallucination: %%'"
        ),
        every_s=0.1,
    )


def agent_work(service: str, *, commodity: str, overdue_after_s: float, in_vain_after_s: float) -> SqlProbe:
    """What the agents are at: a gauge called `agent_work`.

    `open`: intents that have not come to rest; `overdue`: those of them that were first executed longer ago than
    `overdue_after_s`. Of those with that `commodity`: `in_vain`, tried again and again for so long; `settled`, given up
    for hung and cared for since; `executed_later`, given up for hung and executed all the same.
    """
    under_way = "SELECT COUNT(DISTINCT i.id) FROM freight.intents i JOIN freight.transitions s ON s.intent_id = i.id "
    under_way += "WHERE i.state IN ('CONFIRMED', 'EXECUTING') AND s.to_state = 'EXECUTING' "
    hung = "SELECT COUNT(*) FROM freight.agent_timeouts t JOIN freight.intents i ON i.id = t.intent_id WHERE "
    meant = f"JSON_UNQUOTE(JSON_EXTRACT(i.payload, '$.commodity')) = '{commodity}'"

    def ago(seconds: float) -> str:
        return f"UTC_TIMESTAMP(6) - INTERVAL {seconds * 1e6:.0f} MICROSECOND"

    parts = {
        "open": f"SELECT COUNT(*) FROM freight.intents WHERE state IN ({_OPEN_STATES})",
        "overdue": f"{under_way} AND s.at < {ago(overdue_after_s)}",
        "in_vain": f"{under_way} AND s.at < {ago(in_vain_after_s)} AND i.retries > 0 AND {meant}",
        "settled": f"{hung} t.closed_at IS NOT NULL AND {meant}",
        "executed_later": f"{hung} i.state = 'EXECUTED' AND {meant}",
    }
    sql = "SELECT " + ", ".join(f"({query}) AS {name}" for name, query in parts.items())
    return SqlProbe(name="agent_work", service=service, gauge=True, sql=sql, every_s=0.1)


def hung(service: str) -> SqlProbe:
    """Each execution that was given up for hung, with the process that had it where that was a worker: `hung`."""
    process = "SUBSTRING_INDEX(SUBSTRING_INDEX(worker, '-', 3), '-', -1)"
    return SqlProbe(
        name="hung",
        service=service,
        sql=(
            f"SELECT intent_id, worker, executing_since, outcome, SUBSTRING_INDEX({process}, '.', 1) AS pid, "
            f"SUBSTRING_INDEX({process}, '.', -1) AS started_ticks FROM freight.agent_timeouts ORDER BY noticed_at"
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerProbe:
    """Every circuit breaker that was ever open, as the rows say, and as a gauge how many are `open` or half so.

    `changes` is how often one of them has changed at most: between two looks it may have been half-open and shut again.
    """

    service: str
    every_s: float = 0.1

    @property
    def name(self) -> str:
        return "breakers"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.STORE})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        rows = await capability(environment, Store).query(
            self.service,
            "SELECT partner_id AS partner, state, incident_id AS incident, malformed, duplicates, changes "
            "FROM freight.breakers ORDER BY partner_id",
        )
        value = {
            "rows": rows,
            "open": sum(row["state"] != "CLOSED" for row in rows),
            "changes": max((row["changes"] for row in rows), default=0),
        }
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value=value)


def witness_rows(service: str) -> SqlProbe:
    """What clients with held connections wrote into one database."""
    return SqlProbe(name="witness", service=service, sql="SELECT id FROM witness.writes")


def semi_sync_status(service: str) -> SqlProbe:
    """Whether the primary waits for its replica, as the server itself says."""
    return SqlProbe(
        name="semi_sync",
        service=service,
        sql="SHOW GLOBAL STATUS WHERE Variable_name LIKE 'Rpl_semi_sync_master_%%' "
        "OR Variable_name LIKE 'Rpl_semi_sync_source_%%'",
        every_s=0.1,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class BeforeFault:
    """Another probe, until the main fault is injected: what it would see afterwards answers no question."""

    probe: Probe

    @property
    def name(self) -> str:
        return self.probe.name

    @property
    def needs(self) -> frozenset[Capability]:
        return self.probe.needs

    @property
    def every_s(self) -> float:
        return self.probe.every_s

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not any(event.value.get("main") for event in history.where(kind=Kind.FAULT)):
            await self.probe.observe(environment, history, clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerProbe:
    """The loads that Motion has; those of trace partners are left out, unless traces are the drill's own traffic."""

    service: str = "motion"
    every_s: float = 0.2
    trading_only: bool = True

    @property
    def name(self) -> str:
        return "ledger"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.OUTSIDE_PARTY})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        whose = "P" if self.trading_only else ""
        loads = [load for load in await _loads(environment, self.service) if load["reference"].startswith(whose)]
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value={"loads": loads})


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedAnswers:
    """What the language model answered by script, by its own diary: which script, and for which shipment."""

    service: str = "llm"
    every_s: float = 0.2

    @property
    def name(self) -> str:
        return "answers"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.OUTSIDE_PARTY})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        diary = await capability(environment, OutsideParty).request(self.service, "GET", "/control/requests")
        answers = [
            {"number": entry["number"], "script": entry["script"], "shipment": entry["shipment_id"]}
            for entry in diary["requests"]
            if entry["answered"] == "script"
        ]
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value={"answers": answers})


async def _loads(environment: Environment, service: str) -> list[dict[str, Any]]:
    answer = await capability(environment, OutsideParty).request(service, "GET", "/control/loads")
    loads: list[dict[str, Any]] = answer["loads"]
    return loads


@dataclass(frozen=True, slots=True, kw_only=True)
class BeyondReplica:
    """How far the replica is behind what the world was told.

    `acknowledged` counts signals that partners were told are safe and the replica has not; `booked` counts loads in
    Motion none of whose signals the replica has.
    """

    service: str = "database-replica"
    every_s: float = 0.1

    @property
    def name(self) -> str:
        return "beyond_replica"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.STORE, Capability.OUTSIDE_PARTY})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        told = acknowledged(history)
        loads = await _loads(environment, "motion")
        rows = await capability(environment, Store).query(
            self.service,
            f"SELECT {_IDENTITY} AS identity FROM freight.signals",
        )
        replicated = {str(row["identity"]) for row in rows}
        shipments = _shipments(replicated)
        history.append(
            actor=f"probe {self.service}",
            kind=Kind.PROBE,
            action=self.name,
            value={
                "attempted": sum(identity not in replicated for identity in attempted(history)),
                "acknowledged": sum(identity not in replicated for identity in told),
                "booked": sum(load["reference"] not in shipments for load in loads),
                "replicated": len(replicated),
            },
        )


def _shipments(identities: Iterable[str]) -> set[str]:
    return {":".join(identity.split(":", 2)[:2]) for identity in identities}


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagedDatabaseProbe:
    """Follows the diary of the managed database; each entry becomes a step, the promotion one called `promoted`."""

    service: str = "managed-database"
    every_s: float = 0.02

    @property
    def name(self) -> str:
        return "managed database"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.OUTSIDE_PARTY})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        status = await capability(environment, OutsideParty).request(self.service, "GET", "/status")
        known = len(history.where(actor=self.service))
        for entry in status["events"][known:]:
            what = str(entry["what"])
            value = {**entry, "at_s": float(entry["at_epoch_s"]) - clock.started_at.timestamp()}
            history.append(actor=self.service, kind=Kind.STEP, action=what, value=json.loads(json.dumps(value)))
