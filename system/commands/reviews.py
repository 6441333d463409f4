"""`reviews`: the weekly data-quality review list, and crossing out who was talked to."""

import click

from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.storage import OperatorAction


@click.group()
def reviews() -> None:
    """The weekly data-quality review list: `list`, `done`."""


@reviews.command("list")
@click.option("--week", metavar="2027-W09", help="The ISO week (default: this one).")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def list_week(week: str | None, as_json: bool) -> None:
    """List the partners to talk to, and why."""
    with storage_for("reviews list") as storage:
        entries = [
            {
                "id": one.id,
                "week": one.week,
                "partner": one.partner_id,
                "cause": one.cause,
                "incident_id": one.incident_id,
                "details": dict(one.details),
                "added_at": one.added_at.isoformat(),
                "reviewed_at": None if one.reviewed_at is None else one.reviewed_at.isoformat(),
                "reviewed_by": one.reviewed_by,
            }
            for one in storage.quality_reviews.of_week(week)
        ]
    if as_json:
        say_json({"reviews": entries})
        return
    for entry in entries:
        state = f"reviewed by {entry['reviewed_by']}" if entry["reviewed_at"] else "open"
        say(f"{entry['week']}  {entry['partner']}  {entry['cause']}  {state}  {entry['id']}")
    if not entries:
        say("nobody is on the list")


@reviews.command("done")
@click.argument("review")
@click.option("--why", default="", help="What came of it; goes into the audit.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def mark_done(review: str, why: str, as_json: bool) -> None:
    """Cross one entry out, by its id."""
    who = console().operator
    with storage_for("reviews done") as storage:
        if not storage.quality_reviews.mark_reviewed(review, by=who):
            raise not_done("reviews done", f"no open entry {review!r}; `reviews list` shows the ids")
        storage.operator_actions.record(
            OperatorAction(who=who, command="reviews done", what={"review": review}, why=why)
        )
    done("reviews done", why=why, review=review)
    if as_json:
        say_json({"review": review, "reviewed_by": who})
    else:
        say(f"{review}: reviewed by {who}")
