"""`python -m tests.curated.under_faults`: records from the running system while one of its outside parties misbehaves.

The system is brought up as drills have it (`harness up`), the party is told to misbehave, and `harness trace record`
drives the signals through and takes the exchanges that the system wrote meanwhile. How long answers took is that of the
machine, so these are recorded once: what is there already is left alone.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from harness.clock import Deadline, block_s
from scenarios.world.partners import load_partners
from tests.curated.x12 import cancel, load, sent

PROJECT = Path(__file__).resolve().parents[2]
X12 = "application/edi-x12"
_HARNESS = (sys.executable, "-m", "harness")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A trace to be: what its `partner` sends, thirty seconds apart, while `service` behaves as it is told."""

    id: str
    title: str
    fault: str
    partner: str
    bodies: tuple[str, ...]
    service: str
    behaviour: Mapping[str, Any]


def _bodies(partner: str, number: int) -> tuple[str, ...]:
    """An original, a change of it, and its cancel."""
    shipment = f"TRU{number}"
    changed = load(shipment, purpose="04", version="2", totals=("L3*41000*G***185000",))
    sets = (load(shipment), changed, cancel(shipment))
    return tuple(sent(partner, number + place, one) for place, one in enumerate(sets))


RECORDINGS = (
    Recording(
        id="under_faults/model_away",
        title="Recorded while the model answered 503 four times: the signals wait, and are read in the end",
        fault="llm answers 503, 4 times",
        partner="T0010",
        bodies=_bodies("T0010", 5010),
        service="llm",
        behaviour={"status": 503, "times": 4},
    ),
    Recording(
        id="under_faults/model_late",
        title="Recorded while the model took three seconds for each answer",
        fault="llm answers after 3 s",
        partner="T0010",
        bodies=_bodies("T0010", 5020),
        service="llm",
        behaviour={"delay_s": 3.0, "times": 3},
    ),
    Recording(
        id="under_faults/model_loses_answers",
        title="Recorded while the model's answers were lost on their way, twice",
        fault="llm answers and the connection is reset, 2 times",
        partner="T0010",
        bodies=_bodies("T0010", 5030),
        service="llm",
        behaviour={"lose_answer": True, "times": 2},
    ),
    Recording(
        id="under_faults/motion_away",
        title="Recorded while Motion answered 503 to five requests: looked again, and written once",
        fault="motion answers 503, 5 times",
        partner="T0011",
        bodies=_bodies("T0011", 5040),
        service="motion",
        behaviour={"mode": "fail", "times": 5},
    ),
    Recording(
        id="under_faults/motion_late",
        title="Recorded while Motion took two seconds for each answer",
        fault="motion answers after 2 s",
        partner="T0011",
        bodies=_bodies("T0011", 5050),
        service="motion",
        behaviour={"mode": "slow", "delay_s": 2.0},
    ),
    Recording(
        id="under_faults/motion_books_and_loses",
        title="Recorded while Motion did each write and lost its answer, three times: one load, found by looking",
        fault="motion does writes and the connection is reset, 3 times",
        partner="T0011",
        bodies=_bodies("T0011", 5060),
        service="motion",
        behaviour={"mode": "book_and_lose", "times": 3},
    ),
    Recording(
        id="under_faults/motion_holds_writes",
        title="Recorded while Motion did a write and never answered: after five seconds it was looked for",
        fault="motion does a write and never answers, once",
        partner="T0011",
        bodies=_bodies("T0011", 5070),
        service="motion",
        behaviour={"mode": "book_and_hang", "times": 1},
    ),
)


@contextmanager
def _running(scratch: Path) -> Iterator[tuple[Path, Path]]:
    """The system, up: the file of its addresses, and the one that its exchanges go to."""
    addresses, exchanges = scratch / "up.json", scratch / "exchanges.yaml"
    command = [*_HARNESS, "up", "--json", "--set", f"RECORD_CASSETTE_FILE={exchanges}"]
    with addresses.open("wb") as output, subprocess.Popen(command, cwd=PROJECT, stdout=output) as process:
        try:
            deadline = Deadline(180)
            while not addresses.read_bytes().endswith(b"}\n"):
                if process.poll() is not None or deadline.passed:
                    raise RuntimeError("the system did not come up")
                block_s(0.1)
            yield addresses, exchanges
        finally:
            process.terminate()


def main() -> int:
    """Records those that are not there; the worst exit code of `harness trace record`."""
    codes = [0]
    with tempfile.TemporaryDirectory() as name, _running(Path(name)) as (addresses, exchanges):
        services = json.loads(addresses.read_text(encoding="utf-8"))["services"]
        partners = Path(name) / "partners.json"
        known = [{"id": one.id, "name": one.name, "autonomy_tier": one.autonomy_tier} for one in load_partners()]
        partners.write_text(json.dumps(known), encoding="utf-8")
        for one in RECORDINGS:
            if (PROJECT / "traces" / one.id).exists():
                continue
            file = Path(name) / "under_faults.jsonl"
            lines = [
                {
                    "received_at": f"2026-02-02T14:0{place}:00Z",
                    "partner": one.partner,
                    "content_type": X12,
                    "body": body,
                }
                for place, body in enumerate(one.bodies)
            ]
            file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
            control = f"http://{services[one.service]}/control/behaviour"
            httpx.post(control, json=dict(one.behaviour), trust_env=False).raise_for_status()
            words = [
                "--signals",
                str(file),
                "--title",
                one.title,
                "--partners",
                str(partners),
                "--under",
                one.fault,
            ]
            words += ["--running", str(addresses), "--exchanges", str(exchanges), "--fictional"]
            codes.append(
                subprocess.run([*_HARNESS, "trace", "record", one.id, *words], cwd=PROJECT, check=False).returncode
            )
            httpx.post(control, json={}, trust_env=False).raise_for_status()
    return max(codes)


if __name__ == "__main__":
    raise SystemExit(main())
