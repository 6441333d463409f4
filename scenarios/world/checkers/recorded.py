"""What must hold of recorded traces that were a drill's traffic: they end as their baselines say."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import first_told, rows_of, snapshot, some
from harness.history import History, Kind
from harness.verdict import Verdict
from scenarios.world.sent_tender import normal_content
from scenarios.world.trace_traffic import EXPECTED
from scenarios.world.traffic import SEND


@dataclass(frozen=True, slots=True, kw_only=True)
class AcknowledgedTracesEndAsBaseline(Claim):
    """Every signal of a trace that was acknowledged during the drill is one row, in the state and with the content of
    its trace's baseline; and where all signals of a trace were, its shipments have the loads of the baseline.
    """

    at_least: int = 1

    def check(self, history: History) -> Verdict:
        rows, ledger = snapshot(history, "rows"), snapshot(history, "ledger")
        if rows is None or ledger is None:
            return self._unknown("no snapshot of the rows or of the loads was taken")
        told, there = set(first_told(history, SEND, "identity")), rows_of(rows)
        found = {str(row["identity"]): row for row in there}
        twice = {name for name, count in Counter(str(row["identity"]) for row in there).items() if count > 1}
        live: dict[str, list[Any]] = {}
        for load in rows_of(ledger, "loads"):
            if load["status"] == "BOOKED":
                live.setdefault(str(load["reference"]), []).append(load["content"])
        wrong, whole = [], 0
        for sent in history.where(kind=Kind.STEP, action=EXPECTED):
            intents = {str(one["identity"]): one for one in sent.value["intents"]}
            acknowledged = [name for name in intents if name in told]
            wrong += [f"{name} is two rows" for name in acknowledged if name in twice]
            wrong += [said for name in acknowledged if (said := _differs(intents[name], found.get(name)))]
            if len(acknowledged) == len(intents):
                whole += 1
                wrong += [
                    said for at, load in sent.value["loads"].items() if (said := _load(at, load, live.get(at, [])))
                ]
        if wrong:
            return self._fail(f"{len(wrong)} differ from their baselines: {some(wrong, 3)}", [rows, ledger])
        if whole < self.at_least:
            return self._unknown(f"{whole} traces were acknowledged as a whole, {self.at_least} wanted", [rows])
        return self._pass(f"{whole} traces came to what their baselines say", [rows, ledger])


def _differs(intent: Mapping[str, Any], row: Mapping[str, Any] | None) -> str | None:
    name = intent["identity"]
    if row is None:
        return f"{name} is gone"
    if row["state"] != intent["state"] or row["error_reason"] != intent["error_reason"]:
        return f"{name} is {row['state']} ({row['error_reason']}), was {intent['state']} ({intent['error_reason']})"
    same = normal_content(row["content"] or {}) == normal_content(intent["payload"] or {})
    return None if same else f"{name} says something else"


def _load(reference: str, wanted: Mapping[str, Any] | None, live: list[Mapping[str, Any]]) -> str | None:
    if len(live) != (0 if wanted is None else 1):
        return f"{reference} has {len(live)} live loads"
    same = wanted is None or normal_content(wanted) == normal_content(live[0] or {})
    return None if same else f"{reference} has another load than its baseline"
