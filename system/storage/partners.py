"""The partners' rows. Who may do what by itself is decided elsewhere; here it is only kept."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from system.storage import schema
from system.storage.engine import Database
from system.storage.prepared import Prepared
from system.storage.values import Partner

_table = schema.partners
_ONE = Prepared(select(_table).where(_table.c.id == bindparam("partner_id")))
_ALL = Prepared(select(_table).order_by(_table.c.id))
_CHANGE = Prepared(update(_table).where(_table.c.id == bindparam("at_id")))
_INSERT = Prepared(insert(_table))


def partner_of(row: Any) -> Partner:
    """The Partner that a row of `partners` says."""
    return Partner(
        id=row.id,
        name=row.name,
        api_key_sha256=row.api_key_sha256,
        autonomy_tier=row.autonomy_tier,
        notice_url=row.notice_url,
        steered_clock=bool(row.steered_clock),
        require_review=bool(row.require_review),
    )


class Partners:
    """Reads and writes `partners`; every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, partner_id: str) -> Partner | None:
        """The partner of that id, or None."""
        one = {"partner_id": partner_id}
        row = self._database.transact(lambda connection: _ONE.one_or_none(connection, one), writes=False)
        return None if row is None else partner_of(row)

    def all(self) -> list[Partner]:
        """All partners, by id."""
        return [partner_of(row) for row in self._database.transact(_ALL.all, writes=False)]

    def upsert(self, partner: Partner) -> None:
        """Writes the partner, new or not; safe to repeat."""
        self._write(partner, _autonomy(partner))

    def introduce(self, partner: Partner) -> None:
        """Writes the partner; what one that is there already may do by itself is left as it has become."""
        self._write(partner, {})

    def _write(self, partner: Partner, autonomy: Mapping[str, Any]) -> None:
        values = {
            "name": partner.name,
            "api_key_sha256": partner.api_key_sha256,
            "notice_url": partner.notice_url,
            "steered_clock": partner.steered_clock,
        }

        def write(connection: Connection) -> None:
            if _CHANGE.change(connection, {"at_id": partner.id, **values, **autonomy}) == 0:
                _INSERT.add(connection, [{"id": partner.id, **values, **_autonomy(partner)}])

        self._database.transact(write)


def _autonomy(partner: Partner) -> dict[str, Any]:
    return {"autonomy_tier": partner.autonomy_tier, "require_review": partner.require_review}
