"""One curated trace before it is recorded: what comes in, in which state, and what the outside does meanwhile."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from harness.traces import Cassette, Input, Made, Trace
from scenarios.world.loads import Loads
from scenarios.world.partners import load_partners
from system.replay import replay
from system.replay.root import record
from tests.curated.outside import Outside, Trouble

STARTS_AT = datetime(2026, 2, 2, 14, tzinfo=UTC)
X12, JSON = "application/edi-x12", "application/json"
_PARTNERS = {partner.id: partner for partner in load_partners()}
_SEEDS = 2**31

Inputs = Sequence[Input]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A trace to be: `states` are of partners that are not as usual; `scripts` what the model reads otherwise.

    `before` are the writes that Motion has already, as (what, key, load id or "", document).
    """

    id: str
    title: str
    covers: tuple[str, ...]
    inputs: Inputs
    states: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    scripts: Sequence[Mapping[str, Any]] = ()
    model: Sequence[Trouble] = ()
    motion: Sequence[Trouble] = ()
    motion_away: tuple[float, float] = (0.0, 0.0)
    before: Sequence[tuple[str, str, str, Mapping[str, Any]]] = ()
    end_to_end: bool = False

    @property
    def draft(self) -> Trace:
        """The trace without answers and without a baseline."""
        senders = dict.fromkeys(one.partner for one in self.inputs if one.partner)
        names = [*senders, *(name for name in self.states if name not in senders)]
        return Trace(
            id=self.id,
            title=self.title,
            made=Made(how="recorded", source="tests.curated"),
            covers=self.covers,
            contract_min=2 if any(set(state) - {"autonomy_tier"} for state in self.states.values()) else 1,
            starts_at=STARTS_AT,
            seed=zlib.crc32(self.id.encode()) % _SEEDS,
            partners=tuple(_partner(name, self.states.get(name, {})) for name in names),
            inputs=tuple(self.inputs),
            end_to_end=self.end_to_end,
            cassette=Cassette(),
            baseline=None,
        )


def recorded(case: Case) -> Trace:
    """The trace, with the answers of this time and the output of a replay under them; AssertionError without one."""
    outside = Outside(
        scripts=case.scripts,
        model=case.model,
        motion=case.motion,
        motion_away=case.motion_away,
        loads=_loads(case),
    )
    draft = case.draft
    result, _ = record(draft.to_contract() | {"contract": 2, "cassette": []}, outside)
    assert "error" not in result, (case.id, result)
    found = draft.with_cassette(Cassette(interactions=tuple(outside.kept)))
    replayed = replay(found.to_contract())
    assert not replayed["unmatched"], (case.id, replayed["unmatched"])
    assert not replayed["unused"], (case.id, replayed["unused"])
    for part in ("answers", "intents"):
        assert replayed["output"][part] == result["output"][part], (case.id, part, "is not what was recorded")
    return found.with_baseline(replayed["output"])


def signals(partner: str, *bodies: str | tuple[float, str], every_s: float = 30.0) -> list[Input]:
    """X12 bodies one after the other; those with a time of their own come then."""
    found = []
    for number, body in enumerate(bodies):
        at_s, text = body if isinstance(body, tuple) else (number * every_s, body)
        found.append(Input(at_s=at_s, kind="signal", partner=partner, content_type=X12, body=text))
    return found


def signal(at_s: float, partner: str, body: str, content_type: str = X12) -> Input:
    """One signal."""
    return Input(at_s=at_s, kind="signal", partner=partner, content_type=content_type, body=body)


def json_signal(at_s: float, partner: str, document: Any) -> Input:
    """One signal in JSON; a text is taken as it is."""
    body = document if isinstance(document, str) else json.dumps(document)
    return signal(at_s, partner, body, JSON)


def looks(at_s: float, **redis: int | str) -> Input:
    """Everything that watches the system looks once; from then on Redis says that of its memory."""
    return Input(at_s=at_s, kind="round", body=json.dumps({"redis": redis}) if redis else "")


def types(at_s: float, *words: str) -> Input:
    """Somebody types a command at the console."""
    return Input(at_s=at_s, kind="operator", body=json.dumps(list(words)))


def reads(shipment: str, *, times: int | None = None, sure: float | None = 0.97, **values: Any) -> dict[str, Any]:
    """The model states these values of a shipment's signals, so sure; the rest as it reads it."""
    stated = values if sure is None else {"confidence": sure, **values}
    return misreads(shipment, times=times, set=stated)


def misreads(shipment: str, *, times: int | None = None, **ways: Any) -> dict[str, Any]:
    """The model answers otherwise to a shipment's signals, in the ways of the world's `Misreading`."""
    return {"shipment_id": shipment, "misread": ways, **({} if times is None else {"times": times})}


def _partner(name: str, state: Mapping[str, Any]) -> dict[str, Any]:
    known = _PARTNERS[name]
    return {"id": known.id, "name": known.name, "autonomy_tier": known.autonomy_tier, **state}


def _loads(case: Case) -> Loads:
    loads = Loads()
    for what, key, load_id, document in case.before:
        if what == "book":
            loads.book(key, document)
        elif what == "amend":
            loads.amend(key, load_id, document)
        else:
            loads.cancel(key, load_id, document)
    return loads
