"""Traces of any content, for properties."""

from datetime import UTC, datetime, timedelta, timezone

from hypothesis import strategies as st

from harness.traces import Approval, Cassette, Failure, Input, Interaction, Made, Request, Response, Trace
from tests.harness.traces.documents import DOCUMENTS

LETTERS = st.characters(codec="utf-8")
TEXT = st.text(LETTERS, max_size=20)
SOME = st.text(LETTERS, min_size=1, max_size=20)
WORDS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,8}", fullmatch=True)
IDS = st.lists(WORDS, min_size=1, max_size=3).map("/".join)
SECONDS = st.floats(0, 1000) | st.integers(0, 1000).map(float)
MOMENTS = st.datetimes(
    datetime(1980, 1, 1),
    datetime(2100, 1, 1),
    timezones=st.sampled_from([UTC, timezone(timedelta(hours=-8)), timezone(timedelta(minutes=330))]),
)
HEADERS = st.dictionaries(st.from_regex(r"[A-Za-z][A-Za-z-]{0,10}", fullmatch=True), TEXT, max_size=3)
BODIES = TEXT | st.sampled_from(
    ['{"a": [1, {"b": 2}], "c": {}}', "[1]", '{"a": 1e400, "a": 2}', '{"a', "ISA*00~\nGS~\n"]
)
REQUESTS = st.builds(
    Request,
    method=st.sampled_from(["GET", "POST", "PATCH"]),
    uri=st.sampled_from(["http://there.invalid/", "http://there.invalid/loads?reference=T1%3AS"]),
    headers=HEADERS,
    body=BODIES,
)
RESPONSES = st.builds(Response, status=st.integers(100, 599), headers=HEADERS, body=BODIES, after_s=SECONDS)
PARTS = st.builds(Response, status=st.integers(100, 599), headers=HEADERS, body=BODIES)
FAILURES = st.builds(Failure, kind=st.sampled_from(["timeout", "reset", "refused"]), after_s=SECONDS) | st.builds(
    Failure, kind=st.just("half"), after_s=SECONDS, part=PARTS
)
INTERACTIONS = st.builds(Interaction, request=REQUESTS, response=RESPONSES) | st.builds(
    Interaction, request=REQUESTS, failure=FAILURES
)
SIGNALS = st.builds(Input, at_s=SECONDS, kind=st.just("signal"), partner=SOME, content_type=SOME, body=SOME)
OTHERS = st.builds(
    Input, at_s=SECONDS, kind=WORDS.filter(lambda word: word != "signal"), partner=TEXT, content_type=TEXT, body=TEXT
)


def in_order(inputs: list[Input]) -> tuple[Input, ...]:
    return tuple(sorted(inputs, key=lambda one: one.at_s))


TRACES: st.SearchStrategy[Trace] = st.builds(
    Trace,
    id=IDS,
    title=SOME,
    made=st.builds(
        Made,
        how=st.sampled_from(["recorded", "written"]),
        source=TEXT,
        at=st.none() | MOMENTS,
        faults=st.lists(SOME, max_size=2).map(tuple),
    ),
    covers=st.lists(WORDS, max_size=3).map(tuple),
    contract_min=st.sampled_from([1, 2]),
    starts_at=MOMENTS,
    seed=st.integers(0, 2**31 - 1),
    partners=st.lists(st.fixed_dictionaries({"id": SOME}, optional={"state": DOCUMENTS, "name": TEXT}), max_size=3).map(
        tuple
    ),
    inputs=st.lists(SIGNALS | OTHERS, min_size=1, max_size=4).map(in_order),
    end_to_end=st.booleans(),
    approvals=st.lists(st.builds(Approval, at=MOMENTS, by=SOME, why=SOME, commit=TEXT), max_size=2).map(tuple),
    baseline=DOCUMENTS,
    cassette=st.builds(Cassette, interactions=st.lists(INTERACTIONS, max_size=3).map(tuple)),
)
