"""The inbox takes messages on its two paths, lists them in order, and refuses what is too large or too much."""

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from harness.services.inbox import Inbox, InboxServer, Messages
from tests.harness.services.placements import placement


class Client:
    """One kept connection to an inbox."""

    def __init__(self, port: int) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        self.connection.request(method, path, body)
        response = self.connection.getresponse()
        return response.status, json.loads(response.read())


@pytest.fixture
def client() -> Iterator[Client]:
    server = InboxServer(("127.0.0.1", 0), max_body_bytes=100, max_messages=3)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    one = Client(server.server_port)
    yield one
    one.connection.close()
    server.shutdown()
    thread.join()
    server.server_close()


def test_messages_are_listed_in_order_with_path_time_and_body(client: Client) -> None:
    assert client.ask("POST", "/alerts", b'{"status": "firing"}') == (202, {"number": 1})
    assert client.ask("POST", "/notices/P1", b"not json") == (202, {"number": 2})
    status, document = client.ask("GET", "/messages")
    assert status == 200
    assert [(m["number"], m["path"], m["body"]) for m in document["messages"]] == [
        (1, "/alerts", {"status": "firing"}),
        (2, "/notices/P1", "not json"),
    ]
    assert document["last"] == 2
    first, second = (m["received_at_epoch_s"] for m in document["messages"])
    assert 1_500_000_000 < first <= second


def test_only_what_came_after_is_listed(client: Client) -> None:
    for number in (b"1", b"2", b"3"):
        client.ask("POST", "/alerts", number)
    assert [m["body"] for m in client.ask("GET", "/messages?after=1")[1]["messages"]] == [2, 3]
    assert client.ask("GET", "/messages?after=3")[1] == {"messages": [], "last": 3}
    assert client.ask("GET", "/messages?after=99")[1] == {"messages": [], "last": 99}


@pytest.mark.parametrize("after", ["-1", "x", "1.5", "%31%30x", "٣"])
def test_an_after_that_is_no_number_is_refused(client: Client, after: str) -> None:
    from urllib.parse import quote

    assert client.ask("GET", f"/messages?after={quote(after, safe='%')}")[0] == 400


@pytest.mark.parametrize("path", ["/", "/alert", "/alertsx", "/messages"])
def test_other_paths_take_nothing(client: Client, path: str) -> None:
    assert client.ask("POST", path, b"{}")[0] == 404
    assert client.ask("GET", "/messages")[1]["messages"] == []


def test_a_message_that_is_too_large_is_refused_unread(client: Client) -> None:
    assert client.ask("POST", "/alerts", b"x" * 100)[0] == 202
    assert client.ask("POST", "/alerts", b"x" * 101)[0] == 413
    assert len(client.ask("GET", "/messages")[1]["messages"]) == 1


def test_a_full_inbox_says_so_and_goes_on_listing(client: Client) -> None:
    for _ in range(3):
        client.ask("POST", "/alerts", b"{}")
    assert client.ask("POST", "/alerts", b"{}")[0] == 507
    assert len(client.ask("GET", "/messages")[1]["messages"]) == 3


def test_a_message_without_length_is_refused(client: Client) -> None:
    client.connection.putrequest("POST", "/alerts", skip_accept_encoding=True)
    client.connection.endheaders()
    response = client.connection.getresponse()
    assert response.status == 411
    response.read()


def test_numbers_count_on_from_many_threads() -> None:
    messages = Messages()
    threads = [threading.Thread(target=lambda: [messages.add("/alerts", b"1") for _ in range(50)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [message["number"] for message in messages.after(0)] == list(range(1, 201))


def test_its_limits_are_options() -> None:
    command = Inbox().command(placement(options={"max_messages": 5}))
    assert command.module == "harness.services.inbox"
    assert command.environ["MAX_MESSAGES"] == "5"
    assert "MAX_BODY_BYTES" not in command.environ
