"""`clock`: moves the calendar on, in a system that was started for it, so that a drill can see a week pass.

Anywhere else it refuses: a probation has to last as long as it says. It moves days, and nothing that machines measure.
"""

from datetime import timedelta

import click

from system.commands.connecting import DAYS, done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.storage import Storage

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group(hidden=True)
def clock() -> None:
    """For drills: the calendar, where STEERED_CLOCK lets it be moved: `show`, `forward`."""
    if not console().settings.steered_clock:
        raise click.UsageError(
            "this system goes by the machine's clock, which nobody moves; only one that was started for a drill, "
            "with STEERED_CLOCK=1 and ALLOW_STEERED_CLOCK=1, has a calendar that can be moved"
        )


@clock.command("show")
@_AS_JSON
def show(as_json: bool) -> None:
    """Show what the calendar says, and how far it is ahead of the machine's clock."""
    with storage_for("clock show") as storage:
        ahead = storage.clock_moves.ahead()
        _tell(storage, ahead, as_json)


@clock.command("forward")
@click.argument("days", type=DAYS)
@click.option("--why", required=True, help="What is to be seen; goes into the audit.")
@_AS_JSON
def forward(days: float, why: str, as_json: bool) -> None:
    """Move the calendar on by DAYS. There is no way back."""
    by = timedelta(days=days)
    with storage_for("clock forward") as storage:
        try:
            ahead = storage.clock_moves.move(by, who=console().operator, why=why)
        except ValueError as error:
            raise not_done("clock forward", str(error)) from None
        done("clock forward", why=why, days=days)
        _tell(storage, ahead, as_json, moved=by)


def _tell(storage: Storage, ahead: timedelta, as_json: bool, *, moved: timedelta | None = None) -> None:
    calendar = console().calendar(storage)
    now = calendar.now().isoformat()
    told: dict[str, object] = {"calendar": now, "ahead_s": ahead.total_seconds()}
    if moved is not None:
        told["moved_s"] = moved.total_seconds()
    if as_json:
        say_json(told)
    else:
        say(f"the calendar says {now}, {ahead} ahead of the clock")
