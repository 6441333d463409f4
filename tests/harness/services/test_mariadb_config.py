"""The configuration says what was asked: durable, on loopback, with the role and the replication of the options."""

from pathlib import Path

import pytest

from harness.services.mariadb_config import DATA_SHAPE, DURABLE, Files, OptionError, Replication, render


def test_a_replica_is_read_only_and_a_primary_is_not() -> None:
    assert Replication.from_options({"role": "replica"}).lines() == {"read_only": "ON"}
    assert Replication.from_options({}).lines() == {}


def test_a_semi_synchronous_primary_waits_for_ever_and_after_the_sync() -> None:
    lines = Replication.from_options({"role": "primary", "replication": "semi_sync"}).lines()
    assert lines["rpl_semi_sync_master_wait_point"] == "AFTER_SYNC"
    assert lines["rpl_semi_sync_master_wait_no_slave"] == "ON"
    assert int(lines["rpl_semi_sync_master_timeout"]) > 86_400_000
    assert "rpl_semi_sync_slave_enabled" not in lines


def test_a_semi_synchronous_replica_only_acknowledges_so_that_it_can_commit_alone_once_promoted() -> None:
    lines = Replication.from_options({"role": "replica", "replication": "semi_sync"}).lines()
    assert lines == {"read_only": "ON", "rpl_semi_sync_slave_enabled": "ON"}


@pytest.mark.parametrize("options", [{"role": "master"}, {"replication": "sync"}, {"role": None}])
def test_other_words_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="not "):
        Replication.from_options(options)


def test_every_commit_is_on_disk_before_it_is_told() -> None:
    assert DURABLE == {"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1"}


def test_what_is_included_comes_last_so_that_a_fence_wins() -> None:
    files = Files(directory=Path("/run/one"))
    text = render(DATA_SHAPE, {"read_only": "OFF"}, files.lines(host="127.0.0.1", port=3), include=files.fence)
    lines = text.splitlines()
    assert lines[0] == "[mariadbd]"
    assert lines[-1] == "!include /run/one/fence.cnf"
    assert "bind_address = 127.0.0.1" in lines
    assert "socket = /run/one/sock" in lines
