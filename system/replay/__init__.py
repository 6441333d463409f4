"""The entry of the replay contract: the whole system in one process, under a steered clock, from a trace's own answers.

Nothing of the system imports it; it is the one place that puts all parts together with stand-ins around them.
"""

from system.replay.root import replay

__all__ = ["replay"]
