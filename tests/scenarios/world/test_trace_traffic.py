"""Traces under other names: nothing of them but their shipments' ids is another one."""

import json
import re

import pytest

from harness.traces import Trace, load_trace
from scenarios.world.answers import completion
from scenarios.world.llm import LanguageModel
from scenarios.world.replay import DIRECTORY, model_calls
from scenarios.world.trace_traffic import READ_AS_RECORDED, Pseudonym, RecordedTenders
from system.replay import replay

TRACES = [load_trace(DIRECTORY / name, root=DIRECTORY) for name in READ_AS_RECORDED]
by_id = pytest.mark.parametrize("trace", TRACES, ids=lambda trace: trace.id)


@by_id
def test_the_worlds_model_reads_it_as_it_was_recorded(trace: Trace) -> None:
    """During a fault nobody tells it the recorded answers."""
    for call in model_calls(trace):
        assert call.response is not None
        body = json.loads(call.request.body)
        answered, status = LanguageModel(api_key="").answer(body)
        recorded = json.loads(call.response.body)["choices"][0]["message"]["content"]
        again = completion(body, answered["choices"][0]["message"]["content"])["choices"][0]["message"]["content"]
        assert (status, json.loads(again)) == (200, json.loads(recorded))


@by_id
def test_two_rounds_share_no_shipment(trace: Trace) -> None:
    first, second = (Pseudonym(trace=trace, round=number) for number in (1, 11))
    assert not set(first.loads) & set(second.loads)
    assert {intent["identity"] for intent in first.intents} == {
        identity for number in range(len(trace.inputs)) for identity in first.identities(number)
    }
    for number, signal in enumerate(trace.inputs):
        shipments = {identity.split(":")[1] for identity in first.identities(number)}
        assert all(shipment in first.text(signal.body) for shipment in shipments)
        assert re.sub(r"R1\b", "", first.text(signal.body)) == signal.body


@by_id
def test_under_another_name_it_is_refused_nothing(trace: Trace) -> None:
    """The system takes it: what comes first unmatched is the question to the model, under the other name."""
    one = Pseudonym(trace=trace, round=3)
    document = trace.to_contract() | {"cassette": []}
    inputs = [{**signal.to_contract(), "body": one.text(signal.body)} for signal in trace.inputs]
    (first, *_) = replay(document | {"inputs": inputs})["output"]["answers"]
    assert first["status"] == 202
    assert [result["identity"] for result in first["results"]] == one.identities(0)


def test_what_a_trace_has_to_come_to() -> None:
    cancelled = Pseudonym(trace=next(one for one in TRACES if one.id == "cancelled_with_repeats"), round=7)
    assert cancelled.loads == {"T0003:TRC3001R7": None}
    amended = Pseudonym(trace=next(one for one in TRACES if one.id == "change_before_original"), round=7)
    (load,) = amended.loads.values()
    assert (load["shipment_id"], load["weight_lb"]) == ("TRC2001R7", 39000.0)
    tender = amended.tender("T0002:TRC2001R7:change:4")
    assert (tender["shipment"], tender["version"], tender["content"]) == ("T0002:TRC2001R7", "4", load)


def test_it_has_a_name_and_needs_nothing() -> None:
    assert (RecordedTenders().name, RecordedTenders().needs) == ("recorded tenders", frozenset())
