"""An environment that somebody else keeps up is found by its addresses, spoken to, and never touched."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from harness.environments.addressed import AddressedEnvironment
from harness.environments.base import EnvironmentFault, OutsideParty
from harness.standing import addresses
from harness.topology import Link, Service, Topology
from tests.answering import answering

TOPOLOGY = Topology(
    name="t",
    services=(Service(name="shop", kind="python", ports=("main", "side")),),
    links=(Link(name="clients->shop", source="clients", target="shop", port="side"),),
)
ADDRESSES: dict[str, Any] = {
    "directory": "/nonexistent",
    "services": {"shop": "127.0.0.1:7", "shop.side": "127.0.0.1:8"},
    "links": {"clients->shop": "127.0.0.1:9"},
}


def read(folder: Path, document: object) -> AddressedEnvironment:
    file = folder / "up.json"
    file.write_text(document if isinstance(document, str) else json.dumps(document))
    return AddressedEnvironment.read(file, TOPOLOGY)


def test_it_says_what_harness_up_said(tmp_path: Path) -> None:
    environment = read(tmp_path, ADDRESSES)
    assert addresses(environment) == ADDRESSES
    assert environment.link_address("clients->shop") == ("127.0.0.1", 9)
    with pytest.raises(EnvironmentFault, match=r"no service is called 'shop\.third' there; there are shop, shop\.side"):
        environment.address("shop", "third")
    with pytest.raises(EnvironmentFault, match="no link is called 'a->b'"):
        environment.link_address("a->b")


def test_it_can_be_spoken_to_and_nothing_else(tmp_path: Path) -> None:
    async def go() -> None:
        async with answering(lambda asked: (200, {"path": asked.path})) as shop:
            environment = read(tmp_path, {**ADDRESSES, "services": {"shop": shop.url.removeprefix("http://")}})
            assert isinstance(environment, OutsideParty)
            assert await environment.request("shop", "GET", "/stock") == {"path": "/stock"}
        for refused in (environment.up(), environment.reset()):
            with pytest.raises(EnvironmentFault, match="kept up by somebody else"):
                await refused
        await environment.down()

    asyncio.run(go())


@pytest.mark.parametrize(
    "document",
    [
        "",
        "[1]",
        "[" * 100_000,
        {"directory": "/x", "services": {}},
        {**ADDRESSES, "services": {"shop": "nowhere"}},
        {**ADDRESSES, "services": {"shop": "127.0.0.1:0"}},
        {**ADDRESSES, "links": {"a->b": 7}},
        " " * 1_000_001,
    ],
)
def test_what_is_no_such_file_is_said(tmp_path: Path, document: object) -> None:
    with pytest.raises(EnvironmentFault, match=r"up\.json: expected what `harness up --json` prints"):
        read(tmp_path, document)
    with pytest.raises(EnvironmentFault, match="nowhere"):
        AddressedEnvironment.read(tmp_path / "nowhere", TOPOLOGY)
