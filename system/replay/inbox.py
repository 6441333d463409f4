"""The outside as a replay has it: whoever is told something takes it, and everybody else answers from the cassette.

Alerts and notices are output, like what is written in Motion: they are kept, in order, instead of being sent.
"""

import json
from typing import Any

import httpx

ALERTS_HOST, NOTICES_HOST = "alerts.invalid", "notices.invalid"


class Outside(httpx.AsyncBaseTransport):
    """`alerts` and `notices` are the bodies of what was sent there."""

    def __init__(self, cassette: httpx.AsyncBaseTransport) -> None:
        self._cassette = cassette
        self.alerts: list[dict[str, Any]] = []
        self.notices: list[dict[str, Any]] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """A 200 of whoever is told, or what the cassette says."""
        host = request.url.host
        if host not in (ALERTS_HOST, NOTICES_HOST):
            return await self._cassette.handle_async_request(request)
        kept = self.alerts if host == ALERTS_HOST else self.notices
        kept.append(json.loads(await request.aread()))
        return httpx.Response(200, json={}, request=request)


def alert_of(body: dict[str, Any]) -> dict[str, Any]:
    """What an alert says, all that whoever is called reads, and since when it is so; without what only repeats it."""
    (alert,) = body["alerts"]
    told = {
        "status": alert["status"],
        "labels": alert["labels"],
        "sent_to": body["receiver"],
        "since": alert["startsAt"],
    }
    repeated = ("channel", *told)
    return told | {name: text for name, text in alert["annotations"].items() if name not in repeated}
