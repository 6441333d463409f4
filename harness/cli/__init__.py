"""The one program, `harness`: its commands, a module for each matter that they are about."""

from harness.cli import drills, images, traces
from harness.cli.program import HARNESS_ERROR, main

__all__ = ["HARNESS_ERROR", "drills", "images", "main", "traces"]
