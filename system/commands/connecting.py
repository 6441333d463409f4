"""What commands share: a storage for the time of one command, and how it says what it did, or that it could not."""

import contextlib
import json
import logging
import math
from collections.abc import Iterator
from typing import Any

import click

from system.commands.surroundings import console
from system.plain_text import one_line
from system.storage import DatabaseUnavailable, Storage

_LINE_MAX = 20_000
_DAYS_MAX = 3660
_log = logging.getLogger("system.console")


class _Days(click.FloatRange):
    """A span in days, over 0; no number at all is in every range, and refused here."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        days: float = super().convert(value, param, ctx)
        if math.isnan(days):
            self.fail(f"{value!r} is no number of days.", param, ctx)
        return days


DAYS = _Days(min=0, max=_DAYS_MAX, min_open=True)


@contextlib.contextmanager
def storage_for(action: str) -> Iterator[Storage]:
    """The storage of the console. That the database is gone ends the command with 1 and one line."""
    try:
        with console().open_storage() as storage:
            yield storage
    except DatabaseUnavailable as error:
        raise not_done(action, f"the database is not available: {error}; run it again later") from None


def done(action: str, *, why: str = "", **outcome: object) -> None:
    """A line in the log for what an operator did; the audit row is the action's own."""
    _log.info("operator action", extra={"operator": console().operator, "action": action, "reason": why, **outcome})


def not_done(action: str, why: str) -> click.ClickException:
    """The exception that ends a command with 1, with a line in the log."""
    _log.error("operator action failed", extra={"operator": console().operator, "action": action, "error": why})
    return click.ClickException(one_line(why, _LINE_MAX))


def say(*lines: str) -> None:
    """Prints lines for people: whatever of others they quote is plain, so that it cannot steer a terminal."""
    click.echo("\n".join(one_line(line, _LINE_MAX) for line in lines))


def say_json(document: Any) -> None:
    """Prints one document for programs; what cannot be printed stands in it as JSON's own escapes."""
    click.echo(json.dumps(document))


def say_yaml(text: str) -> None:
    """Prints a file that `yaml_text` made as it is: it has written control characters as YAML's own escapes."""
    click.echo(text, nl=False)
