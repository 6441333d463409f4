"""The world's language model: an OpenAI-compatible chat-completions server that reads the tender out of the prompt.

It answers deterministically, in the shape the system asks for, so that a drill's outcome does not hang on a model's
mood. It can be told to answer something else: by script (a hallucination), from a cassette (a trace's recorded
answers), late, with an error status, or not at all. It is no model: it knows load tenders and nothing else.

`POST /v1/chat/completions` and `GET /v1/models` want the bearer key of LLM_API_KEY; `/control/...` wants none, since it
belongs to the drill.
"""

import json
import logging
import os
from collections import deque
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from harness.clock import epoch_s, sleep_s
from scenarios.world.answers import Behaviour, Cassette, canonical_digest, completion
from scenarios.world.reading import read_signal
from scenarios.world.scripts import Scripted, Scripts
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

REQUESTS_KEPT_MAX = 1_000
REQUEST_LENGTH_KEPT_MAX = 65_536
_log = logging.getLogger(__name__)


class LanguageModel:
    """The state of one server: what it was told to answer, and what it was asked."""

    def __init__(self, *, api_key: str, model: str = "tender-reader") -> None:
        self.api_key = api_key
        self.model = model
        self.reset()

    def reset(self) -> None:
        """Forget every script, cassette, behaviour and request; held requests go on."""
        self.behaviour = Behaviour()
        self.scripts = Scripts()
        self.cassette = Cassette()
        self.requests: deque[dict[str, Any]] = deque(maxlen=REQUESTS_KEPT_MAX)
        self.request_count = 0

    def note(
        self,
        body: Mapping[str, Any],
        answered: str,
        shipment_id: object = None,
        content: str | None = None,
        script: str | None = None,
    ) -> None:
        """Keep one request for `GET /control/requests`; the oldest are dropped beyond `REQUESTS_KEPT_MAX`."""
        self.request_count += 1
        self.requests.append(
            {
                "number": self.request_count,
                "at_epoch_s": epoch_s(),
                "answered": answered,
                "script": script,
                "shipment_id": shipment_id,
                "digest": canonical_digest(body),
                "request": body if len(json.dumps(body)) <= REQUEST_LENGTH_KEPT_MAX else None,
                "content": content,
            }
        )

    def answer(self, body: Mapping[str, Any]) -> tuple[Mapping[str, Any], int]:
        """The response to one request and its status: from the cassette, from a script, or read from the prompt."""
        recorded = self.cassette.answer(body)
        if recorded is not None:
            self.note(body, "cassette")
            return recorded.response, recorded.status
        if self.cassette.strict:
            self.note(body, "unmatched")
            return error_body("no recorded answer matches this request", "unmatched_request"), 404
        signal = signal_of(prompt_of(body))
        read = read_signal(signal)
        scripted = self.scripts.answer_for(read, signal)
        answer = scripted or Scripted(content=json.dumps(read))
        kind = "reader" if scripted is None else "script"
        self.note(body, kind, read.get("shipment_id"), answer.content or answer.refusal, answer.name)
        return completion(body, answer.content, answer.refusal), 200


def error_body(message: str, code: str, kind: str = "invalid_request_error") -> dict[str, Any]:
    """An error in the format of the API."""
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def prompt_of(body: Mapping[str, Any]) -> str:
    """The text of the last user message, whose content is a string or a list of parts. Raises BadRequest."""
    messages = body.get("messages")
    for message in reversed(messages if isinstance(messages, list) else []):
        if isinstance(message, dict) and message.get("role") == "user":
            content = message.get("content")
            parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
            if isinstance(parts, list) and all(isinstance(part, dict) for part in parts):
                return "\n".join(str(part.get("text", "")) for part in parts)
    raise BadRequest("expected `messages` with a user message of text")


def signal_of(prompt: str) -> str:
    """What stands between the line `<signal>` and the last line `</signal>`, or the whole prompt without them."""
    _, opened, rest = prompt.partition("<signal>\n")
    inside, closed, _ = rest.rpartition("\n</signal>")
    return inside if opened and closed else prompt


def app(world: LanguageModel) -> ASGIApp:
    """The server's routes over `world`."""

    async def completions(request: Request) -> Response:
        if not bearer_fits(request, world.api_key):
            return JSONResponse(error_body("incorrect API key provided", "invalid_api_key"), status_code=401)
        try:
            body = await json_object(request)
            if body.get("stream") or body.get("n", 1) not in (1, None):
                raise BadRequest("this server sends one whole answer: neither `stream` nor `n` above 1")
            if body.get("model") != world.model:
                message = f"the model {body.get('model')!r} does not exist; there is {world.model!r}"
                return JSONResponse(error_body(message, "model_not_found"), status_code=404)
            behaviour = world.behaviour.take()
            if behaviour.delay_s:
                await sleep_s(behaviour.delay_s)
            if behaviour.hang:
                world.note(body, "hang")
                await hold(request, behaviour.changed, behaviour.limit_s)
                return JSONResponse(error_body("the server was held", "held", "server_error"), status_code=503)
            if behaviour.status:
                world.note(body, str(behaviour.status))
                failed = error_body("told to fail", "told_to_fail", "server_error")
                return JSONResponse(failed, status_code=behaviour.status)
            response, status = world.answer(body)
            if behaviour.lose_answer:
                return lose_answer(request)
        except BadRequest as error:
            return JSONResponse(error_body(str(error), "bad_request"), status_code=400)
        return JSONResponse(response, status_code=status)

    async def models(request: Request) -> Response:
        if not bearer_fits(request, world.api_key):
            return JSONResponse(error_body("incorrect API key provided", "invalid_api_key"), status_code=401)
        model = {"id": world.model, "object": "model", "created": 0, "owned_by": "world"}
        return JSONResponse({"object": "list", "data": [model]})

    return app_of(
        [
            Route("/v1/chat/completions", completions, methods=["POST"]),
            Route("/v1/models", models),
            *_control_routes(world),
        ]
    )


def _control_routes(world: LanguageModel) -> list[Route]:
    async def answers(request: Request) -> Response:
        world.scripts.add(await json_object(request))
        return JSONResponse({"scripts": len(world.scripts)}, status_code=201)

    async def forget_answers(_: Request) -> Response:
        world.scripts.forget()
        return JSONResponse({"scripts": 0})

    async def behaviour(request: Request) -> Response:
        world.behaviour.become(await json_object(request))
        return JSONResponse(world.behaviour.as_json())

    async def cassette(request: Request) -> Response:
        if request.method == "POST":
            world.cassette.load(await json_object(request))
        elif request.method == "DELETE":
            world.cassette = Cassette()
        return JSONResponse(world.cassette.as_json(), status_code=201 if request.method == "POST" else 200)

    async def requests(request: Request) -> Response:
        after = number_asked(request, "after")
        found = [entry for entry in world.requests if entry["number"] > after]
        return JSONResponse({"requests": found, "count": world.request_count})

    async def reset(_: Request) -> Response:
        world.behaviour.changed.set()
        world.reset()
        return JSONResponse({"status": "ok"})

    return [
        Route("/control/answers", answers, methods=["POST"]),
        Route("/control/answers/forget", forget_answers, methods=["POST"]),
        Route("/control/behaviour", behaviour, methods=["POST"]),
        Route("/control/cassette", cassette, methods=["GET", "POST", "DELETE"]),
        Route("/control/requests", requests),
        Route("/control/reset", reset, methods=["POST"]),
    ]


def main() -> int:
    """Serve until told to stop; LLM_API_KEY must be set, LLM_MODEL may be."""
    log_json_lines("llm")
    key = os.environ.get("LLM_API_KEY", "")
    if not key:
        _log.error("LLM_API_KEY: expected the key that clients must show, seen nothing")
        return 2
    return serve(app(LanguageModel(api_key=key, model=os.environ.get("LLM_MODEL", "tender-reader"))))


if __name__ == "__main__":
    raise SystemExit(main())
