"""Signals without their unique key, kept to show the harm: whatever Redis does not remember is stored as new.

While Redis keeps every key it behaves like the real one. Once a key is evicted or refused, the same signal, sent again,
is a second row with a second intent. Runs only under `UNSAFE_NO_UNIQUE_KEY`; on MariaDB and MySQL, as SQLite cannot
drop the constraint of a table.
"""

from collections.abc import Sequence

from sqlalchemy import inspect, text

from system.storage import schema
from system.storage.signals import Signals
from system.storage.values import Accepted, NewSignal

_KEY = "uq_signals_identity"


class SignalsWithoutKey(Signals):
    """Takes the key off the table before the first signal is stored."""

    _without_key = False

    def accept(self, signals: Sequence[NewSignal]) -> list[Accepted]:
        if not self._without_key:
            self._take_key_off()
        return super().accept(signals)

    def _take_key_off(self) -> None:
        table = schema.signals.name
        keys = {key["name"] for key in inspect(self._database.engine).get_unique_constraints(table)}
        if _KEY in keys:
            self._database.transact(lambda connection: connection.execute(text(f"ALTER TABLE {table} DROP KEY {_KEY}")))
        self._without_key = True
