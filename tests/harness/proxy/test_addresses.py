"""Addresses are read, resolved and listened at; what is none is refused."""

import asyncio
import socket

import pytest

from harness.proxy.addresses import address, bound, listener, resolved, why, written
from harness.proxy.errors import ApiError


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:80", "127.0.0.1", 80),
        ("database:3306", "database", 3306),
        ("[::1]:0", "::1", 0),
        (":8080", "127.0.0.1", 8080),
    ],
)
def test_an_address_is_read_and_an_absent_host_is_loopback(text: str, host: str, port: int) -> None:
    assert address(text, "listen") == (host, port)


@pytest.mark.parametrize(
    "text", ["", "80", "host", "host:", "host:x", "host:70000", "host:-1", "::1:80", "h:" + "9" * 5000]
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ApiError, match="listen must"):
        address(text, "listen")


@pytest.mark.parametrize("text", ["127.0.0.1:80", "[::1]:0", "database:3306"])
def test_an_address_is_written_as_it_is_read(text: str) -> None:
    assert written(*address(text, "listen")) == text


def test_names_become_numbers_and_an_unknown_name_is_told() -> None:
    assert asyncio.run(resolved("localhost:80")) in ("127.0.0.1:80", "[::1]:80")
    assert asyncio.run(resolved(":80")) == "127.0.0.1:80"
    with pytest.raises(ApiError, match=r"lookup no\.\.name") as raised:
        asyncio.run(resolved("no..name:80"))
    assert raised.value.status == 500


def test_an_address_that_is_taken_is_told_in_toxiproxys_words() -> None:
    with bound("127.0.0.1", 0) as taken:
        listen = written(*taken.getsockname()[:2])
        with pytest.raises(ApiError, match=f"listen tcp {listen}: bind: address already in use") as raised:
            asyncio.run(listener(listen))
    assert raised.value.status == 500
    assert why(ValueError("no number")) == "no number"


def test_a_listener_names_its_protocol() -> None:
    """Or asyncio leaves Nagle's algorithm on, and small answers take 40 ms."""
    with bound("127.0.0.1", 0) as made:
        assert made.proto == socket.IPPROTO_TCP


def test_every_address_is_of_both_versions() -> None:
    """As in Toxiproxy, whose own example listens at `[::]:18080`."""
    try:
        made = bound("::", 0)
    except OSError as error:
        pytest.skip(f"no IPv6 here: {error}")
    with made, socket.create_connection(("127.0.0.1", made.getsockname()[1]), timeout=5):
        pass
