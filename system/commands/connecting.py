"""What commands share: a storage for the time of one command, and how it says that it could not be done."""

import contextlib
import logging
from collections.abc import Iterator

import click

from system.clock import RandomIds, SystemClock
from system.governance.operators import operator_name
from system.settings import Settings
from system.storage import DatabaseUnavailable, Storage

_log = logging.getLogger("system.console")


@contextlib.contextmanager
def storage_for(action: str) -> Iterator[Storage]:
    """The storage that the settings name. That the database is gone ends the command with 1 and one line."""
    storage = Storage.connect(Settings.load(), clock=SystemClock(), ids=RandomIds())
    try:
        yield storage
    except DatabaseUnavailable as error:
        raise not_done(action, f"the database is not available: {error}; run it again later") from None
    finally:
        storage.close()


def done(action: str, *, why: str = "", **outcome: object) -> None:
    """A line in the log for what an operator did; the audit row is the action's own."""
    _log.info("operator action", extra={"operator": operator_name(), "action": action, "reason": why, **outcome})


def not_done(action: str, why: str) -> click.ClickException:
    """The exception that ends a command with 1, with a line in the log."""
    _log.error("operator action failed", extra={"operator": operator_name(), "action": action, "error": why})
    return click.ClickException(why)
