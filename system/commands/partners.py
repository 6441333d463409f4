"""`partners`: how each is trusted, what its signals lack, and its week on one card."""

from datetime import timedelta
from typing import Any

import click

from system.analytics import analysis_of, scorecard_of
from system.analytics.signals import span_of
from system.commands.connecting import DAYS, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.recovery.partner_drift import PartnerDriftRecovery
from system.storage import Partner, Storage
from system.storage.quality_reviews import week_of

LOOKS_BACK_DAYS = 7.0

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group(invoke_without_command=True)
@click.pass_context
def partners(context: click.Context) -> None:
    """The partners: `list` (also when nothing is said), `analyze`, `scorecard`."""
    if context.invoked_subcommand is None:
        context.invoke(list_partners)


@partners.command("list")
@_AS_JSON
def list_partners(as_json: bool = False) -> None:
    """List how each partner is trusted: score, autonomy ceiling, and whether a person reviews all it sends."""
    settings = console().settings
    with storage_for("partners list") as storage:
        recovery = PartnerDriftRecovery(storage, settings, console().calendar(storage), by=console().operator)
        found = [_trusted(storage, recovery, partner) for partner in storage.partners.all()]
    if as_json:
        say_json({"partners": found})
        return
    for one in found:
        score = "no score" if one["trust_score"] is None else f"score {one['trust_score']:.2f}"
        review = "  under review" if one["require_review"] else ""
        say(f"{one['partner']}  {score}  ceiling {one['autonomy_ceiling']}{review}  {one['name']}")


@partners.command("analyze")
@click.argument("partner")
@click.argument("start", required=False, metavar="[FROM]")
@click.argument("end", required=False, metavar="[TO]")
@click.option("--days", type=DAYS, help="The last so many (default: 7).")
@_AS_JSON
def analyze(partner: str, start: str | None, end: str | None, days: float | None, as_json: bool) -> None:
    """Say which fields the partner's signals lack, FROM one day TO another, or in the last days."""
    if (start is None) != (end is None) or (start is not None and days is not None):
        raise click.UsageError("name both ends of the span, or --days, or neither")
    with storage_for("partners analyze") as storage:
        now = console().calendar(storage).now()
        try:
            looks_back = timedelta(days=days or LOOKS_BACK_DAYS)
            span = (now - looks_back, now) if start is None or end is None else span_of(start, end)
            found = analysis_of(storage, partner, *span)
        except ValueError as error:
            raise not_done("partners analyze", str(error)) from None
    if as_json:
        say_json(found.as_json())
    else:
        say(*found.sentences)


@partners.command("scorecard")
@click.argument("partner", required=False)
@click.option("--week", metavar="2027-W09", help="The ISO week (default: this one, as far as it is over).")
@_AS_JSON
def scorecard(partner: str | None, week: str | None, as_json: bool) -> None:
    """Show the week of a partner, or of each of them. Once a week is over they are sent by themselves."""
    settings = console().settings
    with storage_for("partners scorecard") as storage:
        wanted = [one for one in storage.partners.all() if partner is None or one.id == partner]
        if not wanted:
            raise not_done("partners scorecard", f"no partner {partner!r}; `partners list` names them")
        week = week or week_of(console().calendar(storage).now())
        try:
            cards = [scorecard_of(storage, settings, one, week) for one in wanted]
        except ValueError as error:
            raise not_done("partners scorecard", str(error)) from None
    if as_json:
        say_json({"scorecards": [card.as_json() for card in cards]})
        return
    for card in cards:
        score = "no score" if card.score is None else f"score {card.score:.2f}"
        review = ", under review" if card.under_review else ""
        states = ", ".join(f"{count} {state}" for state, count in card.outcomes.items()) or "nothing"
        say(f"{card.partner_id}  {card.sentence}", f"    {states}; {score}, ceiling {card.ceiling}{review}")


def _trusted(storage: Storage, recovery: PartnerDriftRecovery, partner: Partner) -> dict[str, Any]:
    score = recovery.score(partner.id)
    incident = storage.trust_incidents.newest(partner.id)
    return {
        "partner": partner.id,
        "name": partner.name,
        "trust_score": None if score is None else round(score.value, 4),
        "was": None if score is None or score.before is None else round(score.before, 4),
        "signals": 0 if score is None else score.signals,
        "autonomy_ceiling": partner.autonomy_tier,
        "require_review": partner.require_review,
        "incident": None if incident is None else {"id": incident.id, "stage": incident.stage},
    }
