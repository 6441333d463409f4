"""`stuck`: executions that do not end, and settling one whose worker is known to be gone."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import click

from system.agents.motion import Motion, MotionRefused, MotionUnavailable
from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.recovery.agent_timeout import AgentTimeoutRecovery, NotStuck, Settled
from system.settings import Settings
from system.storage import OperatorAction, State, Storage

LATELY = timedelta(days=1)
SIDE_BY_SIDE = 8

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group(invoke_without_command=True)
@click.pass_context
def stuck(context: click.Context) -> None:
    """Executions that do not end: `list` (also when nothing is said), `resolve`."""
    if context.invoked_subcommand is None:
        context.invoke(list_stuck)


@stuck.command("list")
@_AS_JSON
def list_stuck(as_json: bool = False) -> None:
    """List what hangs or is tried in vain now, and what hung in the last day and how that ended."""
    settings = console().settings
    with storage_for("stuck list") as storage:
        found = _found(storage, settings)
    done("stuck list", executing=len(found["executing"]), cases=len(found["cases"]))
    if as_json:
        say_json(found)
    else:
        say(*_lines(found))


@stuck.command("resolve")
@click.argument("intents", nargs=-1)
@click.option("--in-vain", is_flag=True, help="All that are tried again and again in vain, instead of naming them.")
@click.option("--why", required=True, help="How you know that nobody is at work on them; goes into the audit.")
@_AS_JSON
def resolve(intents: Sequence[str], in_vain: bool, why: str, as_json: bool) -> None:
    """Settle intents with Motion at once: EXECUTED where it has the load, else FAILED.

    For an intent whose worker is gone, or was ended by hand: what a live worker did after that would not be written.
    And for one that is tried in vain: work is never given up for an outage, unless a person does.
    """
    if bool(intents) == in_vain:
        raise click.UsageError("name intents, or say --in-vain")
    settings = console().settings
    with storage_for("stuck resolve") as storage:
        outcome = console().run(_resolve(storage, settings, intents, why))
    document = outcome.as_json()
    done("stuck resolve", why=why, **document)
    if as_json:
        say_json(document)
    else:
        say(*outcome.lines())
    if outcome.not_final or (intents and outcome.left):
        raise not_done("stuck resolve", "; ".join([*outcome.not_final, *outcome.left]))


@dataclass(slots=True, kw_only=True)
class _Outcome:
    """What was settled; what nobody knows, so that it is not final; and what was left alone, each with its reason."""

    resolved: list[Settled] = field(default_factory=list)
    not_final: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        return {
            "resolved": [one.as_json() for one in self.resolved],
            "not_final": self.not_final,
            "left": self.left,
        }

    def lines(self) -> list[str]:
        lines = [
            f"{one.intent_id}: {one.outcome}{f', load {one.load_id}' if one.load_id else ''}" for one in self.resolved
        ]
        lines += [f"left alone: {reason}" for reason in (*self.not_final, *self.left)]
        return lines or ["nothing is tried in vain"]


async def _resolve(storage: Storage, settings: Settings, named: Sequence[str], why: str) -> _Outcome:
    """Settles the `named`, or without names all that is tried in vain; each has its row in the audit as it is done.

    Several at a time: each may have to be waited for as long as the guard allows.
    """
    outcome, who, turns = _Outcome(), console().operator, asyncio.Semaphore(SIDE_BY_SIDE)
    async with console().open_client() as client:
        motion = Motion(client, settings)
        recovery = AgentTimeoutRecovery(storage, motion, settings, console().clock, by=f"operator {who}"[:80])

        async def settle(intent_id: str, since: datetime | None) -> None:
            async with turns:
                try:
                    settled = await (
                        recovery.resolve(intent_id) if since is None else recovery.give_up(intent_id, since=since)
                    )
                except NotStuck as error:
                    outcome.left.append(str(error))
                except (MotionUnavailable, MotionRefused) as error:
                    unknown = "Motion does not say whether there is a load, so nothing is final"
                    outcome.not_final.append(f"{intent_id}: {unknown}: {error}; run it again later")
                else:
                    action = OperatorAction(who=who, command="stuck resolve", what=settled.as_json(), why=why)
                    storage.operator_actions.record(action)
                    outcome.resolved.append(settled)

        which = dict.fromkeys(named) if named else await recovery.tried_in_vain()
        await asyncio.gather(*(settle(intent_id, since) for intent_id, since in which.items()))
    return outcome


def _found(storage: Storage, settings: Settings) -> dict[str, Any]:
    now = console().clock.now()
    before = now - timedelta(seconds=settings.stuck_after_s)
    executing = storage.intents.in_state(State.EXECUTING, untouched_since=before)
    in_vain = storage.agent_timeouts.tried_in_vain(since_before=before)
    cases = storage.agent_timeouts.since(now - LATELY)
    return {
        "executing": [
            {
                "intent_id": one.id,
                "identity": str(one.identity),
                "since": one.updated_at.isoformat(),
                "worker": one.worker,
            }
            for one in executing
        ],
        "tried_in_vain": [{"intent_id": intent_id, "since": first.isoformat()} for intent_id, first in in_vain.items()],
        "cases": [
            {
                "intent_id": one.intent_id,
                "worker": one.worker,
                "executing_since": one.executing_since.isoformat(),
                "noticed_by": one.noticed_by,
                "noticed_at": one.noticed_at.isoformat(),
                "dead_at": None if one.dead_at is None else one.dead_at.isoformat(),
                "outcome": one.outcome,
                "stack": one.stack,
            }
            for one in cases
        ],
    }


def _lines(found: Mapping[str, Any]) -> list[str]:
    lines = [f"{one['intent_id']}  EXECUTING since {one['since']}  {one['worker']}" for one in found["executing"]]
    lines += [f"{one['intent_id']}  tried in vain since {one['since']}" for one in found["tried_in_vain"]]
    for one in found["cases"]:
        lines.append(f"{one['intent_id']}  hung since {one['executing_since']}  {one['outcome'] or 'being settled'}")
        lines += [f"    {line}" for line in (one["stack"] or "").splitlines()]
    return lines or ["nothing hangs, and nothing hung in the last day"]
