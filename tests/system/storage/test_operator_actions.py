"""What operators did stays: who, when, with which command, to what, why."""

import pytest
from sqlalchemy import Connection

from system.storage import OperatorAction, Storage
from system.storage.operator_actions import OperatorActions


def test_an_action_is_kept_and_the_newest_comes_first(storage: Storage) -> None:
    for number in range(3):
        what = {"ids": [str(number)]}
        storage.operator_actions.record(OperatorAction(who="ada", command="tag", what=what, why=f"because {number}"))
    first, second = storage.operator_actions.newest(2)
    assert {first.who, first.command} == {"ada", "tag"}
    assert first.at is not None
    assert second.at is not None
    assert first.at >= second.at
    assert len(storage.operator_actions.newest()) == 3


def test_texts_fit_their_columns(storage: Storage) -> None:
    storage.operator_actions.record(OperatorAction(who="a" * 999, command="c" * 999, what={}, why="w" * 9999))
    (kept,) = storage.operator_actions.newest()
    assert (len(kept.who), len(kept.command), len(kept.why)) == (80, 200, 500)


def test_an_action_goes_with_the_transaction_of_what_was_done(storage: Storage) -> None:
    actions: OperatorActions = storage.operator_actions

    def fail(connection: Connection) -> None:
        actions.record_in(connection, OperatorAction(who="ada", command="tag", what={}, why=""))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        actions._database.transact(fail)
    assert actions.newest() == []
