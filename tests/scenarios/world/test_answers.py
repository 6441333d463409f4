"""What the model was told to answer is found again, in order, and never beyond its bounds."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.world.answers import Behaviour, Cassette, canonical_digest
from scenarios.world.serving import BadRequest

BODY = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def recorded(*contents: str) -> dict[str, Any]:
    return {"interactions": [{"request": BODY, "response": {"choices": [], "id": content}} for content in contents]}


@settings(max_examples=25)
@given(st.dictionaries(st.text(max_size=5), JSON_VALUES, max_size=4))
def test_the_order_of_keys_does_not_change_the_digest(body: dict[str, Any]) -> None:
    assert canonical_digest(dict(reversed(body.items()))) == canonical_digest(body)


def test_equal_requests_get_their_answers_in_order_and_the_last_again() -> None:
    cassette = Cassette()
    cassette.load(recorded("one", "two"))
    answers = [cassette.answer(dict(reversed(BODY.items()))) for _ in range(3)]
    assert [answer.response["id"] for answer in answers if answer] == ["one", "two", "two"]
    assert cassette.answer({**BODY, "temperature": 0}) is None


def test_a_recording_that_nobody_asked_for_is_listed() -> None:
    cassette = Cassette()
    cassette.load(recorded("one", "two"))
    cassette.answer(BODY)
    assert cassette.as_json()["unplayed"] == [canonical_digest(BODY)]
    cassette.answer(BODY)
    assert cassette.as_json() == {"interactions": 2, "played": 2, "unplayed": [], "strict": False}


@pytest.mark.parametrize(
    "response",
    [
        {
            "status": {"code": 429, "message": "slow down"},
            "headers": {},
            "body": {"string": '{"error": {"code": "x"}}'},
        },
        {"status": 429, "body": {"error": {"code": "x"}}},
    ],
)
def test_answers_as_a_cassette_file_has_them_are_taken(response: dict[str, Any]) -> None:
    cassette = Cassette()
    request = {"method": "POST", "uri": "http://llm/v1/chat/completions", "body": '{"model": "m"}'}
    cassette.load({"interactions": [{"request": request, "response": response}]})
    answer = cassette.answer({"model": "m"})
    assert answer is not None
    assert (answer.status, answer.response) == (429, {"error": {"code": "x"}})


@pytest.mark.parametrize(
    "interaction",
    [
        {},
        {"request": BODY},
        {"request": {"body": "not json"}, "response": {"choices": []}},
        {"request": BODY, "response": {"status": 99, "choices": []}},
        {"request": BODY, "response": {"choices": []}, "failure": {"kind": "timeout"}},
        "text",
    ],
)
def test_what_is_no_recording_is_refused_and_changes_nothing(interaction: object) -> None:
    cassette = Cassette()
    cassette.load(recorded("kept"))
    with pytest.raises(BadRequest, match="interaction 0"):
        cassette.load({"interactions": [interaction]})
    assert cassette.answer(BODY) is not None


def test_a_behaviour_ends_after_its_times() -> None:
    behaviour = Behaviour()
    behaviour.become({"status": 503, "times": 2})
    assert [behaviour.take().status for _ in range(3)] == [503, 503, 0]


def test_a_new_behaviour_releases_what_the_old_one_holds() -> None:
    behaviour = Behaviour()
    behaviour.become({"hang": True})
    held = behaviour.take()
    behaviour.become({})
    assert held.changed.is_set()
    assert not behaviour.take().hang


@pytest.mark.parametrize(
    "told", [{"delay_s": -1}, {"delay_s": "long"}, {"status": 200}, {"status": 700}, {"times": -1}]
)
def test_a_behaviour_out_of_bounds_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(BadRequest):
        Behaviour().become(told)
