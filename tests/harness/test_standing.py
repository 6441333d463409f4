"""`harness up`: everything is shown once it is there, and ended however it ends."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from harness.config import Config
from harness.standing import addresses, stand
from harness.topology import Link, Service, Topology
from tests.harness.toy_project import InSeries, make_project
from tests.toy import ToyEnvironment


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    loaded = Config.load(make_project(tmp_path, monkeypatch))
    monkeypatch.setattr("harness.standing.environment_called", lambda name: InSeries)
    return loaded


def test_addresses_name_every_port_and_every_link_and_no_operator() -> None:
    environment = ToyEnvironment(
        topology=Topology(
            name="t",
            services=(
                Service(name="shop", kind="python", ports=("main", "side")),
                Service(name="operator", kind="operator", ports=()),
            ),
            links=(Link(name="clients->shop", source="clients", target="shop", port="side"),),
        ),
        addresses={"shop": ("127.0.0.1", 7), "clients->shop": ("127.0.0.1", 8)},
    )
    assert addresses(environment) == {
        "directory": "/nonexistent",
        "services": {"shop": "127.0.0.1:7", "shop.side": "127.0.0.1:7"},
        "links": {"clients->shop": "127.0.0.1:8"},
    }


def test_it_stands_until_it_is_cancelled_and_then_ends(config: Config) -> None:
    shown: list[Mapping[str, Any]] = []

    async def go() -> None:
        up = asyncio.Event()

        def show(where: Mapping[str, Any]) -> None:
            shown.append(where)
            up.set()

        work = stand(config, seed=1, overrides={"NAME": "x"}, show=show, progress=lambda _: None)
        standing = asyncio.create_task(work)
        await up.wait()
        assert InSeries.made[0].log == ["up"]
        standing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await standing

    asyncio.run(go())
    assert set(shown[0]["services"]) == {"shop", "inbox"}
    assert InSeries.made[0].log == ["up", "down"]
    assert InSeries.made[0].words["overrides"] == {"NAME": "x"}


def test_what_could_not_come_up_is_ended_too(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    async def no_room(self: InSeries) -> None:
        raise OSError("no room")

    monkeypatch.setattr(InSeries, "up", no_room)
    with pytest.raises(OSError, match="no room"):
        asyncio.run(stand(config, seed=1, show=lambda _: None, progress=lambda _: None))
    assert InSeries.made[0].log == ["down"]
