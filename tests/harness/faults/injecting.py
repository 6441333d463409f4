"""What the tests of faults share: injecting one on a toy environment, and a server that answers late."""

import asyncio
from collections.abc import Awaitable, Callable

from harness.faults import Evidence, Fault
from tests.toy import ToyEnvironment

LINK = "clients->shop"


def injected(fault: Fault, environment: ToyEnvironment, then: Callable[[], None] = lambda: None) -> Evidence:
    """The evidence while the fault stands; `then` happens once it is applied."""

    async def inject() -> Evidence:
        witness = await fault.watch(environment)
        async with fault.apply(environment):
            then()
            return await witness.evidence()

    return asyncio.run(inject())


async def with_server(answer_after_s: float, use: Callable[[tuple[str, int]], Awaitable[Evidence]]) -> Evidence:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.read(1):
            await asyncio.sleep(answer_after_s)
            writer.write(b"HTTP/1.0 200 OK\r\n\r\n")
        writer.transport.abort()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        evidence = await use(server.sockets[0].getsockname()[:2])
        await asyncio.sleep(0.01)  # one turn for the connection that was just aborted
        return evidence
