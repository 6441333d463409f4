"""What the repositories take and give: frozen values, no rows and no SQL.

Times are aware UTC. An identity is partner, shipment, purpose and version: the same four are the same signal, however
often and in whatever envelope they are sent.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple

from system.storage.states import State

Payload = Mapping[str, Any]
"""JSON: a typed tender, or what the resolver made of one."""

PURPOSES = ("original", "change", "cancel")
_LENGTHS = {"partner_id": 20, "shipment_id": 30, "version": 40, "control_number": 40, "content_type": 100}


class Identity(NamedTuple):
    """Which signal this is; its text form stands in keys, logs and answers."""

    partner_id: str
    shipment_id: str
    purpose: str
    version: str

    def __str__(self) -> str:
        return ":".join(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """Who sends signals; `autonomy_tier` is 1 (a person sees everything) to 3 (what is sure goes by itself).

    The tier is a ceiling, which trust lowers and raises; with `require_review` a person sees everything all the same.
    """

    id: str
    name: str
    api_key_sha256: str
    autonomy_tier: int = 2
    notice_url: str | None = None
    steered_clock: bool = False
    require_review: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSignal:
    """One transaction set as it was received; ValueError when a field does not fit its column.

    `missing` names what a load needs and the tender does not state.
    """

    partner_id: str
    shipment_id: str
    purpose: str
    version: str
    control_number: str
    content_type: str
    raw: str
    tender: Payload
    received_at: datetime
    missing: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.purpose not in PURPOSES:
            raise ValueError(f"purpose: expected one of {', '.join(PURPOSES)}, seen {self.purpose!r}")
        for name, length in _LENGTHS.items():
            value: str = getattr(self, name)
            if len(value) > length:
                raise ValueError(f"{name}: at most {length} characters, seen {len(value)}")
        if not (self.partner_id and self.shipment_id and self.version):
            raise ValueError("partner_id, shipment_id and version must not be empty")

    @property
    def identity(self) -> Identity:
        """The signal's identity."""
        return Identity(self.partner_id, self.shipment_id, self.purpose, self.version)


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The answer for one signal: a new intent, or the one that its first sending made."""

    identity: Identity
    intent_id: str
    status: Literal["accepted", "duplicate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """A signal that is stored."""

    id: str
    identity: Identity
    control_number: str
    content_type: str
    raw: str
    tender: Payload
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What the system makes of one signal, as the row says."""

    id: str
    signal_id: str
    identity: Identity
    state: State
    payload: Payload | None
    confidence: float | None
    missing: Sequence[str] | None
    error_reason: str | None
    attempt: int
    epoch: int
    worker: str | None
    lease_until: datetime | None
    load_id: str | None
    retry_at: datetime | None
    retries: int
    changes: int
    created_at: datetime
    updated_at: datetime

    @property
    def partner_id(self) -> str:
        """Whose intent it is."""
        return self.identity.partner_id

    @property
    def shipment_id(self) -> str:
        """The partner's number for the shipment."""
        return self.identity.shipment_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """The right to work on one intent, until somebody newer has it: the intent as claimed, its signal, its partner.

    `partner` is None when the partner's row is gone: then nothing may go by itself.
    """

    intent: Intent
    signal: Signal
    partner: Partner | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """What the resolver decided about a claimed intent.

    `hallucinated` is what the model answered, word for word, when that is why: it is kept for whoever looks into it.
    """

    state: State
    payload: Payload | None = None
    confidence: float | None = None
    missing: Sequence[str] | None = None
    error_reason: str | None = None
    hallucinated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Transition:
    """One audit row; `number` counts the transitions of its intent from 1."""

    id: str
    intent_id: str
    number: int
    from_state: State | None
    to_state: State
    at: datetime
    actor: str
    attempt: int
    epoch: int
    reason: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSignal:
    """A signal that a failover lost, or may have lost, and where that is known from."""

    incident_id: str
    identity: Identity
    certainty: Literal["lost", "possible"]
    acknowledged_at: datetime | None
    sources: Sequence[str]
    listed_at: datetime
    asked_at: datetime | None = None
