"""The document that `trace.yaml` holds: what it is read as, how older formats are brought up, and how it is written.

    format: 2
    id: original_booked             the folder's path below the root
    title: in a line
    made: {how: recorded or written, source: text, at: time, faults: [text]}      all but `how` may be left out
    covers: [tag]
    contract: 2                     only where partners hold what version 1 of the replay contract does not know
    clock: {starts_at: time with its zone}
    ids: {seed: number}
    partners: [{id: text, ...}]     the rest is the system's own
    inputs: [{at_s: seconds, kind: signal, partner: id, content_type: text, body: text}]
    end_to_end: true
    approvals: [{at: time, by: text, why: text, commit: text}]
    baseline: the output            last, so that renewing it leaves alone what people wrote above it

Format 1 had `contract: 1` in the place of `format`, and neither `made`, `covers`, `end_to_end` nor `approvals`.
"""

import re
from collections.abc import Callable
from typing import Any

from harness.traces.cassette import Cassette
from harness.traces.fields import Field
from harness.traces.trace import SIGNAL, Approval, Input, Made, Trace

FORMAT = 2
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}(/[a-z0-9][a-z0-9_-]{0,79}){0,3}")
INPUTS_MAX = 1_000
AT_S_MAX = 366 * 86_400.0
_LISTED_MAX = 1_000
_TEXT_MAX = 2_000
_SEED_MAX = 2**31 - 1
_YEARS = range(1970, 9_000)
_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,79}")

_NEEDED = ("format", "id", "title", "made", "clock", "ids", "partners", "inputs")
_TEXTS = ("partner", "content_type", "body")
_OPTIONAL = ("covers", "contract", "end_to_end", "approvals", "baseline")


def trace_from(document: Any, *, source: Any, expected_id: str | None, cassette: Cassette) -> Trace:
    """The trace that `document` states, in this format or an older one; Unreadable where it states none.

    Its folder is left open. `expected_id` is what its place says that it is called.
    """
    top = Field(_migrated(Field(document, source)), source)
    fields = top.fields(_NEEDED, _OPTIONAL)
    for name in ("approvals", "baseline"):
        if name in fields and list(fields)[-1] not in (name, "baseline"):
            fields[name].refuse(f"expected to stand last in the file, seen {list(fields)[-1]} after it")
    return Trace(
        id=_id(fields["id"], expected_id),
        title=fields["title"].text(at_most=_TEXT_MAX),
        made=_made(fields["made"]),
        covers=tuple(_word(one) for one in fields["covers"].items(at_most=_LISTED_MAX)) if "covers" in fields else (),
        contract_min=fields["contract"].whole(1, 2) if "contract" in fields else 1,
        starts_at=_starts_at(fields["clock"]),
        seed=fields["ids"].fields(("seed",))["seed"].whole(0, _SEED_MAX),
        partners=tuple(_partner(one) for one in fields["partners"].items(at_most=_LISTED_MAX)),
        inputs=_inputs(fields["inputs"]),
        end_to_end=fields["end_to_end"].yes_or_no() if "end_to_end" in fields else True,
        approvals=approvals_from(fields["approvals"]) if "approvals" in fields else (),
        baseline=document.get("baseline"),
        cassette=cassette,
    )


def trace_document(trace: Trace) -> dict[str, Any]:
    """The document of a trace, in this format; `trace_from` reads it back the same."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "id": trace.id,
        "title": trace.title,
        "made": trace.made.to_document(),
        "covers": list(trace.covers),
    }
    if trace.contract_min > 1:
        document["contract"] = trace.contract_min
    document |= {
        "clock": {"starts_at": trace.starts_at.isoformat()},
        "ids": {"seed": trace.seed},
        "partners": [dict(partner) for partner in trace.partners],
        "inputs": [one.to_document() for one in trace.inputs],
        "end_to_end": trace.end_to_end,
    }
    if trace.approvals:
        document["approvals"] = [one.to_document() for one in trace.approvals]
    if trace.baseline is not None:
        document["baseline"] = trace.baseline
    return document


def _migrated(top: Field) -> Any:
    """The document in this format; its fields keep their places."""
    document = top.value
    if not isinstance(document, dict):
        top.expected("an object with a `format`")
    if "format" not in document and "contract" not in document:
        top.refuse("missing: which format is it?", missing="format")
    seen = document.get("format", 1)
    if type(seen) is not int or seen < 1:
        top.mapping()["format"].expected(f"a number from 1 to {FORMAT}")
    if seen > FORMAT:
        top.mapping()["format"].refuse(
            f"this is format {seen}, written by a newer version; this one reads up to format {FORMAT}"
        )
    for step in range(seen, FORMAT):
        document = _MIGRATIONS[step](Field(document, top.source))
    return document


def _from_1(top: Field) -> dict[str, Any]:
    fields = top.mapping()
    if fields.get("contract", top).value != 1:
        fields.get("contract", top).refuse("a file of format 1 says `contract: 1`; a newer one begins with `format: 2`")
    for name in ("format", "made", "covers", "end_to_end", "approvals"):
        if name in fields:
            fields[name].refuse(f"no field of format 1; begin the file with `format: {FORMAT}`")
    rest = {name: value for name, value in top.value.items() if name != "contract"}
    return {"format": 2, "made": {"how": "written"}, **rest}


_MIGRATIONS: dict[int, Callable[[Field], dict[str, Any]]] = {1: _from_1}


def _id(field: Field, expected: str | None) -> str:
    found = field.text()
    if not ID_PATTERN.fullmatch(found):
        field.expected("an id of small letters, digits, _ and -, with up to three / between")
    if expected is not None and found != expected:
        field.expected(f"the id {expected!r}, after its folder")
    return found


def _word(field: Field) -> str:
    if not _WORD.fullmatch(field.text()):
        field.expected("a short word of small letters, digits, _ and -")
    return field.text()


def _made(field: Field) -> Made:
    fields = field.fields(("how",), ("source", "at", "faults"))
    faults = fields["faults"].items(at_most=_LISTED_MAX) if "faults" in fields else ()
    return Made(
        how=fields["how"].one_of(("recorded", "written")),
        source=fields["source"].text(at_most=_TEXT_MAX) if "source" in fields else "",
        at=fields["at"].moment() if "at" in fields else None,
        faults=tuple(one.text(at_most=_TEXT_MAX) for one in faults),
    )


def _starts_at(field: Field) -> Any:
    at = field.fields(("starts_at",))["starts_at"]
    moment = at.moment()
    if moment.year not in _YEARS:
        at.expected(f"a year from {_YEARS.start} to {_YEARS.stop - 1}")
    return moment


def _partner(field: Field) -> dict[str, Any]:
    fields = field.mapping()
    if "id" not in fields:
        field.refuse("missing", missing="id")
    fields["id"].text(at_most=_TEXT_MAX)
    return dict(field.value)


def _inputs(field: Field) -> tuple[Input, ...]:
    found: list[Input] = []
    for one in field.items(at_least=1, at_most=INPUTS_MAX):
        fields = one.fields(("at_s", "kind"), _TEXTS)
        kind = _word(fields["kind"])
        at_s = fields["at_s"].number(found[-1].at_s if found else 0.0, AT_S_MAX)
        if kind == SIGNAL:
            one.fields(("at_s", "kind", *_TEXTS))
        texts = {name: fields[name].text(empty=kind != SIGNAL) for name in _TEXTS if name in fields}
        found.append(Input(at_s=at_s, kind=kind, **texts))
    return tuple(found)


def approvals_from(field: Field) -> tuple[Approval, ...]:
    """The approvals that a list states."""
    found: list[Approval] = []
    for one in field.items(at_most=_LISTED_MAX):
        fields = one.fields(("at", "by", "why"), ("commit",))
        found.append(
            Approval(
                at=fields["at"].moment(),
                by=fields["by"].text(at_most=_TEXT_MAX),
                why=fields["why"].text(at_most=_TEXT_MAX),
                commit=fields["commit"].text(at_most=_TEXT_MAX) if "commit" in fields else "",
            )
        )
    return tuple(found)
