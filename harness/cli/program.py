"""The program itself and what its commands share: how it answers, how it says what it is doing, how it ends.

Every listing and verdict command takes `--json`: one document on standard output and nothing else there; progress goes
to standard error. No command is in here.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

HARNESS_ERROR = 13


class CannotRun(click.ClickException):
    """The harness itself could not do it: says why, and ends with its own exit code."""

    exit_code = HARNESS_ERROR


@contextmanager
def clear_errors() -> Iterator[None]:
    """A user's mistake, or a machine that lacks something, is one clear message and no traceback."""
    try:
        yield
    except Exception as error:
        _end_plainly(error)
        raise


def _end_plainly(error: Exception) -> None:
    """End the program with the words of an error that is meant for its user; returns for any other."""
    from harness.config import ConfigError
    from harness.environments.base import EnvironmentFault
    from harness.interrupts import INTERRUPTED, Interrupted
    from harness.replaying.all_or_nothing import HalfDone
    from harness.replaying.corpus import NoSuchTrace
    from harness.replaying.keeping import Refused
    from harness.replaying.repository import RevisionError
    from harness.scenario import ScenarioError
    from harness.store import StoreError
    from harness.topology import TopologyError
    from harness.traces import Unreadable

    if isinstance(error, Interrupted):
        click.echo(f"{error}: ended, and nothing was left behind", err=True)
        raise SystemExit(INTERRUPTED) from None
    if isinstance(error, Refused):
        click.echo(str(error), err=True)
        raise SystemExit(int(error.exit_code)) from None
    plain = (ConfigError, StoreError, TopologyError, ScenarioError, EnvironmentFault)
    if isinstance(error, (*plain, HalfDone, NoSuchTrace, RevisionError, Unreadable)):
        raise CannotRun(str(error)) from None


def print_json(document: Any) -> None:
    """The one document of `--json`."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))


def progress(text: str) -> None:
    """A line about what is being done, on standard error."""
    click.echo(f"  .. {text}", err=True)


json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
environment_option = click.option(
    "--environment",
    type=click.Choice(["processes", "containers"]),
    default="processes",
    show_default=True,
    help="Where the system runs.",
)
database_option = click.option(
    "--database",
    type=click.Choice(["mariadb", "mysql"]),
    help="What the topology's databases are, if not what it says.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="drill-harness", prog_name="harness")
def main() -> None:
    """Chaos drills that leave evidence, and trace replay, for systems on real databases.

    Exit codes of a drill: 0 pass, 10 an invariant was broken, 11 an objective was missed, 12 unknown, 13 the harness
    itself could not go on.
    """
