"""An EDI provider changes its format without notice, and the tenders of its partners lose their pickup time.

Three partners send through it, one of each autonomy tier; two others do not. What lacks the field is neither failed nor
guessed at, the partners' trust falls, once each, and a person reviews all they send. They are asked for the field by
its name, and because they were asked they restore it. After seven good days the review ends, and autonomy comes back
step by step, never past what it was. The days are the calendar's, which the drill moves on.
"""

from collections.abc import AsyncIterator

from harness.checkers import (
    AcknowledgedWritesSurvive,
    AlertSaid,
    AlertsToldOnce,
    AppliedExactlyOnce,
    LeavesAReview,
    NoneStuck,
    OnlyLegalTransitions,
    TracesUnchanged,
)
from harness.history import Kind
from harness.metric import BASELINE, EventCount, Gauge, SuccessRatio, latency
from harness.probes import InboxProbe
from harness.scenario import Alert, BlastRadius, NegativeControl, Recovery, Scenario, Symptom, fixed_order
from harness.steps import Operate, Step, WaitFor
from scenarios.world import probes, trust_probes
from scenarios.world.alterations import LostPickupTime
from scenarios.world.checkers import (
    AnalysisNamesTheField,
    AskedForTheField,
    ByThemselvesAgain,
    DowngradedOnce,
    GivesBackNoMore,
    MissingMakesPartial,
    NoLoadWithoutConfirmedIntent,
    OneLoadPerShipment,
    OthersKeepTheirTrust,
    ReviewedByAPerson,
    ScorecardForEach,
    TrustScoreFell,
)
from scenarios.world.format_change import FormatChange
from scenarios.world.lifecycle import FINAL, LEGAL_TRANSITIONS
from scenarios.world.replay import TRACES
from scenarios.world.traffic import SEND, SteadyTenders

DATABASE = "database-primary"
RESTING = FINAL | {"PARTIAL", "NEEDS_REVIEW"}
DRIFTING = ("P45678", "P45679", "P45680")
"""Of tier 3, 2 and 1; all behind one EDI provider."""
OTHERS = ("P1001", "P1002")
FELL = "Partner P45678 trust score: * (was *)"
ANY_FELL = "Partner * trust score: * (was *)"
PROBATION_DAYS = 7
WINDOW = 8
"""Of how many signals a score is made, in the drill."""

CHANGED = FormatChange(partners=DRIFTING, link="partners->ingest", database=DATABASE)
LOSES = LostPickupTime(partners=DRIFTING, share=0.85, usual=1 / 12, fault=CHANGED.name)
TENDERS = (
    SteadyTenders(partners=DRIFTING[:1], rate_per_s=6.0, alterations=(LOSES,)),
    SteadyTenders(partners=DRIFTING[1:], rate_per_s=7.0, alterations=(LOSES,)),
    SteadyTenders(partners=OTHERS, rate_per_s=1.5),
)

success_ratio = SuccessRatio(action=SEND)
WORKING = (success_ratio.at_least(0.99),)
partial = Gauge(probe="drift", field="partial")
late = Gauge(probe="drift", field="late")
lately = Gauge(probe="drift", field="lately")
under_review = Gauge(probe="drift", field="under_review")
returned = Gauge(probe="drift", field="returned")
open_intents = Gauge(probe="open_work", field="intents")
ended = EventCount(kind=Kind.ALERT, action=ANY_FELL, fields=(("status", "resolved"),))
scorecards = EventCount(kind=Kind.STEP, action="notice", fields=(("kind", "weekly_scorecard"),))

ANALYZE = Operate(
    words=("partners", "analyze", "P45678", "--days", "1"), why="which field its signals lack", claims=("3.5",)
)
ASK = Operate(words=("recover", "partner", "ask", "--all"), why="ask the partners to restore that field")
PROBATION = Operate(
    words=("recover", "partner", "probation", "--all", "--why", "they say it is restored, and what came since has it"),
    why="once they say that it is mended, their probation begins",
    claims=("3.6",),
)
SCORECARD = Operate(words=("partners", "scorecard"), why="each partner's week on a card", claims=("3.7",))


def days_pass(days: float, what: str) -> Operate:
    """The calendar moves on; only a system that was started for a drill lets it be moved."""
    return Operate(words=("clock", "forward", str(days), "--why", what), why=f"in a drill, {what}")


RECOVERY = (
    WaitFor(what="a person reviews what they send", conditions=(under_review.at_least(3),), within_s=30.0),
    WaitFor(what="there is enough to analyze", conditions=(late.at_least(8),), within_s=30.0),
    ANALYZE,
    ASK,
    Operate(
        words=("queue", "approve", "--all", "--partner", "P45678", "--why", "they state all that a load needs"),
        why="let pass what is whole, after a look",
        claims=("3.4",),
    ),
    Operate(
        words=("queue", "reject", "--all", "--incomplete", "--partner", "P45678", "--why", "they send them again"),
        why="end what nobody can book",
        claims=("3.4",),
    ),
    WaitFor(what="their signals are whole again", conditions=(lately.at_most(0),), within_s=30.0, over_s=0.3),
    PROBATION,
    # Few as the others' signals are, each must have sent one in a week of which it is to have a card.
    WaitFor(
        what="everybody has sent something",
        conditions=tuple(SuccessRatio(action=SEND, actor=f"partner {one}").at_least(0.99) for one in OTHERS),
        within_s=30.0,
        over_s=60.0,
    ),
    days_pass(PROBATION_DAYS + 0.5, "the probation passes"),
    WaitFor(what="their review is over", conditions=(under_review.at_most(0),), within_s=30.0, over_s=0.3),
    days_pass(PROBATION_DAYS + 0.5, "another probation passes"),
    WaitFor(what="each has back what it had", conditions=(returned.at_least(3),), within_s=30.0),
    WaitFor(what="every alert is ended", conditions=(ended.at_least(3),), within_s=30.0, over_s=60.0),
    WaitFor(what="scorecards are sent", conditions=(scorecards.at_least(5),), within_s=30.0, over_s=60.0),
    SCORECARD,
)


async def on_a_day_of_its_own(scenario: Scenario) -> AsyncIterator[Step]:
    """The day before has passed when the format changes, so that what came on that day is not analyzed with it."""
    yield days_pass(1.5, "the day before has passed")
    async for step in fixed_order(scenario):
        yield step


PARTNERS_DRIFT = Scenario(
    name="partner_drift",
    title="Partners' tenders lose their pickup time, because their EDI provider changed its format",
    playbook="3 Partner data quality drop",
    cause="An EDI provider changed its format without notice, and left the pickup time out of most tenders.",
    prevention="A scorecard for each partner each week; what a tender lacks is counted as it comes in.",
    traffic=TENDERS,
    steady_state=(*WORKING, latency.percentile(95, action=SEND).within(4, of=BASELINE)),
    faults=(CHANGED,),
    schedule=on_a_day_of_its_own,
    blast_radius=BlastRadius(services=frozenset({"ingest"}), abort_if=success_ratio.at_most(0.0, for_s=30)),
    symptoms=(
        Symptom(
            text="more and more intents are PARTIAL",
            seen_as=partial.at_least(6),
            within_s=20,
            claims=("3.2",),
        ),
    ),
    alert=Alert(text=FELL, within_s=10, claims=("3.1",)),
    probes=(
        InboxProbe(),
        trust_probes.trust(DATABASE),
        trust_probes.drift(DATABASE, DRIFTING),
        probes.open_work(DATABASE),
    ),
    recovery=Recovery(steps=RECOVERY, done_when=WORKING, limit_s=60),
    settle=(open_intents.at_most(0),),
    snapshots=(probes.intent_rows("rows", DATABASE), probes.LedgerProbe(), probes.transitions(DATABASE)),
    replay=TRACES,
    settings={
        "STEERED_CLOCK": "1",
        "ALLOW_STEERED_CLOCK": "1",
        "TRUST_WINDOW": str(WINDOW),
        "TRUST_SIGNALS_MIN": "5",
        "TRUST_INTERVAL_S": "0.2",
        "PROBATION_SIGNALS_MIN": "2",
        "WATCH_INTERVAL_S": "0.2",
    },
    invariants=(
        AcknowledgedWritesSurvive(write=SEND, snapshot="rows", key="identity"),
        AppliedExactlyOnce(
            key="shipment", effects="ledger", field="loads", effect_key="reference", effect_id="load_id"
        ),
        OneLoadPerShipment(),
        NoLoadWithoutConfirmedIntent(claims=("3.2",)),
        MissingMakesPartial(claims=("3.2",)),
        TrustScoreFell(partners=DRIFTING, under=0.8, window=WINDOW, claims=("3.1",)),
        DowngradedOnce(partners=DRIFTING, claims=("3.3",)),
        ReviewedByAPerson(partners=DRIFTING, claims=("3.4",)),
        AnalysisNamesTheField(command=ANALYZE.words, partner="P45678", field="pickup_time", claims=("3.5",)),
        AskedForTheField(partners=DRIFTING, field="pickup_time"),
        ByThemselvesAgain(partners=DRIFTING[:2], claims=("3.6",)),
        GivesBackNoMore(partners=DRIFTING, days=PROBATION_DAYS, began=PROBATION.words, claims=("3.6",)),
        ScorecardForEach(partners=(*DRIFTING, *OTHERS), command=SCORECARD.words, claims=("3.7",)),
        OthersKeepTheirTrust(partners=OTHERS),
        AlertSaid(text=FELL, contact="DevOps Lead", claims=("3.1", "8.1")),
        AlertsToldOnce(text=ANY_FELL, claims=("3.1",)),
        LeavesAReview(claims=("8.2",)),
        OnlyLegalTransitions(table=LEGAL_TRANSITIONS, subject="intent_id"),
        NoneStuck(resting=RESTING),
        TracesUnchanged(at_least=5),
    ),
    objectives=(),
    negative_controls=(
        NegativeControl(
            name="lowers_at_each_evaluation",
            why="H7: the rule runs at every evaluation, and one bad week takes the ceiling down tier after tier",
            settings={"UNSAFE_TRUST_LOWERS_AT_EACH_EVALUATION": "1"},
            must_fail="DowngradedOnce",
        ),
        NegativeControl(
            name="gives_back_to_tier_two",
            why="H8: the ceiling is set to 2 at the end, for a partner too that had 1",
            settings={"UNSAFE_GIVE_BACK_TO_TIER_TWO": "1"},
            must_fail="GivesBackNoMore",
        ),
        NegativeControl(
            name="no_human_review",
            why="the ceiling is lowered and nobody reviews: what a tier 2 partner sends whole still goes by itself",
            settings={"UNSAFE_NO_HUMAN_REVIEW": "1"},
            must_fail="ReviewedByAPerson",
        ),
    ),
    hazards=("H7", "H8"),
)

SCENARIOS = (PARTNERS_DRIFT,)
