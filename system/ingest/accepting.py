"""Accepts the tenders of one interchange: which are new, which are repeats, all committed together or none.

A repeat is answered as one only when its row exists. The key in Redis saves the failing insert for it, and nothing
else: a key whose row a failover lost must not talk us out of storing the signal that the partner sends again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from system.ingest.idempotency import Idempotency
from system.storage import Identity, NewSignal, Storage
from system.x12 import ReadTender
from system.x12.completeness import missing_fields


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one tender; its intent's id is None only where an unsafe switch lets a key vouch for it.

    `unanswered` says of a repeat that its first sending was stored, but may never have been answered; `remembered` that
    its key in Redis told it, where else the database's unique key did.
    """

    identity: Identity
    intent_id: str | None
    status: Literal["accepted", "duplicate"]
    control_number: str
    set_control_number: str
    unanswered: bool = False
    remembered: bool = False


class Acceptance:
    """Blocking, safe to use from several threads; raises DatabaseUnavailable when nothing can be promised."""

    def __init__(self, storage: Storage, keys: Idempotency, *, key_vouches_alone: bool) -> None:
        self._storage, self._keys = storage, keys
        self._key_vouches_alone = key_vouches_alone

    def accept(
        self, partner_id: str, tenders: Sequence[ReadTender], *, content_type: str, received_at: datetime
    ) -> list[Result]:
        """Stores what is new of `tenders` in one transaction and answers for each, in order."""
        signals = [_signal(partner_id, read, content_type, received_at) for read in tenders]
        texts = [str(signal.identity) for signal in signals]
        remembered = self._keys.reserve(texts, partner_id)
        seen_before = [signal.identity for signal in signals if str(signal.identity) in remembered]
        known: dict[Identity, str | None] = {}
        if self._key_vouches_alone:
            known.update((identity, remembered[str(identity)].intent_id) for identity in seen_before)
        elif seen_before:
            known.update(self._storage.signals.intent_ids(seen_before))

        missing = [signal for signal in signals if signal.identity not in known]
        accepted = iter(self._storage.signals.accept(missing) if missing else ())
        results: list[Result] = []
        for signal, read, text in zip(signals, tenders, texts, strict=True):
            identity = signal.identity
            one = None if identity in known else next(accepted)
            results.append(
                Result(
                    identity=identity,
                    intent_id=one.intent_id if one else known[identity],
                    status=one.status if one else "duplicate",
                    control_number=read.control_number,
                    set_control_number=read.set_control_number,
                    remembered=text in remembered,
                    unanswered=text in remembered and remembered[text].state == "pending",
                )
            )
        self._keys.commit(
            {
                text: result.intent_id
                for text, result in zip(texts, results, strict=True)
                if result.intent_id and (text not in remembered or remembered[text].intent_id != result.intent_id)
            },
            partner_id,
        )
        return results


def identity_of(partner_id: str, read: ReadTender) -> Identity:
    """Which signal this is."""
    tender = read.tender
    return Identity(partner_id, tender.shipment_id, tender.purpose, tender.version)


def _signal(partner_id: str, read: ReadTender, content_type: str, received_at: datetime) -> NewSignal:
    tender = read.tender
    return NewSignal(
        partner_id=partner_id,
        shipment_id=tender.shipment_id,
        purpose=tender.purpose,
        version=tender.version,
        control_number=read.control_number,
        content_type=content_type,
        raw=read.raw,
        tender=tender.model_dump(mode="json"),
        missing=missing_fields(tender),
        received_at=received_at,
    )
