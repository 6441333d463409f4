"""Drives recorded traces through the running freight system, as its partners and from where they stand.

Inputs go through the partners' link to ingest under the `T` partners, who carry their own clock. The language model is
given the recorded answers first and forgets them afterwards. Motion is the real one of the world: what was written
there is read from its ledger. What only a replay in process can know (transitions, Motion's answers) is projected away.
A trace's signals can be new to a system once: the system is a fresh one, or was reset.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import httpx

from harness.clock import sleep_s
from harness.environments.base import Capability, Environment, EnvironmentFault, OutsideParty
from harness.replaying.end_to_end import RecordedTraces
from harness.traces import Comparison, Input, Interaction, Trace
from scenarios.world.answers import canonical_digest
from scenarios.world.partners import load_partners

DIRECTORY = Path(__file__).resolve().parents[2] / "traces"
COMPARISON = Comparison(
    keys={
        "results": ("identity",),
        "intents": ("identity",),
        "writes": ("action", "booking_key"),
        "stops": ("sequence",),
        "alerts": ("summary", "status"),
        "notices": ("partner", "kind"),
        "loads": ("intent_id",),
        "partners": ("id",),
        "breakers": ("partner_id",),
        "hallucinations": ("intent_id",),
        "trust_incidents": ("partner_id",),
        "quality_reviews": ("partner_id", "cause"),
    },
    effects=("writes", "alerts", "notices"),
)
"""How outputs are compared: what Motion was told, who was called and what partners were sent must be there, once."""

LINK = "partners->ingest"
MODEL_PATH = "/chat/completions"
AT_REST = frozenset({"EXECUTED", "FAILED", "PARTIAL", "NEEDS_REVIEW"})
"""Where nothing moves by itself."""

_LOOK_EVERY_S = 0.02
_TIMEOUT_S = 5.0


class CannotDrive(RuntimeError):
    """The running system cannot be driven: what was tried, what came of it."""


@dataclass(slots=True, kw_only=True)
class FreightDriver:
    """Sends signals and reads what became of them; made by `freight_driver`."""

    environment: OutsideParty
    http: httpx.AsyncClient
    keys: Mapping[str, str]

    def project(self, output: Any) -> Any:
        """What partners, the API and Motion's ledger show; writes that Motion took, each once, by shipment.

        Resolver and agents work on several shipments at once, so only the order within one of them says anything.
        """
        taken: dict[tuple[str, str], dict[str, Any]] = {}
        for write in output["writes"]:
            if write.get("status") is None or 200 <= write["status"] < 300:
                kept = {name: write[name] for name in ("action", "booking_key", "content")}
                taken.setdefault((write["action"], write["booking_key"]), kept)
        return {
            "answers": output["answers"],
            "intents": [
                {name: value for name, value in intent.items() if name != "transitions"} for intent in output["intents"]
            ],
            "writes": sorted(taken.values(), key=lambda write: write["booking_key"].split(":")[1:3]),
        }

    async def play(self, trace: Trace) -> Any:
        """The projected output of one trace."""
        answers: list[dict[str, Any]] = []
        intents: dict[str, tuple[str, str]] = {}
        references: dict[str, None] = {}
        for _, together in groupby(trace.inputs, key=lambda one: one.at_s):
            for one in together:
                answer, found = await self._send(trace, one)
                answers.append(answer)
                for result in found:
                    intents.setdefault(result["identity"], (result["intent_id"], one.partner))
                    references[f"{one.partner}:{result['shipment_id']}"] = None
            resting = [await self._at_rest(*where) for where in intents.values()]
        return self.project(
            {
                "answers": answers,
                "intents": [_intent(intent) for intent in resting],
                "writes": [write for reference in references for write in await self._writes(reference)],
            }
        )

    async def unused(self, trace: Trace) -> Sequence[Mapping[str, Any]]:
        """The model's answers that were not asked for; Motion's are not played here."""
        told = await self.environment.request("llm", "GET", "/control/cassette")
        unplayed = set(told["unplayed"])
        return [
            {"request": {"method": one.request.method, "uri": one.request.uri}}
            for one in model_calls(trace)
            if canonical_digest(json.loads(one.request.body)) in unplayed
        ]

    async def _send(self, trace: Trace, one: Input) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        headers = self._signed(one.partner) | {
            "Content-Type": one.content_type,
            "X-Received-At": (trace.starts_at + timedelta(seconds=one.at_s)).isoformat(),
        }
        response = await self.http.post("/signals", content=one.body.encode("utf-8"), headers=headers)
        if response.status_code >= 500 or response.status_code == 401:
            raise CannotDrive(f"POST /signals as {one.partner}: {response.status_code} {response.text[:200]}")
        body = response.json()
        results = body.get("results", [])
        answer: dict[str, Any] = {
            "status": response.status_code,
            "results": [{"identity": result["identity"], "status": result["status"]} for result in results],
        }
        if "error" in body:
            answer |= {"error": body["error"], "errors": body.get("errors", [])}
        return answer, results

    async def _at_rest(self, intent_id: str, partner: str) -> dict[str, Any]:
        """The intent, once nothing moves it any more; the caller's time limit ends the waiting."""
        while True:
            response = await self.http.get(f"/intents/{intent_id}", headers=self._signed(partner))
            if response.status_code == 200:
                intent: dict[str, Any] = response.json()
                if intent["state"] in AT_REST:
                    return intent
            elif response.status_code < 500:
                raise CannotDrive(f"GET /intents/{intent_id}: {response.status_code} {response.text[:200]}")
            await sleep_s(_LOOK_EVERY_S)

    async def _writes(self, reference: str) -> list[dict[str, Any]]:
        ledger = await self.environment.request("motion", "GET", "/control/ledger")
        return [{**entry, "status": 200} for entry in ledger["entries"] if entry["reference"] == reference]

    def _signed(self, partner: str) -> dict[str, str]:
        if partner not in self.keys:
            raise CannotDrive(f"no key for {partner}: traces run under the steered partners of partners.json")
        return {"Authorization": f"Bearer {self.keys[partner]}", "X-Partner": partner}


def model_calls(trace: Trace) -> list[Interaction]:
    """The recorded calls of the language model that were answered."""
    return [
        one for one in trace.cassette.interactions if one.request.uri.endswith(MODEL_PATH) and one.response is not None
    ]


def model_cassette(traces: Sequence[Trace]) -> dict[str, Any]:
    """The recorded answers of all traces, as the world's language model takes them; others it still reads itself."""
    return {
        "interactions": [
            {
                "request": {"body": one.request.body},
                "response": {"status": one.response.status, "body": one.response.body},
            }
            for trace in traces
            for one in model_calls(trace)
            if one.response is not None
        ]
    }


def _intent(intent: Mapping[str, Any]) -> dict[str, Any]:
    names = ("identity", "state", "payload", "confidence", "missing", "error_reason")
    return {name: intent[name] for name in names}


@contextlib.asynccontextmanager
async def freight_driver(environment: Environment, traces: Sequence[Trace]) -> AsyncIterator[FreightDriver]:
    """A driver of the system in `environment`, whose language model knows the answers of `traces` meanwhile."""
    if not isinstance(environment, OutsideParty):
        raise CannotDrive(f"the {environment.name} environment has no {Capability.OUTSIDE_PARTY.value} to speak to")
    host, port = environment.link_address(LINK)
    keys = {partner.id: partner.api_key for partner in load_partners() if partner.steered_clock}
    await environment.request("llm", "POST", "/control/cassette", model_cassette(traces))
    try:
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # there is no TLS; to load whom to trust takes 0.1 s
        at = f"http://{host}:{port}"
        async with httpx.AsyncClient(base_url=at, timeout=_TIMEOUT_S, trust_env=False, verify=nobody) as http:
            yield FreightDriver(environment=environment, http=http, keys=keys)
    finally:
        with contextlib.suppress(EnvironmentFault):  # a model that is gone has forgotten them as well
            await asyncio.shield(environment.request("llm", "DELETE", "/control/cassette"))


AT_ONCE = 6
"""More make the last phase of a drill longer than it need be; seeds in a row take turns."""

TRACES = RecordedTraces(directory=DIRECTORY, driver=freight_driver, comparison=COMPARISON, at_most=AT_ONCE)
"""The recorded traces, through the running system: a share of them in each drill."""
