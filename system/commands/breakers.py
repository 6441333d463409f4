"""`breakers`: which partners are shut out and why, and letting one in again once it has mended its signals."""

from typing import Any

import click

from system.commands.connecting import done, not_done, say, say_json, storage_for
from system.commands.surroundings import console
from system.governance.circuit_breaker import CircuitBreaker, CircuitBreakerRegistry

_AS_JSON = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group(invoke_without_command=True)
@click.pass_context
def breakers(context: click.Context) -> None:
    """The partners' circuit breakers: `list` (also when nothing is said), `show`, `reset`."""
    if context.invoked_subcommand is None:
        context.invoke(list_open)


@breakers.command("list")
@_AS_JSON
def list_open(as_json: bool = False) -> None:
    """List the partners that are shut out."""
    with storage_for("breakers list") as storage:
        registry = CircuitBreakerRegistry(storage, operator=console().operator)
        found = [registry.get(partner_id).describe() for partner_id in registry.get_open_breakers()]
    if as_json:
        say_json({"open": [one["partner"] for one in found], "breakers": found})
    else:
        say(*(map(_line, found) if found else ("no circuit breaker is open",)))


@breakers.command("show")
@click.argument("partner")
@_AS_JSON
def show(partner: str, as_json: bool) -> None:
    """Show one partner's breaker: how often it failed, where, and what to tell it."""
    with storage_for("breakers show") as storage:
        found = _breaker(CircuitBreakerRegistry(storage, operator=console().operator), partner).describe()
    if as_json:
        say_json(found)
        return
    lines = [_line(found)]
    lines += [
        f"  {place['segment']} {'' if place['element'] is None else 'element ' + str(place['element'])}"
        f" {place['count']} times: {place['message']}"
        for place in found.get("places", ())
    ]
    if found["state"] != "CLOSED":
        lines.append(f"  tell the partner: {found['message']}")
    say(*lines)


@breakers.command("reset")
@click.argument("partner")
@click.option("--why", required=True, help="What the partner has mended; goes into the audit.")
@_AS_JSON
def reset(partner: str, why: str, as_json: bool) -> None:
    """Close a partner's breaker, after it has said that its signals are mended."""
    with storage_for("breakers reset") as storage:
        breaker = _breaker(CircuitBreakerRegistry(storage, operator=console().operator), partner)
        before = breaker.describe()
        breaker.reset(why, command="breakers reset")
        after = breaker.state
    done("breakers reset", why=why, partner=partner, before=before["state"], failure_count=before["failure_count"])
    if as_json:
        say_json({"partner": partner, "before": before, "state": after})
    else:
        say(f"{partner}: was {before['state']} with {before['failure_count']} failures, is {after}")


def _breaker(registry: CircuitBreakerRegistry, partner: str) -> CircuitBreaker:
    try:
        return registry.get(partner)
    except KeyError:
        raise not_done("breakers", f"no partner {partner!r}; `breakers list` names those that are shut out") from None


def _line(found: dict[str, Any]) -> str:
    if found["state"] == "CLOSED":
        return f"{found['partner']}  CLOSED"
    return (
        f"{found['partner']}  {found['state']}  {found['failure_count']} failures: {found['malformed']} malformed, "
        f"{found['duplicates']} repeated, {found['refused']} refused since {found['opened_at']}"
    )
