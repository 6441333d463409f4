"""`queue`: the signals that wait for a person, and letting them go on or ending them."""

import json
from collections.abc import Callable, Sequence
from typing import Any

import click

from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.governance.human_review import CannotDecide, HumanReview
from system.resolver.decision import without_doubt
from system.storage import Intent, State

AT_ONCE_MAX = 10_000

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_WHY = click.option("--why", required=True, help="Why; goes into the audit.")
_EVERY = click.option("--all", "every", is_flag=True, help=f"All that wait now, {AT_ONCE_MAX} at most.")
_PARTNER = click.option("--partner", help="Of one partner only.")


@click.group(invoke_without_command=True)
@click.pass_context
def queue(context: click.Context) -> None:
    """Signals that wait for a person: `list` (also when nothing is said), `approve`, `reject`."""
    if context.invoked_subcommand is None:
        context.invoke(list_waiting)


@queue.command("list")
@_PARTNER
@click.option("--limit", type=click.IntRange(1, AT_ONCE_MAX), default=100, show_default=True)
@_AS_JSON
def list_waiting(partner: str | None = None, limit: int = 100, as_json: bool = False) -> None:
    """List what waits, the longest first."""
    with storage_for("queue list") as storage:
        found = [_entry(one) for one in HumanReview(storage, who=console().operator).waiting(partner, limit=limit)]
    if as_json:
        say_json({"waiting": found})
    elif found:
        say(*(f"{one['intent_id']}  {one['identity']}  {one['state']}  {_because(one)}" for one in found))
    else:
        say("nothing waits for a person")


@queue.command("approve")
@click.argument("intents", nargs=-1)
@_EVERY
@_PARTNER
@click.option("--set", "settings", multiple=True, metavar="FIELD=VALUE", help="Complete or correct the one intent.")
@_WHY
@_AS_JSON
def approve(
    intents: Sequence[str], every: bool, partner: str | None, settings: Sequence[str], why: str, as_json: bool
) -> None:
    """Let signals go on, completed if need be.

    With --all, those alone that wait only because of who sent them: what lacks something, or was read with a doubt, has
    to be looked at by itself.
    """
    values = dict(map(_value, settings))
    if values and len(intents) != 1:
        raise click.UsageError("--set completes one intent: name it")
    chosen = _Chosen(intents, every, partner, lambda one: without_doubt(one.error_reason))
    chosen.decide("approve", lambda review, intent: review.approve(intent, why, values=values), why, as_json)


@queue.command("reject")
@click.argument("intents", nargs=-1)
@_EVERY
@_PARTNER
@click.option("--incomplete", is_flag=True, help="With --all: only those that lack something.")
@_WHY
@_AS_JSON
def reject(intents: Sequence[str], every: bool, partner: str | None, incomplete: bool, why: str, as_json: bool) -> None:
    """End signals: they are not acted on."""
    chosen = _Chosen(intents, every, partner, lambda one: one.state is State.PARTIAL or not incomplete)
    chosen.decide("reject", lambda review, intent: review.reject(intent, why), why, as_json)


class _Chosen:
    """The intents that were named, or all that wait and are `meant`."""

    def __init__(
        self, intents: Sequence[str], every: bool, partner: str | None, meant: Callable[[Intent], bool]
    ) -> None:
        if bool(intents) == every:
            raise click.UsageError("name intents, or say --all")
        if partner is not None and not every:
            raise click.UsageError("--partner goes with --all")
        self._intents, self._every, self._partner, self._meant = intents, every, partner, meant

    def decide(self, verb: str, decide: Callable[[HumanReview, str], Intent], why: str, as_json: bool) -> None:
        """Decides each, and says which; one that was named and cannot be decided so ends the command with 1."""
        action = f"queue {verb}"
        decided: list[str] = []
        refused: dict[str, str] = {}
        with storage_for(action) as storage:
            review = HumanReview(storage, who=console().operator)
            for intent in self._ids(review):
                try:
                    decided.append(decide(review, intent).id)
                except CannotDecide as error:
                    refused[intent] = str(error)
        done(action, why=why, decided=len(decided), refused=len(refused))
        if as_json:
            say_json({"decided": decided, "refused": refused})
        else:
            say(f"{verb}: {len(decided)} of {len(decided) + len(refused)}", *refused.values())
        if refused and not self._every:
            raise not_done(action, "; ".join(refused.values()))

    def _ids(self, review: HumanReview) -> list[str]:
        if not self._every:
            return list(self._intents)
        now = console().clock.now()
        waiting = review.waiting(self._partner, limit=AT_ONCE_MAX, since_before=now)
        return [one.id for one in waiting if self._meant(one)]


def _value(setting: str) -> tuple[str, Any]:
    """`FIELD=VALUE`, where the value is JSON, or else a text."""
    name, separator, text = setting.partition("=")
    if not (name and separator):
        raise click.UsageError(f"--set: expected FIELD=VALUE, seen {setting!r}")
    try:
        return name, json.loads(text)
    except (ValueError, RecursionError):
        return name, text


def _entry(one: Intent) -> dict[str, Any]:
    return {
        "intent_id": one.id,
        "identity": str(one.identity),
        "partner": one.partner_id,
        "state": one.state,
        "since": one.updated_at.isoformat(),
        "missing": list(one.missing or ()),
        "reason": one.error_reason,
        "confidence": one.confidence,
        "payload": one.payload,
    }


def _because(entry: dict[str, Any]) -> str:
    return f"lacks {', '.join(entry['missing'])}" if entry["missing"] else str(entry["reason"])
