"""Probes observe and write events; they judge nothing."""

from harness.probes.base import Probe
from harness.probes.inbox import InboxProbe
from harness.probes.memory import MemoryProbe
from harness.probes.metrics import MetricsProbe
from harness.probes.sql import SqlProbe

__all__ = ["InboxProbe", "MemoryProbe", "MetricsProbe", "Probe", "SqlProbe"]
