"""The partners' rows. Who may do what by itself is decided elsewhere; here it is only kept."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, insert, select, update

from system.storage import schema
from system.storage.engine import Database
from system.storage.values import Partner


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
        query = select(schema.partners).where(schema.partners.c.id == partner_id)
        row = self._database.transact(lambda connection: connection.execute(query).one_or_none(), writes=False)
        return None if row is None else partner_of(row)

    def all(self) -> list[Partner]:
        """All partners, by id."""
        query = select(schema.partners).order_by(schema.partners.c.id)
        rows = self._database.transact(lambda connection: connection.execute(query).all(), writes=False)
        return [partner_of(row) for row in rows]

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
            changed = update(schema.partners).where(schema.partners.c.id == partner.id).values({**values, **autonomy})
            if connection.execute(changed).rowcount == 0:
                connection.execute(insert(schema.partners).values(id=partner.id, **values, **_autonomy(partner)))

        self._database.transact(write)


def _autonomy(partner: Partner) -> dict[str, Any]:
    return {"autonomy_tier": partner.autonomy_tier, "require_review": partner.require_review}
