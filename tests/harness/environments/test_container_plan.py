"""Every way between two services leads through the fault proxy, but where the topology itself says otherwise."""

from pathlib import Path

from harness.environments.container_plan import ContainerPlan, directories_seen, references_of, spoken_to
from harness.environments.placing import Overrides, place_all
from harness.environments.subnets import RANGE
from harness.topology import Link, Service, Topology

TOPOLOGY = Topology(
    name="toy",
    services=(
        Service(name="store", kind="redis"),
        Service(name="web", kind="python", options={"module": "web"}, environ={"STORE": "${web->store}"}),
        Service(
            name="keeper",
            kind="python",
            options={"module": "keeper"},
            environ={"STORE": "${store}", "FILES": '["${store.directory}"]', "OWN": "${self.port}"},
        ),
    ),
    links=(
        Link(name="web->store", source="web", target="store"),
        Link(name="client->web", source="client", target="web"),
    ),
)


def laid_out() -> ContainerPlan:
    networks = RANGE.subnets(new_prefix=28)
    return ContainerPlan.lay_out(TOPOLOGY, lambda: next(networks))


def test_a_service_stands_on_its_own_network_and_on_those_of_whom_it_refers_to() -> None:
    plan = laid_out()
    assert len(set(plan.networks.values())) == 3
    assert plan.guests == {"store": (), "web": (), "keeper": ("store",)}
    assert spoken_to(TOPOLOGY.service("keeper"), TOPOLOGY) == ("store",)


def test_every_address_on_a_network_is_another() -> None:
    plan = laid_out()
    on_store = [plan.address("store"), plan.proxy_address("store"), plan.guest_address("keeper", "store")]
    assert len(set(on_store)) == 3
    assert all(any(address == str(host) for host in plan.networks["store"].hosts()) for address in on_store)


def test_a_link_is_found_beside_its_source_and_from_outside_beside_its_target() -> None:
    plan = laid_out()
    assert plan.link("web->store") == (plan.proxy_address("web"), plan.links["web->store"])
    assert plan.link("client->web") == (plan.proxy_address("web"), plan.links["client->web"])
    assert plan.control == (plan.proxy_address("store"), plan.proxy)
    assert plan.service("store", "main") == (plan.address("store"), plan.services["store"]["main"])


def test_placements_listen_everywhere_inside_and_are_found_at_their_addresses() -> None:
    facts = {"directory": "/run", "seed": "1", "id": "r", "one_machine": "false"}
    wanted, plan = Overrides.of({}, TOPOLOGY), laid_out()
    placed = place_all(
        TOPOLOGY,
        plan,
        wanted,
        run=Path("/run"),
        project=Path("/project"),
        facts_of_run=facts,
        images={"store": "sha256:1"},
    )
    assert (placed["store"].host, placed["store"].listens_on, placed["store"].image) == (
        plan.address("store"),
        "0.0.0.0",
        "sha256:1",
    )
    assert placed["web"].environ["STORE"] == f"{plan.proxy_address('web')}:{plan.links['web->store']}"
    assert placed["keeper"].environ["STORE"] == f"{plan.address('store')}:{plan.services['store']['main']}"


def test_who_refers_to_anothers_files_sees_its_directory() -> None:
    def seen(name: str) -> tuple[Path, ...]:
        return directories_seen(name, laid_out(), lambda service: Path("/data") / service)

    assert seen("web") == (Path("/data/web"),)
    assert seen("keeper") == (Path("/data/keeper"), Path("/data/store"))


def test_references_are_found_at_any_depth() -> None:
    assert references_of({"a": ["x ${b.c}", {"d": "${e->f}${g}"}], "n": 1}) == ["b.c", "e->f", "g"]
