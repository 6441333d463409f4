"""The outside of a replay: what is told is kept, what is asked goes to the cassette."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest

from system.governance.alerts import DATABASE_CONNECTION_LOST
from system.monitor.alertmanager import notification
from system.replay.inbox import ALERTS_HOST, NOTICES_HOST, Outside, alert_of

AT = datetime(2026, 2, 2, 14, tzinfo=UTC)


def test_what_is_told_is_kept_in_order_and_the_rest_is_asked() -> None:
    asked: list[str] = []

    def cassette(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(404)

    outside = Outside(httpx.MockTransport(cassette))

    async def main() -> list[int]:
        async with httpx.AsyncClient(transport=outside) as client:
            urls = [f"http://{host}/x" for host in (ALERTS_HOST, NOTICES_HOST, "motion.invalid", ALERTS_HOST)]
            return [(await client.post(url, json={"n": n})).status_code for n, url in enumerate(urls)]

    assert asyncio.run(main()) == [200, 200, 404, 200]
    assert (outside.alerts, outside.notices, asked) == ([{"n": 0}, {"n": 3}], [{"n": 1}], ["motion.invalid"])


@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_an_alert_says_all_that_is_read_of_it(status: str) -> None:
    """What it is of, what to do, whom to ring, and the details of the case; no detail hides what is said of all."""
    rule, details = DATABASE_CONNECTION_LOST, {"score": "0.75", "status": "quiet", "sent_to": "nobody"}
    body = notification(rule, status=status, starts_at=AT, reason="gone", details=details)  # type: ignore[arg-type]
    told = alert_of(body)
    assert told == {
        "status": status,
        "labels": body["commonLabels"],
        "summary": "Database connection lost",
        "description": rule.description,
        "reason": "gone",
        "runbook": rule.runbook,
        "phone": rule.contact.phone,
        "score": "0.75",
        "sent_to": rule.contact.channel,
        "since": "2026-02-02T14:00:00Z",
    }
