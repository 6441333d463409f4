"""The database primary dies under load and its replica is promoted.

Signals that were acknowledged before the crash but had not reached the replica are lost, up to the recovery point. They
must be listed from what outlived the crash, their partners asked to send them again, and the second sending accepted
although Redis still remembers the first, and although Motion already carries some of the loads.

Three variants: the primary is killed while its replica lags behind; the same with semi-synchronous replication, where a
commit waits for the replica and nothing may be lost; and a primary that is only stopped, is declared dead, and comes
back with connections to it still open.
"""

from collections.abc import AsyncIterator
from dataclasses import replace

from harness.checkers import (
    AcknowledgedWritesSurvive,
    AlertSaid,
    AppliedExactlyOnce,
    AskedAgain,
    IdsNameOneThing,
    LeavesAReview,
    LossIsListed,
    NoneStuck,
    NothingLost,
    OnlyLegalTransitions,
    StateHeld,
    TracesUnchanged,
)
from harness.faults import Kill, Pause, Withhold
from harness.history import Kind
from harness.metric import BASELINE, EventCount, Gauge, StatusCount, SuccessRatio, latency
from harness.objective import rpo, rto
from harness.probes import InboxProbe
from harness.scenario import Alert, BlastRadius, Hold, NegativeControl, Recovery, Scenario, Symptom
from harness.steps import HealFault, Inject, Observe, Operate, SeeSymptoms, Step, WaitFor
from scenarios.world import probes
from scenarios.world.checkers import (
    NoLoadWithoutConfirmedIntent,
    OneLoadPerShipment,
    PromotedByItself,
    QuickRefusals,
    RepeatsAreWelcome,
    WasSemiSynchronous,
)
from scenarios.world.held_connections import WITNESS_WRITE, HeldConnections
from scenarios.world.lifecycle import FINAL, LEGAL_TRANSITIONS
from scenarios.world.replay import TRACES
from scenarios.world.traffic import SEND, SteadyTenders

PRIMARY, REPLICA = "database-primary", "database-replica"
CONNECTION_LOST = "Database connection lost"
RESTING = FINAL | {"PARTIAL", "NEEDS_REVIEW"}

STEADY_TENDERS = SteadyTenders(partners=("P1001", "P1002", "P1003", "P1004"), rate_per_s=20.0)
success_ratio = SuccessRatio(action=SEND)
status_5xx = StatusCount(action=SEND, low=500, high=599)
WORKING = (success_ratio.at_least(0.99),)
STEADY_STATE = (*WORKING, latency.percentile(95, action=SEND).within(4, of=BASELINE))

acknowledged_beyond_replica = Gauge(probe="beyond_replica", field="acknowledged")
attempted_beyond_replica = Gauge(probe="beyond_replica", field="attempted")
booked_beyond_replica = Gauge(probe="beyond_replica", field="booked")
open_intents = Gauge(probe="open_work", field="intents")
promoted = EventCount(kind=Kind.STEP, action="promoted")

PROMOTION = WaitFor(what="the replica is promoted", conditions=(promoted.at_least(1),), within_s=30.0, over_s=30.0)
LIST = Operate(
    words=("recover", "database", "list"),
    why="count and list what was acknowledged and is not in the promoted database",
    claims=("4.4",),
)
ASK = Operate(
    words=("recover", "database", "ask"),
    why="ask the affected partners to send that window again",
    claims=("4.5",),
)
LIST_THEN_ASK = (LIST, Observe(probe=probes.signal_identities("promoted_rows", REPLICA)), ASK)

SAFETY = (
    AcknowledgedWritesSurvive(write=SEND, snapshot="rows", key="identity"),
    AcknowledgedWritesSurvive(
        called="AcknowledgedAfterThePromotionSurvives",
        write=SEND,
        snapshot="rows",
        key="identity",
        after="promoted",
        claims=("4.1",),
    ),
    AppliedExactlyOnce(key="shipment", effects="ledger", field="loads", effect_key="reference", effect_id="load_id"),
    OneLoadPerShipment(),
    NoLoadWithoutConfirmedIntent(),
    IdsNameOneThing(write=SEND, id_field="intent_id"),
    OnlyLegalTransitions(table=LEGAL_TRANSITIONS, subject="intent_id"),
    NoneStuck(resting=RESTING),
    PromotedByItself(claims=("4.2",)),
    StateHeld(
        reached="CONFIRMED", after=frozenset({"EXECUTING", "EXECUTED"}), before="replica_states", claims=("4.3",)
    ),
    LossIsListed(write=SEND, listing=LIST.words, claims=("4.4",)),
    AskedAgain(write=SEND, asked_field="shipments", claims=("4.5",)),
    QuickRefusals(claims=("4.1",)),
    AlertSaid(text=CONNECTION_LOST, contact="DBA", claims=("8.1",)),
    LeavesAReview(claims=("8.2",)),
    TracesUnchanged(at_least=5),
)

KILLED = Scenario(
    name="db_failover_killed",
    title="The database primary dies under load, with its replica behind",
    playbook="4 Database failover",
    cause="The primary database instance crashed, and what it had acknowledged last had not reached its replica.",
    prevention="Semi-synchronous replication where losing nothing is worth the wait; this drill on every pull request.",
    traffic=(STEADY_TENDERS,),
    steady_state=STEADY_STATE,
    conditions=(
        Hold(
            fault=Withhold(link="replica->primary"),
            until=(acknowledged_beyond_replica.at_least(5), booked_beyond_replica.at_least(2)),
        ),
    ),
    faults=(Kill(service=PRIMARY),),
    blast_radius=BlastRadius(services=frozenset({PRIMARY}), abort_if=success_ratio.at_most(0.0, for_s=30)),
    symptoms=(Symptom(text="the API answers 5xx", seen_as=status_5xx.at_least(1), within_s=5, claims=("4.1",)),),
    alert=Alert(text=CONNECTION_LOST, within_s=10, claims=("4.1",)),
    probes=(
        InboxProbe(),
        probes.ManagedDatabaseProbe(),
        probes.BeforeFault(probe=probes.BeyondReplica()),
        probes.BeforeFault(probe=probes.intent_states("replica_states", REPLICA)),
        probes.open_work(REPLICA),
    ),
    recovery=Recovery(steps=(PROMOTION, *LIST_THEN_ASK), done_when=WORKING, limit_s=60),
    settle=(open_intents.at_most(0),),
    snapshots=(probes.intent_rows("rows", REPLICA), probes.LedgerProbe(), probes.transitions(REPLICA)),
    replay=TRACES,
    settings={"BREAKER_COOLDOWN_S": "1.0"},  # one that opens for nothing, in a control, does not last
    invariants=(*SAFETY, RepeatsAreWelcome()),
    objectives=(
        rto(limit_s=300, steady=WORKING, claims=("4.6",)),
        rpo(limit_s=120, write=SEND, snapshot="promoted_rows", claims=("4.6",)),
    ),
    negative_controls=(
        NegativeControl(
            name="key_vouches_alone",
            why="H2: the key in Redis is believed although its row was lost, and the resend is told it is a duplicate",
            settings={"UNSAFE_KEY_VOUCHES_ALONE": "1"},
            must_fail="AcknowledgedWritesSurvive",
        ),
        NegativeControl(
            name="booking_key_from_row",
            why="H3: the booking key comes from the row, so the resend of a booked load books it again",
            settings={"UNSAFE_BOOKING_KEY_FROM_ROW": "1"},
            must_fail="OneLoadPerShipment",
        ),
        NegativeControl(
            name="counter_ids",
            why="H16: ids come from a counter that the failover rewinds, and one id names two things",
            settings={"UNSAFE_COUNTER_IDS": "1"},
            must_fail="IdsNameOneThing",
        ),
        NegativeControl(
            name="counts_resends",
            why="H18: what we asked for again counts as repeated, and opens the breakers of those who answer",
            settings={"UNSAFE_BREAKER_COUNTS_RESENDS": "1"},
            must_fail="RepeatsAreWelcome",
        ),
    ),
    hazards=("H2", "H3", "H16", "H17", "H18", "H19"),
)

SEMI_SYNC = replace(
    KILLED,
    name="db_failover_semi_sync",
    title="The primary dies while every commit waits for the replica",
    cause="The primary database instance crashed with commits that waited for a replica they could not reach.",
    settings={f"{server}.replication": "semi_sync" for server in (PRIMARY, REPLICA)},
    # What is sent now waits for the replica and is acknowledged to nobody; without the wait it would be, and be lost.
    conditions=(Hold(fault=Withhold(link="replica->primary"), until=(attempted_beyond_replica.at_least(10),)),),
    probes=(*KILLED.probes, probes.BeforeFault(probe=probes.semi_sync_status(PRIMARY))),
    invariants=(
        *SAFETY,
        NothingLost(write=SEND),
        WasSemiSynchronous(),
    ),
    negative_controls=(
        NegativeControl(
            name="asynchronous",
            why="without the wait for the replica, what is acknowledged last is lost",
            settings={f"{server}.replication": "async" for server in (PRIMARY, REPLICA)},
            must_fail="NothingLost",
        ),
    ),
    hazards=(),
)


async def pause_then_continue(scenario: Scenario) -> AsyncIterator[Step]:
    """The primary is continued as soon as its replica has been promoted, before anybody has had time to look."""
    pause = scenario.faults[0]
    yield Inject(fault=pause)
    yield PROMOTION
    yield HealFault(fault=pause)
    yield SeeSymptoms()
    for step in LIST_THEN_ASK:
        yield step


ZOMBIE_PRIMARY = replace(
    KILLED,
    name="db_failover_zombie",
    title="The primary is stopped, declared dead, and comes back with connections open",
    cause="The primary's host stopped for a moment, was out of reach when its replica was promoted, and went on.",
    prevention="Fence before the endpoint moves: cut every connection, and keep the old primary read-only for good.",
    traffic=(STEADY_TENDERS, HeldConnections(after_heal_of="pause")),
    conditions=(),
    faults=(Pause(service=PRIMARY),),
    schedule=pause_then_continue,
    settings={"HOST_OUT_OF_REACH": "1"},
    snapshots=(*KILLED.snapshots, probes.witness_rows(REPLICA)),
    invariants=(
        *SAFETY,
        AcknowledgedWritesSurvive(
            called="OldPrimaryTookNoWrite",
            write=WITNESS_WRITE,
            snapshot="witness",
            key="id",
            after="promoted",
            refusing_holds=True,
        ),
    ),
    negative_controls=(
        NegativeControl(
            name="no_fence",
            why="H11: the endpoint moves without a fence, and the old primary takes writes on the connections it has",
            settings={"UNSAFE_NO_FENCE": "1"},
            must_fail="OldPrimaryTookNoWrite",
        ),
    ),
    hazards=("H11",),
)

SCENARIOS = (KILLED, SEMI_SYNC, ZOMBIE_PRIMARY)
