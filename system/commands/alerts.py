"""`alerts`: which alerts there are, what each of them means, who is called for it, and what to type first."""

from typing import Any

import click

from system.commands.connecting import say, say_json
from system.governance.alerts import RULES, AlertRule


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def alerts(as_json: bool) -> None:
    """List all alerts: what each of them means, who is called for it, and what to type first."""
    if as_json:
        say_json({"alerts": [_told(rule) for rule in RULES]})
        return
    for rule in RULES:
        who = rule.contact
        say(
            f"{rule.name}  {rule.severity}  {who.role}, {who.channel}, {who.phone}",
            f"    {rule.summary}: {rule.description}",
            f"    {rule.runbook}",
        )


def _told(rule: AlertRule) -> dict[str, Any]:
    return {
        "alert": rule.name,
        "severity": rule.severity,
        "summary": rule.summary,
        "description": rule.description,
        "runbook": rule.runbook,
        "contact": rule.contact.role,
        "channel": rule.contact.channel,
        "phone": rule.contact.phone,
    }
