"""The model and Motion of a recording: the world's own, without a network, and with trouble where it is wanted.

It stands where a replay has the cassette and runs on the same steered clock. Each exchange is kept as it ended, those
too that were cut off: a late answer with its time, a broken one with the part that came.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx

from harness.traces import Failure, Interaction, Request, Response
from scenarios.world.llm import LanguageModel
from scenarios.world.loads import Loads, Refused
from scenarios.world.serving import BadRequest

MODEL_TIMEOUT_S, MOTION_TIMEOUT_S = 10.0, 5.0
_ASKED_WITH = ("content-type", "idempotency-key")
_WRITTEN_AT = ("created_at", "updated_at")
_MARKUP = "<html><body>maintenance</body></html>"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What becomes of one call. `done` says whether the party did what it was asked before that."""

    kind: str = ""
    status: int = 0
    after_s: float = 0.0
    retry_after_s: int = 0
    done: bool = False
    body: str | None = None


WELL = Trouble()
RESET, REFUSED = Trouble(kind="reset"), Trouble(kind="refused")
TIMEOUT, HALF = Trouble(kind="timeout"), Trouble(kind="half", done=True)
LOST = Trouble(kind="reset", done=True)
"""It was done, and the answer never came."""
LOST_LATE = Trouble(kind="timeout", done=True)
MAINTENANCE = Trouble(status=200, body=_MARKUP)


def says(status: int, *, retry_after_s: int = 0, done: bool = False, body: str | None = None) -> Trouble:
    """An answer with that status instead of the right one, which `done` says is kept back."""
    return Trouble(status=status, retry_after_s=retry_after_s, done=done, body=body)


def late(after_s: float) -> Trouble:
    """The right answer, so late."""
    return Trouble(after_s=after_s, done=True)


@dataclass(slots=True, kw_only=True)
class Outside(httpx.AsyncBaseTransport):
    """`model` and `motion` are what becomes of their next calls, in order; all is well after the last of them.

    Between the two moments of `motion_away` Motion answers everything with 503, and counts none of it.
    """

    scripts: Sequence[Mapping[str, Any]] = ()
    model: Sequence[Trouble] = ()
    motion: Sequence[Trouble] = ()
    motion_away: tuple[float, float] = (0.0, 0.0)
    loads: Loads = field(default_factory=Loads)
    kept: list[Interaction] = field(default_factory=list)
    _reader: LanguageModel = field(default_factory=lambda: LanguageModel(api_key=""))
    _left: dict[bool, list[Trouble]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._left = {True: list(self.model), False: list(self.motion)}
        for script in self.scripts:
            self._reader.scripts.add(script)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """What the party answers, late or not at all where it has trouble."""
        asks_model = request.url.path.endswith("/completions")
        left = self._left[asks_model]
        from_s, until_s = self.motion_away
        if not asks_model and from_s <= asyncio.get_running_loop().time() < until_s:
            trouble = says(503)
        else:
            trouble = left.pop(0) if left else WELL
        limit_s = MODEL_TIMEOUT_S if asks_model else MOTION_TIMEOUT_S
        asked = await _asked(request)
        place = len(self.kept)
        # An agent that is cut off meanwhile had no answer in time.
        self.kept.append(Interaction(request=asked, failure=Failure(kind="timeout", after_s=trouble.after_s)))
        answer = self._answer(asks_model, request, asked) if trouble == WELL or trouble.done else Response(status=0)
        if trouble.kind == "timeout" or trouble.after_s >= limit_s:
            self.kept[place] = Interaction(request=asked, failure=Failure(kind="timeout", after_s=limit_s))
            await asyncio.sleep(limit_s)
            raise httpx.ReadTimeout("no answer in time", request=request)
        if trouble.kind:
            return self._broken(place, trouble, answer, request)
        if trouble.status:
            headers = {"content-type": "application/json"}
            headers |= {"retry-after": str(trouble.retry_after_s)} if trouble.retry_after_s else {}
            body = json.dumps({"error": "told to fail"}) if trouble.body is None else trouble.body
            answer = Response(status=trouble.status, headers=headers, body=body)
        if trouble.after_s:
            await asyncio.sleep(trouble.after_s)
            answer = Response(status=answer.status, headers=answer.headers, body=answer.body, after_s=trouble.after_s)
        self.kept[place] = Interaction(request=asked, response=answer)
        return httpx.Response(answer.status, headers=answer.headers, content=answer.body.encode(), request=request)

    def _broken(self, place: int, trouble: Trouble, answer: Response, request: httpx.Request) -> httpx.Response:
        asked = self.kept[place].request
        if trouble.kind == "half":
            part = Response(status=answer.status, headers=answer.headers, body=answer.body[: len(answer.body) // 2])
            self.kept[place] = Interaction(request=asked, failure=Failure(kind="half", part=part))
            raise httpx.RemoteProtocolError("the connection broke in the middle of the answer", request=request)
        if trouble.kind == "refused":
            self.kept[place] = Interaction(request=asked, failure=Failure(kind="refused"))
            raise httpx.ConnectError("connection refused", request=request)
        self.kept[place] = Interaction(request=asked, failure=Failure(kind="reset"))
        raise httpx.ReadError("connection reset", request=request)

    def _answer(self, asks_model: bool, request: httpx.Request, asked: Request) -> Response:
        document = json.loads(asked.body or "null")
        try:
            found, status = self._reader.answer(document) if asks_model else self._moved(request, document)
        except Refused as refused:
            found, status = {"error": str(refused)}, refused.status
        except BadRequest as error:
            found, status = {"error": str(error)}, 400
        body = json.dumps(_timeless(found), ensure_ascii=False)
        return Response(status=status, headers={"content-type": "application/json"}, body=body)

    def _moved(self, request: httpx.Request, document: dict[str, Any]) -> tuple[Any, int]:
        key, _, path = request.headers.get("idempotency-key", ""), *request.url.path.split("/loads", 1)
        if request.method == "GET":
            found, more = self.loads.search(request.url.params.get("reference"), None, 10_000)
            return {"loads": found, "truncated": more}, 200
        if not path:
            booked = self.loads.book(key, document)
            return booked.load, booked.status
        load_id = path.split("/")[1]
        change = self.loads.cancel if path.endswith("/cancel") else self.loads.amend
        return change(key, load_id, document).load, 200


async def _asked(request: httpx.Request) -> Request:
    return Request(
        method=request.method,
        uri=str(request.url),
        headers={name: request.headers[name] for name in _ASKED_WITH if name in request.headers},
        body=(await request.aread()).decode("utf-8", "surrogateescape"),
    )


def _timeless(document: Any) -> Any:
    """Without the moments of the machine: the same case makes the same bytes."""
    if isinstance(document, list):
        return [_timeless(one) for one in document]
    if not isinstance(document, Mapping):
        return document
    return {name: _timeless(one) for name, one in document.items() if name not in _WRITTEN_AT}
