"""Every link goes through the fault proxy, where it can be slowed, withheld, cut, closed and counted."""

import asyncio
from pathlib import Path

import pytest

from harness.clock import sleep_s
from harness.environments.base import (
    EnvironmentFault,
)
from tests.harness.environments.toys import during, made


def test_a_link_can_be_slowed_cut_and_counted(tmp_path: Path) -> None:
    environment = made(tmp_path)

    async def connect() -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection(*environment.link_address("echo->redis"))

    async def steer() -> None:
        reader, writer = await connect()
        writer.write(b"PING\r\n")
        assert await reader.readline() == b"+PONG\r\n"
        seen = await environment.traffic("echo->redis")
        assert (seen.connections_open, seen.upstream_passed, seen.downstream_passed) == (1, 6, 7)
        await environment.add_toxic(
            "echo->redis", name="t", kind="timeout", stream="downstream", attributes={"timeout": 0}
        )
        writer.write(b"PING\r\n")
        while (await environment.traffic("echo->redis")).downstream_withheld < 7:
            await sleep_s(0.01)
        await environment.remove_toxic("echo->redis", name="t")
        writer.close()
        reader, writer = await connect()
        writer.write(b"PING\r\n")
        assert await reader.readline() == b"+PONG\r\n"
        assert await environment.cut("echo->redis") == 1
        with pytest.raises(ConnectionResetError):
            await reader.read()
        writer.close()
        await environment.set_enabled("echo->redis", False)
        with pytest.raises(OSError, match=r"refused|Connect"):
            await connect()
        with pytest.raises(EnvironmentFault, match="link echo->redis"):
            await environment.remove_toxic("echo->redis", name="never")

    during(environment, steer)
