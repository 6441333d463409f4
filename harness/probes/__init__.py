"""Probes observe and write events; they judge nothing."""

from harness.probes.base import Probe
from harness.probes.inbox import InboxProbe
from harness.probes.sql import SqlProbe

__all__ = ["InboxProbe", "Probe", "SqlProbe"]
