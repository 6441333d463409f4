"""The document of a trace: read back as written, older formats brought up, newer ones and wrong ones refused."""

import json
from typing import Any

import pytest
from hypothesis import given

from harness.traces import Cassette, Trace, Unreadable
from harness.traces.fields import Record
from harness.traces.formats import FORMAT, trace_document, trace_from
from harness.traces.strict_yaml import loads
from tests.harness.traces.conftest import OLD_TRACE, TRACE
from tests.harness.traces.made_traces import TRACES


def read(document: Any, expected_id: str | None = None) -> Trace:
    return trace_from(document, source=Record(name="here"), expected_id=expected_id, cassette=Cassette())


@given(TRACES)
def test_it_reads_back_what_it_wrote(trace: Trace) -> None:
    document = trace_document(trace)
    assert json.loads(json.dumps(document, allow_nan=False)) == document
    assert read(document, trace.id) == trace.with_cassette(Cassette())


def test_the_older_format_is_brought_up() -> None:
    old, new = read(loads(OLD_TRACE, where="old")), read(loads(TRACE, where="new"))
    assert (old.made.how, old.covers, old.end_to_end, old.approvals, old.baseline) == ("written", (), True, (), None)
    assert (old.id, old.title, old.starts_at, old.seed) == (new.id, new.title, new.starts_at, new.seed)
    assert (old.partners, old.inputs) == (new.partners, new.inputs)
    assert trace_document(old)["format"] == FORMAT


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ([], "here: expected an object with a `format`"),
        (None, "here: expected an object with a `format`"),
        ({}, "here: format: missing: which format is it?"),
        ({"format": 3}, "format: this is format 3, written by a newer version; this one reads up to format 2"),
        ({"format": "2"}, "format: expected a number from 1 to 2, seen '2'"),
        ({"format": 0}, "format: expected a number from 1 to 2, seen 0"),
        ({"format": True}, "format: expected a number from 1 to 2, seen True"),
        ({"contract": 2}, "contract: a file of format 1 says `contract: 1`"),
        ({"format": 1, "contract": 1}, "format: no field of format 1"),
        ({"contract": 1, "made": {"how": "written"}}, "made: no field of format 1"),
    ],
)
def test_a_format_that_is_not_known_is_refused(document: Any, said: str) -> None:
    with pytest.raises(Unreadable) as refused:
        read(document)
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "trace_id",
    ["../one", "/etc", "a/../b", "a//b", ".", "", "A", "a/b/c/d/e", "a b", "one\n", "é", "a" * 81, "-a", "a/"],
)
def test_an_id_leads_nowhere_else(trace_id: str) -> None:
    document = {**loads(TRACE, where="here"), "id": trace_id}
    with pytest.raises(Unreadable, match=r"here: id: expected"):
        read(document)
    with pytest.raises(Unreadable, match=r"here: id: expected"):
        read(document, trace_id)
