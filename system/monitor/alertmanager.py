"""An alert in the format of Alertmanager's webhook, version 4, so that whatever receives those receives ours."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from system.governance.alerts import AlertRule

NOT_ENDED = "0001-01-01T00:00:00Z"
"""What the format says where an alert has not ended."""

Status = Literal["firing", "resolved"]


def notification(
    rule: AlertRule,
    *,
    status: Status,
    starts_at: datetime,
    ends_at: datetime | None = None,
    reason: str = "",
    labels: Mapping[str, str] | None = None,
    details: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The webhook's body for one alert.

    `labels` are those of the case, beside the rule's own: they tell it from every other. `details` may change while it
    stands; they are annotations, and the summary may name both.
    """
    case = labels or {}
    own = {"alertname": rule.name, "severity": rule.severity, "contact": rule.contact.role, **case}
    annotations = {
        **(details or {}),
        "summary": rule.summary.format(**{**(details or {}), **case}),
        "description": rule.description,
        "reason": reason,
        "runbook": rule.runbook,
        "channel": rule.contact.channel,
        "phone": rule.contact.phone,
    }
    alert = {
        "status": status,
        "labels": own,
        "annotations": annotations,
        "startsAt": _text(starts_at),
        "endsAt": NOT_ENDED if ends_at is None else _text(ends_at),
        "generatorURL": "",
        "fingerprint": fingerprint(own),
    }
    return {
        "version": "4",
        "groupKey": f"{{}}:{{alertname={rule.name!r}}}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": rule.contact.channel,
        "groupLabels": {"alertname": rule.name},
        "commonLabels": own,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [alert],
    }


def fingerprint(labels: dict[str, str]) -> str:
    """What tells this alert from every other: the same labels, the same alert."""
    text = "\n".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
