"""Each rule names who is called; the playbook's table decides whom."""

from system.governance.alerts import DATABASE_CONNECTION_LOST, RULES, AlertRule
from system.governance.contacts import DEVOPS_LEAD


def test_a_lost_database_calls_the_dba() -> None:
    rule = DATABASE_CONNECTION_LOST
    assert rule.summary == "Database connection lost"
    assert (rule.contact.role, rule.contact.channel, rule.contact.phone) == ("DBA", "#oncall-db", "+1-555-0102")
    assert rule.severity == "critical"


def test_where_the_playbook_names_nobody_the_devops_lead_is_called() -> None:
    assert AlertRule(name="New", summary="s", description="d", runbook="r").contact is DEVOPS_LEAD


def test_names_are_unique() -> None:
    assert len({rule.name for rule in RULES}) == len(RULES)
