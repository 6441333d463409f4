"""The inbox: takes alerts and notices by webhook and lists them, so that nothing in an environment has to reach the
harness.

`POST /alerts` and `POST /notices` (and paths below) store the body; `GET /messages?after=N` lists what came after
message N, as `{"messages": [{"number", "path", "received_at_epoch_s", "body"}], "last": N}`; `GET /healthz` answers
200. JSON bodies come back as JSON, others as text. It draws no conclusions and forgets everything at its end.

Options of the service: `max_body_bytes` and `max_messages`; past them a message is refused with 413 or 507.
"""

import json
import os
import signal
import socket
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.clock import epoch_s
from harness.services.answers import serves
from harness.services.base import Launcher, Placement, PythonModule
from harness.services.python import program_environ

MODULE = "harness.services.inbox"
ROOTS = ("/alerts", "/notices")
MAX_BODY_BYTES = 1_048_576
MAX_MESSAGES = 20_000
_LIMITS = ("max_body_bytes", "max_messages")


class Inbox:
    """The kind of service; the program is below."""

    name = "inbox"

    def facts(self, placement: Placement) -> Mapping[str, str]:
        return {}

    async def prepare(self, placement: Placement, launcher: Launcher) -> None:
        """Nothing: messages live in memory."""

    def command(self, placement: Placement) -> PythonModule:
        limits = {name.upper(): str(placement.options[name]) for name in _LIMITS if name in placement.options}
        return PythonModule(module=MODULE, environ={**program_environ(placement), **limits})

    async def problem(self, placement: Placement) -> str | None:
        return await serves(placement.host, placement.port, "/healthz")

    def version(self) -> tuple[str, str] | None:
        return None


class Messages:
    """What came in, in order, up to a limit."""

    def __init__(self, limit: int = MAX_MESSAGES) -> None:
        self._limit = limit
        self._messages: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, path: str, body: bytes) -> int | None:
        """Store one message; its number, or None when there is no room."""
        try:
            content = json.loads(body)
        except ValueError:
            content = body.decode(errors="replace")
        with self._lock:
            if len(self._messages) >= self._limit:
                return None
            number = len(self._messages) + 1
            self._messages.append(
                {"number": number, "path": path, "received_at_epoch_s": epoch_s(), "body": content},
            )
        return number

    def after(self, number: int) -> list[dict[str, Any]]:
        """The messages with a higher number, in order."""
        with self._lock:
            return self._messages[max(0, number) :]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60.0
    server: "InboxServer"

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        if url.path == "/healthz":
            return self._answer(200, {"status": "ok"})
        if url.path != "/messages":
            return self._answer(404, {"error": "there are /messages and /healthz"})
        after = parse_qs(url.query).get("after", ["0"])[0]
        if not after.isascii() or not after.isdigit():
            return self._answer(400, {"error": f"after must be a number, not {after[:40]!r}"})
        messages = self.server.messages.after(int(after))
        return self._answer(200, {"messages": messages, "last": messages[-1]["number"] if messages else int(after)})

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if not any(path == root or path.startswith(root + "/") for root in ROOTS):
            return self._refuse(404, f"messages go to {' or '.join(ROOTS)}")
        length = self.headers.get("Content-Length", "")
        if not length.isdigit():
            return self._refuse(411, "a message needs a Content-Length")
        if int(length) > self.server.max_body_bytes:
            return self._refuse(413, f"a message has at most {self.server.max_body_bytes} bytes")
        number = self.server.messages.add(path, self.rfile.read(int(length)))
        if number is None:
            return self._answer(507, {"error": "the inbox is full"})
        return self._answer(202, {"number": number})

    def _refuse(self, status: int, error: str) -> None:
        """Answer without having read the body: the connection cannot be used again."""
        self.close_connection = True
        self._answer(status, {"error": error})

    def _answer(self, status: int, document: Mapping[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Silence: what came in is what `/messages` lists."""


class InboxServer(ThreadingHTTPServer):
    """The server, a thread a connection."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], *, max_body_bytes: int, max_messages: int) -> None:
        self.messages = Messages(max_messages)
        self.max_body_bytes = max_body_bytes
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        """Without the base class's look-up of the host's name, which can take seconds."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_name, self.server_port = self.socket.getsockname()[:2]

    def stop_on(self, *numbers: signal.Signals) -> None:
        """End `serve_forever` at these signals."""

        def stop(number: int, frame: FrameType | None) -> None:
            threading.Thread(target=self.shutdown, daemon=True).start()

        for number in numbers:
            signal.signal(number, stop)


def main() -> int:
    """Serve on `HOST` and `PORT` until SIGTERM or SIGINT."""
    server = InboxServer(
        (os.environ.get("HOST", "127.0.0.1"), int(os.environ["PORT"])),
        max_body_bytes=int(os.environ.get("MAX_BODY_BYTES", MAX_BODY_BYTES)),
        max_messages=int(os.environ.get("MAX_MESSAGES", MAX_MESSAGES)),
    )
    server.stop_on(signal.SIGTERM, signal.SIGINT)
    with server:
        server.serve_forever(poll_interval=0.1)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
