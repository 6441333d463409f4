"""The OpenAPI 3.1 document of ingest, written by hand around the models that the code itself validates with.

A test holds it against the routes and against answers that the app really gives.
"""

from typing import Any

from system.storage import State
from system.x12 import Tender

_X12 = "application/edi-x12"
_JSON = "application/json"
_STRING = {"type": "string"}
_TEXT = {"type": ["string", "null"]}
_TIME = {"type": "string", "format": "date-time"}
_RETRY_AFTER = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds."}}
_SHUT_OUT = {
    "type": "object",
    "properties": {
        "error": {"const": "circuit breaker open"},
        "retry_after_s": {"type": "integer", "minimum": 1},
        "segment": {"type": "string", "description": "What was wrong most often."},
        "element": {"type": ["integer", "null"]},
        "message": _STRING,
    },
    "required": ["error", "retry_after_s"],
    "additionalProperties": False,
}


def document() -> dict[str, Any]:
    """The whole document, as JSON would have it."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Load tender ingest",
            "version": "1",
            "description": "Takes X12 204 load tenders, or their JSON form, from authenticated partners. "
            "An answer of 202 means that every tender of the request is committed; all or none of them are.",
        },
        "paths": {
            "/signals": {"post": _post_signals()},
            "/intents/{intent_id}": {"get": _get_intent()},
            "/healthz": {"get": _get("healthz", "The process is alive.", {"200": _answer("It is.", _ref("Health"))})},
            "/readyz": {
                "get": _get(
                    "readyz",
                    "The process can do its work.",
                    {"200": _answer("It can.", _ref("Readiness")), "503": _answer("It cannot.", _ref("Readiness"))},
                )
            },
            "/metrics": {
                "get": _get(
                    "metrics",
                    "Prometheus metrics.",
                    {"200": {"description": "The metrics.", "content": {"text/plain": {"schema": _STRING}}}},
                )
            },
            "/openapi.json": {
                "get": _get("openapi", "This document.", {"200": _answer("It.", {"type": "object"})}),
            },
        },
        "components": {
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer"},
                "partner": {"type": "apiKey", "in": "header", "name": "X-Partner"},
            },
            "schemas": _schemas(),
        },
    }


def _post_signals() -> dict[str, Any]:
    one_or_many = {"oneOf": [_ref("TenderForm"), _ref("TenderForms")]}
    both = {_JSON: {"schema": _ref("Results")}, _X12: {"schema": _ref("Acknowledgment")}}
    refused = {_JSON: {"schema": _ref("Malformed")}, _X12: {"schema": _ref("Acknowledgment")}}
    return {
        "operationId": "signals",
        "summary": "Send load tenders, changes or cancellations.",
        "security": [{"key": [], "partner": []}],
        "parameters": [
            {
                "name": "X-Received-At",
                "in": "header",
                "required": False,
                "schema": _TIME,
                "description": "Stands in for our clock; read only from partners that are marked for it.",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {_X12: {"schema": _ref("Interchange")}, _JSON: {"schema": one_or_many}},
        },
        "responses": {
            "200": {"description": "Repeats only; each with the intent of its first sending.", "content": both},
            "202": {"description": "Committed; at least one tender is new.", "content": both},
            "400": {"description": "Malformed; nothing was stored.", "content": refused},
            "408": _answer("The body did not arrive in time.", _ref("Error")),
            "429": {
                **_answer("Too many malformed or repeated signals; this one was not read.", _ref("ShutOut")),
                "headers": _RETRY_AFTER,
            },
            **_failures("401", "413", "415", "503"),
        },
    }


def _get_intent() -> dict[str, Any]:
    return {
        "operationId": "intent",
        "summary": "What became of a signal.",
        "security": [{"key": [], "partner": []}],
        "parameters": [
            {"name": "intent_id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 36}}
        ],
        "responses": {
            "200": _answer("The intent.", _ref("Intent")),
            "404": _answer("No such intent of this partner.", _ref("Error")),
            **_failures("401", "503"),
        },
    }


def _failures(*statuses: str) -> dict[str, Any]:
    reasons = {
        "401": "No such partner, or not its key.",
        "413": "The body is too large.",
        "415": "Neither X12 nor JSON, or compressed.",
        "503": "No answer from the database, or too many requests in flight. Sending again stores nothing twice.",
    }
    failures = {status: _answer(reasons[status], _ref("Error")) for status in statuses}
    failures["503"]["headers"] = _RETRY_AFTER
    return failures


def _schemas() -> dict[str, Any]:
    tender = Tender.model_json_schema(ref_template="#/components/schemas/{model}", mode="validation")
    definitions = tender.pop("$defs")
    form = {**tender, "title": "TenderForm", "required": [name for name in tender["required"] if name != "version"]}
    result = ("intent_id", "identity", "shipment_id", "purpose", "version", "status", "control_number")
    return {
        **definitions,
        "TenderForm": form,
        "TenderForms": _object({"tenders": {"type": "array", "items": _ref("TenderForm"), "minItems": 1}}),
        "Interchange": {"type": "string", "description": "An X12 interchange of 204s; delimiters come from its ISA."},
        "Acknowledgment": {"type": "string", "description": "A 997, where Accept asks for it."},
        "Results": _object({"results": {"type": "array", "items": _ref("Result")}}),
        "Result": _object(
            {
                **dict.fromkeys((*result, "set_control_number"), _STRING),
                "intent_id": _TEXT,
                "status": {"enum": ["accepted", "duplicate"]},
            }
        ),
        "Malformed": _object(
            {
                "error": {"const": "malformed"},
                "errors": {"type": "array", "items": _ref("Defect")},
                "complete": {"type": "boolean"},
            }
        ),
        "Defect": _object(
            {
                "segment": _STRING,
                "element": {"type": ["integer", "null"]},
                "position": {"type": "integer", "minimum": 1},
                "code": _STRING,
                "message": _STRING,
                "level": {"enum": ["interchange", "group", "set", "segment", "element"]},
                "set_position": {"type": "integer", "minimum": 0},
                "control_number": _TEXT,
            }
        ),
        "Error": _object({"error": _STRING}),
        "ShutOut": _SHUT_OUT,
        "Health": _object({"status": {"const": "ok"}, "service": _STRING}),
        "Readiness": _object(
            {
                "ready": {"type": "boolean"},
                "service": _STRING,
                "checks": {"type": "object", "additionalProperties": _TEXT},
                "unsafe": {"type": "array", "items": _STRING},
            }
        ),
        "Intent": _object(
            {
                **dict.fromkeys(("id", "identity", "partner_id", "shipment_id", "purpose", "version"), _STRING),
                "state": {"enum": [str(state) for state in State]},
                "payload": {"type": ["object", "null"]},
                "confidence": {"type": ["number", "null"]},
                "missing": {"type": ["array", "null"], "items": _STRING},
                "error_reason": _TEXT,
                "attempt": {"type": "integer", "minimum": 0},
                "load_id": _TEXT,
                "created_at": _TIME,
                "updated_at": _TIME,
            }
        ),
    }


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": sorted(properties),
        "additionalProperties": False,
    }


def _get(operation: str, summary: str, responses: dict[str, Any]) -> dict[str, Any]:
    return {"operationId": operation, "summary": summary, "responses": responses}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {_JSON: {"schema": schema}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}
