"""Traffic: clients that use the system during a drill, and the client that records what they did."""

from harness.traffic.base import Stage, Traffic, arrivals, ends_within
from harness.traffic.client import RecordingClient, completion_kind
from harness.traffic.continuous_integration import ContinuousIntegration

__all__ = ["ContinuousIntegration", "RecordingClient", "Stage", "Traffic", "arrivals", "completion_kind", "ends_within"]
