"""The one program, `harness`: its commands, a module for each matter that they are about."""

from harness.cli import drills, gate, images, packing, recording, traces
from harness.cli.program import HARNESS_ERROR, main

__all__ = ["HARNESS_ERROR", "drills", "gate", "images", "main", "packing", "recording", "traces"]
