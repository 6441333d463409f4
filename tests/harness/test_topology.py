"""A topology that cannot be started is refused when it is declared."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.topology import Link, Service, Topology, TopologyError


def service(name: str, *after: str) -> Service:
    return Service(name=name, kind="python", after=after)


THREE = (service("store"), service("api", "store"), service("worker", "store"))


@pytest.mark.parametrize(
    ("services", "links", "message"),
    [
        ((*THREE, service("api")), (), "service 'api' is declared 2 times"),
        (THREE, (Link(name="in", source="out", target="api"),) * 2, "link 'in' is declared 2 times"),
        ((service("api", "bank"),), (), "'api' starts after 'bank', which is not a service"),
        (THREE, (Link(name="in", source="out", target="bank"),), "leads to 'bank', which is not a service"),
        (THREE, (Link(name="in", source="out", target="api", port="side"),), "leads to port 'side'"),
        ((service("a", "b"), service("b", "a")), (), "services wait for each other: a, b"),
        ((service("a", "a"),), (), "services wait for each other: a"),
    ],
)
def test_misuse_fails_when_declared(services: tuple[Service, ...], links: tuple[Link, ...], message: str) -> None:
    with pytest.raises(TopologyError, match=message):
        Topology(name="t", services=services, links=links)


def test_what_nobody_waits_for_starts_together() -> None:
    order = Topology(name="t", services=THREE).start_order()
    assert [[one.name for one in group] for group in order] == [["store"], ["api", "worker"]]


def test_services_and_links_are_found_by_name() -> None:
    topology = Topology(name="t", services=THREE, links=(Link(name="in", source="out", target="api"),))
    assert topology.service("api") is THREE[1]
    assert topology.link("in").target == "api"
    with pytest.raises(TopologyError, match="no service 'bank'; there are store, api, worker"):
        topology.service("bank")
    with pytest.raises(TopologyError, match="no link 'out'; there are in"):
        topology.link("out")


@given(st.data())
def test_every_service_starts_once_and_after_what_it_waits_for(data: st.DataObject) -> None:
    names = [f"s{number}" for number in range(data.draw(st.integers(1, 8)))]
    services = [
        service(name, *data.draw(st.lists(st.sampled_from(names[:number]), unique=True) if number else st.just([])))
        for number, name in enumerate(names)
    ]
    shuffled = tuple(data.draw(st.permutations(services)))
    started: list[str] = []
    for group in Topology(name="t", services=shuffled).start_order():
        assert all(set(one.after) <= set(started) for one in group)
        started += [one.name for one in group]
    assert sorted(started) == sorted(names)


def test_a_link_may_come_from_outside() -> None:
    topology = Topology(name="t", services=THREE, links=(Link(name="in", source="customers", target="api"),))
    assert replace(topology, preload=("json",)).links == topology.links
