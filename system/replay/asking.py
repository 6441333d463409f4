"""A partner's request, given to the ingest app as a server would give it, without a server.

The app is the real one from the outermost layer on. The partner waits for its answer: it never goes away before that.
"""

import asyncio
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

Message = MutableMapping[str, Any]


@dataclass(slots=True)
class Answer:
    """What came back; `body` is whole once `ask` has returned."""

    status: int = 0
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)
    body: bytes = b""


async def ask(app: ASGIApp, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
    """Posts `body` to `path` and waits for the whole answer."""
    answer, answered = Answer(), asyncio.Event()
    given = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> Message:
        message = next(given, None)
        if message is None:
            await answered.wait()
            return {"type": "http.disconnect"}
        return message

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status, answer.headers = message["status"], list(message.get("headers", []))
        else:
            answer.body += message.get("body", b"")
            if not message.get("more_body", False):
                answered.set()

    sent = {"host": "ingest.invalid", **headers, "content-length": str(len(body))}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in sent.items()],
        "server": ("ingest.invalid", None),
        "client": ("partner.invalid", None),
    }
    await app(scope, receive, send)
    return answer
