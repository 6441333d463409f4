"""Probes observe and write events; they judge nothing."""

from harness.probes.base import Probe
from harness.probes.clone import CloneProbe
from harness.probes.inbox import InboxProbe
from harness.probes.link import LinkProbe
from harness.probes.logs import LogProbe
from harness.probes.memory import MemoryProbe
from harness.probes.metrics import MetricsProbe
from harness.probes.resident import ResidentProbe
from harness.probes.sql import SqlProbe
from harness.probes.workers import WorkersProbe

__all__ = [
    "CloneProbe",
    "InboxProbe",
    "LinkProbe",
    "LogProbe",
    "MemoryProbe",
    "MetricsProbe",
    "Probe",
    "ResidentProbe",
    "SqlProbe",
    "WorkersProbe",
]
