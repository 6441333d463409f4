"""`alerts`: whoever is called finds each alert, with what to type first and whom to ring."""

from typing import Any

import pytest
from click.testing import CliRunner

from system.console import cli
from system.governance.alerts import RULES, AlertRule


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_each_is_listed_with_all_that_it_says(document: Any, rule: AlertRule) -> None:
    (told,) = (one for one in document("alerts")["alerts"] if one["alert"] == rule.name)
    assert (told["severity"], told["summary"], told["description"]) == (rule.severity, rule.summary, rule.description)
    assert told["runbook"] == rule.runbook
    assert (told["contact"], told["channel"], told["phone"]) == (
        *(rule.contact.role, rule.contact.channel),
        rule.contact.phone,
    )
    listed = CliRunner().invoke(cli, ["alerts"]).output
    assert f"{rule.name}  {rule.severity}  {rule.contact.role}, {rule.contact.channel}, {rule.contact.phone}" in listed
    assert f"    {rule.runbook}\n" in listed


def test_it_needs_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom to call when the database is gone has to be found while it is gone."""
    monkeypatch.setenv("DATABASE_URL", "mysql+pymysql://nobody@127.0.0.1:1/nothing")
    result = CliRunner().invoke(cli, ["alerts"])
    assert (result.exit_code, result.output.count("#oncall")) == (0, len(RULES))
