"""A topology can be had on another database; what is no database stays as it is."""

import pytest

from harness.services import DATABASES, on_database
from harness.topology import Service, Topology, TopologyError

TOPOLOGY = Topology(
    name="toy",
    services=(Service(name="store", kind="mariadb", options={"role": "primary"}), Service(name="cache", kind="redis")),
)


def test_databases_change_their_kind_and_nothing_else_changes() -> None:
    assert DATABASES == ("mariadb", "mysql")
    moved = on_database(TOPOLOGY, "mysql")
    assert [(one.name, one.kind, dict(one.options)) for one in moved.services] == [
        ("store", "mysql", {"role": "primary"}),
        ("cache", "redis", {}),
    ]
    assert on_database(moved, "mariadb") == TOPOLOGY
    assert on_database(TOPOLOGY, None) is TOPOLOGY


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(TopologyError, match="there are mariadb, mysql"):
        on_database(TOPOLOGY, "redis")
    with pytest.raises(TopologyError, match="toy has no database"):
        on_database(Topology(name="toy", services=(Service(name="cache", kind="redis"),)), "mysql")
