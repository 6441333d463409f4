"""The document of the replay contract as typed values: what the harness hands over is checked before it is believed."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    field_validator,
    model_validator,
)

from system.x12.completeness import REQUIRED

CONTRACTS = (1, 2)
TEXT_LENGTH_MAX = 4_194_304
SIGNALS_BEFORE_MAX = 2_000

_Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_ShortName = Annotated[str, StringConstraints(min_length=1, max_length=40)]
_Text = Annotated[str, StringConstraints(max_length=TEXT_LENGTH_MAX)]
_Headers = Annotated[
    dict[Annotated[str, StringConstraints(max_length=200)], Annotated[str, StringConstraints(max_length=8_192)]],
    Field(max_length=1_000),
]
_Bytes = Annotated[int, Field(ge=0, le=2**53)]
_Count = Annotated[int, Field(ge=0, le=1_000_000)]
_Ratio = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
_WORDS: TypeAdapter[list[str]] = TypeAdapter(Annotated[list[_Name], Field(min_length=1, max_length=40)])
_Status = Annotated[int, Field(ge=100, le=599)]
_Seconds = Annotated[float, Field(ge=0, le=366 * 86_400, allow_inf_nan=False)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ReplayPlace(_Strict):
    """A place in a partner's signals that was wrong so often; without a segment where nothing could be read."""

    segment: Annotated[str, StringConstraints(max_length=40)]
    element: Annotated[int, Field(ge=1, le=99)] | None = None
    message: Annotated[str, StringConstraints(max_length=160)]
    count: _Count = 1


class ReplayBreaker(_Strict):
    """A circuit breaker that is open when the trace begins; it lets probes in `probe_after_s` later."""

    malformed: _Count = 0
    duplicates: _Count = 0
    places: Annotated[tuple[ReplayPlace, ...], Field(max_length=3)] = ()
    probe_after_s: _Seconds = 300.0


class ReplayTrust(_Strict):
    """An incident of trust that is under review when the trace begins, `asked` if the partner knows of it.

    `ceiling_before` is the tier that the incident took; the partner's own is what it was left.
    """

    score: _Ratio
    before: _Ratio | None = None
    missing: Annotated[dict[_ShortName, _Count], Field(max_length=20)] = {}
    ceiling_before: Annotated[int, Field(ge=1, le=9)]
    probation: bool = False


class ReplaySignals(_Strict):
    """So many tenders in a row, received before the trace began, each of which lacks these fields."""

    count: Annotated[int, Field(ge=1, le=SIGNALS_BEFORE_MAX)]
    missing: Annotated[tuple[_ShortName, ...], Field(max_length=len(REQUIRED))] = ()

    @field_validator("missing")
    @classmethod
    def _are_fields(cls, missing: tuple[str, ...]) -> tuple[str, ...]:
        if strange := sorted(set(missing) - set(REQUIRED)):
            raise ValueError(f"expected some of {', '.join(REQUIRED)}, seen {', '.join(strange)}")
        return missing


class ReplayPartner(_Strict):
    """A partner as the trace needs it; its key is made up, since nobody outside ever sees it."""

    id: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    name: Annotated[str, StringConstraints(max_length=200)] = ""
    autonomy_tier: Annotated[int, Field(ge=0, le=9)] = 3
    require_review: bool = False
    breaker: ReplayBreaker | None = None
    trust: ReplayTrust | None = None
    quality: Annotated[tuple[ReplaySignals, ...], Field(max_length=100)] = ()

    @field_validator("quality")
    @classmethod
    def _not_too_many(cls, quality: tuple[ReplaySignals, ...]) -> tuple[ReplaySignals, ...]:
        if (count := sum(one.count for one in quality)) > SIGNALS_BEFORE_MAX:
            raise ValueError(f"expected at most {SIGNALS_BEFORE_MAX} signals from before the trace, seen {count}")
        return quality

    @property
    def has_state(self) -> bool:
        """Whether it needs version 2 to be said."""
        return self.require_review or self.breaker is not None or self.trust is not None or bool(self.quality)


class ReplayRedis(_Strict):
    """What Redis says of its memory, in bytes: a `limit` of 0 is none, and what is `not_counted` is part of `used`."""

    used: _Bytes
    limit: _Bytes
    not_counted: _Bytes = 0
    policy: _ShortName = "noeviction"
    evicted_keys: _Count = 0


class ReplayRound(_Strict):
    """What those who watch may find beside the rows; it stays so at the rounds that follow."""

    redis: ReplayRedis | None = None


class ReplayInput(_Strict):
    """What came in, `at_s` seconds after the start: a signal, an operator's command, or a round of whoever watches."""

    at_s: _Seconds
    kind: Literal["signal", "operator", "round"]
    partner: Annotated[str, StringConstraints(max_length=200)]
    content_type: Annotated[str, StringConstraints(max_length=200)]
    body: _Text

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Self:
        if self.kind == "signal" and not (self.partner and self.content_type):
            raise ValueError("expected the partner and the content type of a signal")
        if self.kind == "operator":
            self.words  # noqa: B018 -- refused when it cannot be read
        if self.kind == "round":
            self.found  # noqa: B018 -- the same
        return self

    @property
    def found(self) -> ReplayRound:
        """What is found at a round. pydantic's ValidationError when the body is none such, and not empty."""
        return ReplayRound.model_validate_json(self.body or "{}")

    @property
    def words(self) -> list[str]:
        """The words of an operator's command. pydantic's ValidationError when the body is no list of them."""
        return _WORDS.validate_json(self.body)


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

    contract: Literal[1, 2]
    id: _Name
    clock: _Clock
    ids: _Ids
    partners: Annotated[tuple[ReplayPartner, ...], Field(min_length=1, max_length=100)]
    inputs: Annotated[tuple[ReplayInput, ...], Field(max_length=1_000)]
    cassette: Annotated[tuple[RecordedInteraction, ...], Field(max_length=1_000)]

    @model_validator(mode="after")
    def _fits_its_version(self) -> Self:
        newer = [f"the {one.kind} of {one.at_s:g} s" for one in self.inputs if one.kind != "signal"]
        newer += [f"the state of {one.id}" for one in self.partners if one.has_state]
        if self.contract == 1 and newer:
            raise ValueError(f"contract 1 does not have {newer[0]}")
        return self

    @property
    def starts_at(self) -> datetime:
        """When the trace began."""
        return self.clock.starts_at
