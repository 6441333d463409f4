"""`reviews`: whoever was shut out stands on this week's list until somebody crosses it out."""

from typing import Any

from system.storage import Storage


def test_listed_and_crossed_out(run: Any, document: Any, storage: Storage) -> None:
    (entry,) = document("reviews", "list")["reviews"]
    assert (entry["partner"], entry["cause"], entry["reviewed_at"]) == ("P12345", "circuit breaker", None)
    assert entry["details"]["places"][0]["segment"] == "G62"
    assert "P12345  circuit breaker  open" in run("reviews", "list").output
    assert run("reviews", "list", "--week", "1999-W01").output == "nobody is on the list\n"

    assert document("reviews", "done", entry["id"], "--why", "called them")["reviewed_by"] == "ada"
    assert run("reviews", "done", entry["id"]).exit_code == 1
    assert "reviewed by ada" in run("reviews", "list").output
    (action,) = storage.operator_actions.newest()
    assert (action.command, action.what, action.why) == ("reviews done", {"review": entry["id"]}, "called them")
