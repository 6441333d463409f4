"""Looks at services directly, past every proxy and endpoint: SQL, Redis commands, HTTP. Each with a limit of its own.

Everything here blocks and runs in threads of this object, so that a paused server holds up its observer for a second
and nothing else. Connections are not kept: an observer must not be what keeps a dying server's connection open.
"""

import asyncio
import http.client
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from harness.environments.base import CommandRefused, EnvironmentFault
from harness.services.database_sql import OBSERVER, rows, session

THREADS = 16
SQL_LIMIT_S = 1.0
COMMAND_LIMIT_S = 1.0
REQUEST_LIMIT_S = 5.0

Address = tuple[str, int]
Result = TypeVar("Result")


class Observers:
    """The threads that look; `close` lets them go."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="observer")

    def close(self) -> None:
        """Take no more work; who still waits for a dead server ends by its limit."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def query(self, service: str, address: Address, sql: str, parameters: Sequence[Any]) -> list[dict[str, Any]]:
        """Rows of a read, as the observer account."""
        import pymysql

        def read() -> list[dict[str, Any]]:
            with session(OBSERVER, at=address, limit_s=SQL_LIMIT_S) as connection:
                return rows(connection, sql, parameters)

        try:
            return await self._in_thread(read)
        except (pymysql.err.MySQLError, OSError) as error:
            raise EnvironmentFault(f"{service} does not answer {sql[:200]!r}: {error}") from error

    async def command(self, service: str, address: Address, words: Sequence[str | bytes | int]) -> Any:
        """The reply to one Redis command."""
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        once = Retry(NoBackoff(), 0)

        def ask() -> Any:
            host, port = address
            with redis.Redis(
                host, port, socket_timeout=COMMAND_LIMIT_S, socket_connect_timeout=COMMAND_LIMIT_S, retry=once
            ) as client:
                return client.execute_command(*words)

        try:
            return await self._in_thread(ask)
        except redis.ResponseError as error:
            raise CommandRefused(f"{service} refuses {' '.join(map(str, words))[:200]!r}: {error}") from error
        except (redis.RedisError, OSError) as error:
            raise EnvironmentFault(f"{service} does not answer {' '.join(map(str, words))[:200]!r}: {error}") from error

    async def request(self, service: str, address: Address, method: str, path: str, body: Any) -> Any:
        """The answer to one HTTP request: what its JSON says, or the text of one of a `text/` type."""

        def ask() -> tuple[int, str, bytes]:
            connection = http.client.HTTPConnection(*address, timeout=REQUEST_LIMIT_S)
            try:
                content = None if body is None else json.dumps(body)
                headers = {} if body is None else {"Content-Type": "application/json"}
                connection.request(method, path, content, headers)
                response = connection.getresponse()
                return response.status, response.getheader("Content-Type", ""), response.read()
            finally:
                connection.close()

        try:
            status, content_type, content = await self._in_thread(ask)
        except (OSError, http.client.HTTPException) as error:
            raise EnvironmentFault(f"{service} does not answer {method} {path}: {error!r}") from error
        if not 200 <= status < 300:
            raise EnvironmentFault(f"{service} answered {method} {path} with {status}: {content[:500]!r}")
        if content_type.startswith("text/"):
            return content.decode("utf-8", "replace")
        try:
            return json.loads(content) if content else None
        except ValueError as error:
            raise EnvironmentFault(f"{service} answered {method} {path} with no JSON: {content[:500]!r}") from error

    async def _in_thread(self, call: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)
