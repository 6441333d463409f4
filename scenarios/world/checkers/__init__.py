"""What must hold in the freight world, beyond what the engine's own checkers can say."""

from scenarios.world.checkers.agents import FailedHasNoLiveLoad, HungIsSettled
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
    "ActionsAudited",
    "FailedHasNoLiveLoad",
    "HungIsSettled",
    "MadeUpIsRefused",
    "MemoryShown",
    "NoLoadWithoutConfirmedIntent",
    "OneLoadPerShipment",
    "OnlyGroundedLoads",
    "OnlyOldKeysFlushed",
    "OnlyPossibleLoads",
    "PromotedByItself",
    "QuickRefusals",
    "RaisedByItself",
    "RepeatsPastTheKeysAreTold",
    "TtlChangedInPlace",
    "WasSemiSynchronous",
]
