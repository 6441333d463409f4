"""The checkers that know no system: each is a claim about a history, with its parameters as fields."""

from harness.checkers.acknowledged import AcknowledgedWritesSurvive
from harness.checkers.alerts import AlertSaid, AlertsToldOnce, EachIsTold
from harness.checkers.availability import StaysAvailable
from harness.checkers.base import Checker, Claim, judge
from harness.checkers.cost import MemoryStaysFlat, StoppedAtTheDoor
from harness.checkers.isolation import NobodyShutOut, OthersUndisturbed
from harness.checkers.logs import LogTellsWhere
from harness.checkers.loss import AskedAgain, LossIsListed, NothingLost
from harness.checkers.once import AppliedExactlyOnce, IdsNameOneThing, RepeatsAnsweredAlike
from harness.checkers.regression import (
    BaselineRenewed,
    ChangeIsStopped,
    CommitIsNamed,
    DecisionPassesTheGate,
    OldBesideNew,
    OutageIsNoBaseline,
)
from harness.checkers.rejection import RejectedChangesNothing
from harness.checkers.review import LeavesAReview
from harness.checkers.states import LateWritesAreRefused, NoneStuck, OnlyLegalTransitions, StateHeld
from harness.checkers.traces import TracesUnchanged
from harness.checkers.workers import KilledAndReplaced, WorkersLiveOn

__all__ = [
    "AcknowledgedWritesSurvive",
    "AlertSaid",
    "AlertsToldOnce",
    "AppliedExactlyOnce",
    "AskedAgain",
    "BaselineRenewed",
    "ChangeIsStopped",
    "Checker",
    "Claim",
    "CommitIsNamed",
    "DecisionPassesTheGate",
    "EachIsTold",
    "IdsNameOneThing",
    "KilledAndReplaced",
    "LateWritesAreRefused",
    "LeavesAReview",
    "LogTellsWhere",
    "LossIsListed",
    "MemoryStaysFlat",
    "NobodyShutOut",
    "NoneStuck",
    "NothingLost",
    "OldBesideNew",
    "OnlyLegalTransitions",
    "OthersUndisturbed",
    "OutageIsNoBaseline",
    "RejectedChangesNothing",
    "RepeatsAnsweredAlike",
    "StateHeld",
    "StaysAvailable",
    "StoppedAtTheDoor",
    "TracesUnchanged",
    "WorkersLiveOn",
    "judge",
]
