"""A hallucination as a test case: the signal, what the model answered, and what the system made of it, as a trace.

The trace has the layout that trace fixtures have (`trace.yaml` and, as vcrpy writes them, `cassette.yaml`), so it can
be replayed at any later revision: the question is what today's code asks for that signal, the answer is the one that
was made up, word for word. It holds what the partner wrote; whoever keeps it elsewhere has to think of that. Pure: rows
come in, texts go out.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from system.outside import MODEL_IN_TRACES
from system.resolver.prompt import request_body
from system.settings import Settings
from system.storage import Hallucination, Intent, Partner, Signal, State, Transition
from system.storage.hallucinations import PREFIX
from system.yaml_text import spread_json, yaml_text

TRACE_FILE, CASSETTE_FILE = "trace.yaml", "cassette.yaml"
_FORMAT = 2
_MODEL = str(Settings.model_fields["llm_model"].default)
"""Replays run under the defaults, whatever this system is set to."""
_COURSE: tuple[tuple[State | None, State], ...] = (
    (None, State.RECEIVED),
    (State.RECEIVED, State.RESOLVING),
    (State.RESOLVING, State.FAILED),
)
_JSON_TYPE = {"content-type": ["application/json"]}


class NotExportable(Exception):
    """This is no case that a replay would give again; says why."""


def told_intent(intent: Intent, course: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """An intent as outputs of traces have it: by what its partner calls it, without ids of ours and without times."""
    return {
        "identity": str(intent.identity),
        "state": str(intent.state),
        "payload": None if intent.payload is None else dict(intent.payload),
        "confidence": intent.confidence,
        "missing": None if intent.missing is None else list(intent.missing),
        "error_reason": intent.error_reason,
        "transitions": list(course),
    }


def told_step(step: Transition) -> dict[str, Any]:
    """A change of state as outputs of traces have it."""
    return _step(step.from_state, step.to_state, step.reason)


def case_files(
    case: Hallucination,
    intent: Intent,
    signal: Signal,
    partner: Partner | None,
    *,
    trace_id: str | None,
    at: datetime,
    by: str,
) -> dict[str, str]:
    """The texts of the two files by their names; NotExportable. Without a `trace_id` it is called by its reason."""
    if case.answer is None:
        raise NotExportable(
            "a person found it in what the intent says, so no answer of the model was kept that a replay could give"
        )
    if intent.state is not State.FAILED or intent.error_reason != case.reason:
        raise NotExportable(f"the intent is {intent.state} for another reason than {case.reason!r}")
    kind = _slug(case.reason.removeprefix(PREFIX))
    trace = {
        "format": _FORMAT,
        "id": f"hallucinations/{kind}" if trace_id is None else trace_id,
        "title": f"{case.reason}, and no load is booked",
        "made": {"how": "recorded", "source": f"the case of {case.identity}", "at": case.at.isoformat()},
        "covers": ["hallucination", kind],
        "clock": {"starts_at": signal.received_at.isoformat()},
        "ids": {"seed": int(hashlib.sha256(str(case.identity).encode()).hexdigest()[:7], 16)},
        "partners": [_partner(case, partner)],
        "inputs": [
            {
                "at_s": 0.0,
                "kind": "signal",
                "partner": case.identity.partner_id,
                "content_type": signal.content_type,
                "body": _readable(signal.raw),
            }
        ],
        "end_to_end": False,
        "approvals": [{"at": at.isoformat(), "by": by, "why": "exported as the system decided it"}],
        "baseline": _expected(intent),
    }
    return {
        TRACE_FILE: yaml_text(trace),
        CASSETTE_FILE: yaml_text({"version": 1, "interactions": [_asked(signal.raw, case.answer)]}),
    }


def _expected(intent: Intent) -> dict[str, Any]:
    """What a replay has to give: accepted, failed for that reason, and nothing written anywhere."""
    accepted = {"identity": str(intent.identity), "status": "accepted"}
    course = [_step(before, after, intent.error_reason if after is State.FAILED else None) for before, after in _COURSE]
    return {
        "answers": [{"status": 202, "results": [accepted]}],
        "intents": [told_intent(intent, course)],
        "writes": [],
    }


def _step(before: State | None, after: State, reason: str | None) -> dict[str, Any]:
    step: dict[str, Any] = {"from": None if before is None else str(before), "to": str(after)}
    return step | ({"reason": reason} if reason else {})


def _partner(case: Hallucination, partner: Partner | None) -> dict[str, Any]:
    if partner is None:
        return {"id": case.identity.partner_id}
    return {"id": partner.id, "name": partner.name, "autonomy_tier": partner.autonomy_tier}


def _asked(raw: str, answer: str) -> dict[str, Any]:
    completion = {
        "object": "chat.completion",
        "model": _MODEL,
        "choices": [{"index": 0, "message": {"role": "assistant", "content": answer}, "finish_reason": "stop"}],
    }
    return {
        "request": {
            "method": "POST",
            "uri": f"{MODEL_IN_TRACES}/chat/completions",
            "headers": _JSON_TYPE,
            "body": spread_json(request_body(raw, model=_MODEL)),
        },
        "response": {
            "status": {"code": 200, "message": ""},
            "headers": _JSON_TYPE,
            "body": {"string": spread_json(completion)},
        },
    }


def _readable(raw: str) -> str:
    """X12 with a segment a line: line ends between segments say nothing."""
    terminator = raw[105:106] if raw.startswith("ISA") else ""
    return raw.replace(terminator, f"{terminator}\n") if terminator.isprintable() and terminator.strip() else raw


def _slug(text: str) -> str:
    """A short word that traces are found by."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:80].strip("-") or "unnamed"
