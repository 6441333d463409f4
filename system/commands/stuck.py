"""`stuck`: executions that do not end, and settling one whose worker is known to be gone."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import click
import httpx

from system.agents.motion import Motion, MotionRefused, MotionUnavailable
from system.clock import SystemClock
from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.governance.operators import operator_name
from system.recovery.agent_timeout import AgentTimeoutRecovery, NotStuck, Settled
from system.settings import Settings
from system.storage import FencedOff, OperatorAction, State, Storage

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
    settings = Settings.load()
    with storage_for("stuck list") as storage:
        found = _found(storage, settings)
    done("stuck list", executing=len(found["executing"]), cases=len(found["cases"]))
    if as_json:
        say_json(found)
    else:
        say(*_lines(found))


@stuck.command("resolve")
@click.argument("intent")
@click.option("--why", required=True, help="How you know that its worker is gone; goes into the audit.")
@_AS_JSON
def resolve(intent: str, why: str, as_json: bool) -> None:
    """Settle an executing intent with Motion at once: EXECUTED if it has the load, else FAILED.

    For an intent whose worker is gone, or was ended by hand: what a live worker did after that would not be written.
    """
    settings = Settings.load()
    with storage_for("stuck resolve") as storage:
        settled = asyncio.run(_resolve(storage, settings, intent))
        what = settled.as_json()
        action = OperatorAction(who=operator_name(), command="stuck resolve", what=what, why=why)
        storage.operator_actions.record(action)
    done("stuck resolve", why=why, **what)
    if as_json:
        say_json(what)
    else:
        say(f"{intent}: {settled.outcome}" + (f", load {settled.load_id}" if settled.load_id else ""))


async def _resolve(storage: Storage, settings: Settings, intent_id: str) -> Settled:
    async with httpx.AsyncClient(trust_env=False) as client:
        motion = Motion(client, settings)
        by = f"operator {operator_name()}"[:80]
        recovery = AgentTimeoutRecovery(storage, motion, settings, SystemClock(), by=by)
        try:
            return await recovery.resolve(intent_id)
        except NotStuck as error:
            raise not_done("stuck resolve", str(error)) from None
        except (MotionUnavailable, MotionRefused) as error:
            why = f"Motion does not say whether there is a load, so nothing is final: {error}; run it again later"
            raise not_done("stuck resolve", why) from None
        except FencedOff as error:
            raise not_done("stuck resolve", f"somebody else has settled it meanwhile: {error}") from None


def _found(storage: Storage, settings: Settings) -> dict[str, Any]:
    now = SystemClock().now()
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
