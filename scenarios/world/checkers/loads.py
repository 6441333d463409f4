"""What must hold in the freight world: one load for each shipment, as it was last tendered, and none out of nothing."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import first_told, rows_of, snapshot, some
from harness.history import History, Kind
from harness.verdict import Verdict
from scenarios.world.sent_tender import normal_content
from scenarios.world.traffic import SEND

_NOT_ACTED_ON = frozenset({"PARTIAL", "NEEDS_REVIEW", "FAILED"})

Tender = Mapping[str, Any]


def sent_tenders(history: History) -> dict[str, Tender]:
    """Every tender that a partner sent, by its identity, as the partner wrote it down."""
    return {
        str(tender["identity"]): tender
        for event in history
        if event.kind is Kind.INVOKE and event.action == SEND
        for tender in event.value["tenders"]
    }


def desired(tenders: list[Tender]) -> Mapping[str, Any] | None:
    """The content of the one load after all of `tenders`, as it was tendered, whatever order they came in; None when
    there must be none.
    """
    if not tenders or any(tender["purpose"] == "cancel" for tender in tenders):
        return None
    changes = [tender for tender in tenders if tender["purpose"] == "change"]
    latest = max(changes, key=lambda tender: int(tender["version"])) if changes else tenders[0]
    content: Mapping[str, Any] = latest["content"]
    return content


@dataclass(frozen=True, slots=True, kw_only=True)
class OneLoadPerShipment(Claim):
    """Every acknowledged shipment has exactly the load that its tenders add up to, and a cancelled one has none.

    What counts is every signal that a partner was told is safe, and those of unknown outcome that turned out to be
    there.
    """

    def check(self, history: History) -> Verdict:
        rows, ledger = snapshot(history, "rows"), snapshot(history, "ledger")
        if rows is None or ledger is None:
            return self._unknown("no snapshot of the rows or of the loads was taken")
        sent = sent_tenders(history)
        states = {str(row["identity"]): str(row["state"]) for row in rows_of(rows)}
        counting = {*first_told(history, SEND, "identity"), *states} & set(sent)
        if not counting:
            return self._unknown("no signal was acknowledged")
        by_shipment: dict[str, list[Tender]] = defaultdict(list)
        for identity in sorted(counting):
            by_shipment[str(sent[identity]["shipment"])].extend(
                [] if states.get(identity) in _NOT_ACTED_ON else [sent[identity]]
            )
        live: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for load in rows_of(ledger, "loads"):
            if load["status"] == "BOOKED":
                live[str(load["reference"])].append(load)
        wrong = [
            said
            for shipment in sorted({*by_shipment, *live})
            if (said := _wrong(shipment, by_shipment.get(shipment), live[shipment]))
        ]
        if wrong:
            return self._fail(f"{len(wrong)} of {len(by_shipment)} shipments: {some(wrong, 3)}", [rows, ledger])
        loads = sum(map(len, live.values()))
        return self._pass(f"{len(by_shipment)} shipments, {loads} live loads, each as last tendered", [rows, ledger])


def _wrong(shipment: str, tenders: list[Tender] | None, loads: list[Mapping[str, Any]]) -> str | None:
    """What is wrong with a shipment's loads; None when nothing is."""
    if tenders is None:
        return f"{shipment} has a load and nobody sent it"
    wanted = desired(tenders)
    if len(loads) != (0 if wanted is None else 1):
        ids = ", ".join(str(load["load_id"]) for load in loads) or "none"
        return f"{shipment} has {len(loads)} live loads ({ids}) and should have {0 if wanted is None else 1}"
    seen = loads[0].get("content") or {} if loads else None
    if wanted is None or wanted == seen:
        return None
    asked, got = normal_content(wanted), normal_content(seen or {})
    keys = sorted(key for key in {*asked, *got} if asked.get(key) != got.get(key))
    return f"{shipment} differs in {', '.join(keys)} from what was last tendered" if keys else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoLoadWithoutConfirmedIntent(Claim):
    """Every load belongs to a shipment of which some intent was confirmed and acted on."""

    def check(self, history: History) -> Verdict:
        rows, ledger = snapshot(history, "rows"), snapshot(history, "ledger")
        if rows is None or ledger is None:
            return self._unknown("no snapshot of the rows or of the loads was taken")
        loads = rows_of(ledger, "loads")
        if not loads:
            return self._unknown("nothing was booked")
        acted_on = {str(row["shipment"]) for row in rows_of(rows) if row["state"] == "EXECUTED"}
        orphans = [f"{load['load_id']} of {load['reference']}" for load in loads if load["reference"] not in acted_on]
        if orphans:
            return self._fail(f"{len(orphans)} loads without an executed intent: {some(orphans)}", [rows, ledger])
        return self._pass(f"{len(loads)} loads, each with an executed intent", [rows, ledger])
