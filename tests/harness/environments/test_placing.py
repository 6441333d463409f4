"""Placements: every port is chosen once, references are filled in, overrides reach whom they should and nobody else."""

from itertools import count
from pathlib import Path
from typing import Any

import pytest

from harness.environments.base import EnvironmentFault
from harness.environments.placing import Overrides, PortPlan, place_all
from harness.services.base import Placement, ServiceFault
from harness.topology import Link, Service, Topology

TOPOLOGY = Topology(
    name="toy",
    services=(
        Service(name="store", kind="mariadb", options={"role": "primary"}),
        Service(
            name="web",
            kind="python",
            options={"module": "web"},
            ports=("main", "admin"),
            environ={"STORE": "${web->store}", "PID_FILE": "${store.pid_file}", "KEPT": "1", "ADMIN": "${self.admin}"},
        ),
        Service(name="console", kind="operator", ports=(), environ={"STORE": "${store}"}),
    ),
    links=(Link(name="web->store", source="web", target="store"),),
)


def placed(overrides: dict[str, str] | None = None, topology: Topology = TOPOLOGY) -> dict[str, Placement]:
    numbers = count(15_000)
    plan = PortPlan.choose(topology, lambda: next(numbers))
    facts = {"directory": "/run", "seed": "1", "id": "r"}
    wanted = Overrides.of(overrides or {}, topology)
    return place_all(topology, plan, wanted, run=Path("/run"), project=Path("/project"), facts_of_run=facts)


def test_every_port_of_every_service_and_link_is_another() -> None:
    numbers = count(15_000)
    plan = PortPlan.choose(TOPOLOGY, lambda: next(numbers))
    ports = [port for names in plan.services.values() for port in names.values()]
    everything = [*ports, *plan.links.values(), plan.proxy]
    assert len(set(everything)) == len(everything) == 5


def test_variables_are_filled_in_with_links_facts_and_own_ports() -> None:
    web = placed()["web"]
    assert web.environ == {
        "STORE": "127.0.0.1:15003",
        "PID_FILE": "/run/data/store/pid",
        "KEPT": "1",
        "ADMIN": "127.0.0.1:15002",
    }
    assert web.directory == Path("/run/data/web")


def test_a_variable_reaches_python_services_and_the_operator_alone() -> None:
    placements = placed({"UNSAFE": "1", "KEPT": "2"})
    assert placements["web"].environ["UNSAFE"] == placements["console"].environ["UNSAFE"] == "1"
    assert placements["web"].environ["KEPT"] == "2"
    assert placements["store"].environ == {}


def test_an_option_reaches_its_service_alone() -> None:
    placements = placed({"store.replication": "semi_sync"})
    assert placements["store"].options == {"role": "primary", "replication": "semi_sync"}
    assert placements["web"].options == {"module": "web"}


@pytest.mark.parametrize("key", ["shop.option", ".option", "sto.x"])
def test_an_option_of_no_service_is_refused(key: str) -> None:
    with pytest.raises(EnvironmentFault, match="there are console, store, web"):
        placed({key: "1"})


def topology_of(**changes: Any) -> Topology:
    return Topology(name="toy", services=(Service(**{"name": "web", "kind": "python", **changes}),))


def test_a_service_may_not_take_the_name_of_the_fault_proxy() -> None:
    with pytest.raises(EnvironmentFault, match="proxy"):
        placed(topology=topology_of(name="proxy"))


def test_an_unknown_kind_is_refused_with_those_there_are() -> None:
    with pytest.raises(ServiceFault, match=r"no kind of service is called 'cobol'; there are inbox, mariadb"):
        placed(topology=topology_of(kind="cobol"))
