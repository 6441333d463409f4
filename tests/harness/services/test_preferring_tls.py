"""A connection takes what encryption the server offers, and loads no certificate of the machine for it."""

import ssl

import pytest

from harness.services.preferring_tls import Connection, unverified


def test_the_context_is_made_once_and_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> ssl.SSLContext:
        raise AssertionError("the machine's certificates were loaded")

    monkeypatch.setattr("ssl.create_default_context", refuse)
    made = [Connection(host="127.0.0.1", port=1, user="u", password="p", defer_connect=True) for _ in range(2)]
    assert [connection.ctx for connection in made] == [unverified()] * 2  # type: ignore[attr-defined]
    assert unverified().verify_mode is ssl.CERT_NONE
