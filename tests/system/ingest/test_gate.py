"""The gate: whoever is shut out is told so from memory alone, everybody else passes."""

import asyncio
import json
from typing import Any

import pytest

from system.ingest.gate import credentials

BAD = b"ISA*nonsense"


@pytest.fixture
def shut(running: Any) -> Any:
    """The app, with P1001's breaker open."""
    for _ in range(12):
        running.send(BAD)
    return running


class Asked:
    """One request to the app itself, without a server: whether its body was looked at, and what was answered."""

    def __init__(self, running: Any, *, headers: dict[str, str] | None = None, length: int = 10) -> None:
        self.looked = 0
        self.sent: list[Any] = []
        given = {**running.headers, "Content-Length": str(length), **(headers or {})}
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/signals",
            "headers": [(name.lower().encode(), value.encode()) for name, value in given.items()],
            "query_string": b"",
        }
        asyncio.run(running.app(scope, self._receive, self._send))

    async def _receive(self) -> Any:
        self.looked += 1
        return {"type": "http.request", "body": b"x" * 10, "more_body": False}

    async def _send(self, message: Any) -> None:
        self.sent.append(message)

    @property
    def status(self) -> int:
        return int(self.sent[0]["status"])

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])


def test_after_the_first_of_a_second_no_body_is_looked_at(shut: Any) -> None:
    asked = [Asked(shut) for _ in range(300)]
    assert {one.status for one in asked} == {429}
    assert sum(one.looked > 0 for one in asked) == 199, "and one of those that opened it was refused too"
    shut.ask(lambda _: shut.app.state.ingest.breakers.flush())
    assert Asked(shut).looked == 1


def test_a_large_body_is_never_looked_at(shut: Any) -> None:
    assert Asked(shut, length=10_000_000).looked == 0


def test_who_shows_a_wrong_key_is_not_told_of_the_breaker(shut: Any) -> None:
    wrong = Asked(shut, headers={"Authorization": "Bearer wrong"})
    assert wrong.status == 401
    before = shut.get("/metrics").text
    assert Asked(shut, headers={"X-Partner": "P9"}).status == 401
    assert 'outcome="refused"} 1.0' in before
    assert 'outcome="refused"} 1.0' in shut.get("/metrics").text, "neither is one that was refused"


def test_everything_else_passes(shut: Any) -> None:
    assert shut.get("/signals").status_code == 405
    assert shut.get("/intents/x").status_code == 404
    assert shut.get("/healthz").status_code == 200


def test_the_words_are_true_at_every_moment(shut: Any) -> None:
    assert Asked(shut).headers[b"retry-after"] == b"300"
    shut.clock.move(100)
    said = Asked(shut)
    assert said.headers[b"retry-after"] == b"200"
    assert json.loads(said.sent[1]["body"])["retry_after_s"] == 200
    assert b"connection" not in said.headers


def test_who_comes_on_too_many_connections_at_once_is_sent_away(start: Any) -> None:
    running = start(breaker_refusals_per_s=50)
    for _ in range(12):
        running.send(BAD)

    async def sleep_s(seconds: float) -> None:
        await asyncio.sleep(0)  # and no time passes

    running.clock.sleep_s = sleep_s
    closed = [Asked(running).headers.get(b"connection") == b"close" for _ in range(40)]
    assert closed == [False] * closed.index(True) + [True] * (40 - closed.index(True))


def test_the_last_header_of_a_name_counts_for_gate_and_app_alike() -> None:
    headers = [(b"x-partner", b"P1"), (b"authorization", b"Basic x"), (b"x-partner", b"P2"), (b"other", b"")]
    assert credentials({"headers": headers}) == ("P2", "")
    assert credentials({"headers": [*headers, (b"authorization", b"bearer  key ")]}) == ("P2", "key")
    assert credentials({"headers": []}) == ("", "")
