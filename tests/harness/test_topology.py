"""A topology that cannot be started is refused when it is declared, and says which name is wrong."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.topology import Link, Service, Topology, TopologyError

DATABASE = Service(name="database", kind="mariadb", ports=("main", "admin"))
SHOP = Service(name="shop", kind="python", after=("database",))
LINK = Link(name="shop->database", source="shop", target="database", port="admin")


def test_services_and_links_are_found_by_name() -> None:
    topology = Topology(name="t", services=(DATABASE, SHOP), links=(LINK,))
    assert topology.service("shop") is SHOP
    assert topology.link("shop->database") is LINK


@pytest.mark.parametrize(
    ("services", "links", "said"),
    [
        ((DATABASE, DATABASE), (), "service 'database' is declared 2 times"),
        ((DATABASE, SHOP), (LINK, LINK), "link 'shop->database' is declared 2 times"),
        ((SHOP,), (), "starts after 'database', which is not a service"),
        ((DATABASE,), (Link(name="l", source="s", target="till"),), "leads to 'till', which is not a service"),
        ((DATABASE,), (Link(name="l", source="s", target="database", port="x"),), "leads to port 'x'"),
        ((Service(name="a", kind="k", after=("a",)),), (), "services wait for each other: a"),
        (
            (Service(name="a", kind="k", after=("b",)), Service(name="b", kind="k", after=("a",))),
            (),
            "services wait for each other: a, b",
        ),
    ],
)
def test_a_topology_that_cannot_be_started_is_refused(
    services: tuple[Service, ...], links: tuple[Link, ...], said: str
) -> None:
    with pytest.raises(TopologyError, match=said):
        Topology(name="t", services=services, links=links)


def test_an_unknown_name_is_answered_with_the_known_ones() -> None:
    topology = Topology(name="t", services=(DATABASE, SHOP), links=(LINK,))
    with pytest.raises(TopologyError, match=r"no service 'till'; there are database, shop"):
        topology.service("till")
    with pytest.raises(TopologyError, match=r"no link 'x'; there are shop->database"):
        topology.link("x")


def test_what_nobody_waits_for_starts_together() -> None:
    till = Service(name="till", kind="python", after=("database",))
    order = Topology(name="t", services=(DATABASE, SHOP, till)).start_order()
    assert [[service.name for service in group] for group in order] == [["database"], ["shop", "till"]]


def test_a_link_may_come_from_outside() -> None:
    link = Link(name="in", source="customers", target="shop")
    assert Topology(name="t", services=(DATABASE, SHOP), links=(link,)).link("in") is link


@given(st.lists(st.sets(st.integers(0, 11)), min_size=1, max_size=12))
def test_each_service_starts_once_and_after_all_that_it_waits_for(waits: list[set[int]]) -> None:
    """Any graph in which services wait for earlier ones only has an order."""
    services = tuple(
        Service(name=str(n), kind="k", after=tuple(str(other) for other in others if other < n))
        for n, others in enumerate(waits)
    )
    groups = Topology(name="t", services=tuple(reversed(services))).start_order()
    place = {service.name: number for number, group in enumerate(groups) for service in group}
    assert sorted(place, key=int) == [service.name for service in services]
    assert sum(map(len, groups)) == len(services)
    for service in services:
        assert all(place[other] < place[service.name] for other in service.after)
        assert place[service.name] == 0 or any(place[one] == place[service.name] - 1 for one in service.after)


def test_some_services_alone() -> None:
    """Links between them stay, and those from outside; what they do not reach is gone."""
    services = tuple(Service(name=name, kind="python") for name in ("shop", "bank", "inbox"))
    links = (
        Link(name="clients->shop", source="clients", target="shop"),
        Link(name="shop->bank", source="shop", target="bank"),
        Link(name="bank->inbox", source="bank", target="inbox"),
    )
    whole = Topology(name="t", services=services, links=links)
    some = whole.only({"shop", "inbox"})
    assert [service.name for service in some.services] == ["shop", "inbox"]
    assert [link.name for link in some.links] == ["clients->shop"]
    assert whole.only({"shop", "bank", "inbox"}) == whole
    with pytest.raises(TopologyError, match="no service 'pub'"):
        whole.only({"pub"})
