"""The answers of the API: every body and status that leaves ingest, in one place.

`openapi` describes these shapes; a test holds the two against each other.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from system.ingest.accepting import Result
from system.ingest.breakers import Refusal
from system.storage import Intent
from system.x12 import Defects

X12 = "application/edi-x12"
JSON = "application/json"
RETRY_AFTER_S = 1


def results(found: Sequence[Result]) -> dict[str, Any]:
    """The body of a 200 or 202."""
    return {
        "results": [
            {
                "intent_id": result.intent_id,
                "identity": str(result.identity),
                "shipment_id": result.identity.shipment_id,
                "purpose": result.identity.purpose,
                "version": result.identity.version,
                "status": result.status,
                "control_number": result.control_number,
                "set_control_number": result.set_control_number,
            }
            for result in found
        ]
    }


def malformed(defects: Defects) -> dict[str, Any]:
    """The body of a 400: what was found wrong, and whether that is all of it or reading stopped there."""
    return {
        "error": "malformed",
        "errors": [defect.as_json() for defect in defects.found],
        "complete": not defects.full,
    }


def intent(found: Intent) -> dict[str, Any]:
    """The body of `GET /intents/{id}`."""
    identity = found.identity
    return {
        "id": found.id,
        "identity": str(identity),
        "partner_id": identity.partner_id,
        "shipment_id": identity.shipment_id,
        "purpose": identity.purpose,
        "version": identity.version,
        "state": str(found.state),
        "payload": found.payload,
        "confidence": found.confidence,
        "missing": None if found.missing is None else list(found.missing),
        "error_reason": found.error_reason,
        "attempt": found.attempt,
        "load_id": found.load_id,
        "created_at": _text(found.created_at),
        "updated_at": _text(found.updated_at),
    }


def json_answer(body: Mapping[str, Any], status: int) -> Response:
    """A JSON answer."""
    return JSONResponse(body, status_code=status)


def x12_answer(text: str, status: int) -> Response:
    """A 997 as the answer."""
    return Response(text, status_code=status, media_type=X12)


def error(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says in a few words why there is no other."""
    return JSONResponse({"error": message}, status_code=status, headers=dict(headers or {}))


def unavailable(message: str) -> Response:
    """503: nothing is promised, come back soon. The write may have happened; sending again finds out."""
    return error(503, message, {"Retry-After": str(RETRY_AFTER_S)})


def shut_out(refusal: Refusal, *, goodbye: bool = False) -> Response:
    """429: this partner's circuit breaker is open. Says what was wrong most often and when to come back.

    With `goodbye` the connection ends with it.
    """
    body: dict[str, Any] = {"error": "circuit breaker open", "retry_after_s": refusal.retry_after_s}
    places = refusal.breaker.places if refusal.breaker is not None else ()
    if places:
        body |= {"segment": places[0].segment, "element": places[0].element, "message": places[0].message}
    headers = {"Retry-After": str(refusal.retry_after_s), **({"Connection": "close"} if goodbye else {})}
    return JSONResponse(body, status_code=429, headers=headers)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
