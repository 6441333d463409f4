"""Cassettes: vcrpy's layout in both directions, our failures beside it, and nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from harness.traces.canonical import canonical_body
from harness.traces.cassette import Cassette, Failure, Interaction, Request, Response, load_cassette, spread_out
from harness.traces.strict_yaml import Unreadable

ASKED = Request(method="POST", uri="http://there.invalid/loads", headers={"Idempotency-Key": "k"}, body='{"a": 1}')
ANSWERED = Interaction(
    request=ASKED, response=Response(status=201, headers={"content-type": "application/json"}, body='{"id": "L1"}')
)
FAILED = Interaction(request=ASKED, failure=Failure(kind="timeout", after_s=5.0))


def _written(path: Path, cassette: Cassette) -> Path:
    path.write_text(cassette.to_yaml(), encoding="utf-8")
    return path


def test_it_reads_back_what_it_wrote(tmp_path: Path) -> None:
    loaded = load_cassette(_written(tmp_path / "c.yaml", Cassette(interactions=(ANSWERED, FAILED))))
    answered, failed = loaded.interactions
    assert failed.failure == FAILED.failure
    assert failed.response is None
    assert answered.response is not None
    assert answered.response.status == 201
    assert canonical_body(answered.response.body) == canonical_body('{"id": "L1"}')
    assert answered.request.headers == {"Idempotency-Key": "k"}


def test_vcrpy_can_load_it_failures_included(tmp_path: Path) -> None:
    """Its own loader, over its own serializer: it keeps the layout and ignores the failure."""
    serialize = pytest.importorskip("vcr.serialize")
    serializer = pytest.importorskip("vcr.serializers.yamlserializer")
    text = Cassette(interactions=(ANSWERED, FAILED)).to_yaml()
    requests, responses = serialize.deserialize(text, serializer)
    assert [request.uri for request in requests] == [ASKED.uri, ASKED.uri]
    assert [response["status"]["code"] for response in responses] == [201, 504]


def test_a_failure_goes_into_the_contract_without_the_response_that_stands_in_for_it() -> None:
    assert FAILED.to_contract()["failure"] == {"kind": "timeout", "after_s": 5.0}
    assert "response" not in FAILED.to_contract()
    assert ANSWERED.to_contract()["response"]["status"] == 201


def test_an_interaction_ends_in_one_way() -> None:
    with pytest.raises(ValueError, match="one of the two"):
        Interaction(request=ASKED)
    with pytest.raises(ValueError, match="one of the two"):
        Interaction(request=ASKED, response=Response(status=200), failure=Failure(kind="reset"))


def _document(**changed: Any) -> dict[str, Any]:
    interaction = {
        "request": {"method": "GET", "uri": "http://there.invalid/", "headers": {}, "body": None},
        "response": {"status": {"code": 200, "message": "OK"}, "headers": {}, "body": {"string": "x"}},
    }
    return {"version": 1, "interactions": [interaction | changed]}


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"version": 2, "interactions": []}, "expected `version: 1`"),
        ({"interactions": []}, "expected `version: 1`"),
        ({"version": 1, "interactions": {}}, "expected a list"),
        (_document(request={"method": "get", "uri": "http://x/"}), "method in capitals"),
        (_document(request={"method": "GET", "uri": "/loads"}), "absolute uri"),
        (_document(request={"method": "GET", "uri": "http://x/", "verb": 1}), "request: expected method"),
        (_document(response={"status": {"code": 42}}), "code from 100 to 599"),
        (_document(response={"status": 200}), "code from 100 to 599"),
        (_document(response={"status": {"code": 200}, "headers": {"n": [1]}}), "header n: expected text"),
        (_document(response={"status": {"code": 200}, "body": {"string": 5}}), "expected a body of text"),
        (_document(failure={"kind": "sleepy"}), "expected kind (timeout"),
        (_document(failure={"kind": "reset", "after_s": -1}), "after_s from 0"),
        (_document(failure={"kind": "reset", "after_s": float("nan")}), "after_s from 0"),
        (_document(comment="x"), "and perhaps `failure`"),
    ],
)
def test_what_is_no_cassette_is_refused(tmp_path: Path, document: Any, said: str) -> None:
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(Unreadable) as refused:
        load_cassette(path)
    assert said in str(refused.value)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
        max_leaves=12,
    )
)
def test_spreading_a_body_out_changes_nothing_in_it(document: Any) -> None:
    body = json.dumps(document)
    assert canonical_body(spread_out(body)) == canonical_body(body)
