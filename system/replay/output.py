"""What a replay gives: what the partners were answered, what the intents became, and what was written in Motion.

Named by what the partners name (identities, booking keys), never by ids of ours, and without any time: two replays of a
trace give the same bytes.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import httpx

from system.replay.cassette import Answered
from system.storage import Intent, Storage

_ACTIONS = {"POST": "book", "PATCH": "amend"}


def answer_to(response: httpx.Response) -> dict[str, Any]:
    """What an input was answered: the status, and what it says of each tender, or what was wrong."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    found: dict[str, Any] = {"status": response.status_code, "results": []}
    for result in body.get("results", []):
        found["results"].append({"identity": result["identity"], "status": result["status"]})
    if "error" in body:
        found["error"] = body["error"]
        found["errors"] = body.get("errors", [])
    return found


def intent_of(intent: Intent, storage: Storage) -> dict[str, Any]:
    """One intent as it stands now, with the states it went through."""
    return {
        "identity": str(intent.identity),
        "state": str(intent.state),
        "payload": None if intent.payload is None else dict(intent.payload),
        "confidence": intent.confidence,
        "missing": None if intent.missing is None else list(intent.missing),
        "error_reason": intent.error_reason,
        "transitions": [
            {"from": None if step.from_state is None else str(step.from_state), "to": str(step.to_state)}
            | ({"reason": step.reason} if step.reason else {})
            for step in storage.transitions.of(intent.id)
        ],
    }


def writes_of(calls: Iterable[Answered], motion_base_url: str) -> list[dict[str, Any]]:
    """Every call that could change something in Motion, in order; `status` is None where it was not answered."""
    found: list[dict[str, Any]] = []
    for call in calls:
        if not call.uri.startswith(motion_base_url) or call.method == "GET":
            continue
        body = json.loads(call.body) if call.body else {}
        action = "cancel" if call.uri.endswith("/cancel") else _ACTIONS.get(call.method, call.method.lower())
        found.append(
            {
                "action": action,
                "booking_key": call.key,
                "content": body.get("content"),
                "rank": body.get("rank"),
                "status": call.status,
            }
        )
    return found


def in_order(answers: Sequence[dict[str, Any]]) -> list[str]:
    """The identities that the answers name, each once, in the order in which they came in."""
    return list(dict.fromkeys(result["identity"] for answer in answers for result in answer["results"]))
