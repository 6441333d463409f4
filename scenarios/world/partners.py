"""The partners of the world, and the keys they show.

`partners.json` is what the console's `migrate` takes. Its keys are fixtures: made up, worth nothing outside a drill,
and spelled so that nobody takes them for secrets. The `T` partners belong to the traces: they carry their own clock.
"""

import json
from dataclasses import dataclass
from pathlib import Path

PARTNERS_FILE = Path(__file__).with_name("partners.json")


@dataclass(frozen=True, slots=True, kw_only=True)
class Partner:
    """One partner as `partners.json` states it; `steered_clock` lets its requests say when they were received."""

    id: str
    name: str
    api_key: str
    autonomy_tier: int
    notice_url: str | None = None
    steered_clock: bool = False


def load_partners(path: Path = PARTNERS_FILE) -> tuple[Partner, ...]:
    """All partners of the file, in its order."""
    return tuple(Partner(**document) for document in json.loads(path.read_text(encoding="utf-8")))


def trading_partners() -> tuple[Partner, ...]:
    """The partners that send traffic in a drill: all but those of the traces."""
    return tuple(partner for partner in load_partners() if not partner.steered_clock)
