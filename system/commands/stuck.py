"""`stuck`: executions that do not end, and settling one whose worker is known to be gone."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import click

from system.agents.motion import Motion
from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.recovery.agent_timeout import AgentTimeoutRecovery, Settled
from system.recovery.resolving import Resolved, resolve_several
from system.settings import Settings
from system.storage import OperatorAction, State, Storage

LATELY = timedelta(days=1)

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
    with storage_for("stuck resolve") as storage:
        found = console().run(_resolve(storage, intents, why))
    document = found.as_json()
    done("stuck resolve", why=why, **document)
    if as_json:
        say_json(document)
    else:
        lines = [
            f"{one.intent_id}: {one.outcome}{f', load {one.load_id}' if one.load_id else ''}" for one in found.settled
        ]
        lines += [f"left alone: {reason}" for reason in (*found.not_final, *found.left)]
        say(*(lines or ["nothing is tried in vain"]))
    if found.not_final or (intents and found.left):
        raise not_done("stuck resolve", "; ".join([*found.not_final, *found.left]))


async def _resolve(storage: Storage, intents: Sequence[str], why: str) -> Resolved:
    """Each that is settled leaves its row in the audit."""
    who, settings = console().operator, console().settings

    def record(settled: Settled) -> None:
        action = OperatorAction(who=who, command="stuck resolve", what=settled.as_json(), why=why)
        storage.operator_actions.record(action)

    async with console().open_client() as client:
        motion = Motion(client, settings)
        recovery = AgentTimeoutRecovery(
            storage,
            motion,
            settings,
            console().clock,
            by=f"operator {who}"[:80],
            run_blocking=console().run_blocking,
        )
        return await resolve_several(recovery, intents, done=record)


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
