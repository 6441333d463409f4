"""Signals: accepted all or none, each exactly once.

The unique key over the identity is the truth about repeats; whatever else remembers identities is a hint. Accepting
writes the signal, its intent, the intent's first audit row and the shipment's row in one transaction.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from system.clock import Clock, Ids
from system.storage import schema
from system.storage.engine import Database
from system.storage.prepared import Prepared
from system.storage.states import State
from system.storage.transitions import Step, Transitions
from system.storage.values import PURPOSES, Accepted, Identity, NewSignal, Signal

ACTOR = "ingest"
_BATCH = 500
_PURPOSE = re.compile(f":(?:{'|'.join(PURPOSES)}):")

_INSERT_SIGNALS, _INSERT_INTENTS = Prepared(insert(schema.signals)), Prepared(insert(schema.intents))
_INSERT_SHIPMENTS = Prepared(
    insert(schema.shipments)
    .prefix_with("OR IGNORE", dialect="sqlite")
    .prefix_with("IGNORE", dialect="mysql")
    .prefix_with("IGNORE", dialect="mariadb")
)


class Signals:
    """Reads and writes `signals`; every method raises DatabaseUnavailable."""

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, transitions: Transitions, *, counter_ids: bool = False
    ) -> None:
        self._database, self._clock, self._ids, self._transitions = database, clock, ids, transitions
        self._counter_ids = counter_ids

    def accept(self, signals: Sequence[NewSignal]) -> list[Accepted]:
        """Stores what is new among `signals`, all or nothing, and answers for each in order.

        A repeat, of a stored signal or within `signals`, is a duplicate with the first one's intent. Raises
        CommitUnknown when the rows may have been written all the same: sending again then finds out.
        """
        known: dict[Identity, str] = {}

        def work(connection: Connection) -> list[Accepted]:
            return self._insert(connection, signals, known)

        while True:
            try:
                return self._database.transact(work)
            except IntegrityError:
                # Somebody has stored one of them, and has committed by now: the key waits for that.
                before = len(known)
                known.update(self.intent_ids([signal.identity for signal in signals]))
                if len(known) <= before:
                    raise

    def intent_ids(self, identities: Iterable[Identity]) -> dict[Identity, str]:
        """The intent of each of `identities` that is stored."""
        wanted = set(identities)
        by_partner: dict[str, set[str]] = defaultdict(set)
        for identity in wanted:
            by_partner[identity.partner_id].add(identity.shipment_id)
        signal, intent = schema.signals.c, schema.intents.c
        query = select(
            signal.partner_id, signal.shipment_id, signal.purpose, signal.version, intent.id.label("intent_id")
        ).join_from(schema.signals, schema.intents, intent.signal_id == signal.id)

        def read(connection: Connection) -> dict[Identity, str]:
            found: dict[Identity, str] = {}
            for partner_id, shipments in by_partner.items():
                for batch in _batches(sorted(shipments)):
                    some = query.where(signal.partner_id == partner_id, signal.shipment_id.in_(batch))
                    found.update((Identity(*row[:4]), row.intent_id) for row in connection.execute(some))
            return {identity: found[identity] for identity in wanted if identity in found}

        return self._database.transact(read, writes=False) if wanted else {}

    def existing_identities(self, identities: Iterable[str]) -> set[str]:
        """Those of `identities`, in their text form, whose signal and intent are stored."""
        texts = set(identities)
        readings = {reading: text for text in texts for reading in readings_of(text)}
        return {readings[identity] for identity in self.intent_ids(readings)}

    def get(self, signal_id: str) -> Signal | None:
        """The signal of that id, or None."""
        query = select(schema.signals).where(schema.signals.c.id == signal_id)
        row = self._database.transact(lambda connection: connection.execute(query).one_or_none(), writes=False)
        return None if row is None else signal_of(row)

    def count_received_since(self, since: datetime, until: datetime | None = None) -> int:
        """How many stored signals were received from `since` on, before `until` if given."""
        received_at = schema.signals.c.received_at
        query = select(func.count()).select_from(schema.signals).where(received_at >= since)
        if until is not None:
            query = query.where(received_at < until)
        return self._database.transact(lambda connection: connection.execute(query).scalar_one(), writes=False)

    def _insert(
        self, connection: Connection, signals: Sequence[NewSignal], known: Mapping[Identity, str]
    ) -> list[Accepted]:
        # One order for everybody: two transactions that insert the same keys crosswise would deadlock.
        fresh = {signal.identity: signal for signal in reversed(signals) if signal.identity not in known}
        order = sorted(fresh)
        intent_ids = dict(zip(order, self._new_intent_ids(connection, len(order)), strict=True))
        if order:
            self._insert_rows(connection, [fresh[identity] for identity in order], intent_ids)
        results: list[Accepted] = []
        seen: set[Identity] = set()
        for signal in signals:
            identity = signal.identity
            new = identity in intent_ids and identity not in seen
            seen.add(identity)
            intent_id = intent_ids.get(identity) or known[identity]
            results.append(Accepted(identity=identity, intent_id=intent_id, status="accepted" if new else "duplicate"))
        return results

    def _insert_rows(
        self, connection: Connection, signals: Sequence[NewSignal], intent_ids: Mapping[Identity, str]
    ) -> None:
        now = self._clock.now()
        signal_rows: list[dict[str, Any]] = []
        intent_rows: list[dict[str, Any]] = []
        for signal in signals:
            row = {"id": self._ids.new("signal"), **signal.identity._asdict()}
            signal_rows.append(
                {
                    **row,
                    "control_number": signal.control_number,
                    "content_type": signal.content_type,
                    "raw": signal.raw,
                    "tender": dict(signal.tender),
                    "missing": list(signal.missing) or None,
                    "received_at": signal.received_at,
                }
            )
            intent_rows.append(
                {
                    **row,
                    "id": intent_ids[signal.identity],
                    "signal_id": row["id"],
                    "state": State.RECEIVED,
                    "changes": 1,
                    "created_at": now,
                    "updated_at": now,
                }
            )
        shipments = sorted({signal.identity[:2] for signal in signals})
        _INSERT_SIGNALS.add(connection, signal_rows)
        _INSERT_INTENTS.add(connection, intent_rows)
        _INSERT_SHIPMENTS.add(connection, [{"partner_id": one, "shipment_id": two} for one, two in shipments])
        self._transitions.record(
            connection,
            [
                Step(intent_id=row["id"], number=1, before=None, after=State.RECEIVED, actor=ACTOR)
                for row in intent_rows
            ],
        )

    def _new_intent_ids(self, connection: Connection, count: int) -> list[str]:
        if not self._counter_ids:
            return [self._ids.new("intent") for _ in range(count)]
        # The unsafe switch: a counter in the database, which a failover rewinds together with the rows it numbered.
        table = schema.counters
        mine = table.c.name == "intent"
        if connection.execute(update(table).where(mine).values(value=table.c.value + count)).rowcount == 0:
            connection.execute(insert(table).values(name="intent", value=count))
        last: int = connection.execute(select(table.c.value).where(mine)).scalar_one()
        return [f"00000000-0000-4000-8000-{number:012d}" for number in range(last - count + 1, last + 1)]


def readings_of(text: str) -> list[Identity]:
    """Every identity whose text form is `text`: nearly always one; more when a shipment id holds `:original:`."""
    partner_id, _, _ = text.partition(":")
    readings = []
    for match in _PURPOSE.finditer(text, len(partner_id) + 1):
        shipment_id, version = text[len(partner_id) + 1 : match.start()], text[match.end() :]
        readings.append(Identity(partner_id, shipment_id, match.group().strip(":"), version))
    return readings


def signal_of(row: Any, *, id_column: str = "id") -> Signal:
    """The Signal that a row says; in a join its id may stand in another column."""
    return Signal(
        id=getattr(row, id_column),
        identity=Identity(row.partner_id, row.shipment_id, row.purpose, row.version),
        control_number=row.control_number,
        content_type=row.content_type,
        raw=row.raw,
        tender=row.tender,
        received_at=row.received_at,
    )


def _batches(values: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(values), _BATCH):
        yield values[start : start + _BATCH]
