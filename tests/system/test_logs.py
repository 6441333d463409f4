"""Log lines: one JSON object each, with the fields that a search needs, whatever is put into them."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from system import logs


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    out = io.StringIO()
    logs.configure("ingest", stream=out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_its_fields(stream: io.StringIO) -> None:
    logging.getLogger("x").info("signal %s", "accepted", extra={"intent_id": "abc"})
    (line,) = lines(stream)
    assert line.pop("at").endswith("+00:00")
    assert line == {
        "level": "info",
        "service": "ingest",
        "logger": "x",
        "message": "signal accepted",
        "intent_id": "abc",
    }


def test_fields_reach_every_line_inside_and_none_after(stream: io.StringIO) -> None:
    log = logging.getLogger("x")
    with logs.fields(partner="P1"), logs.fields(intent_id="abc"):
        log.info("inside")
    log.info("outside")
    inside, outside = lines(stream)
    assert (inside["partner"], inside["intent_id"]) == ("P1", "abc")
    assert "partner" not in outside


def test_an_exception_comes_with_its_stack(stream: io.StringIO) -> None:
    try:
        raise KeyError("lost")
    except KeyError:
        logging.getLogger("x").exception("failed")
    (line,) = lines(stream)
    assert "Traceback" in line["exception"]
    assert "KeyError: 'lost'" in line["exception"]


def test_what_others_wrote_steers_no_terminal_once_the_line_is_read(stream: io.StringIO) -> None:
    log = logging.getLogger("x")
    with logs.fields(partner="\x1b[2J"):
        log.info("refused %s", "a\nb", extra={"segment": "\u202eSTOP"})
    try:
        raise ValueError("\x1b[31mred\nforged")
    except ValueError:
        log.exception("failed")
    refused, failed = lines(stream)
    assert (refused["message"], refused["partner"], refused["segment"]) == (
        r"refused a\nb",
        r"\x1b[2J",
        r"\u202eSTOP",
    )
    assert "\n" in failed["exception"], "a stack keeps its lines"
    assert all(line.isprintable() for line in failed["exception"].split("\n"))


def test_nothing_breaks_a_line(stream: io.StringIO) -> None:
    logging.getLogger("x").info("a\nb" * 10_000, extra={"odd": object(), "bytes": b"\xff", "text": "\ud800\n" * 9_000})
    (line,) = lines(stream)
    assert max(len(line["message"]), len(line["text"])) <= 8_000
    assert "object" in line["odd"]
