"""Every threshold and address of the system, with the incident playbook's value as its default.

A setting comes from the environment variable of its name in capitals (`DATABASE_TIMEOUT_S=0.5`). Values are bounded:
a process that was told nonsense says so in one line and exits 2, before it has done anything. Switches that take a
protection away start with `UNSAFE_` and are refused unless `ALLOW_UNSAFE=1` stands beside them. It is not a place for
what changes while a process runs.
"""

import sys
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, SecretStr, StringConstraints, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from system.units import size_of

Address = Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Key = Annotated[SecretStr, Field(max_length=500)]
ShortSpan = Annotated[float, Field(gt=0, le=60, allow_inf_nan=False)]
"""Seconds, at most a minute."""
LongSpan = Annotated[float, Field(gt=0, le=30 * 86_400, allow_inf_nan=False)]
"""Seconds, at most thirty days."""
Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=100_000_000)]


def _bytes(value: Any) -> Any:
    return size_of(value) if isinstance(value, str) else value


Size = Annotated[int, BeforeValidator(_bytes), Field(ge=1_048_576, le=2**50)]
"""Bytes; in the environment as Redis writes them, such as `12gb`."""

IDEMPOTENCY_TTL_S_MAX = 30 * 86_400
UNSAFE_PREFIX = "unsafe_"


class Settings(BaseSettings):
    """The settings of one process; frozen."""

    model_config = SettingsConfigDict(frozen=True, env_ignore_empty=True, extra="ignore")

    # Where the others are.
    database_url: Address = Field(default="mysql+pymysql://freight@127.0.0.1:3306/freight", repr=False)
    redis_url: Address = Field(default="redis://127.0.0.1:6379/0", repr=False)
    llm_base_url: Address = "http://127.0.0.1:8001/v1"
    llm_api_key: Key = SecretStr("")
    llm_model: Name = "tender-reader"
    motion_base_url: Address = "http://127.0.0.1:8002"
    motion_api_key: Key = SecretStr("")
    alert_webhook_url: Address = "http://127.0.0.1:8003/alerts"
    notice_webhook_url: Address = "http://127.0.0.1:8003/notices"

    record_cassette_file: Annotated[str, StringConstraints(max_length=500)] = ""
    """Where every exchange with the model and with Motion is written, to make a trace of; nowhere when empty."""

    # Database.
    database_timeout_s: ShortSpan = 1.0
    """Of one connect, one read and one write."""
    database_pool_size: Annotated[int, Field(ge=1, le=100)] = 8
    database_lost_after_s: LongSpan = 1.0
    """Of failed probes, before the alert."""
    probe_interval_s: ShortSpan = 0.2

    # Monitor.
    watch_interval_s: ShortSpan = 1.0
    """Between two looks of each watcher but the database's own, which has `probe_interval_s`."""

    # Ingest.
    idempotency_ttl_s: Annotated[int, Field(ge=1, le=IDEMPOTENCY_TTL_S_MAX)] = 86_400
    """Until an operator says otherwise, which every process then sees."""
    idempotency_prefix: Name = "idempotency:"
    max_body_bytes: Count = 1_048_576
    max_transaction_sets: Annotated[int, Field(ge=1, le=100_000)] = 1000
    admission_limit: Annotated[int, Field(ge=1, le=10_000)] = 64
    resend_window_s: LongSpan = 120.0
    live_settings_refresh_s: ShortSpan = 1.0
    """How old a process's picture of what operators set while it runs may be, such as the TTL of idempotency keys."""

    # Redis' memory.
    redis_memory_alert_ratio: Ratio = 0.9
    redis_autoscale_ratio: Ratio = 0.8
    """From this share of its memory on, Redis' limit is raised by itself, `redis_autoscale_factor` times."""
    redis_autoscale_factor: Annotated[float, Field(ge=1.1, le=4, allow_inf_nan=False)] = 1.5
    redis_autoscale_up_to: Size = 9 * 1024**3
    """As far as the limit is raised by itself; beyond that a person decides."""
    redis_maxmemory_ceiling: Size = 12 * 1024**3
    """Nobody raises it further: the machine has no more."""

    # Circuit breaker, one a partner.
    breaker_threshold: Annotated[int, Field(ge=1, le=1000)] = 10
    """More malformed or repeated signals than this inside the window open the partner's breaker."""
    breaker_window_s: LongSpan = 60.0
    breaker_cooldown_s: LongSpan = 300.0
    """How long an open breaker lets nothing through; then a few signals are let through, to see."""
    breaker_probes: Annotated[int, Field(ge=1, le=1000)] = 3
    """So many, and so many good ones close it."""
    breaker_refresh_s: ShortSpan = 0.25
    """How old a process's picture of the breakers may be."""
    breaker_flush_s: ShortSpan = 1.0
    """Refused attempts are counted in memory and written down this often, in one row."""
    breaker_refusals_per_s: Annotated[int, Field(ge=1, le=1_000_000)] = 2000
    """So many a second are answered to one partner; what comes faster waits for its answer, and so does its sender."""
    breaker_excuse_s: LongSpan = 86_400.0
    """How long a repeat of what we refused, or asked for, is still excused."""

    # Resolver.
    llm_timeout_s: ShortSpan = 10.0
    confidence_min: Ratio = 0.75
    """An answer the model is less sure of goes to a person."""
    hallucination_confidence: Ratio = 0.9
    """An impossible value above this confidence is a hallucination, not a doubt."""
    past_slack_s: LongSpan = 86_400.0
    """A stop longer than this before the signal came is in the past; a day leaves room for every zone."""
    resolver_concurrency: Annotated[int, Field(ge=1, le=64)] = 4

    # Agents.
    motion_timeout_s: ShortSpan = 5.0
    agent_guard_s: LongSpan = 60.0
    """How long one execution may take before it is cut off with `Timeout`."""
    agents_concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    """Worker processes; each executes one intent at a time, so that one can be killed for it and no other."""
    stuck_after_s: LongSpan = 300.0
    """An intent that has been EXECUTING for longer is stuck: its worker is killed. Has to be over `agent_guard_s`."""
    supervise_interval_s: ShortSpan = 0.5
    supervisor_may_kill: bool = True
    """Off where workers run out of its reach (another machine): then they are declared dead, and only fenced off."""
    motion_settles_s: LongSpan = 10.0
    """How long after its asker died Motion may still do what it was asked; before that no load is no answer."""

    # Trust, one score a partner.
    trust_threshold: Ratio = 0.8
    """A score under this takes autonomy away."""
    trust_window: Annotated[int, Field(ge=1, le=10_000)] = 100
    """How many of a partner's last tenders and changes its score is made of."""
    trust_signals_min: Annotated[int, Field(ge=1, le=10_000)] = 20
    """With fewer there is no score: a new partner is not judged by its first day."""
    trust_interval_s: LongSpan = 60.0
    """Between two evaluations of everybody's trust."""
    probation_s: LongSpan = 7 * 86_400.0
    """So long every signal has to be good, and one that is not begins it anew."""
    probation_signals_min: Annotated[int, Field(ge=1, le=10_000)] = 20
    """So many good signals at least: who sends nothing has shown nothing."""

    # The calendar, by which days and weeks are counted.
    steered_clock: bool = False
    """Lets the console move the calendar on, for drills. Leases, time-outs and keys stay on the machine's clock."""
    allow_steered_clock: bool = False

    # Work that is claimed.
    poll_interval_s: ShortSpan = 0.05
    lease_s: LongSpan = 300.0
    retry_first_s: LongSpan = 0.2
    """Wait before the first repeat of a step whose outside party was down; doubled each time, up to `retry_max_s`."""
    retry_max_s: LongSpan = 5.0
    retries_quick: Annotated[int, Field(ge=1, le=1000)] = 20
    """After so many repeats in a row the wait becomes `retry_late_s`; work is never given up for an outage."""
    retry_late_s: LongSpan = 60.0

    # Protections that a negative control takes away.
    allow_unsafe: bool = False
    unsafe_key_vouches_alone: bool = False
    unsafe_booking_key_from_row: bool = False
    unsafe_counter_ids: bool = False
    unsafe_breaker_writes_each_reject: bool = False
    unsafe_breaker_counts_our_refusals: bool = False
    unsafe_breaker_counts_resends: bool = False
    unsafe_breaker_not_shared: bool = False
    unsafe_allow_infinite: bool = False
    unsafe_no_grounding: bool = False
    unsafe_no_supervisor: bool = False
    unsafe_fail_without_reconciling: bool = False
    unsafe_no_attempt_fence: bool = False
    unsafe_trust_lowers_at_each_evaluation: bool = False
    unsafe_give_back_to_tier_two: bool = False
    unsafe_no_human_review: bool = False
    unsafe_redis_is_required: bool = False
    unsafe_no_unique_key: bool = False
    unsafe_flush_takes_all: bool = False
    unsafe_no_autoscaler: bool = False
    unsafe_spin_on_commodity: Annotated[str, StringConstraints(max_length=100)] = ""
    """Takes no protection away: plays a bug, an agent that never ends on signals with this commodity."""

    @property
    def unsafe(self) -> tuple[str, ...]:
        """The switches that are on and have no place in production, by their names in the environment."""
        steered = ("STEERED_CLOCK",) if self.steered_clock else ()
        return (*self._without_protection, *steered)

    @property
    def _without_protection(self) -> tuple[str, ...]:
        return tuple(
            name.upper() for name in type(self).model_fields if name.startswith(UNSAFE_PREFIX) and getattr(self, name)
        )

    @model_validator(mode="after")
    def _unsafe_only_when_allowed(self) -> Self:
        if self._without_protection and not self.allow_unsafe:
            raise ValueError(
                f"{', '.join(self._without_protection)} takes a protection away and is for negative controls only; "
                "set ALLOW_UNSAFE=1 beside it if that is what you want"
            )
        if self.steered_clock and not self.allow_steered_clock:
            raise ValueError(
                "STEERED_CLOCK lets an operator move the days on, and is for drills only; "
                "set ALLOW_STEERED_CLOCK=1 beside it if that is what you want"
            )
        return self

    @model_validator(mode="after")
    def _enough_signals_fit_the_window(self) -> Self:
        if self.trust_signals_min > self.trust_window:
            raise ValueError(
                f"TRUST_SIGNALS_MIN: expected at most TRUST_WINDOW, which is {self.trust_window}, "
                f"seen {self.trust_signals_min}"
            )
        return self

    @classmethod
    def load(cls) -> Self:
        """The settings of this process from its environment; on a wrong value one line on stderr and SystemExit(2)."""
        try:
            return cls()
        except ValidationError as error:
            wrong = "; ".join(_describe(one["loc"], one["msg"]) for one in error.errors(include_input=False))
            print(f"settings: {wrong}", file=sys.stderr)
            raise SystemExit(2) from None


def _describe(location: tuple[int | str, ...], message: str) -> str:
    # The value itself is left out: it may be a password.
    message = message.removeprefix("Value error, ")
    return f"{str(location[0]).upper()}: {message}" if location else message
