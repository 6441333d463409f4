"""The people who have to know were told: in the words they know, once, and when it was over."""

import json
from collections import Counter
from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, rows_of, snapshot, some
from harness.history import Event, History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSaid(Claim):
    """After the fault an alert with these words came in, and, if `contact` is given, it was for them.

    In `text` a `*` stands for what nobody could know before, such as an id. How soon it came is an objective, not a
    question of this checker.
    """

    text: str
    contact: str | None = None

    def check(self, history: History) -> Verdict:
        fault = fault_event(history)
        if fault is None:
            return self._unknown("no fault was injected")
        fired = [
            event
            for event in history.where(kind=Kind.ALERT)
            if event.value.get("status") == "firing" and event.value.get("received_at_s", event.at_s) >= fault.at_s
        ]
        said = [event for event in fired if event.says(self.text)]
        if not said:
            others = some(sorted({event.action for event in fired}))
            return self._fail(f"nobody was told {self.text!r}; the alerts were: {others or 'none'}", [fault, *fired])
        contacts = sorted({str(event.value.get("labels", {}).get("contact")) for event in said})
        if self.contact is not None and contacts != [self.contact]:
            return self._fail(f"{self.text!r} was for {some(contacts)}, not for {self.contact}", said)
        return self._pass(f"{self.text!r} was for {some(contacts)}", said)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertsToldOnce(Claim):
    """Each alert whose words are `text` (with `*` for an id) was told once, and its end once, after it.

    Alerts are told apart by their labels. Without `ended` one that still stands at the end of the run is right too.
    What was first told while traces were replayed is left out: a trace may well hold what somebody has to be told of.
    """

    text: str = "*"
    ended: bool = True

    def check(self, history: History) -> Verdict:
        told = [event for event in history.where(kind=Kind.ALERT) if event.says(self.text)]
        if not told:
            return self._unknown(f"no alert said {self.text!r}")
        course: dict[str, list[Event]] = {}
        for event in told:
            course.setdefault(_which(event), []).append(event)
        replayed_from = _replay_began(history)
        course = {one: events for one, events in course.items() if events[0].number < replayed_from}
        if not course:
            return self._unknown(f"no alert said {self.text!r} before the replay", told)
        wrong = [said for events in course.values() if (said := self._wrong(events))]
        if wrong:
            return self._fail(f"{len(wrong)} of {len(course)} alerts: {some(wrong, 3)}", told)
        return self._pass(f"{len(course)} alerts, each told once{' and ended once' if self.ended else ''}", told)

    def _wrong(self, events: list[Event]) -> str | None:
        counts = Counter(str(event.value.get("status")) for event in events)
        what = f"{events[0].action!r} was told {counts['firing']} times and ended {counts['resolved']} times"
        if counts["firing"] != 1 or counts["resolved"] > 1 or (self.ended and not counts["resolved"]):
            return what
        return None if events[0].value.get("status") == "firing" else f"{events[0].action!r} ended before it was told"


@dataclass(frozen=True, slots=True, kw_only=True)
class EachIsTold(Claim):
    """For each row of `snapshot` an alert came in whose words are `text`, with the row's `key` in place of the `*`."""

    text: str
    snapshot: str
    key: str

    def check(self, history: History) -> Verdict:
        listed = snapshot(history, self.snapshot)
        subjects = {} if listed is None else {self._words(row[self.key]): row for row in rows_of(listed)}
        if listed is None or not subjects:
            return self._unknown(f"no snapshot {self.snapshot} was taken, or it is empty")
        fired = [event for event in history.where(kind=Kind.ALERT) if event.value.get("status") == "firing"]
        told = [event for event in fired if event.action in subjects]
        untold = sorted({*subjects} - {event.action for event in told})
        if untold:
            return self._fail(f"{len(untold)} of {len(subjects)} were told to nobody: {some(untold)}", [listed, *told])
        return self._pass(f"each of {len(subjects)} was told", [listed, *told])

    def _words(self, key: object) -> str:
        return self.text.replace("*", str(key))


def _replay_began(history: History) -> float:
    phases = history.where(kind=Kind.STEP, action="phase")
    return next((event.number for event in phases if event.value.get("phase") == "replay"), float("inf"))


def _which(event: Event) -> str:
    return json.dumps(event.value.get("labels") or event.action, sort_keys=True)
