"""The managed database's configuration is checked once, and what is wrong is named."""

import json
from pathlib import Path
from typing import Any

import pytest

from scenarios.world.managed_settings import SettingsError, read_settings

ONE = {"name": "a", "address": "127.0.0.1:3301", "pid_file": "/p", "fence_file": "/f", "user": "u", "password": "w"}
OTHER = {**{k: v for k, v in ONE.items() if k != "address"}, "name": "b", "host": "127.0.0.2", "port": "3302"}


def config(**more: Any) -> dict[str, str]:
    return {"CONFIG": json.dumps({"databases": [ONE, OTHER], "endpoint_port": 3306, **more})}


def test_addresses_come_whole_or_in_parts_and_numbers_also_as_text() -> None:
    settings = read_settings(config(endpoint_port="3307", probe_interval_s="0.05"))
    assert [(one.host, one.port) for one in settings.databases] == [("127.0.0.1", 3301), ("127.0.0.2", 3302)]
    assert (settings.endpoint_port, settings.probe_interval_s) == (3307, 0.05)
    assert settings.databases[0].pid_file == Path("/p")
    assert settings.can_kill
    assert not settings.unsafe_no_fence


def test_the_unsafe_switch_needs_its_permission() -> None:
    with pytest.raises(SettingsError, match="ALLOW_UNSAFE"):
        read_settings({**config(), "UNSAFE_NO_FENCE": "1"})
    assert read_settings({**config(), "UNSAFE_NO_FENCE": "1", "ALLOW_UNSAFE": "1"}).unsafe_no_fence
    assert not read_settings({**config(), "UNSAFE_NO_FENCE": "0"}).unsafe_no_fence


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({}, "CONFIG"),
        ({"CONFIG": "[]"}, "CONFIG"),
        (config(endpoint_prot=1), "endpoint_port"),
        (config(databases=[ONE]), "databases"),
        (config(databases=[ONE, {"name": "b"}]), r"databases\[1\]|port"),
        (config(databases=[ONE, {**ONE, "address": "nowhere"}]), "port"),
        (config(endpoint_port="x"), "endpoint_port"),
        (config(endpoint_port=True), "endpoint_port"),
        (config(probe_interval_s=0), "probe_interval_s"),
        (config(failures_to_dead=0), "failures_to_dead"),
        (config(spare_users="root"), "spare_users"),
    ],
)
def test_what_is_wrong_is_named(environ: dict[str, str], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        read_settings(environ)
