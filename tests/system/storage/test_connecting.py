"""Where a URL says nothing of encryption, what the server offers is taken, and no certificate of the machine loaded."""

import ssl

import pytest
from sqlalchemy import Engine

from system.settings import Settings
from system.storage.connecting import PreferringTls, connect_preferring_tls, unverified
from system.storage.engine import make_engine


def class_that_connects(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> str:
    """Which class the pool's connections are of; nothing is connected to."""
    seen: list[str] = []

    def connect(connection: object, *_: object) -> None:
        seen.append(type(connection).__name__)
        raise OSError("seen enough")

    monkeypatch.setattr("pymysql.connections.Connection.connect", connect)
    with pytest.raises(OSError, match="seen enough"):
        engine.connect()
    return seen[0]


def test_the_context_is_made_once_and_loads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> ssl.SSLContext:
        raise AssertionError("the machine's certificates were loaded")

    monkeypatch.setattr("ssl.create_default_context", refuse)
    named = {"host": "127.0.0.1", "port": 1, "user": "u", "password": "p", "defer_connect": True}
    made = [connect_preferring_tls(None, None, [], named) for _ in range(2)]
    assert [connection.ctx for connection in made] == [unverified()] * 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("query", "name"),
    [("", PreferringTls.__name__), ("?ssl_disabled=true", "Connection"), ("?charset=utf8mb4", PreferringTls.__name__)],
)
def test_a_url_that_speaks_of_encryption_has_its_way(monkeypatch: pytest.MonkeyPatch, query: str, name: str) -> None:
    engine = make_engine(Settings(database_url=f"mysql+pymysql://u:p@127.0.0.1:1/x{query}"))
    assert class_that_connects(engine, monkeypatch) == name
