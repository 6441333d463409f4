"""`recover partner`: the runbook for a partner whose signals have become bad, step by step."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click

from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.recovery.partner_drift import Course, NoIncident, PartnerDriftRecovery
from system.storage import Storage, TrustIncident

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_PARTNERS = click.argument("partners", nargs=-1)
_EVERY = click.option("--all", "every", is_flag=True, help="All that are under review, instead of naming them.")


@click.group("partner", invoke_without_command=True)
@click.pass_context
def partner(context: click.Context) -> None:
    """A partner's signals have become bad: `list` (also when nothing is said), `evaluate`, `ask`, `probation`."""
    if context.invoked_subcommand is None:
        context.invoke(list_incidents)


@partner.command("list")
@_AS_JSON
def list_incidents(as_json: bool = False) -> None:
    """List the incidents that are not closed, and how far each partner is on its way back."""
    with _runbook("recover partner list") as (storage, recovery):
        found = [_course(recovery.course(one)) for one in storage.trust_incidents.unclosed()]
    if as_json:
        say_json({"incidents": found})
    else:
        say(*(_line(one) for one in found) if found else ("no partner is under review, or on its way back",))


@partner.command("evaluate")
@click.argument("name", metavar="PARTNER")
@_AS_JSON
def evaluate(name: str, as_json: bool) -> None:
    """Compute a partner's trust score now, and do what follows from it: what the monitor does all the time."""
    with _runbook("recover partner evaluate") as (storage, recovery):
        if storage.partners.get(name) is None:
            raise not_done("recover partner evaluate", f"no partner {name!r}; `partners list` names them")
        score, opened = recovery.score(name), recovery.evaluate(name)
        standing = opened or storage.trust_incidents.newest(name)
        if opened is None and standing is not None:
            standing = recovery.advance(standing).incident
    value = None if score is None else round(score.value, 4)
    done("recover partner evaluate", partner=name, score=value, opened=opened is not None)
    stage = None if standing is None else standing.stage
    if as_json:
        say_json({"partner": name, "trust_score": value, "opened": opened is not None, "stage": stage})
    else:
        told = "too few signals for a score" if value is None else f"trust score {value:.2f}"
        say(f"{name}: {told}{'; an incident was opened' if opened is not None else ''}; {stage or 'no incident'}")


@partner.command("ask")
@_PARTNERS
@_EVERY
@click.option("--again", is_flag=True, help="Also who was asked before.")
@_AS_JSON
def ask(partners: Sequence[str], every: bool, again: bool, as_json: bool) -> None:
    """Ask partners to restore what their signals lack; each is asked once an incident."""
    with _runbook("recover partner ask") as (storage, recovery):
        asked = console().run(_ask(recovery, _named(storage, partners, every), again))
    done("recover partner ask", notices=asked)
    if as_json:
        say_json({"notices": asked})
    else:
        say(
            *(
                f"{one['partner']}: {one['status']}{'' if one['error'] is None else ': ' + one['error']}"
                for one in asked
            )
        )
    if failed := [one["partner"] for one in asked if one["error"] is not None]:
        raise not_done("recover partner ask", f"these partners could not be asked: {', '.join(failed)}; run it again")


@partner.command("probation")
@_PARTNERS
@_EVERY
@click.option("--why", required=True, help="How you know that its signals are mended; goes into the audit.")
@_AS_JSON
def probation(partners: Sequence[str], every: bool, why: str, as_json: bool) -> None:
    """Begin the probation of partners that say that their signals are mended.

    From now on every signal has to be good, for as many days as the settings say; one that is not begins it anew. Then
    autonomy comes back by itself, step by step.
    """
    with _runbook("recover partner probation") as (storage, recovery):
        began = [recovery.begin_probation(one, why=why) for one in _named(storage, partners, every)]
        found = [_course(recovery.course(one)) for one in began]
    done("recover partner probation", why=why, partners=[one["partner"] for one in found])
    if as_json:
        say_json({"incidents": found})
    else:
        say(*map(_line, found))


@contextmanager
def _runbook(action: str) -> Iterator[tuple[Storage, PartnerDriftRecovery]]:
    settings = console().settings
    with storage_for(action) as storage:
        calendar = console().calendar(storage)
        try:
            yield storage, PartnerDriftRecovery(storage, settings, calendar, by=console().operator)
        except NoIncident as error:
            raise not_done(action, str(error)) from None


def _named(storage: Storage, partners: Sequence[str], every: bool) -> Sequence[str]:
    if bool(partners) == every:
        raise click.UsageError("name partners, or say --all")
    if not every:
        return partners
    return [one.partner_id for one in storage.trust_incidents.unclosed() if one.review_ended_at is None]


async def _ask(recovery: PartnerDriftRecovery, partners: Sequence[str], again: bool) -> list[dict[str, Any]]:
    async with console().open_client() as client:
        return [(await recovery.ask(client, one, again=again)).as_json() for one in partners]


def _course(course: Course) -> dict[str, Any]:
    one: TrustIncident = course.incident
    return {
        "partner": one.partner_id,
        "incident_id": one.id,
        "stage": one.stage,
        "opened_at": one.opened_at.isoformat(),
        "score": round(one.score, 4),
        "was": None if one.score_before is None else round(one.score_before, 4),
        "missing": dict(one.missing),
        "ceiling_before": one.ceiling_before,
        "asked_at": None if one.asked_at is None else one.asked_at.isoformat(),
        "probation_at": None if one.probation_at is None else one.probation_at.isoformat(),
        "restarts": one.restarts,
        "days_left": None if course.left is None else round(course.left.total_seconds() / 86_400, 2),
        "signals_left": course.signals_left,
    }


def _line(one: dict[str, Any]) -> str:
    was = "" if one["was"] is None else f" (was {one['was']:.2f})"
    left = ""
    if one["days_left"] is not None:
        left = f"; {one['days_left']:g} days and {one['signals_left']} good signals left"
    asked = "asked" if one["asked_at"] else "not asked yet"
    return f"{one['partner']}  {one['stage']}  trust score {one['score']:.2f}{was}; {asked}{left}"
