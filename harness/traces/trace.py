"""One recorded trace: what came in, in order, with its clock and ids; what was answered; and what went out.

The output is the system's own and opaque here. The baseline is the output that was approved. Values only: `folders` and
`packed` read and write them, and nothing is run from here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from harness.traces.cassette import Cassette

SIGNAL = "signal"
"""The kind of input that every version of the replay contract knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """One thing that came in, `at_s` seconds after the trace began.

    `kind` is a name that the system knows. A signal has a partner, a content type and a body; others may have none.
    """

    at_s: float
    kind: str
    partner: str = ""
    content_type: str = ""
    body: str = ""

    def to_document(self) -> dict[str, Any]:
        """As the file has it: what is empty is left out."""
        return {name: value for name, value in self.to_contract().items() if value != ""}

    def to_contract(self) -> dict[str, Any]:
        """As the replay contract has it."""
        return {
            "at_s": self.at_s,
            "kind": self.kind,
            "partner": self.partner,
            "content_type": self.content_type,
            "body": self.body,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """How a trace came to be: recorded from a system that ran, or written by hand.

    `source` is what from (a run, a file, an incident), `faults` what was broken while it was recorded.
    """

    how: Literal["recorded", "written"] = "written"
    source: str = ""
    at: datetime | None = None
    faults: tuple[str, ...] = ()

    def to_document(self) -> dict[str, Any]:
        """As the file has it: what is empty is left out."""
        document: dict[str, Any] = {"how": self.how}
        if self.source:
            document["source"] = self.source
        if self.at is not None:
            document["at"] = self.at.isoformat()
        if self.faults:
            document["faults"] = list(self.faults)
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Somebody took an output as the baseline: when, who, why, and at which commit, where that is known."""

    at: datetime
    by: str
    why: str
    commit: str = ""

    def to_document(self) -> dict[str, Any]:
        """As the file has it: what is empty is left out."""
        document = {"at": self.at.isoformat(), "by": self.by, "why": self.why}
        return document | ({"commit": self.commit} if self.commit else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """What came in, in order, with its clock and ids; what went out (`baseline`, None until made); and the cassette.

    `covers` are short tags; `end_to_end` says whether a running environment can be driven through it. `contract_min` is
    the lowest version of the replay contract in which its partners make sense. `folder` is where it was read from;
    None for one that stands in a packed file.
    """

    id: str
    title: str
    made: Made = Made()
    covers: tuple[str, ...] = ()
    contract_min: int = 1
    starts_at: datetime
    seed: int
    partners: tuple[Mapping[str, Any], ...]
    inputs: tuple[Input, ...]
    end_to_end: bool = True
    approvals: tuple[Approval, ...] = ()
    baseline: Any
    cassette: Cassette
    folder: Path | None = None

    @property
    def contract(self) -> int:
        """The lowest version of the replay contract that can say it, so that an old revision replays what it can."""
        plain = all(one.kind == SIGNAL and one.partner and one.content_type and one.body for one in self.inputs)
        return max(self.contract_min, self.cassette.contract, 1 if plain else 2)

    def to_contract(self) -> dict[str, Any]:
        """The document that a replay entry is given; one JSON line of it is what the runner reads."""
        return {
            "contract": self.contract,
            "id": self.id,
            "clock": {"starts_at": self.starts_at.isoformat()},
            "ids": {"seed": self.seed},
            "partners": [dict(partner) for partner in self.partners],
            "inputs": [one.to_contract() for one in self.inputs],
            "cassette": [interaction.to_contract() for interaction in self.cassette.interactions],
        }

    def with_cassette(self, cassette: Cassette) -> "Trace":
        """The same trace with other answers."""
        return replace(self, cassette=cassette)

    def in_folder(self, folder: Path | None) -> "Trace":
        """The same trace, read from or written to `folder`."""
        return replace(self, folder=folder)

    def with_baseline(self, baseline: Any) -> "Trace":
        """The same trace with another output to hold replays against."""
        return replace(self, baseline=baseline)
