"""The webhook's format: what a receiver of Alertmanager's version 4 reads."""

from datetime import UTC, datetime, timedelta
from string import Formatter
from typing import Any

import pytest

from system.governance.alerts import RULES, AlertRule
from system.monitor.alertmanager import NOT_ENDED, notification

START = datetime(2026, 2, 2, 14, tzinfo=UTC)
TOP = {
    "version",
    "groupKey",
    "truncatedAlerts",
    "status",
    "receiver",
    "groupLabels",
    "commonLabels",
    "commonAnnotations",
    "externalURL",
    "alerts",
}
ALERT = {"status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)
def test_the_format_and_who_is_called(rule: AlertRule) -> None:
    labels = {name: f"a {name}" for _, name, _, _ in Formatter().parse(rule.summary) if name}
    body = notification(rule, status="firing", starts_at=START, reason="why", labels=labels)
    (alert,) = body["alerts"]
    assert (set(body), set(alert)) == (TOP, ALERT)
    assert body["version"] == "4"
    assert alert["labels"]["alertname"] == rule.name
    assert alert["labels"]["contact"] == rule.contact.role
    assert alert["annotations"]["summary"] == rule.summary.format(**labels)
    assert alert["annotations"]["phone"] == rule.contact.phone
    assert body["receiver"] == rule.contact.channel
    assert (alert["startsAt"], alert["endsAt"]) == ("2026-02-02T14:00:00Z", NOT_ENDED)


def test_what_others_wrote_is_plain_wherever_it_stands() -> None:
    rule = AlertRule(name="Made", summary="{what} of {whom}", description="", runbook="")
    evil = "\x1b]0;owned\x07\nFIRING: everything\u202e" + "x" * 5_000
    body = notification(
        rule, status="firing", starts_at=START, reason=evil, labels={"whom": evil}, details={"what": evil}
    )
    (alert,) = body["alerts"]
    texts = [*alert["labels"].values(), *alert["annotations"].values()]
    assert all(text.isprintable() and len(text) < 2_100 for text in texts)
    assert r"\nFIRING: everything" in alert["annotations"]["summary"]


def test_the_end_belongs_to_its_beginning() -> None:
    rule = RULES[0]
    firing: dict[str, Any] = notification(rule, status="firing", starts_at=START)
    resolved = notification(rule, status="resolved", starts_at=START, ends_at=START + timedelta(seconds=2.5))
    for name in ("fingerprint", "startsAt", "labels"):
        assert firing["alerts"][0][name] == resolved["alerts"][0][name]
    assert resolved["status"] == resolved["alerts"][0]["status"] == "resolved"
    assert resolved["alerts"][0]["endsAt"] == "2026-02-02T14:00:02.500000Z"


def test_labels_of_the_case_fill_the_summary() -> None:
    rule = AlertRule(name="Made", summary="Partner {partner} did", description="", runbook="")
    one = notification(rule, status="firing", starts_at=START, labels={"partner": "P12345"})
    other = notification(rule, status="firing", starts_at=START, labels={"partner": "P2"})
    assert one["alerts"][0]["annotations"]["summary"] == "Partner P12345 did"
    assert one["alerts"][0]["fingerprint"] != other["alerts"][0]["fingerprint"]
