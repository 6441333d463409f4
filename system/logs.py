"""Logs: one JSON object a line on standard error, for every process of the system alike.

A line carries what a search needs as fields (`intent_id`, `partner`, `incident_id`, ...), not woven into the message.
Fields come from `extra={...}` of one call, or from `fields(...)` around a piece of work, which reaches every line
that is logged inside it, also by libraries. It is not an audit trail: that is rows in the database.
"""

import contextlib
import contextvars
import json
import logging
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TextIO

from system.plain_text import one_line

_FIELDS: contextvars.ContextVar[dict[str, object] | None] = contextvars.ContextVar("log_fields", default=None)

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_LENGTH_MAX = 8_000
"""Characters of one text field: a line must stay a line, also when a partner's input is quoted in it."""
_STACK_LINE_MAX = 1_000


class JsonFormatter(logging.Formatter):
    """Makes one line of JSON of a record; what JSON cannot hold is written as text, so logging never raises."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    def format(self, record: logging.LogRecord) -> str:
        """The record as one JSON object without line breaks."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "service": self.service,
            "logger": record.name,
            "message": one_line(record.getMessage(), _LENGTH_MAX),
        }
        given = {**(_FIELDS.get() or {}), **vars(record)}
        line.update((name, _plain(value)) for name, value in given.items() if name not in _STANDARD)
        if record.exc_info:
            line["exception"] = _plain_lines(self.formatException(record.exc_info))
        if record.stack_info:
            line["stack"] = _plain_lines(self.formatStack(record.stack_info))
        return json.dumps(line, default=str, separators=(",", ":"))


def _plain(value: object) -> object:
    return one_line(value, _LENGTH_MAX) if isinstance(value, str) else value


def _plain_lines(text: str) -> str:
    return "\n".join(one_line(line, _STACK_LINE_MAX) for line in text[-_LENGTH_MAX:].split("\n"))


@contextlib.contextmanager
def fields(**values: object) -> Iterator[None]:
    """Adds `values` to every line logged inside, in this task or thread."""
    token = _FIELDS.set({**(_FIELDS.get() or {}), **values})
    try:
        yield
    finally:
        _FIELDS.reset(token)


def configure(service: str, *, level: int = logging.INFO, stream: TextIO | None = None) -> None:
    """Sends all logging of this process to `stream` (standard error) as JSON lines that name `service`.

    Replaces whatever handlers the root had: a process calls it once, first thing.
    """
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter(service))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These two tell of every request; the metrics count them, and under a flood the lines cost more than the work.
    for talkative in ("httpx", "httpcore"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
