"""`breakers`: listed, shown, reset with a reason that stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

from system.storage import Place, Storage, Trip


def test_list(run: Any, document: Any) -> None:
    assert document("breakers", "list")["open"] == ["P12345"]
    text = run("breakers").output
    assert "P12345  OPEN  15 failures: 9 malformed, 2 repeated, 4 refused" in text


def test_show(run: Any, document: Any) -> None:
    found = document("breakers", "show", "P12345")
    assert (found["failure_count"], found["places"][0]["segment"]) == (15, "G62")
    text = run("breakers", "show", "P12345").output
    assert "G62 element 2 9 times: expected a date" in text
    assert "tell the partner: Your integration is sending malformed signals. Please fix X12 segment G62" in text
    assert run("breakers", "show", "P1").output == "P1  CLOSED\n"
    unknown = run("breakers", "show", "P9")
    assert unknown.exit_code == 1
    assert "no partner 'P9'" in unknown.output


def test_what_a_partner_wrote_steers_no_terminal(run: Any, document: Any, storage: Storage) -> None:
    """Neither through what is shown nor through a name that is not there."""
    place = Place(segment="\x1b[2Jweight", element=None, message="no\nP1  CLOSED\u202e", count=11)
    later = datetime.now(UTC) + timedelta(seconds=300)
    storage.breakers.trip("P1", Trip(malformed=11, duplicates=0, places=(place,), probe_after=later))
    for words in (("breakers", "list"), ("breakers", "show", "P1"), ("breakers", "show", "\x1b[2J")):
        for line in run(*words).output.split("\n"):
            assert line.isprintable(), line
    assert r"no\nP1  CLOSED\u202e" in run("breakers", "show", "P1").output
    assert document("breakers", "show", "P1")["places"][0]["segment"] == r"\x1b[2Jweight"


def test_reset(run: Any, document: Any, storage: Storage) -> None:
    assert run("breakers", "reset", "P12345").exit_code == 2, "a reason is asked for"
    assert document("breakers", "reset", "P12345", "--why", "they mended G62")["state"] == "CLOSED"
    (action,) = storage.operator_actions.newest()
    assert (action.who, action.command, action.why) == ("ada", "breakers reset", "they mended G62")
    assert run("breakers", "list").output == "no circuit breaker is open\n"
    assert "was CLOSED with 0 failures, is CLOSED" in run("breakers", "reset", "P12345", "--why", "again").output


def test_without_a_database(run: Any, monkeypatch: Any) -> None:
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://freight@127.0.0.1:1/freight")
    result = run("breakers", "list")
    assert result.exit_code == 1
    assert "the database is not available" in result.output
