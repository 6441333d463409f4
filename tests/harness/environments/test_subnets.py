"""Subnets are small, apart, stepped around what is routed, and given back."""

from harness.environments.subnets import Network, SubnetLease, routed

TABLE = """Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT
eth0 00000000 010200C0 0003 0 0 0 00000000 0 0 0
docker0 000011AC 00000000 0001 0 0 0 0000FFFF 0 0 0
br0 1000D50A 00000000 0001 0 0 0 F0FFFFFF 0 0 0
"""
SMALL = Network("10.251.0.0/22")


def test_the_routing_table_is_read_without_the_default_route() -> None:
    assert routed(TABLE) == [Network("172.17.0.0/16"), Network("10.213.0.16/28")]


def test_no_two_environments_have_a_subnet_in_common() -> None:
    one, other = SubnetLease(SMALL), SubnetLease(SMALL)
    try:
        taken = [lease.take() for _ in range(20) for lease in (one, other)]
        assert not any(a.overlaps(b) for n, a in enumerate(taken) for b in taken[:n])
        assert {network.prefixlen for network in taken} == {28}
        assert all(network.subnet_of(SMALL) for network in taken)
        assert len(one.descriptors()) == len(other.descriptors()) == 1
    finally:
        one.release()
        other.release()


def test_what_was_given_back_can_be_had_again() -> None:
    lease = SubnetLease(SMALL)
    first = lease.take()
    lease.release()
    again = SubnetLease(SMALL)
    assert again.take() == first
    again.release()
