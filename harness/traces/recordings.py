"""The document that `cassette.yaml` holds, in vcrpy's own layout, so that other tools can read it.

    version: 1
    interactions:
    - request: {method, uri, headers: {name: [value]}, body: text}
      response: {status: {code, message}, headers: {name: [value]}, body: {string: text}}
      after_s: 2.0                              only where the answer came late
      failure: {kind: timeout, after_s: 10.0}   only where no whole answer came

Beside a failure stands a response all the same, which vcrpy wants: of a `half` the part that came, else one that only
stands in. JSON bodies are written spread out, because people check them, and compared canonically.
"""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, get_args

from harness.traces import strict_yaml
from harness.traces.cassette import Cassette, Failure, FailureKind, Interaction, Request, Response
from harness.traces.fields import Field

INTERACTIONS_MAX = 5_000
AFTER_S_MAX = 86_400.0
_HEADERS_MAX = 1_000
_TEXT_MAX = 8_192
_SPREAD_DEPTH = 2
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+', re.DOTALL)
_STAND_IN = {"status": {"code": 504, "message": "a failure stands beside this"}, "headers": {}, "body": {"string": ""}}


def cassette_from(document: Any, *, source: Any) -> Cassette:
    """The cassette that `document` states; Unreadable where it states none."""
    fields = Field(document, source).fields(("version", "interactions"))
    fields["version"].whole(1, 1)
    return Cassette(
        interactions=tuple(_interaction(one) for one in fields["interactions"].items(at_most=INTERACTIONS_MAX))
    )


def cassette_document(cassette: Cassette, *, spread: bool = True) -> dict[str, Any]:
    """The document of a cassette, which `cassette_from` reads back; with JSON bodies spread out for people, or not."""
    lay_out = spread_out if spread else str
    return {"version": 1, "interactions": [_to_vcr(interaction, lay_out) for interaction in cassette.interactions]}


def cassette_text(cassette: Cassette) -> str:
    """The text of its file."""
    return strict_yaml.dumps(cassette_document(cassette))


def _interaction(field: Field) -> Interaction:
    fields = field.fields(("request", "response"), ("failure", "after_s"))
    request = _request(fields["request"])
    after_s = fields["after_s"].number(0, AFTER_S_MAX) if "after_s" in fields else 0.0
    if "failure" not in fields:
        return Interaction(request=request, response=_response(fields["response"], after_s=after_s))
    if "after_s" in fields:
        fields["after_s"].refuse("of a failure it stands in `failure`")
    failed = fields["failure"].fields(("kind",), ("after_s",))
    kind: FailureKind = failed["kind"].one_of(get_args(FailureKind))
    return Interaction(
        request=request,
        failure=Failure(
            kind=kind,
            after_s=failed["after_s"].number(0, AFTER_S_MAX) if "after_s" in failed else 0.0,
            part=_response(fields["response"]) if kind == "half" else None,
        ),
    )


def _request(field: Field) -> Request:
    fields = field.fields(("method", "uri"), ("headers", "body"))
    if not fields["method"].text(at_most=_TEXT_MAX).isupper():
        fields["method"].expected("a method in capitals")
    if "://" not in fields["uri"].text(at_most=_TEXT_MAX):
        fields["uri"].expected("an absolute uri")
    return Request(
        method=fields["method"].text(), uri=fields["uri"].text(), headers=_headers(fields), body=_body(fields)
    )


def _response(field: Field, *, after_s: float = 0.0) -> Response:
    fields = field.fields(("status",), ("headers", "body"))
    status = fields["status"].fields(("code",), ("message",))
    return Response(
        status=status["code"].whole(100, 599), headers=_headers(fields), body=_body(fields), after_s=after_s
    )


def _headers(fields: Mapping[str, Field]) -> dict[str, str]:
    if "headers" not in fields or fields["headers"].value is None:
        return {}
    found: dict[str, str] = {}
    for name, field in fields["headers"].mapping().items():
        if len(found) == _HEADERS_MAX:
            field.refuse(f"expected at most {_HEADERS_MAX} headers")
        listed = field.items(at_most=_HEADERS_MAX) if isinstance(field.value, list) else (field,)
        found[name] = ", ".join(value.text(empty=True) for value in listed)
    return found


def _body(fields: Mapping[str, Field]) -> str:
    field = fields.get("body")
    if field is not None and isinstance(field.value, dict):
        field = field.fields(("string",))["string"]
    return "" if field is None or field.value is None else field.text(empty=True)


def _to_vcr(interaction: Interaction, lay_out: Callable[[str], str]) -> dict[str, Any]:
    asked, answer, failure = interaction.request, interaction.response, interaction.failure
    document: dict[str, Any] = {
        "request": {
            "method": asked.method,
            "uri": asked.uri,
            "headers": _listed(asked.headers),
            "body": lay_out(asked.body),
        }
    }
    if failure is not None:
        document["failure"] = {"kind": failure.kind, "after_s": failure.after_s}
        answer = failure.part
    document["response"] = _STAND_IN if answer is None else _vcr_response(answer, lay_out)
    if answer is not None and answer.after_s:
        document["after_s"] = answer.after_s
    return document


def _vcr_response(answer: Response, lay_out: Callable[[str], str]) -> dict[str, Any]:
    return {
        "status": {"code": answer.status, "message": ""},
        "headers": _listed(answer.headers),
        "body": {"string": lay_out(answer.body)},
    }


def _listed(headers: Mapping[str, str]) -> dict[str, list[str]]:
    return {name: [value] for name, value in headers.items()}


def spread_out(body: str) -> str:
    """A JSON object or list over several lines, its outer levels a line an entry; any other body as it is.

    Only white space changes: how a number is spelled, or a name that stands twice, may be what the trace is about.
    """
    if not body.startswith(("{", "[")) or not _is_json(body):
        return body
    spread: list[str] = []
    inside, before = 0, ""
    for token in _TOKEN.findall(body):
        if token in ("}", "]"):
            inside -= 1
            breaks = inside < _SPREAD_DEPTH and before not in ("{", "[")
        else:
            breaks = inside <= _SPREAD_DEPTH and before in ("{", "[", ",")
        if breaks:
            spread.append(f"\n{' ' * inside}")
        elif before in (",", ":"):
            spread.append(" ")
        spread.append(token)
        if token in ("{", "["):
            inside += 1
        before = token
    return f"{''.join(spread)}\n"


def _is_json(body: str) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
