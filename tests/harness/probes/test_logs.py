"""Lines of a log that say certain words become events, once each, and others do not."""

import asyncio
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.clock import Clock
from harness.history import History, Kind
from harness.probes import LogProbe, logs
from tests.toy import ToyEnvironment

PROBE = LogProbe(service="shop", says=("gave up: *", "closed"))


def line(message: str, **fields: object) -> str:
    return json.dumps({"message": message, **fields})


def look(toy: ToyEnvironment, history: History) -> None:
    asyncio.run(PROBE.observe(toy, history, Clock()))


def test_lines_are_found_by_their_words_and_written_once() -> None:
    toy, history = ToyEnvironment(), History()
    toy.logged += [line("open"), line("gave up: no bread", order="7", pid=9), "no JSON", '["a", "list"]']
    look(toy, history)
    look(toy, history)
    toy.logged += [line("closed early"), line("closed"), line("gave up: ")]
    look(toy, history)
    found = history.where(kind=Kind.PROBE, action="log")
    assert [(event.value["line"], event.value["says"]) for event in found] == [
        (2, "gave up: *"),
        (6, "closed"),
        (7, "gave up: *"),
    ]
    assert (found[0].value["order"], found[0].value["pid"], found[0].value["service"]) == ("7", 9, "shop")


def test_a_long_text_keeps_its_end() -> None:
    """The innermost call of a stack trace stands last."""
    toy, history = ToyEnvironment(logged=[line("closed", stack="x" * 20_000 + "the end")]), History()
    look(toy, history)
    stack = history[0].value["stack"]
    assert len(stack) == logs.TEXT_LENGTH_MAX
    assert stack.endswith("the end")


def test_logs_of_two_services_are_kept_apart() -> None:
    toy, history = ToyEnvironment(logged=[line("closed")]), History()
    look(toy, history)
    asyncio.run(LogProbe(service="bank", says=("closed",)).observe(toy, history, Clock()))
    assert [event.value["service"] for event in history] == ["shop", "bank"]


@given(st.lists(st.sampled_from(["closed", "open"]), max_size=12), st.lists(st.integers(0, 12), max_size=4))
def test_however_the_log_grows_each_line_is_written_once_and_in_order(messages: list[str], looks: list[int]) -> None:
    toy, history = ToyEnvironment(), History()
    for upto in [*sorted(looks), len(messages)]:
        toy.logged = [line(message) for message in messages[:upto]]
        look(toy, history)
    wanted = [number for number, message in enumerate(messages, start=1) if message == "closed"]
    assert [event.value["line"] for event in history] == wanted


def test_an_environment_without_logs_is_refused() -> None:
    class Bare:
        name = "bare"

    with pytest.raises(TypeError, match="bare environment"):
        asyncio.run(PROBE.observe(Bare(), History(), Clock()))  # type: ignore[arg-type]
