"""Notices to partners, and their delivery by webhook: what went wrong for them, and what they are asked to do.

A notice is told from every other by its key, so a partner that gets one twice can see that it is the same. What is to
be said is decided by the runbooks.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from system.clock import Clock

ATTEMPTS = 3
_RETRY_FIRST_S = 0.2
_TIMEOUT_S = 5.0
MESSAGE = "We experienced a brief outage. Please send all signals from {start} to {end} again; repeats do no harm."


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What one partner was asked for; `error` is what kept the notice, None when it was taken."""

    partner_id: str
    identities: tuple[str, ...]
    error: str | None

    def as_json(self) -> dict[str, Any]:
        """As listings have it."""
        return {
            "partner": self.partner_id,
            "identities": list(self.identities),
            "status": "sent" if self.error is None else "failed",
            "error": self.error,
        }


async def post_resend_request(
    client: httpx.AsyncClient,
    clock: Clock,
    *,
    url: str,
    partner_id: str,
    incident_id: str,
    window: Mapping[str, str],
    identities: Sequence[str],
) -> str | None:
    """Asks a partner to send a window of time again; see `post_notice`."""
    body = {
        "kind": "resend_request",
        "partner": partner_id,
        "window": dict(window),
        "shipments": list(identities),
        "message": MESSAGE.format(start=window["from"], end=window["to"]),
        "incident_id": incident_id,
    }
    named = hashlib.sha256("\n".join(identities).encode()).hexdigest()[:16]
    return await post_notice(client, clock, url=url, body=body, key=f"{incident_id}:{partner_id}:{named}")


async def post_notice(
    client: httpx.AsyncClient, clock: Clock, *, url: str, body: Mapping[str, Any], key: str
) -> str | None:
    """Sends one notice; None when it was taken, else why not after `ATTEMPTS`. The same notice has the same key."""
    headers = {"Idempotency-Key": key}
    problem = ""
    for attempt in range(ATTEMPTS):
        if attempt:
            await clock.sleep_s(_RETRY_FIRST_S * 2.0**attempt)
        try:
            response = await client.post(url, json=body, headers=headers, timeout=_TIMEOUT_S)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = f"{type(error).__name__}: {error}"
            continue
        if response.is_success:
            return None
        problem = f"status {response.status_code}"
    return problem
