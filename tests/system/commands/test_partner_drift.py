"""`recover partner`: the runbook of a person, from the incident to the probation."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from system.clock import SystemClock
from system.storage import Storage
from tests.system.incoming import incoming

NOW = SystemClock().now()


@pytest.fixture
def notices(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What partners were sent."""
    received: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            received.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(202)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("NOTICE_WEBHOOK_URL", f"http://127.0.0.1:{server.server_address[1]}/notices")
        yield received
        server.shutdown()


@pytest.fixture
def bad(storage: Storage) -> None:
    """P1 and P12345 have sent twenty signals each without a pickup time."""
    for partner_id in ("P1", "P12345"):
        signals = [incoming(f"S{number}", partner_id=partner_id, missing=("pickup_at",)) for number in range(20)]
        storage.signals.accept(signals)


def test_the_whole_of_it(bad: None, notices: Any, run: Any, document: Any, storage: Storage) -> None:
    assert run("recover", "partner").output == "no partner is under review, or on its way back\n"
    opened = document("recover", "partner", "evaluate", "P1")
    assert opened == {"partner": "P1", "trust_score": 0.0, "opened": True, "stage": "open"}
    assert not document("recover", "partner", "evaluate", "P1")["opened"], "once an incident"
    document("recover", "partner", "evaluate", "P12345")

    (one, other) = document("recover", "partner", "list")["incidents"]
    assert (one["partner"], one["stage"], one["missing"], one["days_left"]) == ("P1", "open", {"pickup_at": 20}, None)
    asked = document("recover", "partner", "ask", "--all")["notices"]
    assert [(notice["partner"], notice["status"]) for notice in asked] == [("P1", "sent"), ("P12345", "sent")]
    assert [notice["fields"][0]["field"] for notice in notices] == ["pickup_time", "pickup_time"]
    assert document("recover", "partner", "ask", "P1")["notices"][0]["status"] == "asked before"
    assert document("recover", "partner", "ask", "P1", "--again")["notices"][0]["status"] == "sent"

    (began,) = document("recover", "partner", "probation", "P1", "--why", "they restored G62")["incidents"]
    assert (began["stage"], began["days_left"], began["signals_left"]) == ("probation", 7.0, 20)
    assert "P1  probation  trust score 0.00; asked; 7 days and 20 good signals left" in run("recover", "partner").output
    action = storage.operator_actions.newest()[0]
    assert (action.who, action.command, action.why) == ("ada", "trust probation", "they restored G62")
    assert other["incident_id"] != one["incident_id"]


def test_a_partner_that_cannot_be_reached_ends_it_with_1(bad: None, run: Any, document: Any, monkeypatch: Any) -> None:
    document("recover", "partner", "evaluate", "P1")
    monkeypatch.setenv("NOTICE_WEBHOOK_URL", "http://127.0.0.1:1/")
    failed = run("recover", "partner", "ask", "P1")
    assert failed.exit_code == 1
    assert "these partners could not be asked: P1; run it again" in failed.output


@pytest.mark.parametrize(
    ("words", "exit_code", "said"),
    [
        (("evaluate", "P9"), 1, "no partner 'P9'"),
        (("ask", "P1"), 1, "no incident of partner 'P1' is under review"),
        (("ask",), 2, "name partners, or say --all"),
        (("ask", "P1", "--all"), 2, "name partners, or say --all"),
        (("probation", "P1"), 2, "--why"),
        (("probation", "P1", "--why", "they say so"), 1, "no incident"),
    ],
)
def test_what_cannot_be_done_is_said(run: Any, words: tuple[str, ...], exit_code: int, said: str) -> None:
    result = run("recover", "partner", *words)
    assert result.exit_code == exit_code
    assert said in result.output


def test_too_few_signals_are_no_score(run: Any) -> None:
    assert run("recover", "partner", "evaluate", "P1").output == "P1: too few signals for a score; no incident\n"
