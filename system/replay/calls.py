"""What a call to an outside party is: the parts that it is matched by, and how they are told apart.

JSON bodies are the same whatever their spelling, and so are the parameters of an address in any order. Of a question to
the model the parts have names of their own (template, input, schema, model, parameters), because it says most about a
miss which of them moved. It finds no match and plays nothing.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import unified_diff
from functools import cached_property
from typing import Any

import httpx

from system.resolver.prompt import question_parts

KEY_HEADER = "idempotency-key"
_KEY_RAW = KEY_HEADER.encode()
_LINES_MAX, _LINE_LENGTH_MAX = 20, 300


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call, as it was recorded or as it is made; `body` is its text."""

    method: str
    uri: str
    key: str
    body: str

    def is_spelled_as(self, other: "Call") -> bool:
        """Whether they agree letter by letter, which is quickly found out."""
        return (
            self.body == other.body and self.uri == other.uri and self.method == other.method and self.key == other.key
        )

    @cached_property
    def address(self) -> str:
        """The address in one spelling."""
        url = httpx.URL(self.uri)
        return str(url.copy_with(params=sorted(url.params.multi_items())) if url.query else url)

    @cached_property
    def meaning(self) -> tuple[str, str, str, str]:
        """What is equal for calls that mean the same."""
        return self.method.upper(), self.address, self.key, _canonical(self.body)

    @cached_property
    def parts(self) -> Mapping[str, Any]:
        """The parts by their names, in the order in which they are told."""
        method, address, key, _ = self.meaning
        document = _document(self.body)
        inner = question_parts(document)
        return {"method": method, "address": address, "key": key, **({"body": document} if inner is None else inner)}


async def call_of(request: httpx.Request) -> Call:
    """The call that a client is about to make."""
    body = await request.aread()
    key = next((value for name, value in request.headers.raw if name.lower() == _KEY_RAW), b"")
    return Call(
        method=request.method,
        uri=str(request.url),
        key=key.decode("latin-1"),
        body=body.decode("utf-8", "surrogateescape"),
    )


def moved(recorded: Call, made: Call) -> dict[str, list[str]]:
    """The parts that are different, each with a few lines that say how; empty when the calls mean the same."""
    one, other = recorded.parts, made.parts
    if one.keys() != other.keys():  # a question, and a call that is none
        one, other = ({**parts, "body": _document(call.body)} for parts, call in ((one, recorded), (other, made)))
    names = [name for name in one if name in other and _text(one[name]) != _text(other[name])]
    return {name: _lines(name, one[name], other[name]) for name in names}


def _lines(name: str, recorded: Any, made: Any) -> list[str]:
    before, after = _spread(recorded), _spread(made)
    if len(before) <= 1 and len(after) <= 1:
        return [f"{name}: recorded {recorded!r}, now {made!r}"[: 2 * _LINE_LENGTH_MAX]]
    lines = unified_diff(before, after, lineterm="", n=0)
    told = [f"{name} {line}"[:_LINE_LENGTH_MAX] for line in lines if not line.startswith(("---", "+++", "@@"))]
    return [
        *told[:_LINES_MAX],
        *([f"{name}: and {len(told) - _LINES_MAX} more lines"] if len(told) > _LINES_MAX else []),
    ]


def _spread(part: Any) -> list[str]:
    if isinstance(part, str):
        # Many signals are one long line of segments, of which one is different.
        return part.replace("~", "~\n").splitlines()
    return json.dumps(part, indent=1, sort_keys=True, ensure_ascii=False).splitlines()


def _text(part: Any) -> str:
    return part if isinstance(part, str) else json.dumps(part, sort_keys=True)


def _document(body: str) -> Any:
    """The body as JSON has it, or its text."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _canonical(body: str) -> str:
    """The body in one spelling if it is JSON, else as it is."""
    try:
        return json.dumps(json.loads(body), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    except (ValueError, RecursionError):
        return body
