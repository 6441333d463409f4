"""Short histories of a partner drift, told by hand: tenders as partners write them down, and looks at their trust."""

from time import thread_time
from typing import Any

from harness.checkers import Checker, judge
from harness.history import Event, History, Kind
from tests.histories import Story

SEND = "send_signal"
TOO_SHORT_TO_COMPARE_S = 0.01
WHOLE: dict[str, Any] = {
    "shipment_id": "S1",
    "weight_lb": 4200.0,
    "pickup_at": "2027-03-01T08:00:00",
    "delivery_at": "2027-03-02T08:00:00",
    "equipment": "TF",
    "commodity": "PAPER ROLLS",
    "rate_usd": None,
    "stops": [{"sequence": 1, "type": "pickup"}, {"sequence": 2, "type": "delivery"}],
}
LATE = {**WHOLE, "pickup_at": None}


def send(
    story: Story,
    partner: str,
    shipment: str,
    *,
    late: bool = False,
    purpose: str = "original",
    kind: Kind = Kind.OK,
    end: bool = True,
) -> Event:
    """One tender, and unless it is to end later its answer."""
    identity = f"{partner}:{shipment}:{purpose}:1"
    content = {} if purpose == "cancel" else LATE if late else WHOLE
    tender = {"identity": identity, "shipment": f"{partner}:{shipment}", "purpose": purpose, "version": "1"}
    begun = story.tell(
        Kind.INVOKE,
        SEND,
        {"identities": [identity], "tenders": [{**tender, "content": content}]},
        actor=f"partner {partner}",
        operation_id=str(len(story.events)),
    )
    if end:
        story.end(begun, kind, results=[{"identity": identity}] if kind is Kind.OK else [])
    return begun


def operate(story: Story, *command: str, document: Any = None) -> Event:
    """A command of the operator's."""
    return story.step("operator", actor="operator", command=list(command), exit_code=0, document=document)


def look(story: Story, *rows: dict[str, Any]) -> Event:
    """A look of the probe `trust`; a second of the database's clock passes with each."""
    count = sum(event.action == "trust" for event in story.events)
    now = f"2026-11-27T03:{count // 60:02d}:{count % 60:02d}.5"
    return story.probe("trust", rows=[{"now": now, "ahead_s": 0.0, **row} for row in rows])


def trusted(partner: str, ceiling: int, **more: Any) -> dict[str, Any]:
    """A partner without an incident."""
    return {"partner": partner, "ceiling": ceiling, "review": 0, "incident": None, **more}


def fallen(
    partner: str, ceiling: int, *, before: int, review: int = 1, incident: str = "i", **more: Any
) -> dict[str, Any]:
    """A partner with one, by default while a person reviews all it sends."""
    row = {"partner": partner, "ceiling": ceiling, "review": review, "incident": f"{incident} of {partner}"}
    return {**row, "ceiling_before": before, **more}


def took_s(checker: Checker, history: History) -> float:
    """How much of a processor a checker takes at best."""
    took: list[float] = []
    for _ in range(5):
        began_s = thread_time()
        judge(checker, history)
        took.append(thread_time() - began_s)
    return min(took)
