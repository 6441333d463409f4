"""Whoever is on call is told of a regression, in the format of Alertmanager's webhook, and told when it is over.

It is always said on standard error by whoever asks; a webhook gets it where one is given. What was sent is remembered
beside the runs, so that its end can be sent by a later gate of the same checkout. It decides nothing.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from harness.clock import utc_now
from harness.config import Config

REGRESSION = "Regression detected in trace test"
ALERT_NAME = "TraceRegression"
NOT_ENDED = "0001-01-01T00:00:00Z"
"""What the format says where an alert has not ended."""

_TRIES = 3
_WITHIN_S = 5.0
_TEXT_MAX = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What was told, and what kept it from being taken (None: it was, or nobody was to be told)."""

    status: Literal["firing", "resolved"]
    summary: str
    contact: str
    problem: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {"status": self.status, "summary": self.summary, "contact": self.contact, "problem": self.problem}


def tell(config: Config, url: str | None, *, regression: bool, reason: str) -> Sent | None:
    """Say that there is a regression, or that it is over; None when there is nothing to say."""
    told = _Told(config.runs / "alert.json")
    since = told.read()
    if not regression and since is None:
        return None
    status: Literal["firing", "resolved"] = "firing" if regression else "resolved"
    began = since or utc_now()
    problem = None
    if url is not None:
        ended = None if regression else utc_now()
        problem = _post(url, notification(config, status, began=began, ended=ended, reason=reason))
    if problem is None:
        told.write(began if regression else None)
    return Sent(status=status, summary=REGRESSION, contact=config.alert_contact, problem=problem)


def notification(
    config: Config, status: Literal["firing", "resolved"], *, began: datetime, ended: datetime | None, reason: str
) -> dict[str, Any]:
    """The webhook's body, version 4."""
    labels = {
        "alertname": ALERT_NAME,
        "severity": "critical",
        "contact": config.alert_contact,
        "project": config.project.name,
    }
    annotations = {
        "summary": REGRESSION,
        "description": "A trace no longer gives the output that was approved.",
        "reason": reason[:_TEXT_MAX],
        "runbook": "harness trace compare all HEAD HEAD~1",
    }
    alert = {
        "status": status,
        "labels": labels,
        "annotations": annotations,
        "startsAt": _text(began),
        "endsAt": NOT_ENDED if ended is None else _text(ended),
        "generatorURL": "",
        "fingerprint": _fingerprint(labels),
    }
    return {
        "version": "4",
        "groupKey": f"{{}}:{{alertname={ALERT_NAME!r}}}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": config.alert_contact,
        "groupLabels": {"alertname": ALERT_NAME},
        "commonLabels": labels,
        "commonAnnotations": annotations,
        "externalURL": "",
        "alerts": [alert],
    }


def _post(url: str, body: Mapping[str, Any]) -> str | None:
    """None when it was taken, else what kept it."""
    import httpx

    problem = "not tried"
    for _ in range(_TRIES):
        try:
            response = httpx.post(url, json=body, timeout=_WITHIN_S)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            problem = f"{type(error).__name__}: {error}"
            continue
        if response.is_success:
            return None
        problem = f"status {response.status_code}"
    return problem


def _fingerprint(labels: Mapping[str, str]) -> str:
    text = "\n".join(f"{name}={value}" for name, value in sorted(labels.items()))
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class _Told:
    """Since when an alert stands, in a file; none where it does not."""

    file: Path

    def read(self) -> datetime | None:
        try:
            return datetime.fromisoformat(json.loads(self.file.read_text(encoding="utf-8"))["since"])
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def write(self, since: datetime | None) -> None:
        if since is None:
            self.file.unlink(missing_ok=True)
            return
        self.file.parent.mkdir(parents=True, exist_ok=True)
        draft = self.file.with_name(f".{self.file.name}.new")
        draft.write_text(json.dumps({"since": since.isoformat()}), encoding="utf-8")
        draft.replace(self.file)
