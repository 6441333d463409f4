"""How long it takes to judge a long history: every checker and objective of all scenarios, on 100,000 events.

The history is made up and is one that costs most: steady state never comes again, so the recovery time is looked for to
the end, and every signal was sent several times. What the checkers answer is of no interest here.
"""

from itertools import pairwise
from time import perf_counter
from typing import Any

from benchmarks.figures import Figure, Report
from harness.checkers import judge
from harness.config import Config
from harness.history import Event, History, Kind
from harness.judging import course_of, objectives_of
from harness.metric import Gauge, Window
from harness.objective import measure as measured
from scenarios.world.sent_tender import expected_content
from scenarios.world.tenders import TenderSource
from scenarios.world.traffic import SEND

EVENTS = 100_000
TARGET_S = 2.0
_SIGNALS = 20_000
_EVERY_S = 0.002


def long_history(count: int = EVENTS) -> History:
    """Operations of partners without an end, with a fault after a tenth of them and one snapshot of everything."""
    events: list[Event] = []

    def tell(
        kind: Kind, action: str, value: dict[str, Any], operation_id: str | None = None, actor: str = "partner P1001"
    ) -> None:
        events.append(
            Event(
                number=len(events),
                at_s=len(events) * _EVERY_S,
                actor=actor,
                kind=kind,
                action=action,
                value=value,
                operation_id=operation_id,
            )
        )

    source = TenderSource("bench", "P1001", originals_only=True)
    content = expected_content(source.next().tenders[0])
    tell(Kind.STEP, "baseline", {"success ratio": 1.0, "latency p95 (s)": 0.001})
    tail = 40
    number, faulty = -1, False
    while len(events) < count - tail:
        number += 1
        shipment = f"P1001:S{number % _SIGNALS}"
        identity = f"{shipment}:original:1"
        tender = {"identity": identity, "shipment": shipment, "purpose": "original", "version": "1", "content": content}
        operation = {"identities": [identity], "tenders": [tender], "again": number >= _SIGNALS}
        kind = Kind.INFO if number % 30 == 0 else Kind.OK
        ended: dict[str, Any] = {"status": 503 if kind is Kind.INFO else 202, "duration_s": 0.01}
        if kind is Kind.OK:
            status = "accepted" if number < _SIGNALS else "duplicate"
            ended["results"] = [{"identity": identity, "intent_id": f"i{number % _SIGNALS}", "status": status}]
        actor = "partner P1004" if number % 4 == 0 else "partner P1001"
        tell(Kind.INVOKE, SEND, operation, str(number), actor)
        tell(kind, SEND, ended, str(number), actor)
        if number % 50 == 0:
            for probe, seen in _looks(number, faulty=faulty):
                tell(Kind.PROBE, probe, seen)
        if not faulty and len(events) >= count // 10:
            faulty = True
            tell(Kind.PROBE, "replica_states", {"rows": _rows("CONFIRMED", content)})
            tell(Kind.FAULT, "kill", {"target": "database-primary", "main": True})
            for step in ("promoted", "endpoint moved"):
                tell(Kind.STEP, step, {"at_s": len(events) * _EVERY_S})
    rows = _rows("EXECUTED", content)
    lost = [{"identity": row["identity"]} for row in rows]
    for command in (["redis", "show"], ["redis", "ttl", "12h"], ["redis", "flush"], ["redis", "raise", "12mb"]):
        tell(Kind.STEP, "operator", {"command": command, "exit_code": 0, "document": _memory(0)})
    for look, left_s in (("keys_before", 86_400.0), ("keys_adapted", 43_200.0), ("keys_flushed", 43_200.0)):
        tell(Kind.PROBE, look, _keys(left_s))
    audit = [
        {"who": "autoscaler", "command": "redis raise", "what": {"limit_bytes": n}, "why": ""} for n in range(1000)
    ]
    tell(Kind.PROBE, "operator_actions", {"rows": audit})
    command = ["recover", "database", "list"]
    tell(Kind.STEP, "operator", {"command": command, "exit_code": 0, "document": {"lost": lost}})
    tell(Kind.PROBE, "promoted_rows", {"rows": rows[::2]})
    notice = {"partner": "P1001", "shipments": [row["identity"] for row in rows], "window": {}}
    tell(Kind.STEP, "notice", notice)
    tell(Kind.PROBE, "rows", {"rows": rows})
    tell(Kind.PROBE, "ledger", {"loads": [_load(row["shipment"], content) for row in rows]})
    tell(Kind.PROBE, "transitions", {"transitions": _transitions()})
    history = History(events)
    history.close()
    return history


def _rows(state: str, content: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "identity": f"P1001:S{number}:original:1",
            "shipment": f"P1001:S{number}",
            "intent_id": f"i{number}",
            "state": state,
            "attempt": 1,
            "epoch": 1,
            "load_id": f"load of P1001:S{number}",
            "content": content,
        }
        for number in range(_SIGNALS)
    ]


def _looks(number: int, *, faulty: bool) -> list[tuple[str, dict[str, Any]]]:
    """What the probes of all drills see at one moment."""
    breaker = {"partner": "P1004", "state": "OPEN", "incident": "one", "malformed": 8, "duplicates": 3}
    return [
        ("memory", _memory(number)),
        ("ingest", {"repeats_past_redis": number, "keys_refused": number, "malformed": number}),
        ("ingest_memory", {"resident_bytes": 10**8, "pid": 1}),
        ("breakers", {"rows": [{**breaker, "changes": number}] if faulty else []}),
        *((link, {"upstream_passed": number * 3000}) for link in ("faulty_link", "database_link")),
    ]


def _memory(number: int) -> dict[str, Any]:
    used = {"used_bytes": 5_000_000, "limit_bytes": 6_000_000 + number, "ratio": 0.83, "policy": "noeviction"}
    return {**used, "peak_bytes": 5_000_000, "evicted_keys": 0, "refused_commands": 0}


def _keys(left_s: float) -> dict[str, Any]:
    sent = {f"P1001:S{number}:original:1": left_s for number in range(_SIGNALS)}
    return {"sent": sent, "old": 9, "young": _SIGNALS, "evicted_keys": 0, "redis": "one", "ingest": {"pid": 1}}


def _load(shipment: str, content: dict[str, Any]) -> dict[str, Any]:
    return {
        "load_id": f"load of {shipment}",
        "reference": shipment,
        "status": "BOOKED",
        "content": {**content, "confidence": 0.97},
    }


def _transitions() -> list[dict[str, Any]]:
    life = (None, "RECEIVED", "RESOLVING", "CONFIRMED", "EXECUTING", "EXECUTED")
    return [
        {"intent_id": f"i{number}", "from": before, "to": after, "at": ""}
        for number in range(_SIGNALS)
        for before, after in pairwise(life)
    ]


def run() -> Report:
    """Ask each checker once."""
    started_s = perf_counter()
    history = long_history()
    made_s = perf_counter() - started_s
    figures: list[Figure] = []
    seen: set[str] = set()
    for scenario in (one for found in Config.load().discover_scenarios().values() for one in found):
        for checker in (*scenario.invariants, *course_of(scenario)):
            if checker.name not in seen:
                seen.add(checker.name)
                started_s = perf_counter()
                verdict = judge(checker, history)
                took_s = perf_counter() - started_s
                figures.append(
                    Figure(name=checker.name, value=took_s, unit="s", target=TARGET_S, beside=_short(verdict.summary))
                )
        for objective in objectives_of(scenario):
            if objective.name not in seen:
                seen.add(objective.name)
                started_s = perf_counter()
                measurement = measured(objective, history)
                took_s = perf_counter() - started_s
                beside = _short(measurement.summary)
                figures.append(Figure(name=objective.name, value=took_s, unit="s", target=TARGET_S, beside=beside))
    started_s = perf_counter()
    for _ in range(1000):
        Gauge(probe="rows", field="never").read(history, Window(from_s=0.0, to_s=1.0))
    figures.append(Figure(name="a gauge, read early 1,000 times", value=perf_counter() - started_s, unit="s"))
    figures.sort(key=lambda figure: -figure.value)
    conditions = f"made in {made_s:.1f} s; {_SIGNALS:,} signals"
    return Report(title=f"Judging {len(history):,} events", figures=tuple(figures), conditions=conditions)


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:67]}..."
