"""What becomes of an execution that hung: no half-truth between the intent and Motion.

Which intents hung is in the snapshot `hung`, as the system's own record of it; what they came to, in the rows; what
Motion has, in its loads.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import rows_of, snapshot, some
from harness.history import History
from harness.verdict import Verdict
from scenarios.world.checkers.loads import sent_tenders
from scenarios.world.sent_tender import normal_content

TIMED_OUT = "Agent timeout after 300s"
"""The nominal time, whatever a drill shortens the setting to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HungIsSettled(Claim):
    """Each intent that hung ended FAILED, for that reason and without a load, or EXECUTED with a load that is there.

    At least one came to `end`, or the drill has not shown what it is for.
    """

    end: str
    hung: str = "hung"

    def check(self, history: History) -> Verdict:
        listed, rows, ledger = (snapshot(history, name) for name in (self.hung, "rows", "ledger"))
        if listed is None or rows is None or ledger is None:
            return self._unknown("no snapshot of what hung, of the rows or of the loads was taken")
        hung = {str(row["intent_id"]) for row in rows_of(listed)}
        settled = [row for row in rows_of(rows) if str(row["intent_id"]) in hung]
        evidence = [listed, rows, ledger]
        if not settled:
            return self._unknown("nothing hung", evidence)
        loads = {str(load["load_id"]): str(load["reference"]) for load in rows_of(ledger, "loads")}
        wrong = [said for row in settled if (said := _unsettled(row, loads))]
        if wrong:
            return self._fail(f"{len(wrong)} of {len(settled)}: {some(wrong, 3)}", evidence)
        ends = [str(row["state"]) for row in settled]
        if self.end not in ends:
            return self._unknown(f"none of {len(settled)} that hung ended {self.end}", evidence)
        told = ", ".join(f"{ends.count(end)} {end}" for end in sorted(set(ends)))
        return self._pass(f"{len(settled)} hung: {told}", evidence)


def _unsettled(row: Mapping[str, Any], loads: Mapping[str, str]) -> str | None:
    """What is not right about the end of one that hung."""
    identity, state, load_id = str(row["identity"]), row["state"], row["load_id"]
    if state == "FAILED":
        if row["error_reason"] != TIMED_OUT:
            return f"{identity} failed of {row['error_reason']!r}"
        return None if load_id is None else f"{identity} failed and names load {load_id}"
    if state != "EXECUTED":
        return f"{identity} is {state}"
    if load_id is None and row["purpose"] == "cancel":
        return None
    return None if loads.get(str(load_id)) == row["shipment"] else f"{identity} names {load_id}, which is not there"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedHasNoLiveLoad(Claim):
    """No live load says what only a tender said whose intent FAILED."""

    def check(self, history: History) -> Verdict:
        rows, ledger = snapshot(history, "rows"), snapshot(history, "ledger")
        if rows is None or ledger is None:
            return self._unknown("no snapshot of the rows or of the loads was taken")
        sent = sent_tenders(history)
        failed: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        said: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
        for row in rows_of(rows):
            if (tender := sent.get(str(row["identity"]))) is not None:
                of = failed if row["state"] == "FAILED" else said
                of[str(row["shipment"])].append(normal_content(tender["content"]))
        loads = rows_of(ledger, "loads")
        if not loads:
            return self._unknown("nothing was booked", [ledger])
        orphans = []
        for load in loads:
            shipment, content = str(load["reference"]), normal_content(load.get("content") or {})
            if load["status"] == "BOOKED" and content in failed[shipment] and content not in said[shipment]:
                orphans.append(f"{load['load_id']} of {shipment}")
        if orphans:
            return self._fail(f"{len(orphans)} live loads of failed intents: {some(orphans)}", [rows, ledger])
        count = sum(map(len, failed.values()))
        return self._pass(f"{count} failed, and none of {len(loads)} loads is of one of them", [rows, ledger])
