"""Cassettes as files: vcrpy's layout in both directions, our failures beside it, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.traces import Cassette, Failure, Interaction, Request, Response, Unreadable, load_cassette
from harness.traces.canonical import canonical_body
from harness.traces.recordings import cassette_document, cassette_from, cassette_text, spread_out
from harness.traces.strict_yaml import YamlText, loads
from tests.harness.traces.made_traces import INTERACTIONS

ASKED = Request(method="POST", uri="http://there.invalid/loads", headers={"Idempotency-Key": "k"}, body='{"a": 1}')
ANSWERED = Interaction(
    request=ASKED, response=Response(status=201, headers={"content-type": "application/json"}, body='{"id": "L1"}')
)
LATE = Interaction(request=ASKED, response=Response(status=503, after_s=2.5))
FAILED = Interaction(request=ASKED, failure=Failure(kind="timeout", after_s=5.0))
HALF = Interaction(
    request=ASKED, failure=Failure(kind="half", after_s=0.5, part=Response(status=200, body='{"id": "L'))
)
ALL = Cassette(interactions=(ANSWERED, LATE, FAILED, HALF))


@given(st.lists(INTERACTIONS, max_size=4).map(tuple))
def test_it_reads_back_what_it_wrote(interactions: tuple[Interaction, ...]) -> None:
    text = cassette_text(Cassette(interactions=interactions))
    read = cassette_from(loads(text, where="here"), source=YamlText("here", text))
    assert cassette_text(read) == text
    for before, after in zip(interactions, read.interactions, strict=True):
        assert (before.request.method, before.request.uri, before.request.headers) == (
            after.request.method,
            after.request.uri,
            after.request.headers,
        )
        for one, two in ((before.response, after.response), (before.failure, after.failure)):
            assert (one is None) == (two is None)
        if before.response is not None and after.response is not None:
            assert canonical_body(before.response.body) == canonical_body(after.response.body)
            assert before.response.after_s == after.response.after_s
        if before.failure is not None and after.failure is not None:
            assert (before.failure.kind, before.failure.after_s) == (after.failure.kind, after.failure.after_s)
            assert (before.failure.part is None) == (after.failure.part is None)


def test_vcrpy_can_load_it_failures_and_delays_included() -> None:
    """Its own loader, over its own serializer: it keeps the layout and passes over what we put beside."""
    serialize = pytest.importorskip("vcr.serialize")
    serializer = pytest.importorskip("vcr.serializers.yamlserializer")
    requests, responses = serialize.deserialize(cassette_text(ALL), serializer)
    assert [request.uri for request in requests] == [ASKED.uri] * 4
    assert [response["status"]["code"] for response in responses] == [201, 503, 504, 200]
    assert json.loads(responses[0]["body"]["string"]) == {"id": "L1"}


def test_what_vcrpy_writes_can_be_loaded() -> None:
    serialize = pytest.importorskip("vcr.serialize")
    serializer = pytest.importorskip("vcr.serializers.yamlserializer")
    request = pytest.importorskip("vcr.request").Request("GET", "http://there.invalid/", b"", {"accept": "*/*"})
    response = {"status": {"code": 200, "message": "OK"}, "headers": {"x": ["1", "2"]}, "body": {"string": b"fine"}}
    text = serialize.serialize({"requests": [request], "responses": [response]}, serializer)
    (one,) = cassette_from(loads(text, where="here"), source=YamlText("here", text)).interactions
    assert one.request.headers == {"accept": "*/*"}
    assert one.response == Response(status=200, headers={"x": "1, 2"}, body="fine")


def _document(**changed: Any) -> dict[str, Any]:
    interaction = {
        "request": {"method": "GET", "uri": "http://there.invalid/", "headers": {}, "body": None},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "x"}},
    }
    return {"version": 1, "interactions": [interaction | changed]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "expected an object with version, interactions"),
        ({"version": 2, "interactions": []}, "line 2: version: expected a whole number from 1 to 1, seen 2"),
        ({"interactions": []}, "version: missing"),
        ({"version": 1, "interactions": {}}, "line 1: interactions: expected a list"),
        (_document(request={"method": "get", "uri": "http://x/"}), "interactions[0].request.method: expected a method"),
        (_document(request={"method": "GET", "uri": "/loads"}), "line 4: interactions[0].request.uri: expected an abs"),
        (_document(request={"method": "GET", "uri": "http://x/", "verb": 1}), "request.verb: no such field"),
        (_document(response={"status": {"code": 42}}), "response.status.code: expected a whole number from 100 to 599"),
        (_document(response={"status": 200}), "response.status: expected an object with code"),
        (_document(response={"status": {"code": 200}, "headers": {"n": [1]}}), "headers.n[0]: expected text"),
        (_document(response={"status": {"code": 200}, "body": {"string": 5}}), "response.body.string: expected text"),
        (_document(response={"status": {"code": 200}, "body": {"base64": ""}}), "body.base64: no such field"),
        (_document(failure={"kind": "sleepy"}), "failure.kind: expected timeout or reset or refused or half"),
        (_document(failure={"kind": "reset", "after_s": -1}), "failure.after_s: expected a number from 0"),
        (_document(failure={"kind": "reset"}, after_s=1), "after_s: of a failure it stands in `failure`"),
        (_document(after_s=90_000), "after_s: expected a number from 0 to 86400"),
        (_document(comment="x"), "interactions[0].comment: no such field; there are after_s, failure, request"),
    ],
)
def test_what_is_no_cassette_is_refused_with_file_line_and_field(tmp_path: Path, document: Any, said: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(Unreadable) as refused:
        load_cassette(path)
    assert said in str(refused.value)
    assert str(refused.value).startswith(str(path))


@given(
    st.recursive(
        st.none() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=12,
    ),
    st.sampled_from([None, 1, 3]),
    st.booleans(),
)
def test_spreading_a_body_out_changes_white_space_alone(document: Any, indent: int | None, ascii_only: bool) -> None:
    body = json.dumps(document, indent=indent, ensure_ascii=ascii_only)
    spread = spread_out(body)
    assert json.loads(spread) == json.loads(body)
    assert spread_out(spread) == spread
    if isinstance(document, dict | list):
        for inside in (" ", "\n"):
            spread, body = spread.replace(inside, ""), body.replace(inside, "")
        assert spread == body


def test_a_body_that_is_spread_out_can_be_read() -> None:
    body = '{"a":[1,{"b":[2,3]}],"c":{},"d":{"e":"x, y: {z}"},"weight":1e400,"weight":0.10}'
    assert spread_out(body) == (
        '{\n "a": [\n  1,\n  {"b": [2, 3]}\n ],\n "c": {},\n "d": {\n  "e": "x, y: {z}"\n },\n'
        ' "weight": 1e400,\n "weight": 0.10\n}\n'
    )
    assert spread_out('{"a": 1') == '{"a": 1'
    assert spread_out("plain") == "plain"


def test_the_document_is_vcrpys_whatever_ended() -> None:
    for interaction in cassette_document(ALL)["interactions"]:
        assert set(interaction["response"]) == {"status", "headers", "body"}
