"""A Redis of our own for a test: a real server on a socket file, with a limit of memory, ended on the way out."""

import contextlib
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import redis

from harness.clock import Deadline, block_s
from harness.environments.base import CommandRefused
from tests.toy import ToyEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class RedisProcess:
    """A running server; `client` is connected to it."""

    url: str
    client: Any
    process: "subprocess.Popen[bytes]"

    def kill(self) -> None:
        """As a crash would."""
        self.process.kill()
        self.process.wait()


@contextlib.contextmanager
def running_redis(*, maxmemory: str = "4mb", policy: str = "noeviction") -> Iterator[RedisProcess]:
    """A server that answers. The path of its socket is short, because it has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="redis-") as directory:
        path = Path(directory) / "s"
        settings = {"port": "0", "unixsocket": path, "dir": directory, "save": "", "appendonly": "no"}
        settings |= {"maxmemory": maxmemory, "maxmemory-policy": policy}
        words = [str(word) for name, value in settings.items() for word in (f"--{name}", value)]
        process = subprocess.Popen(["redis-server", *words], stdout=subprocess.DEVNULL)
        url = f"unix://{path}"
        client = redis.Redis.from_url(url, protocol=2)
        try:
            deadline = Deadline(20)
            while True:
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    break
                assert process.poll() is None
                assert not deadline.passed
                block_s(0.01)
            yield RedisProcess(url=url, client=client, process=process)
        finally:
            client.close()
            process.kill()
            process.wait()


class CacheEnvironment(ToyEnvironment):
    """A toy environment whose services are all this Redis; `commands` holds the first word of each command."""

    def __init__(self, client: Any) -> None:
        super().__init__()
        self.client, self.commands = client, list[str]()

    async def command(self, service: str, *words: str | bytes | int) -> Any:
        self.commands.append(str(words[0]))
        try:
            return self.client.execute_command(*words)
        except redis.ResponseError as error:
            raise CommandRefused(f"{service} refuses: {error}") from error
