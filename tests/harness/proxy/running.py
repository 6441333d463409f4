"""The fault proxy as the process it is, started for a test and ended with it."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

END_LIMIT_S = 10.0


class Running(NamedTuple):
    """The process, and where its control API listens."""

    process: "subprocess.Popen[str]"
    host: str
    port: int

    @property
    def base_url(self) -> str:
        return f"http://{self.host}:{self.port}"


@contextmanager
def running(*options: str) -> Iterator[Running]:
    """`python -m harness.proxy` on a free port, once it says where."""
    command = [sys.executable, "-m", "harness.proxy", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = json.loads(process.stderr.readline())
            host, _, port = line["message"].split()[-1].rpartition(":")
            yield Running(process, host, int(port))
        finally:
            process.kill()
