"""`stuck`: listed, and settled with Motion by a person who says why."""

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from system.recovery import agent_timeout
from system.storage import Claim, NewSignal, Resolution, State, Storage


class _Motion(BaseHTTPRequestHandler):
    loads: list[dict[str, Any]]

    def do_GET(self) -> None:
        body = json.dumps({"loads": self.loads}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def motion(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """The loads of a Motion that the console is told of."""
    loads: list[dict[str, Any]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Handler", (_Motion,), {"loads": loads}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("MOTION_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("MOTION_SETTLES_S", "0.05")
    yield loads
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def executing(storage: Storage) -> Claim:
    signal = NewSignal(
        partner_id="P1",
        shipment_id="S1",
        purpose="original",
        version="1",
        control_number="",
        content_type="application/json",
        raw="{}",
        tender={},
        received_at=datetime.now(UTC),
    )
    storage.signals.accept([signal])
    received = storage.claims.claim_received("resolver", lease_s=60)
    assert received is not None
    storage.claims.record_resolution(received, Resolution(state=State.CONFIRMED, payload={}))
    claim = storage.claims.claim_confirmed("agents-1", lease_s=600)
    assert claim is not None
    return claim


def test_what_hangs_and_what_hung_is_listed(run: Any, document: Any, executing: Claim, storage: Storage) -> None:
    assert run("stuck").output == "nothing hangs, and nothing hung in the last day\n"
    case = storage.agent_timeouts.notice(executing.intent, by="supervisor", lease_s=300)
    storage.agent_timeouts.note_dead(case, stack='File "agent.py", line 7 in spins')
    (found,) = document("stuck", "list")["cases"]
    assert (found["intent_id"], found["worker"], found["outcome"]) == (executing.intent.id, "agents-1", None)
    text = run("stuck", "list").output
    assert f"{executing.intent.id}  hung since" in text
    assert "line 7 in spins" in text


def test_what_hangs_unseen_is_listed(
    document: Any, executing: Claim, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STUCK_AFTER_S", "0.000001")
    found = document("stuck", "list")
    assert [one["intent_id"] for one in found["executing"]] == [executing.intent.id]


@pytest.mark.parametrize("booked", [True, False])
def test_resolve_asks_motion_and_leaves_its_row(
    run: Any, document: Any, executing: Claim, storage: Storage, motion: list[dict[str, Any]], booked: bool
) -> None:
    assert run("stuck", "resolve", executing.intent.id).exit_code == 2, "a reason is asked for"
    if booked:
        motion.append({"load_id": "L1", "reference": "P1:S1", "status": "BOOKED", "content": {}, "rank": [0]})
    (found,) = document("stuck", "resolve", executing.intent.id, "--why", "its host is gone")["resolved"]
    assert (found["outcome"], found["load_id"]) == (("EXECUTED", "L1") if booked else ("FAILED", None))
    intent = storage.intents.get(executing.intent.id)
    assert intent is not None
    assert intent.error_reason == (None if booked else "Agent timeout after 300s")
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.command, action.why) == ("ada", "stuck resolve", "its host is gone")
    assert action.what["intent_id"] == executing.intent.id
    again = run("stuck", "resolve", executing.intent.id, "--why", "again")
    assert again.exit_code == 1
    assert "not EXECUTING" in again.output


@pytest.fixture
def in_vain(executing: Claim, storage: Storage, monkeypatch: pytest.MonkeyPatch) -> Claim:
    """Its try ended at the guard; it waits for the next one, for longer than any test takes."""
    monkeypatch.setenv("STUCK_AFTER_S", "0.000001")
    storage.claims.give_back(executing, "Timeout", retry_at=datetime.now(UTC) + timedelta(hours=1))
    return executing


@pytest.mark.parametrize("booked", [True, False])
@pytest.mark.parametrize("by_name", [True, False])
def test_what_is_tried_in_vain_is_given_up_by_a_person_alone(
    document: Any, in_vain: Claim, storage: Storage, motion: list[dict[str, Any]], booked: bool, by_name: bool
) -> None:
    intent_id = in_vain.intent.id
    assert [one["intent_id"] for one in document("stuck", "list")["tried_in_vain"]] == [intent_id]
    if booked:
        motion.append({"load_id": "L1", "reference": "P1:S1", "status": "BOOKED", "content": {}, "rank": [0]})
    which = intent_id if by_name else "--in-vain"
    found = document("stuck", "resolve", which, "--why", "Motion does not take it")
    assert found["left"] == []
    assert [(one["intent_id"], one["outcome"]) for one in found["resolved"]] == [
        (intent_id, "EXECUTED" if booked else "FAILED")
    ]
    assert [action.what["intent_id"] for action in storage.operator_actions.newest()] == [intent_id]
    (case,) = document("stuck", "list")["cases"]
    tries = [step.at for step in storage.transitions.of(intent_id) if step.to_state is State.EXECUTING]
    assert case["executing_since"] == tries[0].isoformat()
    again = document("stuck", "resolve", "--in-vain", "--why", "again")
    assert again == {"resolved": [], "not_final": [], "left": []}


def test_what_is_just_being_tried_is_waited_for_and_then_left_alone_when_it_hangs(
    document: Any, in_vain: Claim, storage: Storage, motion: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(agent_timeout, "_AFTER_THE_GUARD_S", 0.1)
    monkeypatch.setenv("AGENT_GUARD_S", "0.1")
    assert storage.claims.claim_this(in_vain.intent.id, "agents-1", lease_s=600) is not None
    found = document("stuck", "resolve", "--in-vain", "--why", "Motion does not take it")
    assert found["resolved"] == []
    assert "still in the hands of agents-1" in found["left"][0]
    assert storage.operator_actions.newest() == []


def test_intents_are_named_or_all_are_meant(run: Any, executing: Claim) -> None:
    for arguments in ([], [executing.intent.id, "--in-vain"]):
        result = run("stuck", "resolve", *arguments, "--why", "x")
        assert result.exit_code == 2
        assert "name intents, or say --in-vain" in result.output


def test_without_motion_nothing_is_final(
    run: Any, executing: Claim, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTION_BASE_URL", "http://127.0.0.1:1")
    result = run("stuck", "resolve", executing.intent.id, "--why", "its host is gone")
    assert result.exit_code == 1
    assert "nothing is final" in result.output
    intent = storage.intents.get(executing.intent.id)
    assert intent is not None
    assert intent.state is State.EXECUTING
    assert storage.operator_actions.newest() == []


def test_one_that_cannot_be_resolved_keeps_no_other_from_it(
    run: Any, executing: Claim, storage: Storage, motion: list[dict[str, Any]]
) -> None:
    result = run(
        "stuck", "resolve", "789", executing.intent.id, executing.intent.id, "--why", "its host is gone", "--json"
    )
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    assert [one["intent_id"] for one in found["resolved"]] == [executing.intent.id], "named twice, settled once"
    assert found["left"] == ["there is no intent 789"]
    assert "there is no intent 789" in result.stderr
    assert [action.what["intent_id"] for action in storage.operator_actions.newest()] == [executing.intent.id]


def test_an_intent_that_is_not_there(run: Any) -> None:
    result = run("stuck", "resolve", "789", "--why", "x")
    assert result.exit_code == 1
    assert "no intent 789" in result.output
