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

__all__ = [
    "AcceptedAgain",
    "ActionsAudited",
    "ClosesByItself",
    "ConsoleTells",
    "FailedHasNoLiveLoad",
    "FewAreLetThrough",
    "HungIsSettled",
    "MadeUpIsRefused",
    "MemoryShown",
    "NoLoadWithoutConfirmedIntent",
    "OnTheReviewList",
    "OneLoadPerShipment",
    "OnlyGroundedLoads",
    "OnlyOldKeysFlushed",
    "OnlyPossibleLoads",
    "OpensAtTheEleventh",
    "PromotedByItself",
    "QuickRefusals",
    "RaisedByItself",
    "RefusedWhileOpen",
    "RepeatsAreWelcome",
    "RepeatsPastTheKeysAreTold",
    "ToldWhatToMend",
    "TtlChangedInPlace",
    "WasSemiSynchronous",
]
