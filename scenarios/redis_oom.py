"""Redis runs out of memory, because it keeps too many idempotency keys for too long.

Partners repeat signals that were acknowledged, all along. With an evicting policy keys go before their time, and
repeats get past Redis; without one Redis refuses every write. In both the database's unique key stands behind it, so
that no repeat becomes a second load and no partner is turned away. The memory is then given room again in the order of
the playbook, on the running system: shorter lives, the old keys flushed and no young one, a higher limit.

Three variants: keys are evicted; writes are refused; and the limit is raised by itself before either happens.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from harness.checkers import (
    AcknowledgedWritesSurvive,
    AlertSaid,
    AlertsToldOnce,
    AppliedExactlyOnce,
    IdsNameOneThing,
    LeavesAReview,
    NoneStuck,
    OnlyLegalTransitions,
    RepeatsAnsweredAlike,
    StaysAvailable,
    TracesUnchanged,
)
from harness.faults import FillMemory
from harness.history import Kind
from harness.metric import BASELINE, EventCount, Gauge, Growth, SuccessRatio, latency
from harness.probes import InboxProbe, MemoryProbe
from harness.scenario import Alert, BlastRadius, NegativeControl, Recovery, Scenario, Symptom
from harness.steps import Inject, Observe, Operate, SeeSymptoms, Step, WaitFor
from scenarios.world import probes
from scenarios.world.checkers import (
    AcknowledgedTracesEndAsBaseline,
    ActionsAudited,
    MemoryShown,
    NoLoadWithoutConfirmedIntent,
    OneLoadPerShipment,
    OnlyOldKeysFlushed,
    RaisedByItself,
    RepeatsPastTheKeysAreTold,
    TtlChangedInPlace,
)
from scenarios.world.lifecycle import FINAL, LEGAL_TRANSITIONS
from scenarios.world.redis_probes import INGEST_COUNTS, PREFIX, EarlyLossProbe, KeysProbe, operator_actions
from scenarios.world.replay import TRACES
from scenarios.world.trace_traffic import EXPECTED, RecordedTenders
from scenarios.world.traffic import SEND, SteadyTenders

REDIS, DATABASE = "redis", "database-primary"
NEARLY_FULL = "Redis memory usage > 90%"
RESTING = FINAL | {"PARTIAL", "NEEDS_REVIEW"}
HOUR_S = 3600.0
MB = 1024**2
LIMIT_BYTES, RAISED_BYTES = 6 * MB, 12 * MB
"""A thousandth of the playbook's 6 GB and 12 GB."""

REPEATING = SteadyTenders(partners=("P1001", "P1002", "P1003", "P1004"), rate_per_s=16.0, repeats=0.4)
RECORDED = RecordedTenders(rate_per_s=3.0, again=0.4)
"""Traces as traffic: some of what was acknowledged comes once more, also when its keys are gone."""

success_ratio = SuccessRatio(action=SEND)
WORKING = (success_ratio.at_least(0.99),)
used = Gauge(probe="memory", field="ratio")
used_bytes = Gauge(probe="memory", field="used_bytes")
limit_mb = Gauge(probe="memory", field="limit_mb")
lost_early = Gauge(probe="early_loss", field="keys")
keys_refused = Growth(probe="ingest", field="keys_refused")
repeats_past_redis = Growth(probe="ingest", field="repeats_past_redis")
open_intents = Gauge(probe="open_work", field="intents")
told = EventCount(kind=Kind.ALERT, action=NEARLY_FULL, fields=(("status", "firing"),))
over = EventCount(kind=Kind.ALERT, action=NEARLY_FULL, fields=(("status", "resolved"),))

SETTINGS = {
    "redis.maxmemory": str(LIMIT_BYTES),
    "REDIS_MAXMEMORY_CEILING": str(RAISED_BYTES),
    "WATCH_INTERVAL_S": "0.1",
    "LIVE_SETTINGS_REFRESH_S": "0.1",
    # Partners repeat far more here than one may: their circuit breakers are another drill's business.
    "BREAKER_THRESHOLD": "1000",
}
MANY_KEYS = FillMemory(
    service=REDIS,
    key=f"{PREFIX}P8000:OLD{{number}}:original:1",
    value='{"state": "committed", "intent_id": "0f7b6a8e-2f0e-4a63-8f58-6d13a1a1c111", "at": {at}, "partner": "P8000"}',
    ttl_s=24 * HOUR_S,
    aged_up_to_s=23 * HOUR_S,
    evictions=10_000,
    shown_by="evictions",
)

KEYS_BEFORE, KEYS_ADAPTED, KEYS_FLUSHED = (
    KeysProbe(name=name, young_s=12 * HOUR_S) for name in ("keys_before", "keys_adapted", "keys_flushed")
)
CALLED = WaitFor(what="somebody is called", conditions=(told.at_least(1),), within_s=10.0, over_s=30.0)
ENOUGH_TRACES = WaitFor(
    what="enough traces are sent",
    conditions=(EventCount(kind=Kind.STEP, action=EXPECTED).at_least(8),),
    within_s=30.0,
    over_s=120.0,
)
"""Some are under way when the traffic ends, and on a slow machine few have begun by then."""

PAST = WaitFor(what="repeats get past Redis", conditions=(repeats_past_redis.at_least(1),), within_s=10.0, over_s=30.0)
SHOW = Operate(words=("redis", "show"), why="how much memory is used, of how much, and by what", claims=("7.2",))
SHORTEN = Operate(
    words=("redis", "ttl", "12h", "--why", "too many keys for its memory"),
    why="let idempotency keys live for 12 h instead of 24 h, also those that are there",
    claims=("7.3",),
)
FLUSH = Operate(
    words=("redis", "flush", "--why", "older than the new TTL"),
    why="delete the keys that are older than that, and no other",
    claims=("7.4",),
)
RAISE = Operate(
    words=("redis", "raise", "12mb", "--why", "more partners than it was made for"),
    why="raise the memory limit",
    claims=("7.5",),
)
CHANGING = ("redis ttl", "redis flush", "redis raise")
MENDING = (
    SHOW,
    Observe(probe=KEYS_BEFORE),
    SHORTEN,
    Observe(probe=KEYS_ADAPTED),
    FLUSH,
    Observe(probe=KEYS_FLUSHED),
    RAISE,
    WaitFor(what="the alert is ended", conditions=(over.at_least(1),), within_s=10.0, over_s=30.0),
)


async def mended_once_called(scenario: Scenario) -> AsyncIterator[Step]:
    """Nobody looks before the alert, and before repeats have come whose keys are gone."""
    yield Inject(fault=scenario.faults[0])
    yield SeeSymptoms()
    yield CALLED
    yield PAST
    for step in MENDING:
        yield step
    yield ENOUGH_TRACES


SAFETY = (
    AcknowledgedWritesSurvive(write=SEND, snapshot="rows", key="identity"),
    AppliedExactlyOnce(key="shipment", effects="ledger", field="loads", effect_key="reference", effect_id="load_id"),
    OneLoadPerShipment(),
    AcknowledgedTracesEndAsBaseline(at_least=5),
    NoLoadWithoutConfirmedIntent(),
    RepeatsAnsweredAlike(write=SEND, id_field="intent_id"),
    IdsNameOneThing(write=SEND, id_field="intent_id"),
    StaysAvailable(action=SEND, ratio=0.95, operations_at_least=10),
    OnlyLegalTransitions(table=LEGAL_TRANSITIONS, subject="intent_id"),
    NoneStuck(resting=RESTING),
    TracesUnchanged(at_least=5),
)
MENDED = (
    RepeatsPastTheKeysAreTold(claims=("7.1",)),
    MemoryShown(words=("redis", "show"), claims=("7.2",)),
    TtlChangedInPlace(
        before=KEYS_BEFORE.name,
        after=KEYS_ADAPTED.name,
        later=KEYS_FLUSHED.name,
        ttl_s=12 * HOUR_S,
        claims=("7.3",),
    ),
    OnlyOldKeysFlushed(before=KEYS_ADAPTED.name, after=KEYS_FLUSHED.name, claims=("7.4",)),
    ActionsAudited(commands=CHANGING),
    AlertSaid(text=NEARLY_FULL, contact="DevOps Lead", claims=("7.1", "8.1")),
    AlertsToldOnce(text=NEARLY_FULL, claims=("7.1",)),
    LeavesAReview(claims=("8.2",)),
)
NO_SECOND_WALL = NegativeControl(
    name="no_unique_key",
    why=(
        "without the database's unique key Redis alone tells repeats, and forgets: one signal is two rows, and with a "
        "booking key of the row it is two loads"
    ),
    settings={"UNSAFE_NO_UNIQUE_KEY": "1", "UNSAFE_BOOKING_KEY_FROM_ROW": "1"},
    must_fail="OneLoadPerShipment",
)
TRACES_TWICE = replace(
    NO_SECOND_WALL,
    name="no_unique_key_traces",
    why="the same: a recorded trace that is sent once more ends as its baseline does not say",
    must_fail="AcknowledgedTracesEndAsBaseline",
)

EVICTING = Scenario(
    name="redis_oom_evicting",
    title="Redis is full of idempotency keys and evicts those that are still needed",
    playbook="7 Redis out of memory",
    cause="Too many idempotency keys were kept for too long, and the memory limit could not be raised by itself.",
    prevention="The limit is raised by itself at 80 %, within its bound; a look at Redis' memory every week.",
    traffic=(REPEATING, RECORDED),
    steady_state=(*WORKING, latency.percentile(95, action=SEND).within(4, of=BASELINE)),
    faults=(MANY_KEYS,),
    schedule=mended_once_called,
    blast_radius=BlastRadius(services=frozenset({REDIS}), abort_if=success_ratio.at_most(0.0, for_s=30)),
    symptoms=(
        Symptom(
            text="keys of acknowledged signals are gone before their time",
            seen_as=lost_early.at_least(1),
            within_s=10,
            claims=("7.1",),
        ),
    ),
    alert=Alert(text=NEARLY_FULL, within_s=10, claims=("7.1",)),
    probes=(InboxProbe(), MemoryProbe(service=REDIS), INGEST_COUNTS, EarlyLossProbe(), probes.open_work(DATABASE)),
    recovery=Recovery(
        steps=MENDING,
        done_when=(*WORKING, used.at_most(0.8), limit_mb.at_least(RAISED_BYTES / MB)),
        limit_s=60,
    ),
    settle=(open_intents.at_most(0),),
    snapshots=(
        probes.intent_rows("rows", DATABASE, trading_only=False),
        probes.LedgerProbe(trading_only=False),
        probes.transitions(DATABASE),
        operator_actions(DATABASE),
    ),
    replay=TRACES,
    settings={**SETTINGS, "redis.maxmemory_policy": "allkeys-lru", "REDIS_AUTOSCALE_UP_TO": str(LIMIT_BYTES)},
    invariants=(*SAFETY, *MENDED),
    objectives=(),
    negative_controls=(NO_SECOND_WALL, TRACES_TWICE),
)

REFUSING = replace(
    EVICTING,
    name="redis_oom_refusing",
    title="Redis is full of idempotency keys and refuses every write",
    faults=(replace(MANY_KEYS, shown_by="refusals"),),
    symptoms=(
        Symptom(
            text="Redis refuses the keys of new signals", seen_as=keys_refused.at_least(1), within_s=10, claims=("7.1",)
        ),
    ),
    settings={**SETTINGS, "redis.maxmemory_policy": "noeviction", "REDIS_AUTOSCALE_UP_TO": str(LIMIT_BYTES)},
    negative_controls=(
        NegativeControl(
            name="redis_is_required",
            why="H12: what Redis refuses is an error like any other, and partners are answered 500",
            settings={"UNSAFE_REDIS_IS_REQUIRED": "1"},
            must_fail="StaysAvailable",
        ),
        NegativeControl(
            name="flush_takes_all",
            why="H1: every idempotency key is flushed, and the young ones that tell repeats go too",
            settings={"UNSAFE_FLUSH_TAKES_ALL": "1"},
            must_fail="OnlyOldKeysFlushed",
        ),
    ),
    hazards=("H1", "H12"),
)

FILLS_UP = replace(MANY_KEYS, fill_to=0.85, shown_by="memory")
GOES_ON = replace(MANY_KEYS, key=f"{PREFIX}P8000:MORE{{number}}:original:1", fill_to=0.75, shown_by="memory")
SCALED_BYTES = LIMIT_BYTES * 3 // 2
"""What the limit is raised to by itself, by the factor of the settings."""
looks_since = EventCount(kind=Kind.PROBE, action="memory", fields=(("limit_bytes", str(SCALED_BYTES)),))
RAISED = WaitFor(what="the limit is raised", conditions=(looks_since.at_least(1),), within_s=10.0, over_s=30.0)
WENT_ON = WaitFor(
    what="partners went on for a while", conditions=(looks_since.at_least(12),), within_s=20.0, over_s=30.0
)


async def fill_on_once_raised(scenario: Scenario) -> AsyncIterator[Step]:
    """Keys come in past the limit of before, once it is no longer the limit."""
    first, second = scenario.faults
    yield Inject(fault=first)
    yield SeeSymptoms()
    yield RAISED
    yield Inject(fault=second)
    yield WENT_ON
    yield ENOUGH_TRACES


SCALING = replace(
    EVICTING,
    name="redis_oom_scaling",
    title="Redis fills up, and its memory limit is raised by itself before anybody notices",
    cause="Too many idempotency keys were kept for too long.",
    faults=(FILLS_UP, GOES_ON),
    schedule=fill_on_once_raised,
    symptoms=(
        Symptom(text="over 80 % of Redis' memory is used", seen_as=used_bytes.at_least(0.8 * LIMIT_BYTES), within_s=10),
    ),
    alert=None,
    recovery=Recovery(steps=(RAISED,), done_when=(*WORKING, used.at_most(0.8)), limit_s=60),
    settings={**SETTINGS, "redis.maxmemory_policy": "allkeys-lru", "REDIS_AUTOSCALE_UP_TO": str(RAISED_BYTES)},
    invariants=(*SAFETY, RaisedByItself(by="autoscaler", up_to_bytes=RAISED_BYTES, claims=("7.5",))),
    negative_controls=(
        NegativeControl(
            name="no_autoscaler",
            why="nobody raises the limit, so that the same keys go past it",
            settings={"UNSAFE_NO_AUTOSCALER": "1"},
            must_fail="RaisedByItself",
        ),
    ),
)

SCENARIOS = (EVICTING, REFUSING, SCALING)
