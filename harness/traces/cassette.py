"""What the outside parties answered, in the order in which they were asked.

Values only: `recordings` reads and writes them as vcrpy lays them out. It plays nothing: the system's own transport
does.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FailureKind = Literal["timeout", "reset", "refused", "half"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked. `uri` is absolute; header names are as sent, several values of one joined by a comma."""

    method: str
    uri: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""

    def to_contract(self) -> dict[str, Any]:
        """As the replay contract has it."""
        return {"method": self.method, "uri": self.uri, "headers": dict(self.headers), "body": self.body}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What was answered, `after_s` seconds after it was asked."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    after_s: float = 0.0

    def to_contract(self) -> dict[str, Any]:
        """As the replay contract has it."""
        document: dict[str, Any] = {"status": self.status, "headers": dict(self.headers), "body": self.body}
        return document | ({"after_s": self.after_s} if self.after_s else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """No whole answer, after `after_s` seconds.

    `timeout` (none came), `reset` (the connection broke), `refused` (there was none), or `half`: an answer began, of
    which `part` came, and then the connection broke.
    """

    kind: FailureKind
    after_s: float = 0.0
    part: Response | None = None

    def __post_init__(self) -> None:
        if (self.kind == "half") == (self.part is None):
            raise ValueError("a failure has a part of an answer when its kind is half, and only then")

    def to_contract(self) -> dict[str, Any]:
        """As the replay contract has it."""
        document: dict[str, Any] = {"kind": self.kind, "after_s": self.after_s}
        if self.part is not None:
            document |= {"status": self.part.status, "headers": dict(self.part.headers), "body": self.part.body}
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One call and how it ended: exactly one of `response` and `failure`."""

    request: Request
    response: Response | None = None
    failure: Failure | None = None

    def __post_init__(self) -> None:
        if (self.response is None) == (self.failure is None):
            raise ValueError("an interaction ends in a response or in a failure, one of the two")

    @property
    def contract(self) -> int:
        """The lowest version of the replay contract that can say it."""
        late = self.response is not None and self.response.after_s > 0
        half = self.failure is not None and self.failure.kind == "half"
        return 2 if late or half else 1

    def to_contract(self) -> dict[str, Any]:
        """As the replay contract has it."""
        document: dict[str, Any] = {"request": self.request.to_contract()}
        if self.failure is not None:
            document["failure"] = self.failure.to_contract()
        elif self.response is not None:
            document["response"] = self.response.to_contract()
        return document


@dataclass(frozen=True, slots=True, kw_only=True)
class Cassette:
    """All interactions of one trace."""

    interactions: tuple[Interaction, ...] = ()

    @property
    def contract(self) -> int:
        """The lowest version of the replay contract that can say it."""
        return max((one.contract for one in self.interactions), default=1)
