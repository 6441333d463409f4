"""The world's transport management system: books, amends, cancels and lists loads over HTTP.

A real server with a real ledger, so that "exactly one load" is counted where the harm would be done. It honours
`Idempotency-Key`, and can be told to be slow, to fail, to hang, or to book and lose the answer or never give it, which
is the worst thing that an outside party does; with all requests, or only with writes that contain a certain text, which
leaves looking and all other loads as they were. A client that gives up does not stop a slow booking, as in life. What
it did with each request while it was told something, it writes down.

`/loads` and `/ledger` want the bearer key of MOTION_API_KEY; `/control/...` wants none, since it belongs to the drill.
"""

import json
import logging
import os
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from harness.clock import sleep_s
from scenarios.world.answers import Behaviour
from scenarios.world.loads import KEY_LENGTH_MAX, Answer, Loads, Refused
from scenarios.world.serving import (
    BadRequest,
    app_of,
    bearer_fits,
    hold,
    json_object,
    log_json_lines,
    lose_answer,
    number_asked,
    serve,
)

MODES = ("ok", "slow", "fail", "hang", "book_and_lose", "book_and_hang")
LOOKED_AT_FREELY = ("book_and_lose", "book_and_hang")
"""In these modes only answers to writes are kept back; looking is how one finds out."""
SLOW_DELAY_S = 2.0
TREATED_KEPT_MAX = 10_000
LISTED_MAX = 10_000
CONTAINED_LENGTH_MAX = 200
_log = logging.getLogger(__name__)

Mode = Literal["ok", "slow", "fail", "hang", "book_and_lose", "book_and_hang"]
Answering = Literal["given", "lost", "held"]
"""What becomes of the answer to a request."""
Write = Callable[[Loads, str, Mapping[str, Any]], Answer]


class Motion:
    """The state of one server: its loads, and how it was told to behave."""

    def __init__(self, *, api_key: str) -> None:
        self.api_key = api_key
        self.loads = Loads()
        self.behaviour = Behaviour()
        self.mode: Mode = "ok"
        self.contains = ""
        self.treated: deque[dict[str, Any]] = deque(maxlen=TREATED_KEPT_MAX)
        self.treated_count = 0

    def become(self, document: Mapping[str, Any]) -> None:
        """Behave as `{"mode", "delay_s"?, "status"?, "times"?, "contains"?}` says from the next request on.

        With `contains` only writes whose body contains that text are treated so. Raises BadRequest.
        """
        mode, contains = document.get("mode", "ok"), document.get("contains", "")
        if mode not in MODES:
            raise BadRequest(f"mode: expected one of {', '.join(MODES)}, seen {mode!r}")
        if not isinstance(contains, str) or len(contains) > CONTAINED_LENGTH_MAX:
            raise BadRequest(f"contains: expected a text of up to {CONTAINED_LENGTH_MAX} characters, seen {contains!r}")
        self.behaviour.become(
            {
                "delay_s": document.get("delay_s", SLOW_DELAY_S if mode == "slow" else 0),
                "status": document.get("status", 503) if mode == "fail" else 0,
                "hang": mode in ("hang", "book_and_hang"),
                "lose_answer": mode == "book_and_lose",
                "times": document.get("times"),
            }
        )
        self.mode, self.contains = mode, contains

    def as_json(self) -> dict[str, Any]:
        """The behaviour, as `become` takes it; `times` counts down as it is used up."""
        told = self.behaviour.as_json()
        shown = ("delay_s", "status", "times")
        return {"mode": self.mode, "contains": self.contains, **{name: told[name] for name in shown}}

    async def treat(
        self, request: Request, document: Mapping[str, Any] | None = None
    ) -> tuple[Response | None, Answering]:
        """An answer to give instead of doing the work, if there is one, and what becomes of the work's own answer.

        `document` is what a write asks for.
        """
        if not bearer_fits(request, self.api_key):
            return JSONResponse({"error": "the bearer key is wrong or missing"}, status_code=401), "given"
        if not self._concerns(request, document):
            return None, "given"
        mode, behaviour = self.mode, self.behaviour.take()
        if behaviour.delay_s:
            self._note(request, "delayed", document)
            await sleep_s(behaviour.delay_s)
        if behaviour.hang and mode == "hang":
            self._note(request, "held", document)
            await hold(request, behaviour.changed, behaviour.limit_s)
            return JSONResponse({"error": "held"}, status_code=503), "given"
        if behaviour.status:
            self._note(request, str(behaviour.status), document)
            return JSONResponse({"error": "told to fail"}, status_code=behaviour.status), "given"
        if behaviour.hang:
            self._note(request, "done and held", document)
            return None, "held"
        if behaviour.lose_answer:
            self._note(request, "done and lost", document)
            return None, "lost"
        return None, "given"

    def _concerns(self, request: Request, document: Mapping[str, Any] | None) -> bool:
        """Whether the request is one of those that are treated otherwise than well."""
        if request.method == "GET" and (self.contains or self.mode in LOOKED_AT_FREELY):
            return False
        return self.contains in json.dumps(document, ensure_ascii=False)

    def _note(self, request: Request, answered: str, document: Mapping[str, Any] | None) -> None:
        """Keeps how a request was treated; the oldest are dropped beyond `TREATED_KEPT_MAX`."""
        self.treated_count += 1
        self.treated.append(
            {
                "number": self.treated_count,
                "method": request.method,
                "path": request.url.path,
                "reference": (document or {}).get("reference"),
                "answered": answered,
            }
        )


def app(world: Motion) -> ASGIApp:
    """The server's routes over `world`."""

    async def write(request: Request, work: Write) -> Response:
        key = request.headers.get("idempotency-key", "")
        if not 0 < len(key) <= KEY_LENGTH_MAX:
            return JSONResponse({"error": "expected a header Idempotency-Key"}, status_code=400)
        document = await json_object(request)
        released = world.behaviour.changed
        instead, answering = await world.treat(request, document)
        if instead is not None:
            return instead
        try:
            answer = work(world.loads, key, document)
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, status_code=refused.status)
        if answering == "lost":
            return lose_answer(request)
        if answering == "held":
            await hold(request, released, world.behaviour.limit_s)
            return JSONResponse({"error": "held"}, status_code=503)
        headers = {"Idempotent-Replayed": "true"} if answer.replayed else {}
        return JSONResponse(answer.load, status_code=answer.status, headers=headers)

    async def loads(request: Request) -> Response:
        if request.method == "POST":
            return await write(request, lambda loads, key, document: loads.book(key, document))
        instead, _ = await world.treat(request)
        if instead is not None:
            return instead
        query = request.query_params
        limit = min(number_asked(request, "limit", LISTED_MAX), LISTED_MAX)
        found, more = world.loads.search(query.get("reference"), _moment(query.get("since")), limit)
        return JSONResponse({"loads": found, "truncated": more})

    async def load(request: Request) -> Response:
        load_id = request.path_params["load_id"]
        if request.method == "PATCH":
            return await write(request, lambda loads, key, document: loads.amend(key, load_id, document))
        instead, _ = await world.treat(request)
        if instead is not None:
            return instead
        try:
            return JSONResponse(world.loads.load(load_id))
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, status_code=refused.status)

    async def cancel(request: Request) -> Response:
        load_id = request.path_params["load_id"]
        return await write(request, lambda loads, key, document: loads.cancel(key, load_id, document))

    async def ledger(request: Request) -> Response:
        if not request.url.path.startswith("/control/") and not bearer_fits(request, world.api_key):
            return JSONResponse({"error": "the bearer key is wrong or missing"}, status_code=401)
        entries = world.loads.ledger[number_asked(request, "after") :]
        return JSONResponse({"entries": entries, "replays": world.loads.replay_count})

    return app_of(
        [
            Route("/loads", loads, methods=["GET", "POST"]),
            Route("/loads/{load_id}", load, methods=["GET", "PATCH"]),
            Route("/loads/{load_id}/cancel", cancel, methods=["POST"]),
            Route("/ledger", ledger),
            Route("/control/ledger", ledger),
            *_control_routes(world),
        ]
    )


def _control_routes(world: Motion) -> list[Route]:
    async def behaviour(request: Request) -> Response:
        if request.method == "POST":
            world.become(await json_object(request))
        return JSONResponse(world.as_json())

    async def reset(_: Request) -> Response:
        world.become({})
        world.loads = Loads()
        return JSONResponse({"status": "ok"})

    async def requests(request: Request) -> Response:
        after = number_asked(request, "after")
        found = [entry for entry in world.treated if entry["number"] > after]
        return JSONResponse({"requests": found, "count": world.treated_count})

    async def every_load(_: Request) -> Response:
        return JSONResponse({"loads": world.loads.everything()})

    return [
        Route("/control/loads", every_load),
        Route("/control/requests", requests),
        Route("/control/behaviour", behaviour, methods=["GET", "POST"]),
        Route("/control/reset", reset, methods=["POST"]),
    ]


def _moment(text: str | None) -> datetime | None:
    """A moment given as ISO 8601 or as seconds since 1970. Raises BadRequest."""
    if text is None:
        return None
    try:
        # A plus sign that was not escaped in the URL arrives as a space.
        written = text.replace(" ", "+")
        moment = datetime.fromisoformat(written) if "-" in text else datetime.fromtimestamp(float(text), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise BadRequest(f"since: expected ISO 8601 or seconds since 1970, seen {text!r}") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def main() -> int:
    """Serve until told to stop; MOTION_API_KEY must be set."""
    log_json_lines("motion")
    key = os.environ.get("MOTION_API_KEY", "")
    if not key:
        _log.error("MOTION_API_KEY: expected the key that clients must show, seen nothing")
        return 2
    return serve(app(Motion(api_key=key)))


if __name__ == "__main__":
    raise SystemExit(main())
