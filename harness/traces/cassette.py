"""What the outside parties answered, in the order in which they were asked.

The layout is vcrpy's (`version: 1`, `interactions` of `request` and `response`), so that other tools can read it, with
one addition: an interaction that ended without an answer has a `failure` (kind, after_s) beside a `response` that only
stands in for one. JSON bodies are written spread out, because people check them, and compared canonically. It plays
nothing: the system's own transport does.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, get_args

from harness.traces import strict_yaml
from harness.traces.strict_yaml import Unreadable

INTERACTIONS_MAX = 1_000
AFTER_S_MAX = 86_400.0
_SPREAD_DEPTH = 2

FailureKind = Literal["timeout", "reset", "refused"]
_STAND_IN = {"status": {"code": 504, "message": "a failure stands beside this"}, "headers": {}, "body": {"string": ""}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked. `uri` is absolute; header names are as sent, several values of one joined by a comma."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What was answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No answer: `timeout` (none came), `reset` (the connection broke), `refused` (there was none), after `after_s`."""

    kind: FailureKind
    after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One call and how it ended: exactly one of `response` and `failure`."""

    request: Request
    response: Response | None = None
    failure: Failure | None = None

    def __post_init__(self) -> None:
        if (self.response is None) == (self.failure is None):
            raise ValueError("an interaction ends in a response or in a failure, one of the two")

    def to_contract(self) -> dict[str, Any]:
        """As the replay contract has it."""
        asked = self.request
        document: dict[str, Any] = {
            "request": {
                "method": asked.method,
                "uri": asked.uri,
                "headers": dict(asked.headers),
                "body": asked.body,
            }
        }
        if self.failure is not None:
            document["failure"] = {"kind": self.failure.kind, "after_s": self.failure.after_s}
        elif self.response is not None:
            answer = self.response
            document["response"] = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Cassette:
    """All interactions of one trace."""

    interactions: tuple[Interaction, ...] = ()

    def to_yaml(self) -> str:
        """The file's text."""
        interactions = [_to_vcr(interaction) for interaction in self.interactions]
        return strict_yaml.dumps({"version": 1, "interactions": interactions})


def load_cassette(path: Path) -> Cassette:
    """The cassette in the file at `path`; Unreadable when it is missing or not a cassette."""
    document = strict_yaml.read(path)
    if not isinstance(document, dict) or set(document) != {"version", "interactions"} or document["version"] != 1:
        raise Unreadable(f"{path}: expected `version: 1` and `interactions`, and nothing else")
    interactions = document["interactions"]
    if not isinstance(interactions, list) or len(interactions) > INTERACTIONS_MAX:
        raise Unreadable(f"{path}: expected a list of up to {INTERACTIONS_MAX} interactions")
    return Cassette(
        interactions=tuple(_interaction(one, f"{path}: interaction {n}") for n, one in enumerate(interactions))
    )


def _interaction(document: Any, where: str) -> Interaction:
    if not isinstance(document, dict) or not {"request", "response"} <= set(document) <= {
        "request",
        "response",
        "failure",
    }:
        raise Unreadable(f"{where}: expected `request`, `response` and perhaps `failure`")
    request = _request(document["request"], f"{where}: request")
    if "failure" in document:
        return Interaction(request=request, failure=_failure(document["failure"], f"{where}: failure"))
    return Interaction(request=request, response=_response(document["response"], f"{where}: response"))


def _request(document: Any, where: str) -> Request:
    if not isinstance(document, dict) or not {"method", "uri"} <= set(document) <= {"method", "uri", "headers", "body"}:
        raise Unreadable(f"{where}: expected method, uri, headers and body")
    method, uri = document["method"], document["uri"]
    if not (isinstance(method, str) and method.isupper() and isinstance(uri, str) and "://" in uri):
        raise Unreadable(f"{where}: expected a method in capitals and an absolute uri, seen {method!r} {uri!r}")
    return Request(
        method=method,
        uri=uri,
        headers=_headers(document.get("headers"), where),
        body=_body(document.get("body"), where),
    )


def _response(document: Any, where: str) -> Response:
    if not isinstance(document, dict) or not {"status"} <= set(document) <= {"status", "headers", "body"}:
        raise Unreadable(f"{where}: expected status, headers and body")
    status = document["status"]
    code = status.get("code") if isinstance(status, dict) else None
    if not (type(code) is int and 100 <= code <= 599):
        raise Unreadable(f"{where}: expected a status with a code from 100 to 599, seen {status!r}")
    return Response(
        status=code, headers=_headers(document.get("headers"), where), body=_body(document.get("body"), where)
    )


def _failure(document: Any, where: str) -> Failure:
    kind: Any = document.get("kind") if isinstance(document, dict) and set(document) <= {"kind", "after_s"} else None
    if kind not in get_args(FailureKind):
        raise Unreadable(f"{where}: expected kind (timeout, reset or refused) and after_s, seen {document!r}")
    after_s = document.get("after_s", 0.0)
    if type(after_s) not in (int, float) or not 0 <= after_s <= AFTER_S_MAX:
        raise Unreadable(f"{where}: expected after_s from 0 to {AFTER_S_MAX:g} seconds, seen {after_s!r}")
    return Failure(kind=kind, after_s=float(after_s))


def _headers(document: Any, where: str) -> dict[str, str]:
    if not isinstance(document, dict | None):
        raise Unreadable(f"{where}: expected headers by name, seen {document!r}")
    found: dict[str, str] = {}
    for name, values in (document or {}).items():
        listed: Sequence[Any] = values if isinstance(values, list) else [values]
        if not all(isinstance(value, str) for value in listed):
            raise Unreadable(f"{where}: header {name}: expected text, seen {values!r}; quote it")
        found[name] = ", ".join(listed)
    return found


def _body(document: Any, where: str) -> str:
    if isinstance(document, dict) and set(document) == {"string"}:
        document = document["string"]
    if not isinstance(document, str | None):
        raise Unreadable(f"{where}: expected a body of text, seen {type(document).__name__}")
    return document or ""


def _to_vcr(interaction: Interaction) -> dict[str, Any]:
    asked, answer = interaction.request, interaction.response
    document: dict[str, Any] = {
        "request": {
            "method": asked.method,
            "uri": asked.uri,
            "headers": _listed(asked.headers),
            "body": spread_out(asked.body),
        }
    }
    if interaction.failure is not None:
        document["failure"] = {"kind": interaction.failure.kind, "after_s": interaction.failure.after_s}
    document["response"] = (
        _STAND_IN
        if answer is None
        else {
            "status": {"code": answer.status, "message": ""},
            "headers": _listed(answer.headers),
            "body": {"string": spread_out(answer.body)},
        }
    )
    return document


def _listed(headers: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in headers.items()}


def spread_out(body: str) -> str:
    """A JSON object or list over several lines, its outer levels a line an entry; any other body as it is."""
    if body[:1] not in ("{", "["):
        return body
    try:
        return _spread(json.loads(body), 0) + "\n"
    except (ValueError, RecursionError):
        return body


def _spread(document: Any, depth: int) -> str:
    if depth == _SPREAD_DEPTH or not document or not isinstance(document, dict | list):
        return json.dumps(document, ensure_ascii=False)
    indent = " " * (depth + 1)
    if isinstance(document, list):
        inner = [indent + _spread(item, depth + 1) for item in document]
    else:
        inner = [f"{indent}{json.dumps(key)}: {_spread(value, depth + 1)}" for key, value in document.items()]
    opening, closing = "[]" if isinstance(document, list) else "{}"
    return "\n".join([opening, ",\n".join(inner), " " * depth + closing])
