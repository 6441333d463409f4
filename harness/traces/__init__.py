"""Traces as data: what came in, what the outside parties answered, what came out; and how two outputs differ.

Files only. Nothing here runs a system: `replaying` does.
"""

from harness.traces.canonical import canonical_json, digest
from harness.traces.cassette import Cassette, Failure, Interaction, Request, Response, load_cassette
from harness.traces.clusters import Cluster, Clusters
from harness.traces.diff import Difference, difference, same
from harness.traces.rules import Comparison, Mask
from harness.traces.strict_yaml import Unreadable
from harness.traces.trace import Input, Trace, load_trace, load_traces, save_baseline, save_cassette

__all__ = [
    "Cassette",
    "Cluster",
    "Clusters",
    "Comparison",
    "Difference",
    "Failure",
    "Input",
    "Interaction",
    "Mask",
    "Request",
    "Response",
    "Trace",
    "Unreadable",
    "canonical_json",
    "difference",
    "digest",
    "load_cassette",
    "load_trace",
    "load_traces",
    "same",
    "save_baseline",
    "save_cassette",
]
