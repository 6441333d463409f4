"""Short histories, told by hand: for tests of whatever reads one.

    story = Story()
    story.write("a", "b")            an operation on two things that ended ok
    story.fault("kill")
    story.probe("rows", rows=[{"identity": "a"}])
    verdict = checker.check(story.history())

Each event comes a hundredth of a second after the one before, unless `at_s` says when.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from harness.history import Event, History, Kind


class Story:
    """Events in the order in which they are told."""

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.events: list[Event] = list(events)

    def tell(
        self,
        kind: Kind,
        action: str,
        value: Mapping[str, Any] | None = None,
        *,
        at_s: float | None = None,
        actor: str = "drill",
        operation_id: str | None = None,
    ) -> Event:
        """Any event."""
        if at_s is None:
            at_s = round(self.events[-1].at_s + 0.01, 6) if self.events else 0.01
        event = Event(
            number=len(self.events),
            at_s=at_s,
            actor=actor,
            kind=kind,
            action=action,
            value=dict(value or {}),
            operation_id=operation_id,
        )
        self.events.append(event)
        return event

    def write(
        self,
        *identities: str,
        kind: Kind = Kind.OK,
        action: str = "write",
        at_s: float | None = None,
        actor: str = "client one",
        ids: Mapping[str, str] | None = None,
        **completion: Any,
    ) -> Event:
        """One operation on `identities`, begun at `at_s`; `ids` are what an ok answers, `id of x` by default."""
        begun = self.begin(*identities, action=action, at_s=at_s, actor=actor)
        if kind is Kind.OK:
            given = ids or {}
            completion["results"] = [{"identity": one, "id": given.get(one, f"id of {one}")} for one in identities]
        return self.end(begun, kind, **completion)

    def begin(self, *identities: str, action: str = "write", at_s: float | None = None, actor: str = "client") -> Event:
        """The invoke of an operation that ends later, or never."""
        operation_id = f"{actor}/{len(self.events)}"
        value = {"identities": list(identities)}
        return self.tell(Kind.INVOKE, action, value, at_s=at_s, actor=actor, operation_id=operation_id)

    def end(self, begun: Event, kind: Kind, *, at_s: float | None = None, **value: Any) -> Event:
        """The completion of an operation."""
        value = {"identities": begun.value.get("identities", []), "duration_s": 0.01, **value}
        return self.tell(kind, begun.action, value, at_s=at_s, actor=begun.actor, operation_id=begun.operation_id)

    def fault(self, action: str = "kill", *, at_s: float | None = None, main: bool = True) -> Event:
        """A fault; the main one unless it says otherwise."""
        return self.tell(Kind.FAULT, action, {"target": "server", "main": main}, at_s=at_s)

    def heal(self, action: str = "kill", *, at_s: float | None = None) -> Event:
        """The end of a fault."""
        return self.tell(Kind.HEAL, action, {"target": "server"}, at_s=at_s)

    def step(self, action: str, *, told_at_s: float | None = None, actor: str = "drill", **value: Any) -> Event:
        """A step of the drill, written at `told_at_s`; an `at_s` among `value` is the moment that it speaks of."""
        return self.tell(Kind.STEP, action, value, at_s=told_at_s, actor=actor)

    def probe(self, action: str, *, told_at_s: float | None = None, **value: Any) -> Event:
        """What a probe saw."""
        return self.tell(Kind.PROBE, action, value, at_s=told_at_s, actor=f"probe {action}")

    def rows(self, *identities: str, name: str = "rows", told_at_s: float | None = None, **columns: Any) -> Event:
        """A snapshot of rows that differ in their identity alone."""
        return self.probe(name, told_at_s=told_at_s, rows=[{"identity": one, **columns} for one in identities])

    def alert(self, text: str, *, at_s: float | None = None, **value: Any) -> Event:
        """An alert that came in."""
        return self.tell(Kind.ALERT, text, {"status": "firing", **value}, at_s=at_s, actor="inbox")

    def history(self) -> History:
        """The history so far; it cannot grow."""
        history = History(self.events)
        history.close()
        return history
