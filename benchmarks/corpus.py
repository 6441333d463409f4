"""Traces made up from a seed, as many as are wanted, each recorded from the system in this process.

Varied as real ones are: originals, changes, cancels, several stops and sets, X12 in its variants and JSON, fields that
are missing, bodies that are malformed, repeats, answers that are made up, a model or Motion that is late or fails. The
same seed gives the same traces, byte for byte. The outside parties are the world's own, asked without a network. What a
trace holds was replayed once more before it is used: it gives its baseline, asks for nothing else, and leaves nothing.
"""

import asyncio
import json
import os
import random
import re
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from harness.traces import Cassette, Failure, Input, Interaction, Made, Request, Response, Trace, pack
from scenarios.world.llm import LanguageModel
from scenarios.world.loads import Loads, Refused
from scenarios.world.tenders import Batch, TenderSource
from system.replay import replay
from system.replay.root import record

PARTNER = {"id": "T0001", "name": "Trace Partner One", "autonomy_tier": 3}
STARTS_AT = datetime(2026, 2, 2, 14, tzinfo=UTC)
_TIME = re.compile(rb"(G62.(?:10|37|38|64|69).\d{8}).[^G]?.\d{4}(?:.LT)?")
_NO_ANSWER_S = 10.0
_CHUNK = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What is done to a plain batch; `share` of the traces are made so."""

    name: str
    share: float


KINDS = (
    Kind(name="plain", share=0.55),
    Kind(name="conversation", share=0.15),
    Kind(name="missing", share=0.08),
    Kind(name="malformed", share=0.05),
    Kind(name="repeated", share=0.06),
    Kind(name="made up", share=0.05),
    Kind(name="failing", share=0.06),
)


@dataclass(slots=True)
class World(httpx.AsyncBaseTransport):
    """The model and Motion, without a network. `troubles` come first, one a call; `misread` makes answers up."""

    misread: bool = False
    troubles: list[str] = field(default_factory=list)
    model: LanguageModel = field(default_factory=lambda: LanguageModel(api_key=""))
    loads: Loads = field(default_factory=Loads)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """What the party answers, unless it has trouble."""
        trouble = self.troubles.pop() if self.troubles else ""
        if trouble == "timeout":
            await asyncio.sleep(_NO_ANSWER_S)
            raise httpx.ReadTimeout("no answer in time", request=request)
        if trouble == "reset":
            raise httpx.ReadError("connection reset", request=request)
        if trouble == "late":
            await asyncio.sleep(2.5)
        if trouble == "503":
            return httpx.Response(503, json={"error": "busy"}, request=request)
        body = json.loads(await request.aread() or b"null")
        answer, status = self._asked(body) if request.url.path.endswith("/completions") else self._moved(request, body)
        return httpx.Response(status, json=answer, request=request)

    def _asked(self, body: dict[str, Any]) -> tuple[Any, int]:
        answer, status = self.model.answer(body)
        if self.misread:
            document = json.loads(json.dumps(answer))
            message = document["choices"][0]["message"]
            content = json.loads(message["content"])
            if "weight_lb" in content:
                content["weight_lb"] = -50 if content["shipment_id"][-1] in "02468" else 40_404
            message["content"] = json.dumps(content | {"confidence": 0.97})
            answer = document
        return answer, status

    def _moved(self, request: httpx.Request, body: dict[str, Any]) -> tuple[Any, int]:
        key, _, path = request.headers.get("idempotency-key", ""), *request.url.path.split("/loads", 1)
        try:
            if request.method == "GET":
                found, more = self.loads.search(request.url.params.get("reference"), None, 10_000)
                return _timeless({"loads": found, "truncated": more}), 200
            if not path:
                booked = self.loads.book(key, body)
                return _timeless(booked.load), booked.status
            load_id = path.split("/")[1]
            change = self.loads.cancel if path.endswith("/cancel") else self.loads.amend
            return _timeless(change(key, load_id, body).load), 200
        except Refused as refused:
            return {"error": str(refused)}, refused.status


def _timeless(document: Any) -> Any:
    """Without the moments of the machine: the same seed, the same bytes."""
    if isinstance(document, list):
        return [_timeless(one) for one in document]
    if not isinstance(document, dict):
        return document
    return {name: _timeless(one) for name, one in document.items() if name not in ("created_at", "updated_at")}


def trace(seed: int, number: int) -> Trace:
    """Trace `number` of the corpus of `seed`, with its cassette and its baseline."""
    draw = random.Random(f"{seed}:{number}")
    (kind,) = draw.choices(KINDS, [one.share for one in KINDS])
    world = World(misread=kind.name == "made up")
    if kind.name == "failing":
        world.troubles = [draw.choice(("timeout", "reset", "late", "503", "")) for _ in range(draw.randint(1, 3))]
    found = Trace(
        id=f"g{number:06d}",
        title=kind.name,
        starts_at=STARTS_AT,
        seed=number + 1,
        partners=(PARTNER,),
        inputs=tuple(_inputs(draw, kind.name, f"{seed} {number}")),
        cassette=Cassette(),
        baseline=None,
        made=Made(how="recorded", source=f"benchmarks.corpus, seed {seed}"),
    )
    result, interactions = record(found.to_contract() | {"cassette": []}, world)
    found = found.with_cassette(Cassette(interactions=tuple(map(_interaction, interactions))))
    replayed = replay(found.to_contract())
    told = {name: part for name, part in result["output"].items() if name in replayed["output"]}
    if replayed["unmatched"] or replayed["unused"] or any(replayed["output"][name] != told[name] for name in told):
        raise AssertionError(f"{found.id} ({kind.name}) does not give what was recorded: {replayed}")
    return found.with_baseline(replayed["output"])


def _inputs(draw: random.Random, kind: str, seed: str) -> Iterator[Input]:
    source = TenderSource(seed, str(PARTNER["id"]), originals_only=kind != "conversation")
    batches = [source.next() for _ in range(draw.randint(3, 5) if kind == "conversation" else 1)]
    first = batches[0]
    if kind == "missing":
        batches = [replace(first, body=_without_time(first))]
    elif kind == "malformed":
        cut = draw.choice((b"B2A", b"SE", b"ISA", b"}", b"S5"))
        batches = [replace(first, body=first.body.replace(cut, b"?", 1) if cut in first.body else first.body[:-20])]
    elif kind == "repeated":
        batches += [source.again(first) for _ in range(draw.randint(1, 2))]
    for place, batch in enumerate(batches):
        yield Input(
            at_s=float(30 * place),
            kind="signal",
            partner=str(PARTNER["id"]),
            content_type=batch.content_type,
            body=batch.body.decode("utf-8"),
        )


def _without_time(batch: Batch) -> bytes:
    """The same without the time of the first pickup."""
    if batch.control_number:
        return _TIME.sub(rb"\1", batch.body, count=1)
    document = json.loads(batch.body)
    tender = document["tenders"][0] if "tenders" in document else document
    tender["pickup_at"] = None
    tender["stops"][0]["at"] = None
    return json.dumps(document).encode()


def _interaction(document: dict[str, Any]) -> Interaction:
    request = Request(**document["request"])
    if "failure" in document:
        return Interaction(request=request, failure=Failure(**document["failure"]))
    return Interaction(request=request, response=Response(**document["response"]))


def _some(seed: int, numbers: range) -> list[Trace]:
    return [trace(seed, number) for number in numbers]


def packed(path: Path, count: int, *, seed: int) -> Path:
    """The first `count` traces of the corpus of `seed` in the file at `path`; made if it is not there."""
    if not path.exists():
        chunks = [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]
        with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            pack((one for some in pool.map(partial(_some, seed), chunks) for one in some), path)
    return path
