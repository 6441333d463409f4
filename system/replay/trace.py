"""The document of the replay contract as typed values: what the harness hands over is checked before it is believed."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, model_validator

CONTRACT = 1
TEXT_LENGTH_MAX = 4_194_304

_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Text = Annotated[str, StringConstraints(max_length=TEXT_LENGTH_MAX)]
_Headers = Annotated[
    dict[Annotated[str, StringConstraints(max_length=200)], Annotated[str, StringConstraints(max_length=8_192)]],
    Field(max_length=1_000),
]
_Status = Annotated[int, Field(ge=100, le=599)]
_Seconds = Annotated[float, Field(ge=0, le=366 * 86_400, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReplayPartner(_Strict):
    """A partner as the trace needs it; its key is made up, since nobody outside ever sees it."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    autonomy_tier: Annotated[int, Field(ge=0, le=9)] = 3


class ReplayInput(_Strict):
    """A signal that came in, `at_s` seconds after the start."""

    at_s: _Seconds
    kind: Literal["signal"]
    partner: _Name
    content_type: _Name
    body: _Text


class AskedRequest(_Strict):
    """A request as it was recorded."""

    method: _Name
    uri: Annotated[str, StringConstraints(min_length=1, max_length=8_192)]
    headers: _Headers = {}
    body: _Text = ""


class RecordedResponse(_Strict):
    """An answer as it was recorded, so many seconds after the question."""

    status: _Status
    headers: _Headers = {}
    body: _Text = ""
    after_s: _Seconds = 0.0


class RecordedFailure(_Strict):
    """No answer, after so many seconds; of a `half` one came what stands here, and no more."""

    kind: Literal["timeout", "reset", "refused", "half"]
    after_s: _Seconds = 0.0
    status: _Status = 200
    headers: _Headers = {}
    body: _Text = ""


class RecordedInteraction(_Strict):
    """A request, and how it ended: in a response or in a failure."""

    request: AskedRequest
    response: RecordedResponse | None = None
    failure: RecordedFailure | None = None

    @model_validator(mode="after")
    def _one_end(self) -> Self:
        if (self.response is None) == (self.failure is None):
            raise ValueError("expected a response or a failure, one of the two")
        return self


class _Clock(_Strict):
    starts_at: AwareDatetime


class _Ids(_Strict):
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class ReplayTrace(_Strict):
    """One trace, as the contract has it."""

    contract: Literal[1]
    id: _Name
    clock: _Clock
    ids: _Ids
    partners: Annotated[tuple[ReplayPartner, ...], Field(min_length=1, max_length=100)]
    inputs: Annotated[tuple[ReplayInput, ...], Field(max_length=1_000)]
    cassette: Annotated[tuple[RecordedInteraction, ...], Field(max_length=1_000)]

    @property
    def starts_at(self) -> datetime:
        """When the trace began."""
        return self.clock.starts_at
