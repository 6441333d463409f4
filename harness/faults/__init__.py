"""The faults, one file each. `FAULTS` is the whole list; nothing registers itself."""

from harness.faults.base import Evidence, Fault, MissingCapability, Witness
from harness.faults.kill import Kill
from harness.faults.latency import Latency
from harness.faults.noop import Noop
from harness.faults.partition import Partition
from harness.faults.pause import Pause
from harness.faults.withhold import Withhold

FAULTS = (Kill, Latency, Noop, Partition, Pause, Withhold)

__all__ = [
    "FAULTS",
    "Evidence",
    "Fault",
    "Kill",
    "Latency",
    "MissingCapability",
    "Noop",
    "Partition",
    "Pause",
    "Withhold",
    "Witness",
]
