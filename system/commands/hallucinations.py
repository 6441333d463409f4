"""`hallucinations`: what the model made up, beside what the signal says, and tagging what somebody has looked into."""

from collections.abc import Iterator, Sequence
from typing import Any

import click

from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.storage import Hallucination, IllegalTransition, Storage

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_SHOWN_MAX = 100


@click.group()
def hallucinations() -> None:
    """What the model made up: `list`, `show`, `tag`."""


@hallucinations.command("list")
@click.option("--all", "every", is_flag=True, help="Those too that somebody has looked into, the newest first.")
@_AS_JSON
def list_untagged(every: bool, as_json: bool) -> None:
    """List the hallucinations that nobody has looked into."""
    with storage_for("hallucinations list") as storage:
        cases = storage.hallucinations
        found = cases.newest(_SHOWN_MAX) if every else cases.untagged(_SHOWN_MAX)
    if as_json:
        say_json({"hallucinations": [_summary(one) for one in found]})
        return
    for one in found:
        tagged = "" if one.tagged_at is None else f"  tagged by {one.tagged_by}"
        say(f"{one.intent_id}  {one.identity}  {one.reason}{tagged}")
    if not found:
        say("none" if every else "none that nobody has looked into")


@hallucinations.command("show")
@click.argument("intent")
@_AS_JSON
def show(intent: str, as_json: bool) -> None:
    """Show one: the signal as it came, what the model said of it, and what was wrong."""
    with storage_for("hallucinations show") as storage:
        case = storage.hallucinations.of(intent)
        if case is None:
            raise not_done("hallucinations show", f"no hallucination in intent {intent!r}; `list --all` shows them")
        row = storage.intents.get(intent)
        signal = None if row is None else storage.signals.get(row.signal_id)
        steps = storage.transitions.of(intent)
    document = {
        **_summary(case),
        "signal": None if signal is None else signal.raw,
        "tender": None if signal is None else dict(signal.tender),
        "answer": case.answer,
        "transitions": [{"from": one.from_state, "to": one.to_state, "at": one.at.isoformat()} for one in steps],
    }
    if as_json:
        say_json(document)
        return
    say(f"{case.intent_id}  {case.identity}", f"{case.reason} (confidence {case.confidence})")
    say("--- signal", *str(document["signal"]).split("\n"))
    say("--- answer", *str(case.answer).split("\n"))
    say("--- states", *(f"{one['at']}  {one['from']} -> {one['to']}" for one in document["transitions"]))


@hallucinations.command("tag")
@click.argument("intents", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that nobody has looked into, instead of naming them.")
@click.option("--why", required=True, help="What was found out; goes into the audit.")
@_AS_JSON
def tag(intents: Sequence[str], every: bool, why: str, as_json: bool) -> None:
    """Write down that these were looked into; an intent that waits for a person is failed with it."""
    if bool(intents) == every:
        raise click.UsageError("name intents, or say --all")
    who = console().operator
    with storage_for("hallucinations tag") as storage:
        tagged = [one for one in (_all_untagged(storage) if every else intents) if _tag(storage, one, who, why)]
    done("hallucinations tag", why=why, intents=tagged)
    if as_json:
        say_json({"tagged": tagged, "by": who})
    else:
        say(f"{len(tagged)} tagged by {who}")


def _all_untagged(storage: Storage) -> Iterator[str]:
    """Page after page: whoever takes one tags it, and it is not on the next page."""
    while page := storage.hallucinations.untagged(_SHOWN_MAX):
        yield from (one.intent_id for one in page)


def _tag(storage: Storage, intent: str, who: str, why: str) -> bool:
    try:
        return storage.hallucinations.tag(intent, who=who, why=why)
    except KeyError:
        raise not_done("hallucinations tag", f"no intent {intent!r}") from None
    except IllegalTransition as error:
        raise not_done("hallucinations tag", str(error)) from None


def _summary(one: Hallucination) -> dict[str, Any]:
    return {
        "intent_id": one.intent_id,
        "identity": str(one.identity),
        "partner": one.identity.partner_id,
        "reason": one.reason,
        "confidence": one.confidence,
        "at": one.at.isoformat(),
        "tagged_at": None if one.tagged_at is None else one.tagged_at.isoformat(),
        "tagged_by": one.tagged_by,
        "why": one.why,
    }
