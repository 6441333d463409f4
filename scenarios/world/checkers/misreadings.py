"""Nothing that the language model made up gets anywhere: its intent fails, and no load says it.

What it made up is known from the model's own diary, which names the script of each wrong answer; what became of it,
from the rows; what Motion was told, from its loads.
"""

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.checkers.base import Claim
from harness.checkers.reading import rows_of, snapshot, some
from harness.history import Event, History
from harness.verdict import Verdict
from scenarios.world.checkers.loads import sent_tenders
from scenarios.world.sent_tender import normal_content

_WEIGHT_LB_MAX = 1_000_000.0
_ACTED_ON = frozenset({"CONFIRMED", "EXECUTING", "EXECUTED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeUpIsRefused(Claim):
    """Each wrong answer that the model gave failed an intent, in the words for it, which no agent ever had.

    `words` says, for each script in the diary, how the reason of such an intent begins.
    """

    words: tuple[tuple[str, str], ...]
    diary: str = "answers"

    def check(self, history: History) -> Verdict:
        diary, rows = snapshot(history, self.diary), snapshot(history, "rows")
        audit = snapshot(history, "transitions")
        if diary is None or rows is None or audit is None:
            return self._unknown("no snapshot of the model's diary, of the rows or of the audit was taken")
        given = Counter(str(entry["script"]) for entry in rows_of(diary, self.diary))
        if missing := [script for script, _ in self.words if not given[script]]:
            return self._unknown(f"the model never gave: {some(missing)}", [diary])
        evidence = [diary, rows, audit]
        reasons = {str(row["intent_id"]): str(row["error_reason"] or "") for row in rows_of(rows)}
        failed = {str(row["intent_id"]) for row in rows_of(rows) if row["state"] == "FAILED"}
        wrong = [said for script, words in self.words if (said := _short(script, words, given, reasons, failed))]
        made_up = {one for one, reason in reasons.items() if reason.startswith(tuple(words for _, words in self.words))}
        wrong += [
            f"{step['intent_id']} went to {step['to']}"
            for step in rows_of(audit, "transitions")
            if str(step["intent_id"]) in made_up and step["to"] in _ACTED_ON
        ]
        if wrong:
            return self._fail(some(wrong, 4), evidence)
        return self._pass(f"{sum(given.values())} wrong answers of {len(given)} kinds, each refused", evidence)


def _short(script: str, words: str, given: Counter[str], reasons: Mapping[str, str], failed: set[str]) -> str | None:
    refused = sum(reason.startswith(words) for one, reason in reasons.items() if one in failed)
    return (
        None
        if refused >= given[script]
        else f"{script}: given {given[script]} times, and {refused} failed as {words!r}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyGroundedLoads(Claim):
    """Whatever a load says, its partner has said in some tender for that shipment."""

    def check(self, history: History) -> Verdict:
        ledger = snapshot(history, "ledger")
        loads = None if ledger is None else rows_of(ledger, "loads")
        if ledger is None or not loads:
            return self._unknown("no snapshot of the loads was taken, or nothing was booked")
        said: dict[str, list[dict[str, Any]]] = {}
        for tender in sent_tenders(history).values():
            said.setdefault(str(tender["shipment"]), []).append(normal_content(tender["content"]))
        made_up: list[str] = []
        for load in loads:
            content = normal_content(load.get("content") or {})
            tenders = said.get(str(load["reference"]), [])
            if content in tenders:
                continue
            keys = sorted(key for key in content if all(content[key] != tender.get(key) for tender in tenders))
            told = ", ".join(f"{key} {content[key]}" for key in keys) or "what its partner never said together"
            made_up.append(f"{load['reference']} has {told}"[:200])
        return _told(self, ledger, made_up, f"all {len(loads)} loads say what their partners said")


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyPossibleLoads(Claim):
    """No load has a weight that no load can have: none, infinite, not over zero, or past every truck."""

    def check(self, history: History) -> Verdict:
        ledger = snapshot(history, "ledger")
        loads = None if ledger is None else rows_of(ledger, "loads")
        if ledger is None or not loads:
            return self._unknown("no snapshot of the loads was taken, or nothing was booked")
        impossible = [
            f"{load['reference']} weighs {weight}"
            for load in loads
            if not _possible(weight := (load.get("content") or {}).get("weight_lb"))
        ]
        return _told(self, ledger, impossible, f"all {len(loads)} loads weigh what a load can weigh")


def _possible(weight: Any) -> bool:
    if isinstance(weight, bool) or not isinstance(weight, int | float):
        return False
    return math.isfinite(weight) and 0 < weight <= _WEIGHT_LB_MAX


def _told(checker: Claim, ledger: Event, wrong: list[str], right: str) -> Verdict:
    if wrong:
        return checker._fail(f"{len(wrong)} loads: {some(wrong, 3)}", [ledger])
    return checker._pass(right, [ledger])
