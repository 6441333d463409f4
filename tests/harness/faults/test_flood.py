"""A flood is proved by what its link carried both ways, and is over when it is healed or its harness is gone."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import pytest

from harness.faults import Flood, Noop, Request
from harness.faults.flood import _ended
from tests.answering import Request as Seen
from tests.answering import answering
from tests.harness.faults.injecting import LINK, injected
from tests.toy import ToyEnvironment

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Nonsense:
    """Two requests, of 10 and of 300 bytes of body."""

    def requests(self) -> Sequence[Request]:
        headers = (("X-Client", "one"),)
        return [Request(path="/in", body=b"x" * length, headers=headers) for length in (10, 300)]


FLOOD = Flood(link=LINK, source=Nonsense(), at_least=5)


def carried(environment: ToyEnvironment, up: int, down: int) -> None:
    environment.link_traffic = replace(environment.link_traffic, upstream_passed=up, downstream_passed=down)


@pytest.mark.parametrize(
    ("up", "down", "proof"),
    [(100_000, 5_000, True), (100_000, 0, False), (1_500, 5_000, False), (0, 0, False)],
    ids=["flooded", "nobody answered", "too little", "nothing"],
)
def test_proof_is_what_the_link_carried(up: int, down: int, proof: bool) -> None:
    environment = ToyEnvironment(addresses={LINK: ("127.0.0.1", 9)})
    evidence = injected(FLOOD, environment, lambda: carried(environment, up, down))
    assert evidence.proof is proof
    assert evidence.facts["bytes"] == up
    assert evidence.facts["requests_at_least"] * 300 <= max(up, 1)


def test_what_the_link_had_carried_before_is_no_proof() -> None:
    environment = ToyEnvironment(addresses={LINK: ("127.0.0.1", 9)})
    carried(environment, 1_000_000, 1_000_000)
    assert not injected(FLOOD, environment).proof


def test_one_that_sends_nothing_is_still_watched() -> None:
    environment = ToyEnvironment(addresses={LINK: ("127.0.0.1", 9)})
    assert not injected(Noop(instead_of=FLOOD), environment).proof


def test_the_requests_are_whole_and_healing_ends_them() -> None:
    def refuse(_: Seen) -> tuple[int, Any]:
        return 429, {}

    async def flood() -> tuple[list[Seen], int]:
        async with asyncio.timeout(60), answering(refuse) as server:
            async with FLOOD.apply(ToyEnvironment(addresses={LINK: server.address})):
                while len(server.requests) < 20:
                    await asyncio.sleep(0.002)
            seen = len(server.requests)
            await asyncio.sleep(0.05)
            return server.requests, len(server.requests) - seen

    requests, after = asyncio.run(flood())
    assert {len(one.body) for one in requests} == {10, 300}
    assert all((one.method, one.path, one.headers["x-client"]) == ("POST", "/in", "one") for one in requests)
    assert after == 0


HARNESS = """
    import asyncio, os
    from pathlib import Path
    from tests.harness.faults.test_flood import FLOOD
    from tests.toy import ToyEnvironment

    async def main():
        async with FLOOD.apply(ToyEnvironment(addresses={FLOOD.link: ("127.0.0.1", 9)})):
            (child,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
            print(child, flush=True)
            await asyncio.Event().wait()

    asyncio.run(main())
"""


def test_it_ends_with_its_harness_whatever_becomes_of_that() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(HARNESS)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as harness:
        assert harness.stdout is not None
        child = os.pidfd_open(int(harness.stdout.readline()))
        harness.send_signal(signal.SIGKILL)
    poll = select.poll()
    poll.register(child)
    assert poll.poll(30_000), "the flood goes on without its harness"
    os.close(child)


def test_one_that_will_not_end_is_killed_and_one_that_has_ended_meanwhile_is_not_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("harness.faults.flood._ENDS_WITHIN_S", 0.05)

    async def end(program: str) -> int | None:
        words = (sys.executable, "-I", "-S", "-c", program)
        process = await asyncio.create_subprocess_exec(*words, stdin=asyncio.subprocess.PIPE)
        await _ended(process)
        return process.returncode

    assert asyncio.run(end("import time; time.sleep(600)")) == -signal.SIGKILL

    class Gone:
        """Ends just when the time is up."""

        stdin, returncode, waits = None, 0, 0

        async def wait(self) -> int:
            self.waits += 1
            return await asyncio.sleep(3600 if self.waits == 1 else 0, 0)

        def kill(self) -> None:
            raise ProcessLookupError

    asyncio.run(_ended(cast("Any", Gone())))
