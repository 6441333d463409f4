"""Redacting: 200 canaries in, none in what is written; joins hold; and what is decided otherwise is refused."""

import base64
import gzip
import json
import random
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.traces import (
    Cassette,
    DecisionMoved,
    Failure,
    Input,
    Interaction,
    RedactionRules,
    Redactor,
    Request,
    Response,
    Sensitive,
    Trace,
    Unredactable,
    difference,
    iter_traces,
    load_trace,
    pack,
    save_trace,
)
from harness.traces.encodings import compressed
from harness.traces.formats import trace_document
from harness.traces.recordings import cassette_document
from tests.harness.traces.made_traces import TRACES
from tests.harness.traces.opening import everything_in
from tests.harness.traces.test_trace import PLAIN

KEY = b"a key that is long enough"
CONTACT = re.compile(r"CONTACT\|(?P<value>[^|\n]+)")


def contacts(text: str) -> list[Sensitive]:
    """Of a made-up format: `CONTACT|JANE DOE|`."""
    return [Sensitive(*found.span("value"), "person") for found in CONTACT.finditer(text)]


RULES = RedactionRules(fields={"contact.name": "person"}, spans=contacts, headers=frozenset({"x-run"}))
REDACTOR = Redactor(RULES, KEY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """A value that must not be written, and in which form."""

    sort: str
    value: str

    def seen_in(self, text: str) -> bool:
        """Whether it stands in `text`, whatever the letters' case and however its digits are grouped."""
        if self.sort == "phone":
            return self.value[-10:] in re.sub(r"[-. ()+]", "", text)
        return self.value.lower() in text.lower()


def canary(number: int, sort: str) -> Canary:
    match sort:
        case "phone":
            return Canary(sort=sort, value=f"312867{number:04}")
        case "email":
            return Canary(sort=sort, value=f"canary{number:03}@birdcage{number}.com")
        case "person":
            letters = "".join(chr(ord("A") + int(digit)) for digit in f"{number:03}")
            return Canary(sort=sort, value=f"CANARY{letters} MC{letters}FACE")
    return Canary(sort=sort, value=f"sk-canary-{number:03}-aBcDeFgH{number:03}")


def b64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


NAMES = {"secret": "api_key", "phone": "contact_phone_number", "email": "e-mail", "person": "contact_name"}
FIELDS = {"secret": "api_key", "phone": "phone", "email": "email", "person": "contact_name"}


def as_json(one: Canary) -> str:
    return json.dumps({"order": 5, "deep": [{FIELDS[one.sort]: one.value, "n": 1.5}]})


def as_text(one: Canary) -> str:
    match one.sort:
        case "phone":
            digits = one.value
            return f"please call ({digits[:3]}) {digits[3:6]}-{digits[6:]} at once"
        case "person":
            return f"HEAD|1\nCONTACT|{one.value}|DOCK 4\nEND|"
    return f"it is {one.value} as agreed"


BODIES: dict[str, Callable[[Canary], str]] = {
    "json": as_json,
    "text": as_text,
    "json in json": lambda one: json.dumps({"messages": [{"content": f"<signal>\n{as_json(one)}\n</signal>"}]}),
    "text in json in json": lambda one: json.dumps({"a": json.dumps({"b": as_text(one)})}),
    "form": lambda one: f"n=1&{FIELDS[one.sort]}={quote_plus(one.value)}",
    "base64 of json": lambda one: json.dumps({"raw": b64(as_json(one).encode())}),
    "base64 for addresses": lambda one: f"raw {base64.urlsafe_b64encode(as_text(one).encode()).decode()}",
    "base64 in lines": lambda one: base64.encodebytes((as_json(one) * 5).encode()).decode(),
    "gzip": lambda one: json.dumps({"packed": b64(gzip.compress(as_json(one).encode()))}),
    "zlib": lambda one: b64(zlib.compress(as_text(one).encode())),
    "deflate": lambda one: b64(compressed(as_text(one).encode(), -15)),
    "gzip of gzip": lambda one: b64(gzip.compress(b64(gzip.compress(as_json(one).encode())).encode())),
    "hex": lambda one: json.dumps({"hex": as_text(one).encode().hex()}),
    "percent twice": lambda one: f"x {quote(quote(as_text(one)))}",
    "cut off": lambda one: as_json(one)[: as_json(one).index('"n"') - 3],
    "in a list": lambda one: json.dumps({FIELDS[one.sort]: [one.value, {"x": 1}]}),
}
QUERIES: dict[str, Callable[[Canary], str]] = {
    "query": lambda one: f"http://x.invalid/a?n=1&{FIELDS[one.sort]}={quote(one.value)}",
    "path": lambda one: f"http://x.invalid/of/{quote(one.value, safe='')}/b",
    "user": lambda one: f"http://{quote(one.value, safe='')}:pw@x.invalid/",
    "fragment": lambda one: f"http://x.invalid/#{FIELDS[one.sort]}={quote_plus(one.value)}",
    "json in query": lambda one: f"http://x.invalid/?q={quote(as_json(one), safe='')}",
    "base64 in query": lambda one: f"http://x.invalid/?q={quote(b64(as_json(one).encode()), safe='')}",
}
HEADERS: dict[str, Callable[[Canary], dict[str, str]]] = {
    "Authorization": lambda one: {"Authorization": f"Bearer {one.value}"},
    "COOKIE": lambda one: {"COOKIE": f"theme=dark; session={one.value}"},
    "x-api-key": lambda one: {"x-api-key": one.value},
    "X-Customer": lambda one: {"X-Customer": one.value},
    "x-run": lambda one: {"x-run": as_text(one)},
    "Content-Type": lambda one: {"Content-Type": f"text/plain; note={b64(as_text(one).encode())}"},
}


def exchange(**parts: Any) -> Interaction:
    asked = {"method": "POST", "uri": "http://x.invalid/"} | {
        name: parts[name] for name in ("uri", "headers", "body") if name in parts
    }
    answer = Response(status=200, headers=parts.get("answer_headers", {}), body=parts.get("answer", ""))
    if parts.get("half"):
        return Interaction(request=Request(**asked), failure=Failure(kind="half", part=answer))
    return Interaction(request=Request(**asked), response=answer)


def planted(canaries: list[Canary], chance: random.Random) -> Trace:
    """A trace with each canary in one place, and what a place has taught in places that have no name for it."""
    inputs: list[Input] = []
    interactions: list[Interaction] = []
    told: dict[str, Any] = {}
    for number, one in enumerate(canaries):
        named = number % 2 == 0 or one.sort == "person"
        body = BODIES[chance.choice(sorted(BODIES))](one)
        where = number % 8
        if where == 0:
            inputs.append(Input(at_s=0.0, kind="signal", partner="T1", content_type="text/plain", body=body))
        elif where == 1:
            interactions.append(exchange(headers=HEADERS[chance.choice(sorted(HEADERS))](one), body=as_json(one)))
        elif where == 2:
            interactions.append(exchange(answer_headers=HEADERS[chance.choice(sorted(HEADERS))](one), answer=body))
        elif where == 3:
            interactions.append(exchange(uri=QUERIES[chance.choice(sorted(QUERIES))](one), body=as_json(one)))
        elif where == 4:
            interactions.append(exchange(answer=body, half=True))
        elif where == 5:
            interactions.append(exchange(body=body, answer=as_text(one)))
        elif where == 6:
            told[f"part {number}"] = {FIELDS[one.sort]: one.value}
        else:
            inputs.append(Input(at_s=0.0, kind="operator", body=json.dumps(["note", as_text(one)])))
        if named:  # found above, and known from there
            told[f"note {number}"] = f"said {one.value}, or {one.value.lower()}" if one.sort == "person" else one.value
    return replace(
        PLAIN,
        partners=({"id": "T1", "state": told},),
        inputs=(*PLAIN.inputs, *inputs),
        cassette=Cassette(interactions=tuple(interactions)),
        baseline={"rows": told},
        title="A trace full of canaries",
    )


def leaks(canaries: list[Canary], *documents: Any) -> list[Canary]:
    joined = "\n".join(sorted(everything_in(*documents)))
    return [one for one in canaries if one.seen_in(joined)]


def test_200_canaries_and_none_in_what_is_written(tmp_path: Path) -> None:
    chance = random.Random(7)
    sorts = ("secret", "phone", "email", "person")
    canaries = [canary(number, sorts[number // 8 % 4]) for number in range(200)]
    trace = planted(canaries, chance)
    before = [trace_document(trace), cassette_document(trace.cassette)]
    assert not [one for one in canaries if one not in leaks(canaries, *before)], "each can be seen before"

    redacted = save_trace(REDACTOR.redact(trace), tmp_path / "traces")
    pack(tmp_path / "traces", tmp_path / "packed")
    assert redacted.folder is not None
    raw = [(redacted.folder / name).read_text() for name in ("trace.yaml", "cassette.yaml")]
    (unpacked,) = iter_traces(tmp_path / "packed")
    loaded = load_trace(redacted.folder, root=tmp_path / "traces")
    documents = [part for one in (loaded, unpacked) for part in (trace_document(one), cassette_document(one.cassette))]
    assert leaks(canaries, raw, documents) == []


@settings(max_examples=30)
@given(
    st.dictionaries(st.integers(0, 999), st.sampled_from(sorted(FIELDS)), max_size=24),
    st.randoms(use_true_random=False),
)
def test_whatever_is_planted_wherever(planted_at: dict[int, str], chance: random.Random) -> None:
    canaries = [canary(number, sort) for number, sort in planted_at.items()]
    redacted = REDACTOR.redact(planted(canaries, chance))
    assert leaks(canaries, trace_document(redacted), cassette_document(redacted.cassette)) == []


@given(TRACES)
def test_a_trace_keeps_its_form(trace: Trace) -> None:
    redacted = REDACTOR.redact(trace)
    assert [one.at_s for one in redacted.inputs] == [one.at_s for one in trace.inputs]
    assert (redacted.id, redacted.seed, redacted.starts_at) == (trace.id, trace.seed, trace.starts_at)
    assert redacted.contract == trace.contract
    assert len(redacted.cassette.interactions) == len(trace.cassette.interactions)
    assert REDACTOR.redact(trace) == redacted


def test_a_trace_without_anything_to_hide_stays_as_it_is() -> None:
    trace = PLAIN.with_cassette(
        Cassette(interactions=(exchange(uri="http://x.invalid/loads?reference=T1%3AS+1", body='{"a":  1}'),))
    )
    assert REDACTOR.redact(trace) == trace


def joined_trace() -> Trace:
    """One person and one phone, in four places and in three forms."""
    return replace(
        PLAIN,
        inputs=(replace(PLAIN.inputs[0], body="CONTACT|JANE DOE|312-867-5309\n"),),
        cassette=Cassette(
            interactions=(
                exchange(
                    body=json.dumps({"messages": [{"content": "read: CONTACT|JANE DOE|312-867-5309\n"}]}),
                    answer=json.dumps(
                        {"content": json.dumps({"contact": {"name": "Jane Doe", "phone": "3128675309"}})}
                    ),
                ),
            )
        ),
        baseline={"rows": [{"note": "ask Jane Doe or DOE, JANE at (312) 867-5309"}]},
    )


def test_joins_hold() -> None:
    redacted = REDACTOR.redact(joined_trace())
    name, phone = redacted.inputs[0].body.split("|")[1:]
    (call,) = redacted.cassette.interactions
    assert f"CONTACT|{name}|{phone}".strip() in json.loads(call.request.body)["messages"][0]["content"]
    assert call.response is not None
    contact = json.loads(json.loads(call.response.body)["content"])["contact"]
    assert contact["name"] == name.title()
    assert contact["phone"] == re.sub(r"\D", "", phone)
    assert name not in ("JANE DOE", "")
    first = name.split()[0]
    digits = contact["phone"]
    assert redacted.baseline == {
        "rows": [{"note": f"ask {name.title()} or DOE, {first} at ({digits[:3]}) {digits[3:6]}-{digits[6:]}"}]
    }, "of a name the words of four letters and more are known alone"


def test_what_is_public_stays() -> None:
    redactor = Redactor(replace(RULES, public=frozenset({"+1-555-0100", "JANE DOE"})), KEY)
    trace = replace(joined_trace(), title="call +1-555-0100")
    redacted = redactor.redact(trace)
    assert redacted.title == "call +1-555-0100"
    assert "CONTACT|JANE DOE|" in redacted.inputs[0].body
    assert "312-867-5309" not in redacted.inputs[0].body


def test_what_cannot_be_told_is_refused_and_says_of_which_trace() -> None:
    text = "x"
    for _ in range(14):
        text = b64(f"more {text}".encode())
    trace = replace(PLAIN, inputs=(replace(PLAIN.inputs[0], body=text),))
    with pytest.raises(Unredactable, match=r"^one: something is wrapped up more than 8 times over"):
        REDACTOR.redact(trace)


def echoed(trace: Trace) -> Any:
    """A system that copies what it is sent, and holds back what it is told to."""
    body = trace.inputs[0].body
    return {"rows": [body], "state": "HELD" if "DO NOT SHIP" in body else "SENT"}


def test_what_is_decided_as_before_is_kept_with_the_output_of_its_own_replay() -> None:
    trace = joined_trace()
    kept = REDACTOR.keep(trace, echoed)
    assert kept.baseline == echoed(kept)
    assert not difference(kept.baseline["state"], "SENT")
    assert "JANE" not in str(kept.baseline)


def test_what_is_decided_otherwise_is_refused() -> None:
    """An order to the model stands in the place of a name: without it the system does something else."""
    trace = replace(joined_trace(), inputs=(replace(PLAIN.inputs[0], body="CONTACT|DO NOT SHIP|\n"),))
    with pytest.raises(DecisionMoved, match=r'^one: .*state: was "HELD", now "SENT"'):
        REDACTOR.keep(trace, echoed)
    by_class = Redactor(replace(RULES, decision=lambda output: output["state"]), KEY)
    with pytest.raises(DecisionMoved, match='was "HELD", now "SENT"'):
        by_class.keep(trace, echoed)
    assert by_class.keep(joined_trace(), echoed)


def test_an_output_that_does_not_follow_its_input_is_refused_unless_the_project_says_what_a_decision_is() -> None:
    def hashes(trace: Trace) -> Any:
        return {"digest": sum(map(ord, trace.inputs[0].body)), "state": "SENT"}

    with pytest.raises(DecisionMoved, match="digest"):
        REDACTOR.keep(joined_trace(), hashes)
    assert Redactor(replace(RULES, decision=lambda output: output["state"]), KEY).keep(joined_trace(), hashes)


def test_a_refusal_says_nothing_that_is_secret() -> None:
    """It ends up in a log."""
    by_body = Redactor(replace(RULES, decision=lambda output: output["rows"]), KEY)
    with pytest.raises(DecisionMoved) as refused:
        by_body.keep(joined_trace(), echoed)
    assert not re.search("jane|5309", str(refused.value), re.IGNORECASE)
