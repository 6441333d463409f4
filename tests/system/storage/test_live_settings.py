"""What is set while the system runs: the newest value counts, and who set it stays."""

from collections.abc import Callable

import pytest

from system.storage import OperatorAction, Storage
from system.storage.live_settings import IDEMPOTENCY_TTL_S

ACTION = OperatorAction(who="ada", command="redis ttl", what={"ttl_s": 43_200}, why="full")


def test_nothing_is_set_until_somebody_does(storage: Storage) -> None:
    assert storage.live_settings.all() == {}


def test_the_newest_value_counts_and_every_change_is_audited(storage: Storage) -> None:
    storage.live_settings.change(IDEMPOTENCY_TTL_S, 43_200, ACTION)
    storage.live_settings.change("another", "text", ACTION)
    storage.live_settings.change(IDEMPOTENCY_TTL_S, 3_600, ACTION)
    assert storage.live_settings.all() == {IDEMPOTENCY_TTL_S: 3_600, "another": "text"}
    assert [one.command for one in storage.operator_actions.newest()] == ["redis ttl"] * 3


def test_another_process_sees_it(storage: Storage, database_url: str, connect: Callable[..., Storage]) -> None:
    storage.live_settings.change(IDEMPOTENCY_TTL_S, 43_200, ACTION)
    assert connect(database_url).live_settings.all() == {IDEMPOTENCY_TTL_S: 43_200}


def test_nothing_is_set_without_its_audit_row(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(storage.operator_actions, "record_in", fail)
    with pytest.raises(ZeroDivisionError):
        storage.live_settings.change(IDEMPOTENCY_TTL_S, 43_200, ACTION)
    assert storage.live_settings.all() == {}
