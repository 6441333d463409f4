"""What a watcher finds wrong. Who is told of it, and how often, is the monitor's business."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from system.governance.alerts import AlertRule


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that is wrong now, since `since` (aware).

    Rule and `labels` tell it from every other finding; `details` may be others at the next look. The rule's summary may
    name both.
    """

    rule: AlertRule
    labels: Mapping[str, str]
    since: datetime
    details: Mapping[str, str] = field(default_factory=dict)
    reason: str = ""


class Watcher(Protocol):
    """Looks after one kind of trouble. Blocking, and bounded in time by whatever it asks."""

    @property
    def rules(self) -> tuple[AlertRule, ...]:
        """The rules of all that it may find."""
        ...

    def look(self) -> Sequence[Finding]:
        """All that is wrong now: what was found before and is not among it is over. Raises when it cannot look."""
        ...
