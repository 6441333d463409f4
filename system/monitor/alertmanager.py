"""An alert in the format of Alertmanager's webhook, version 4, so that whatever receives those receives ours."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from system.governance.alerts import AlertRule
from system.plain_text import one_line

TEXT_MAX = 1_000
"""Characters of one label or annotation."""
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
    stands; they are annotations, and the summary may name both. What they quote of others is made plain.
    """
    case, more = plain_texts(labels or {}), plain_texts(details or {})
    own = {"alertname": rule.name, "severity": rule.severity, "contact": rule.contact.role, **case}
    annotations = {
        **more,
        "summary": rule.summary.format(**{**more, **case}),
        "description": rule.description,
        "reason": one_line(reason, TEXT_MAX),
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


def plain_texts(texts: Mapping[str, str]) -> dict[str, str]:
    """Labels or details as an alert may carry them."""
    return {name: one_line(text, TEXT_MAX) for name, text in texts.items()}


def fingerprint(labels: dict[str, str]) -> str:
    """What tells this alert from every other: the same labels, the same alert."""
    text = "\n".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")
