"""What outlived a database crash and remembers signals: the idempotency keys in Redis, and the loads in Motion.

Counting the rows that survived tells nothing about those that did not. A key that says *committed* without a row is a
signal that was acknowledged and lost; one that says *pending* may be. A load without an intent behind it was booked for
a signal that was lost, also where the key was evicted. The evidence is read before the rows, so that whatever was
stored meanwhile is found. Nothing is written here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import httpx
import redis
from pydantic import AwareDatetime, BaseModel, Field, StringConstraints, ValidationError

from system.clock import Clock
from system.recovery.idempotency_keys import KeyValue, key_batches, read_value
from system.settings import Settings
from system.storage import Identity, Storage
from system.storage.signals import readings_of

YOUNG_S = 3.0
"""A pending key younger than this may belong to a request that is still being served: its row is waited for."""
_LOOK_AGAIN_S = 0.2
_TIMEOUT_S = 5.0
_CANCELLED = "CANCELLED"


class SourceUnavailable(Exception):
    """A source of evidence cannot be read, so any list would be incomplete: which, and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """A signal that some evidence knows and the database does not. `known_at`: when the evidence was made."""

    identity: Identity
    certainty: Literal["lost", "possible"]
    known_at: datetime
    source: Literal["redis", "motion"]


@dataclass(slots=True, kw_only=True)
class Findings:
    """The suspects of one source, and how much of it was looked at."""

    suspects: list[Suspect] = field(default_factory=list)
    examined: int = 0
    unreadable: int = 0
    note: str = ""


class _Load(BaseModel):
    reference: Annotated[str, StringConstraints(max_length=200)]
    status: Annotated[str, StringConstraints(max_length=40)]
    rank: Annotated[list[Annotated[int, Field(ge=0, le=2**63)]], Field(max_length=8)] | None = None
    updated_at: AwareDatetime


class _Loads(BaseModel):
    loads: Annotated[list[_Load], Field(max_length=100_000)]
    truncated: bool = False


async def suspects_in_redis(client: Any, storage: Storage, settings: Settings, clock: Clock) -> Findings:
    """The signals that a key remembers and no row has. SourceUnavailable, DatabaseUnavailable."""
    found = Findings()
    prefix = settings.idempotency_prefix
    try:
        for names in key_batches(client, prefix):
            keys = dict(zip(names, client.mget(names), strict=True))
            _examine(keys, prefix, storage, found)
    except (redis.RedisError, OSError) as error:
        raise SourceUnavailable(
            f"Redis cannot be read ({error}); the list would lack what only its keys know. Run again once it answers, "
            "or leave it out with --without redis"
        ) from error
    await _drop_what_is_being_served(found, storage, clock)
    return found


def _examine(keys: dict[bytes, Any], prefix: str, storage: Storage, found: Findings) -> None:
    known: dict[str, KeyValue] = {}
    for name, value in keys.items():
        if value is None:
            continue  # it expired in between
        found.examined += 1
        try:
            key, identity = read_value(value), name.decode("utf-8").removeprefix(prefix)
        except UnicodeDecodeError:
            key, identity = None, ""
        if key is None or not readings_of(identity):
            found.unreadable += 1
        else:
            known[identity] = key
    for identity in sorted(set(known) - storage.signals.existing_identities(known)):
        key = known[identity]
        found.suspects.append(
            Suspect(
                identity=readings_of(identity)[0],
                certainty="lost" if key.state == "committed" else "possible",
                known_at=datetime.fromtimestamp(key.at, UTC),
                source="redis",
            )
        )


async def _drop_what_is_being_served(found: Findings, storage: Storage, clock: Clock) -> None:
    """Waits for young pending keys, and takes those off whose row arrives."""
    started_s = clock.monotonic_s()

    def young() -> list[Suspect]:
        now = clock.now()
        return [
            one
            for one in found.suspects
            if one.certainty == "possible" and (now - one.known_at).total_seconds() < YOUNG_S
        ]

    waited_for = young()
    while waited_for:
        stored = storage.signals.intent_ids([one.identity for one in waited_for])
        found.suspects = [one for one in found.suspects if one.identity not in stored]
        waited_for = young()
        if clock.monotonic_s() - started_s >= YOUNG_S:
            return
        if waited_for:
            await clock.sleep_s(_LOOK_AGAIN_S)


async def suspects_in_motion(
    client: httpx.AsyncClient, storage: Storage, settings: Settings, *, since: datetime
) -> Findings:
    """The signals without which a load touched since then would not be as it is. SourceUnavailable."""
    key = settings.motion_api_key.get_secret_value()
    try:
        response = await client.get(
            f"{settings.motion_base_url.rstrip('/')}/loads",
            params={"since": since.isoformat()},
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=_TIMEOUT_S,
        )
        response.raise_for_status()
        listed = _Loads.model_validate_json(response.content)
    except (httpx.HTTPError, ValidationError) as error:
        raise SourceUnavailable(
            f"Motion cannot be read ({type(error).__name__}: {str(error)[:200]}); the list would lack what only its "
            "loads know. Run again once it answers, or leave it out with --without motion"
        ) from error
    found = Findings(examined=len(listed.loads))
    if listed.truncated:
        found.note = f"Motion listed its first {len(listed.loads)} loads only"
    implied: dict[Identity, _Load] = {}
    for load in listed.loads:
        identities = _implied(load)
        found.unreadable += not identities
        implied.update(dict.fromkeys(identities, load))
    for identity in _without_rows(list(implied), storage):
        known_at = implied[identity].updated_at
        found.suspects.append(Suspect(identity=identity, certainty="lost", known_at=known_at, source="motion"))
    return found


def _implied(load: _Load) -> list[Identity]:
    """The signals that must have been there for a load to be as it is, as far as its rank and its status tell.

    An original and a cancel are presumed to be of version 1, which is what they are when they do not state one.
    """
    partner_id, separator, shipment_id = load.reference.partition(":")
    if not (separator and partner_id and shipment_id):
        return []
    identities = []
    rank = load.rank or [0]
    if rank[:2] == [1, 1] and len(rank) == 3:
        identities.append(Identity(partner_id, shipment_id, "change", str(rank[2])))
    else:
        identities.append(Identity(partner_id, shipment_id, "original", "1"))
    if load.status == _CANCELLED:
        identities.append(Identity(partner_id, shipment_id, "cancel", "1"))
    return identities


def _without_rows(implied: Sequence[Identity], storage: Storage) -> Iterator[Identity]:
    """Those that no row stands for; where the version is presumed, a row of another version will do."""
    stored = storage.signals.intent_ids(implied)
    for identity in implied:
        if identity in stored:
            continue
        purposes = {one.identity.purpose for one in storage.intents.binding(identity.partner_id, identity.shipment_id)}
        # A load whose rank tells no version may have been booked for a change as well as for an original.
        explained = {"original": purposes & {"original", "change"}, "cancel": purposes & {"cancel"}, "change": set()}
        if not explained[identity.purpose]:
            yield identity
