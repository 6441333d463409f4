"""Traces as values: handed on in the lowest version of the contract that can say them."""

import json
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given

from harness.traces import Cassette, Failure, Input, Interaction, Request, Response, Trace
from tests.harness.traces.made_traces import TRACES

SIGNAL = Input(at_s=0.0, kind="signal", partner="T1", content_type="text/plain", body="hello")
PLAIN = Trace(
    id="one",
    title="One",
    starts_at=datetime(2026, 2, 2, 14, tzinfo=UTC),
    seed=7,
    partners=({"id": "T1", "tier": 3},),
    inputs=(SIGNAL,),
    baseline={"answers": []},
    cassette=Cassette(),
)
ASKED = Request(method="GET", uri="http://there.invalid/")


def test_what_old_revisions_know_is_said_as_they_know_it() -> None:
    answered = Interaction(request=ASKED, response=Response(status=200, body="fine"))
    document = json.loads(json.dumps(PLAIN.with_cassette(Cassette(interactions=(answered,))).to_contract()))
    assert document == {
        "contract": 1,
        "id": "one",
        "clock": {"starts_at": "2026-02-02T14:00:00+00:00"},
        "ids": {"seed": 7},
        "partners": [{"id": "T1", "tier": 3}],
        "inputs": [{"at_s": 0.0, "kind": "signal", "partner": "T1", "content_type": "text/plain", "body": "hello"}],
        "cassette": [
            {
                "request": {"method": "GET", "uri": "http://there.invalid/", "headers": {}, "body": ""},
                "response": {"status": 200, "headers": {}, "body": "fine"},
            }
        ],
    }


def test_what_only_version_2_can_say() -> None:
    half = Failure(kind="half", part=Response(status=200))
    richer = (
        replace(PLAIN, inputs=(SIGNAL, Input(at_s=1.0, kind="round"))),
        replace(PLAIN, inputs=(SIGNAL, Input(at_s=1.0, kind="operator", body='["list"]'))),
        replace(PLAIN, contract_min=2),
        PLAIN.with_cassette(Cassette(interactions=(Interaction(request=ASKED, failure=half),))),
        PLAIN.with_cassette(
            Cassette(interactions=(Interaction(request=ASKED, response=Response(status=200, after_s=1.0)),))
        ),
    )
    assert [trace.to_contract()["contract"] for trace in (PLAIN, *richer)] == [1, 2, 2, 2, 2, 2]
    assert richer[0].to_contract()["inputs"][1] == {
        "at_s": 1.0,
        "kind": "round",
        "partner": "",
        "content_type": "",
        "body": "",
    }


@given(TRACES)
def test_the_system_under_test_does_not_see_what_is_expected_of_it(trace: Trace) -> None:
    document = trace.to_contract()
    assert set(document) == {"contract", "id", "clock", "ids", "partners", "inputs", "cassette"}
    assert json.loads(json.dumps(document, allow_nan=False)) == document
