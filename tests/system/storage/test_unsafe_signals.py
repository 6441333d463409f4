"""The negative control: without the unique key the same signal is two rows; with it, never."""

from collections.abc import Callable
from typing import Any

import pytest

from system.storage import NewSignal, Storage

pytestmark = pytest.mark.slow


def test_a_repeat_is_a_second_row(
    server_storage: Storage, connect: Callable[..., Storage], signal_of: Callable[..., NewSignal]
) -> None:
    url = server_storage.engine.url.render_as_string(hide_password=False)
    unsafe: Any = {"unsafe_no_unique_key": True, "allow_unsafe": True}
    one, other = connect(url, **unsafe), connect(url, **unsafe)
    answers = [storage.signals.accept([signal_of("S1")])[0] for storage in (server_storage, one, other, one)]
    assert [answer.status for answer in answers] == ["accepted"] * 4
    assert len({answer.intent_id for answer in answers}) == 4


def test_what_is_known_before_is_still_a_repeat(
    server_storage: Storage, connect: Callable[..., Storage], signal_of: Callable[..., NewSignal]
) -> None:
    """The key in Redis leads to the row, which is what hides the harm as long as Redis forgets nothing."""
    url = server_storage.engine.url.render_as_string(hide_password=False)
    unsafe = connect(url, unsafe_no_unique_key=True, allow_unsafe=True)
    (first,) = unsafe.signals.accept([signal_of("S1")])
    assert unsafe.signals.intent_ids([first.identity]) == {first.identity: first.intent_id}
