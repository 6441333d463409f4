"""Traces as data: what came in, what the outside parties answered, what came out; and how two outputs differ.

Files only. Nothing here runs a system: `replaying` does.
"""

from harness.traces.canonical import canonical_json, digest
from harness.traces.cassette import Cassette, Failure, Interaction, Request, Response
from harness.traces.clusters import Cluster, Clusters
from harness.traces.diff import Difference, difference, same
from harness.traces.folders import (
    iter_headings,
    load_cassette,
    load_trace,
    migrate,
    save_baseline,
    save_cassette,
    save_trace,
)
from harness.traces.merging import merged
from harness.traces.packed import pack, unpack
from harness.traces.reading import iter_traces, load_traces
from harness.traces.redact import DecisionMoved, Redactor
from harness.traces.redaction_key import redactor_of
from harness.traces.redaction_rules import RedactionRules, Sensitive
from harness.traces.rules import Comparison, Mask
from harness.traces.searching import Unredactable
from harness.traces.strict_yaml import Unreadable
from harness.traces.trace import Approval, Input, Made, Trace

__all__ = [
    "Approval",
    "Cassette",
    "Cluster",
    "Clusters",
    "Comparison",
    "DecisionMoved",
    "Difference",
    "Failure",
    "Input",
    "Interaction",
    "Made",
    "Mask",
    "RedactionRules",
    "Redactor",
    "Request",
    "Response",
    "Sensitive",
    "Trace",
    "Unreadable",
    "Unredactable",
    "canonical_json",
    "difference",
    "digest",
    "iter_headings",
    "iter_traces",
    "load_cassette",
    "load_trace",
    "load_traces",
    "merged",
    "migrate",
    "pack",
    "redactor_of",
    "same",
    "save_baseline",
    "save_cassette",
    "save_trace",
    "unpack",
]
