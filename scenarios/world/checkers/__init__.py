"""What must hold in the freight world, beyond what the engine's own checkers can say."""

from scenarios.world.checkers.agents import FailedHasNoLiveLoad, HungIsSettled
from scenarios.world.checkers.breakers import (
    AcceptedAgain,
    ClosesByItself,
    ConsoleTells,
    FewAreLetThrough,
    OnTheReviewList,
    OpensAtTheEleventh,
    RefusedWhileOpen,
    RepeatsAreWelcome,
    ToldWhatToMend,
)
from scenarios.world.checkers.drift import (
    AnalysisNamesTheField,
    AskedForTheField,
    MissingMakesPartial,
    ScorecardForEach,
)
from scenarios.world.checkers.failover import PromotedByItself, QuickRefusals, WasSemiSynchronous
from scenarios.world.checkers.loads import NoLoadWithoutConfirmedIntent, OneLoadPerShipment
from scenarios.world.checkers.memory import (
    ActionsAudited,
    MemoryShown,
    OnlyOldKeysFlushed,
    RaisedByItself,
    RepeatsPastTheKeysAreTold,
    TtlChangedInPlace,
)
from scenarios.world.checkers.misreadings import MadeUpIsRefused, OnlyGroundedLoads, OnlyPossibleLoads
from scenarios.world.checkers.recorded import AcknowledgedTracesEndAsBaseline
from scenarios.world.checkers.trust import (
    ByThemselvesAgain,
    DowngradedOnce,
    GivesBackNoMore,
    OthersKeepTheirTrust,
    ReviewedByAPerson,
    TrustScoreFell,
)

__all__ = [
    "AcceptedAgain",
    "AcknowledgedTracesEndAsBaseline",
    "ActionsAudited",
    "AnalysisNamesTheField",
    "AskedForTheField",
    "ByThemselvesAgain",
    "ClosesByItself",
    "ConsoleTells",
    "DowngradedOnce",
    "FailedHasNoLiveLoad",
    "FewAreLetThrough",
    "GivesBackNoMore",
    "HungIsSettled",
    "MadeUpIsRefused",
    "MemoryShown",
    "MissingMakesPartial",
    "NoLoadWithoutConfirmedIntent",
    "OnTheReviewList",
    "OneLoadPerShipment",
    "OnlyGroundedLoads",
    "OnlyOldKeysFlushed",
    "OnlyPossibleLoads",
    "OpensAtTheEleventh",
    "OthersKeepTheirTrust",
    "PromotedByItself",
    "QuickRefusals",
    "RaisedByItself",
    "RefusedWhileOpen",
    "RepeatsAreWelcome",
    "RepeatsPastTheKeysAreTold",
    "ReviewedByAPerson",
    "ScorecardForEach",
    "ToldWhatToMend",
    "TrustScoreFell",
    "TtlChangedInPlace",
    "WasSemiSynchronous",
]
