"""What came to the inbox becomes events, once each, whatever the messages say."""

import asyncio
from typing import Any

import pytest

from harness.clock import Clock
from harness.history import History, Kind
from harness.probes import InboxProbe
from tests.toy import ToyEnvironment

NOTICE = {"kind": "resend_request", "partner": "one", "message": "please send again", "shipments": ["a"]}
ALERT = {"status": "firing", "labels": {"severity": "critical"}, "annotations": {"summary": "it broke"}}


class Inbox(ToyEnvironment):
    """Answers as the inbox service does: the messages after a number."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[dict[str, Any]] = []

    def receive(self, path: str, body: Any, at_epoch_s: float = 0.0) -> None:
        number = len(self.messages) + 1
        self.messages.append({"number": number, "path": path, "body": body, "received_at_epoch_s": at_epoch_s})

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        return {"messages": self.messages[int(path.rpartition("=")[2]) :]}


def look(inbox: Inbox, history: History, clock: Clock | None = None) -> None:
    asyncio.run(InboxProbe().observe(inbox, history, clock or Clock()))


def test_an_alert_is_written_with_the_moment_of_its_receipt() -> None:
    inbox, history, clock = Inbox(), History(), Clock()
    inbox.receive("/alerts", {"alerts": [ALERT, {**ALERT, "status": "resolved"}]}, clock.started_at.timestamp() + 1.5)
    look(inbox, history, clock)
    firing, resolved = history.where(kind=Kind.ALERT, action="it broke")
    assert firing.value["received_at_s"] == pytest.approx(1.5)
    assert (firing.value["status"], resolved.value["status"]) == ("firing", "resolved")


def test_each_message_is_written_once_also_when_it_has_words_of_the_same_name() -> None:
    """A notice has a `message` of its own; that must not be taken for the number of the one read last."""
    inbox, history = Inbox(), History()
    for partner in ("one", "two", "three"):
        inbox.receive("/notices/resend", {**NOTICE, "partner": partner})
        look(inbox, history)
    look(inbox, history)
    notices = history.where(kind=Kind.STEP, action="notice")
    assert [event.value["partner"] for event in notices] == ["one", "two", "three"]
    assert notices[0].value["message"] == "please send again"


@pytest.mark.parametrize("body", ["not JSON", None, ["a", "list"], {}, {"alerts": []}])
def test_a_message_that_cannot_be_read_hides_nothing_that_comes_after_it(body: Any) -> None:
    inbox, history = Inbox(), History()
    inbox.receive("/alerts", body)
    inbox.receive("/alerts", {"alerts": [ALERT]})
    look(inbox, history)
    look(inbox, history)
    assert [event.action for event in history] == ["unreadable message", "it broke"]


def test_an_environment_without_outside_parties_is_refused() -> None:
    class Bare:
        name = "bare"

    with pytest.raises(TypeError, match="bare environment"):
        asyncio.run(InboxProbe().observe(Bare(), History(), Clock()))  # type: ignore[arg-type]
