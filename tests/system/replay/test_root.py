"""The composition root: deterministic, strict about its input, honest about unanswered calls, patient for free."""

import copy
import functools
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, func, insert, select

from harness.traces import canonical_json, load_trace
from system.clock import SystemClock
from system.replay import replay
from system.replay.numbered import NumberedIds
from system.replay.root import replay_on, replay_settings
from system.replay.stage import Stage
from system.storage import Partner, Storage, Trip, make_engine
from system.storage.engine import Database
from system.storage.schema import METADATA
from system.storage.transitions import Transitions

TRACES = Path(__file__).resolve().parents[3] / "traces"


def _contract(name: str) -> dict[str, Any]:
    return load_trace(TRACES / name).to_contract()


@pytest.fixture
def booked() -> dict[str, Any]:
    """The document of the plain trace."""
    return _contract("original_booked")


def test_two_replays_give_the_same_bytes(booked: dict[str, Any]) -> None:
    assert canonical_json(replay(booked)) == canonical_json(replay(copy.deepcopy(booked)))


class _Stopped(BaseException):
    """Comes through whatever the system catches."""


@settings(max_examples=15, deadline=None)
@given(st.lists(st.sampled_from(["booked", "again", "cancelled", "malformed", "unanswered", "stopped"]), max_size=8))
def test_no_trace_sees_anything_of_one_before_it(order: list[str]) -> None:
    """In any order, also after one that ended in the middle of a transaction, each gives what it gives alone."""
    booked = _contract("original_booked")
    malformed, unanswered = copy.deepcopy(booked), copy.deepcopy(booked)
    malformed["inputs"][0]["body"] = "no signal"
    del unanswered["cassette"][2]
    documents = {
        "booked": booked,
        "again": booked | {"id": "again", "ids": {"seed": 102}},
        "cancelled": _contract("cancelled_with_repeats"),
        "malformed": malformed,
        "unanswered": unanswered,
    }
    for name in order:
        if name == "stopped":
            stopped = patch.object(Transitions, "record", side_effect=_Stopped)
            with stopped, pytest.raises(_Stopped):
                replay(booked)
        else:
            alone = _alone(json.dumps(documents[name], sort_keys=True))
            assert canonical_json(replay(documents[name])) == alone


@functools.cache
def _alone(document: str) -> str:
    """What a trace gives on a database where nothing ever was."""
    engine = make_engine(replay_settings())
    try:
        return canonical_json(replay_on(engine, json.loads(document)))
    finally:
        engine.dispose()


def _rows(database: Database) -> dict[str, int]:
    def count(connection: Connection) -> dict[str, int]:
        tables = METADATA.tables.items()
        return {name: connection.execute(select(func.count()).select_from(one)).scalar_one() for name, one in tables}

    return database.transact(count, writes=False)


def test_nothing_is_left_from_one_trace_to_the_next() -> None:
    stage, clock = Stage(), SystemClock()
    database = stage.cleared(clock)
    storage = Storage(database, clock=clock, ids=NumberedIds(1))
    storage.partners.upsert(Partner(id="P1", name="P1", api_key_sha256="0" * 64))
    storage.breakers.trip("P1", Trip(malformed=11, duplicates=0, places=(), probe_after=clock.now()))
    assert {name for name, count in _rows(database).items() if count} == {"partners", "breakers", "quality_reviews"}
    assert set(_rows(stage.cleared(clock)).values()) == {0}
    stage.close()


def test_what_failed_half_way_is_undone() -> None:
    stage, clock = Stage(), SystemClock()
    database = stage.cleared(clock)
    storage = Storage(database, clock=clock, ids=NumberedIds(1))

    def half(connection: Connection) -> None:
        connection.execute(insert(METADATA.tables["counters"]).values(name="x", value=1))
        raise _Stopped

    with pytest.raises(_Stopped):
        storage.transact(half)
    assert set(_rows(database).values()) == {0}
    stage.close()


def test_neither_seed_nor_start_shows_in_the_output(booked: dict[str, Any]) -> None:
    """As long as it starts before the pickup: what is over goes to a person."""
    other = copy.deepcopy(booked)
    other["ids"]["seed"] = 999_999
    other["clock"]["starts_at"] = "2021-12-31T23:59:59.5-08:00"
    assert canonical_json(replay(other)["output"]) == canonical_json(replay(booked)["output"])


def test_the_environment_changes_nothing(booked: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    before = replay(booked)
    for name, value in {"LLM_MODEL": "another", "CONFIDENCE_MIN": "1", "MOTION_BASE_URL": "http://x.invalid"}.items():
        monkeypatch.setenv(name, value)
    assert replay(booked) == before
    assert replay_settings().llm_model == "tender-reader"


def test_a_call_without_an_answer_is_reported_and_ends_the_trace(booked: dict[str, Any]) -> None:
    looked, written = booked["cassette"][1], booked["cassette"].pop(2)
    assert looked["request"]["method"] == "GET"
    result = replay(booked)
    (unmatched,) = result["unmatched"]
    for part in ("method", "uri"):
        assert unmatched["request"][part] == written["request"][part]
    assert json.loads(unmatched["request"]["body"]) == json.loads(written["request"]["body"])
    assert result["unused"] == []


def test_a_recording_that_nobody_consumed_is_reported(booked: dict[str, Any]) -> None:
    booked["cassette"].append(copy.deepcopy(booked["cassette"][1]))
    result = replay(booked)
    assert result["unmatched"] == []
    assert [one["request"]["uri"] for one in result["unused"]] == [booked["cassette"][1]["request"]["uri"]]


def test_a_model_that_times_out_is_asked_again_without_real_waiting(booked: dict[str, Any]) -> None:
    """Thirty outages, with the growing waits between: many minutes of the trace, no time here; then it goes on."""
    question = booked["cassette"][0]
    outage = {"request": question["request"], "failure": {"kind": "timeout", "after_s": 0}}
    booked["cassette"][:0] = [outage] * 30
    result = replay(booked)
    (intent,) = result["output"]["intents"]
    assert (intent["state"], result["unmatched"], result["unused"]) == ("EXECUTED", [], [])
    reasons = [step["reason"] for step in intent["transitions"] if "reason" in step]
    assert len(reasons) == 30
    assert all("model away: ReadTimeout" in reason for reason in reasons)


def test_a_booking_whose_answer_was_lost_is_not_made_twice(booked: dict[str, Any]) -> None:
    """The write broke off, the next look finds the load: no second write."""
    look, write = booked["cassette"][1], booked["cassette"][2]
    load = json.loads(write["response"]["body"])
    found = {"request": look["request"], "response": {**look["response"], "body": json.dumps({"loads": [load]})}}
    booked["cassette"][2:] = [{"request": write["request"], "failure": {"kind": "reset", "after_s": 1}}, found]
    result = replay(booked)
    assert (result["unmatched"], result["unused"]) == ([], [])
    assert [write["status"] for write in result["output"]["writes"]] == [None]
    assert result["output"]["intents"][0]["state"] == "EXECUTED"


def test_malformed_input_is_answered_and_leaves_no_intent(booked: dict[str, Any]) -> None:
    booked["inputs"][0]["body"] = booked["inputs"][0]["body"].replace("B2A*00", "B2A*77")
    result = replay(booked)
    (answer,) = result["output"]["answers"]
    assert answer["status"] == 400
    assert answer["errors"][0]["segment"] == "B2A"
    assert result["output"]["intents"] == []
    assert len(result["unused"]) == len(booked["cassette"])


def test_an_unknown_partner_is_refused(booked: dict[str, Any]) -> None:
    booked["inputs"][0]["partner"] = "T9999"
    assert replay(booked)["output"]["answers"][0]["status"] == 401


@pytest.mark.parametrize(
    "change",
    [
        {"contract": 3},
        {"surprise": 1},
        {"clock": {"starts_at": "2026-02-02T14:00:00"}},
        {"partners": []},
        {"inputs": [{"at_s": float("inf"), "kind": "signal", "partner": "T", "content_type": "x", "body": ""}]},
        {"inputs": [{"at_s": 0, "kind": "phone call", "partner": "T", "content_type": "x", "body": ""}]},
        {"cassette": [{"request": {"method": "GET", "uri": "http://x/"}}]},
    ],
)
def test_what_is_no_trace_is_refused(booked: dict[str, Any], change: dict[str, Any]) -> None:
    """Without raising, because nothing of the system has failed: where it is wrong, and not what else stands there."""
    with patch("system.replay.root.make_ingest", side_effect=AssertionError("nothing runs")):
        result = replay(booked | change)
    assert result.keys() == {"error"}
    assert next(iter(change)) in result["error"]
    assert "CANNED" not in result["error"]


def _newer(document: dict[str, Any], *inputs: dict[str, Any]) -> dict[str, Any]:
    """The same in version 2, with more inputs at its end."""
    blank = {"partner": "", "content_type": "", "body": ""}
    return document | {"contract": 2, "inputs": [*document["inputs"], *({**blank, **one} for one in inputs)]}


def _operator(at_s: float, *words: str) -> dict[str, Any]:
    return {"at_s": at_s, "kind": "operator", "body": json.dumps(words)}


def test_version_2_tells_the_same_and_more(booked: dict[str, Any]) -> None:
    first, second = replay(booked)["output"], replay(_newer(booked))["output"]
    assert {name: second[name] for name in first} == first
    assert second.keys() - first.keys() == {"rows"}
    assert second["rows"] == {
        "loads": [{"intent_id": "T0001:TRC1001:original:1", "load_id": "L000003"}],
        "partners": [{"id": "T0001", "autonomy_tier": 3, "require_review": False}],
    }


def test_a_round_tells_whom_the_monitor_would_call(booked: dict[str, Any]) -> None:
    """Once an incident, and once more when a person has looked into it; named by what the partner named."""
    made_up = _contract("weight_not_in_signal")
    identity = replay(made_up)["output"]["answers"][0]["results"][0]["identity"]
    rounds = [{"at_s": at_s, "kind": "round"} for at_s in (10, 20, 40)]
    tag = _operator(30, "hallucinations", "tag", f"intent:{identity}", "--why", "looked into")
    result = replay(_newer(made_up, *rounds[:2], tag, rounds[2]))
    output = result["output"]
    assert (result["unmatched"], result["unused"]) == ([], [])
    assert [alert["status"] for alert in output["alerts"]] == ["firing", "resolved"]
    assert output["alerts"][0]["summary"] == f"Hallucination detected in IntentInstance #{identity}"
    assert output["alerts"][0]["sent_to"] == "#oncall-ai"
    assert output["answers"][-1]["exit_code"] == 0
    (case,) = output["rows"]["hallucinations"]
    assert (case["intent_id"], case["tagged_by"], case["why"]) == (identity, "operator", "looked into")
    assert [one["command"] for one in output["rows"]["operator_actions"]] == ["hallucinations tag"]


def test_a_round_may_say_how_full_redis_is(booked: dict[str, Any]) -> None:
    """It stays so until another round says otherwise, and is in the alert as Redis says it."""
    full, less = ({"redis": {"used": used, "limit": 1_000, "evicted_keys": 12}} for used in (901, 800))
    rounds = [{"at_s": at_s, "kind": "round", "body": body} for at_s, body in
              ((10, json.dumps(full)), (20, ""), (30, json.dumps(less)))]  # fmt: skip
    first, second = replay(_newer(booked, *rounds))["output"]["alerts"]
    assert (first["status"], second["status"]) == ("firing", "resolved")
    assert (first["summary"], first["used"]) == ("Redis memory usage > 90%", "901b of 1000b")
    assert "policy noeviction, 12 keys evicted so far" in first["reason"]
    wrong = replay(_newer(booked, {"at_s": 10, "kind": "round", "body": '{"redis": {"used": -1, "limit": 0}}'}))
    assert "inputs.1" in wrong["error"]


def test_what_an_operator_lets_go_on_is_executed() -> None:
    """The queue's own command, on the trace's rows: the intent goes on from there to its load."""
    booked = _contract("original_booked")
    held = copy.deepcopy(booked)
    held["partners"][0]["require_review"] = True
    identity = "T0001:TRC1001:original:1"
    approve = _operator(60, "queue", "approve", f"intent:{identity}", "--why", "called them")
    result = replay(_newer(held, approve))
    (intent,) = result["output"]["intents"]
    assert [step["to"] for step in intent["transitions"]][2:] == ["NEEDS_REVIEW", "CONFIRMED", "EXECUTING", "EXECUTED"]
    assert result["output"]["writes"] == replay(booked)["output"]["writes"]
    assert (result["unmatched"], result["unused"]) == ([], [])


def test_an_operator_who_is_refused_is_told_why(booked: dict[str, Any]) -> None:
    (_, answer) = replay(_newer(booked, _operator(5, "queue", "approve", "intent:T0001:X:original:1", "--why", "x")))[
        "output"
    ]["answers"]
    assert answer["exit_code"] == 1
    assert "T0001:X:original:1" in "\n".join(answer["said"])


def test_a_partner_that_is_shut_out_is_let_in_again(booked: dict[str, Any]) -> None:
    """Its breaker stands open as the trace begins; the operator resets it; the monitor tells of both."""
    place = {"segment": "G62", "element": 2, "message": "expected a date", "count": 9}
    booked["partners"][0]["breaker"] = {"malformed": 9, "duplicates": 2, "places": [place]}
    again = booked["inputs"][0] | {"at_s": 30}
    reset = _operator(20, "breakers", "reset", "T0001", "--why", "mended")
    result = replay(_newer(booked, {"at_s": 10, "kind": "round"}, reset, again, {"at_s": 40, "kind": "round"}))
    output = result["output"]
    assert [answer.get("status") for answer in output["answers"]] == [429, None, 202]
    assert [alert["status"] for alert in output["alerts"]] == ["firing", "resolved"]
    (notice,) = output["notices"]
    assert (notice["kind"], notice["partner"], notice["segment"]) == ("malformed_signals", "T0001", "G62")
    assert output["rows"]["breakers"][0]["state"] == "CLOSED"
    assert output["rows"]["refusals"] == [{"partner_id": "T0001", "attempts": 1}]
    assert output["intents"][0]["state"] == "EXECUTED"


def test_a_partner_under_review_for_its_trust_goes_on_probation(booked: dict[str, Any]) -> None:
    booked["partners"][0] |= {
        "autonomy_tier": 2,
        "trust": {"score": 0.75, "before": 0.92, "missing": {"pickup_at": 8}, "ceiling_before": 3},
    }
    booked["cassette"] = booked["cassette"][:1]
    probation = _operator(60, "recover", "partner", "probation", "T0001", "--why", "mended")
    output = replay(_newer(booked, {"at_s": 30, "kind": "round"}, probation))["output"]
    assert output["intents"][0]["state"] == "NEEDS_REVIEW"
    assert output["alerts"][0]["summary"] == "Partner T0001 trust score: 0.75 (was 0.92)"
    (incident,) = output["rows"]["trust_incidents"]
    assert (incident["ceiling_before"], incident["ceiling"]) == (3, 2)
    assert incident["probation_at"].startswith("+60.")
    assert output["rows"]["partners"][0] == {"id": "T0001", "autonomy_tier": 2, "require_review": True}


def test_neither_seed_nor_start_shows_in_what_is_told_besides(booked: dict[str, Any]) -> None:
    place = {"segment": "G62", "element": 2, "message": "expected a date", "count": 9}
    booked["partners"][0]["breaker"] = {"malformed": 9, "duplicates": 2, "places": [place]}
    shown = _operator(20, "breakers", "list")
    one = _newer(booked, {"at_s": 10, "kind": "round"}, shown)
    other = one | {"clock": {"starts_at": "2021-12-31T23:59:59.5-08:00"}, "ids": {"seed": 999_999}}
    first, second = replay(one)["output"], replay(other)["output"]
    assert first["alerts"]
    assert "since +0.000 s" in first["answers"][1]["said"][0]
    assert canonical_json(first) == canonical_json(second)


@pytest.mark.parametrize(
    "words",
    [
        ["migrate", "--partners", "/etc/passwd"],
        ["prompt", "--line", "1"],
        ["recover", "database"],
        ["hallucinations"],
        ["export-hallucination", "an-intent", "/tmp/case"],
        ["export-hallucination", "--json", "-", "/tmp/case"],
        ["export-hallucination", "-", "/tmp/case"],
        ["redis", "flush", "--why", "x"],
        ["--help"],
    ],
)
def test_a_trace_cannot_run_whatever_it_likes(booked: dict[str, Any], words: list[str]) -> None:
    """Traces come from outside: no files, no Python, no servers."""
    with patch("system.replay.root.make_ingest", side_effect=AssertionError("nothing runs")):
        result = replay(_newer(booked, _operator(1, *words)))
    assert "no command that a trace may hold" in result["error"]


@pytest.mark.parametrize(
    "change",
    [
        {"inputs": [{"at_s": 0, "kind": "round", "partner": "", "content_type": "", "body": ""}]},
        {"partners": [{"id": "T0001", "require_review": True}]},
    ],
)
def test_version_1_has_none_of_that(booked: dict[str, Any], change: dict[str, Any]) -> None:
    assert "contract 1 does not have" in replay(booked | change)["error"]
    assert "error" not in replay(booked | change | {"contract": 2})


def test_an_operators_body_is_a_list_of_words(booked: dict[str, Any]) -> None:
    result = replay(_newer(booked, {"at_s": 1, "kind": "operator", "body": "breakers list"}))
    assert result["error"].startswith("inputs.1")
