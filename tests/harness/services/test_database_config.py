"""The configuration says what was asked: durable, on loopback, with the role and the replication of the options."""

from pathlib import Path

import pytest

from harness.services import mariadb, mysql
from harness.services.database_brand import Brand
from harness.services.database_config import Files, OptionError, Replication, render


@pytest.mark.parametrize("options", [{"role": "master"}, {"replication": "sync"}, {"role": None}])
def test_other_words_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(OptionError, match="not "):
        Replication.from_options(options)


@pytest.mark.parametrize("brand", [mariadb.BRAND, mysql.BRAND], ids=lambda brand: brand.name)
def test_every_commit_is_on_disk_before_it_is_told(brand: Brand) -> None:
    assert brand.durable == {"innodb_flush_log_at_trx_commit": "1", "sync_binlog": "1"}


def test_what_is_included_comes_last_so_that_a_fence_wins() -> None:
    files = Files(directory=Path("/run/one"))
    text = render({"read_only": "OFF"}, files.lines(host="127.0.0.1", port=3), include=files.fence)
    lines = text.splitlines()
    assert lines[0] == "[mysqld]"
    assert lines[-1] == "!include /run/one/fence.cnf"
    assert "bind_address = 127.0.0.1" in lines
    assert "socket = /run/one/sock" in lines


@pytest.mark.parametrize("brand", [mariadb.BRAND, mysql.BRAND], ids=lambda brand: brand.name)
class TestRoles:
    def test_a_replica_is_read_only_and_a_primary_is_not(self, brand: Brand) -> None:
        (read_only,) = brand.role(Replication.from_options({"role": "replica"})).items()
        assert read_only == ({"mariadb": "read_only", "mysql": "super_read_only"}[brand.name], "ON")
        assert brand.role(Replication.from_options({})) == {}

    def test_a_semi_synchronous_primary_waits_for_ever_and_after_the_sync(self, brand: Brand) -> None:
        lines = brand.role(Replication.from_options({"role": "primary", "replication": "semi_sync"}))
        by_end = {name.removeprefix("rpl_semi_sync_").partition("_")[2]: value for name, value in lines.items()}
        assert by_end["wait_point"] == "AFTER_SYNC"
        assert by_end[{"mariadb": "wait_no_slave", "mysql": "wait_no_replica"}[brand.name]] == "ON"
        assert int(by_end["timeout"]) > 86_400_000

    def test_a_semi_synchronous_replica_only_acknowledges_so_that_it_can_commit_alone_once_promoted(
        self, brand: Brand
    ) -> None:
        lines = brand.role(Replication.from_options({"role": "replica", "replication": "semi_sync"}))
        side = {"mariadb": "slave", "mysql": "replica"}[brand.name]
        assert [name for name in lines if "semi_sync" in name] == [f"rpl_semi_sync_{side}_enabled"]
