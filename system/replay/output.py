"""What a replay gives: what the partners were answered, what the intents became, and what was written in Motion.

Named by what the partners name (identities, booking keys), never by ids of ours, and without any time: two replays of a
trace give the same bytes.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select

from system.governance.hallucination_case import told_intent, told_step
from system.replay.asking import Answer
from system.replay.cassette import Answered
from system.replay.inbox import Outside, alert_of
from system.replay.names import Names
from system.replay.rows import rows_of
from system.storage import Storage, schema
from system.storage.intents import intent_of
from system.storage.prepared import Prepared
from system.storage.transitions import transition_of

_ACTIONS = {"POST": "book", "PATCH": "amend"}
_INTENTS = Prepared(select(schema.intents))
_TRANSITIONS = Prepared(select(schema.transitions).order_by(schema.transitions.c.number))


def answer_to(answer: Answer) -> dict[str, Any]:
    """What an input was answered: the status, and what it says of each tender, or what was wrong."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = {}
    found: dict[str, Any] = {"status": answer.status, "results": []}
    for result in body.get("results", []):
        found["results"].append({"identity": result["identity"], "status": result["status"]})
    if "error" in body:
        found["error"] = body["error"]
        found["errors"] = body.get("errors", [])
    return found


def intents_of(answers: Sequence[dict[str, Any]], storage: Storage) -> list[dict[str, Any]]:
    """The intents of the signals that were accepted, in the order in which their signals came in."""

    def read(connection: Connection) -> tuple[list[Any], list[Any]]:
        return _INTENTS.all(connection), _TRANSITIONS.all(connection)

    intents, transitions = storage.transact(read)
    steps: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in transitions:
        steps[row.intent_id].append(told_step(transition_of(row)))
    found = {str(one.identity): one for one in map(intent_of, intents)}
    named = dict.fromkeys(result["identity"] for answer in answers for result in answer.get("results", ()))
    return [told_intent(found[identity], steps[found[identity].id]) for identity in named if identity in found]


def intent_names(storage: Storage) -> dict[str, str]:
    """The identities of all intents, by their ids."""
    return {row.id: str(intent_of(row).identity) for row in storage.transact(_INTENTS.all)}


def beside_them(outside: Outside, storage: Storage, names: Names) -> dict[str, Any]:
    """What version 2 tells besides: who was called, what partners were told, which rows stand. Without empty parts."""
    parts = {
        "alerts": [names.told(alert_of(body)) for body in outside.alerts],
        "notices": [names.told(body) for body in outside.notices],
        "rows": names.told(rows_of(storage)),
    }
    return {name: part for name, part in parts.items() if part}


def writes_of(calls: Iterable[Answered], motion_base_url: str) -> list[dict[str, Any]]:
    """Every call that could change something in Motion, in order; `status` is None where it was not answered."""
    found: list[dict[str, Any]] = []
    for one in calls:
        call = one.call
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
                "status": one.status,
            }
        )
    return found
