"""The faults, one file each. `FAULTS` is the whole list; nothing registers itself."""

from harness.faults.base import Evidence, Fault, MissingCapability, Witness
from harness.faults.commit import Commit, Edit
from harness.faults.flood import Flood, Request, Source
from harness.faults.kill import Kill
from harness.faults.latency import Latency
from harness.faults.memory import FillMemory
from harness.faults.misbehave import Diary, Misbehave, Order
from harness.faults.noop import Noop
from harness.faults.partition import Partition
from harness.faults.pause import Pause
from harness.faults.pause_worker import PauseWorker, Which
from harness.faults.shadow import Shadow
from harness.faults.spin import Spin
from harness.faults.withhold import Withhold

FAULTS = (
    Commit,
    FillMemory,
    Flood,
    Kill,
    Latency,
    Misbehave,
    Noop,
    Partition,
    Pause,
    PauseWorker,
    Shadow,
    Spin,
    Withhold,
)

__all__ = [
    "FAULTS",
    "Commit",
    "Diary",
    "Edit",
    "Evidence",
    "Fault",
    "FillMemory",
    "Flood",
    "Kill",
    "Latency",
    "Misbehave",
    "MissingCapability",
    "Noop",
    "Order",
    "Partition",
    "Pause",
    "PauseWorker",
    "Request",
    "Shadow",
    "Source",
    "Spin",
    "Which",
    "Withhold",
    "Witness",
]
