"""Motion, the outside system that books loads, over an HTTP client that is passed in.

Every write carries an idempotency key, so that the same write sent twice is done once. Two things can go wrong, and
they are kept apart: MotionUnavailable (nobody knows whether it was done; look before the next try) and MotionRefused
(it was not done, and the same write never will be).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from system.outside import Party, retry_after_s, spelled
from system.settings import Settings

Answer = TypeVar("Answer", bound=BaseModel)

BOOKED = "BOOKED"
_LOADS = "/loads"
_UNAVAILABLE = frozenset({401, 403, 408, 425, 429})
"""Client errors that say nothing about the write: our key is not (yet) accepted, too early, too many."""


class MotionUnavailable(Exception):
    """No answer that settles anything; the write may have been done. `after_s`: how long Motion asked to wait."""

    def __init__(self, message: str, *, after_s: float = 0.0) -> None:
        super().__init__(message)
        self.after_s = after_s


class MotionRefused(Exception):
    """Motion has not done the write and will not."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"status {status}: {message}")
        self.status = status


class Load(BaseModel):
    """A load as Motion states it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    load_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    reference: Annotated[str, StringConstraints(max_length=200)]
    status: Annotated[str, StringConstraints(max_length=40)]
    content: Annotated[dict[Annotated[str, StringConstraints(max_length=200)], Any], Field(max_length=1_000)]
    rank: Annotated[tuple[Annotated[int, Field(ge=0, le=2**63)], ...], Field(max_length=8)] | None = None

    @property
    def booked(self) -> bool:
        """Whether it is live."""
        return self.status == BOOKED


class _Listed(BaseModel):
    loads: Annotated[list[Load], Field(max_length=10_000)]


class Motion:
    """Looks, books, amends and cancels; `client` is shared and stays its owner's to close."""

    def __init__(self, client: httpx.AsyncClient, settings: Settings) -> None:
        self._party = Party(
            client, settings.motion_base_url, key=settings.motion_api_key, timeout_s=settings.motion_timeout_s
        )

    async def loads_of(self, reference: str) -> list[Load]:
        """All loads with that reference, oldest first. MotionUnavailable, MotionRefused."""
        response = await self._ask("GET", _LOADS, params={"reference": reference})
        return _read(_Listed, response).loads

    async def book(self, reference: str, content: Mapping[str, Any], rank: Sequence[int], *, key: str) -> Load:
        """Books a load. MotionUnavailable, MotionRefused (422: the key was used for another write)."""
        body = {"reference": reference, "content": content, "rank": list(rank)}
        return _read(Load, await self._ask("POST", _LOADS, body=body, key=key))

    async def amend(self, load_id: str, content: Mapping[str, Any], rank: Sequence[int], *, key: str) -> Load:
        """Replaces a load's content. MotionUnavailable, MotionRefused (409: it has a newer one, or is cancelled)."""
        body = {"content": content, "rank": list(rank)}
        return _read(Load, await self._ask("PATCH", f"{_LOADS}/{load_id}", body=body, key=key))

    async def cancel(self, load_id: str, *, key: str) -> Load:
        """Cancels a load. MotionUnavailable, MotionRefused."""
        return _read(Load, await self._ask("POST", f"{_LOADS}/{load_id}/cancel", body={}, key=key))

    async def _ask(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> httpx.Response:
        try:
            response = await self._party.ask(
                method, path, params=params, body=None if body is None else spelled(body), key=key
            )
        except httpx.HTTPError as error:
            raise MotionUnavailable(f"{type(error).__name__}: {error}") from error
        if response.is_success:
            return response
        if response.is_client_error and response.status_code not in _UNAVAILABLE:
            raise MotionRefused(response.status_code, response.text[:120])
        raise MotionUnavailable(f"status {response.status_code}", after_s=retry_after_s(response))


def _read(kind: type[Answer], response: httpx.Response) -> Answer:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        raise MotionUnavailable(f"not the answer of a {kind.__name__}: {error.error_count()} defects") from error
