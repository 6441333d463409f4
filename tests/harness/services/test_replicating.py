"""What the two sets of words say is the same, and which set a server understands its greeting tells."""

from typing import Any

import pytest

from harness.services.replicating import MARIADB, MYSQL, Following, Speech, speech_of


class Greeted:
    def __init__(self, greeting: str) -> None:
        self.greeting = greeting

    def get_server_info(self) -> str:
        return self.greeting


@pytest.mark.parametrize(
    ("greeting", "speech"),
    [("5.5.5-10.11.11-MariaDB-log", MARIADB), ("11.4.5-MariaDB", MARIADB), ("8.4.5", MYSQL), ("9.7.4-2", MYSQL)],
)
def test_the_greeting_tells_which(greeting: str, speech: Speech) -> None:
    server: Any = Greeted(greeting)
    assert speech_of(server) is speech


@pytest.mark.parametrize("speech", [MARIADB, MYSQL], ids=["mariadb", "mysql"])
def test_a_status_is_read_in_either_language(speech: Speech) -> None:
    said = {"io": "Connecting", "sql": "Yes", "received": "0-1-7", "io_error": "", "sql_error": "stuck"}
    row = {column: said[name] for name, column in speech.columns.items()}
    following = speech.following([row])
    assert following == Following(io="Connecting", sql="Yes", received="0-1-7", error="stuck")
    assert not following.running
    assert speech.following([]) is None
    running = speech.following([{**row, speech.columns["io"]: "Yes", speech.columns["received"]: None}])
    assert running is not None
    assert (running.running, running.received) == (True, "")
