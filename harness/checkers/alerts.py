"""The people who have to know were told."""

from dataclasses import dataclass

from harness.checkers.base import Claim
from harness.checkers.reading import fault_event, some
from harness.history import History, Kind
from harness.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertSaid(Claim):
    """After the fault an alert with exactly these words came in, and, if `contact` is given, it was for them.

    How soon it came is an objective, not a question of this checker.
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
        said = [event for event in fired if event.action == self.text]
        if not said:
            others = some(sorted({event.action for event in fired}))
            return self._fail(f"nobody was told {self.text!r}; the alerts were: {others or 'none'}", [fault, *fired])
        contacts = sorted({str(event.value.get("labels", {}).get("contact")) for event in said})
        if self.contact is not None and contacts != [self.contact]:
            return self._fail(f"{self.text!r} was for {some(contacts)}, not for {self.contact}", said)
        return self._pass(f"{self.text!r} was for {some(contacts)}", said)
