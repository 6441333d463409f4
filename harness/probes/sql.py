"""Reads rows straight from a database service, past every proxy, and writes them down."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from harness.clock import Clock
from harness.environments.base import Capability, Environment, Store
from harness.history import History, Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlProbe:
    """The rows of `sql` on `service`, written as a list under `field` of a probe event called `name`.

    With `gauge` the first row's columns are written instead, each a value of its own. `json_columns` hold JSON text.
    """

    name: str
    service: str
    sql: str
    field: str = "rows"
    gauge: bool = False
    json_columns: tuple[str, ...] = ()
    every_s: float = 0.2

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.STORE})

    async def observe(self, environment: Environment, history: History, clock: Clock) -> None:
        if not isinstance(environment, Store):
            raise TypeError(f"the {environment.name} environment cannot read {self.service}")
        rows = [self._plain(row) for row in await environment.query(self.service, self.sql)]
        value = rows[0] if self.gauge and rows else {self.field: rows}
        history.append(actor=f"probe {self.service}", kind=Kind.PROBE, action=self.name, value=value)

    def _plain(self, row: Mapping[str, Any]) -> dict[str, Any]:
        return {
            column: json.loads(cell) if column in self.json_columns and isinstance(cell, str) else plain(cell)
            for column, cell in row.items()
        }


def plain(cell: Any) -> Any:
    """A database value as JSON has it: times as ISO text, decimals as numbers, bytes as text."""
    if isinstance(cell, Decimal):
        return float(cell)
    if isinstance(cell, bytes):
        return cell.decode("utf-8", "replace")
    return cell.isoformat() if hasattr(cell, "isoformat") else cell
