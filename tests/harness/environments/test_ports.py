"""Ports lie outside the ephemeral range, are free, and never go to two environments at once."""

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.environments.base import EnvironmentFault
from harness.environments.ports import BLOCK, HIGHEST, LOWEST, NAME, PortLease, blocks, ephemeral_range, is_free


@given(st.integers(1, 65_535), st.integers(1, 65_535))
def test_no_block_touches_the_ephemeral_range(one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    for block in blocks((low, high)):
        assert block[-1] < low or block[0] > high
        assert LOWEST <= block[0] <= block[-1] <= HIGHEST


@pytest.fixture
def lease() -> Iterator[Callable[[], PortLease]]:
    """Makes leases that are given back at the end."""
    made: list[PortLease] = []

    def make() -> PortLease:
        made.append(PortLease())
        return made[-1]

    yield make
    for one in made:
        one.release()


def test_a_taken_port_is_free_and_outside_the_ephemeral_range(lease: Callable[[], PortLease]) -> None:
    one = lease()
    low, high = ephemeral_range()
    taken = [one.take() for _ in range(BLOCK + 10)]
    assert len(set(taken)) == len(taken)
    assert all(not low <= port <= high for port in taken)
    assert is_free("127.0.0.1", taken[0])


def test_two_leases_at_once_share_no_port(lease: Callable[[], PortLease]) -> None:
    first, second = lease(), lease()
    assert not {first.take() for _ in range(20)} & {second.take() for _ in range(20)}


def test_a_block_is_held_for_as_long_as_anybody_has_its_descriptor() -> None:
    one = PortLease()
    first = one.take()
    shared = [os.dup(descriptor) for descriptor in one.descriptors()]
    one.release()
    other = PortLease()
    assert other.take() not in range(first, first + BLOCK - first % BLOCK)
    other.release()
    held = {line.rpartition("@")[2] for line in Path("/proc/net/unix").read_text().splitlines() if NAME in line}
    for descriptor in shared:
        os.close(descriptor)
    left = {line.rpartition("@")[2] for line in Path("/proc/net/unix").read_text().splitlines() if NAME in line}
    assert held > left


def test_a_port_that_a_stranger_listens_on_is_stepped_around(lease: Callable[[], PortLease]) -> None:
    one = lease()
    one.take()
    # The next port of the block is known, since ports are given in order; a stranger takes it first.
    following = one.take() + 1
    if is_free("127.0.0.1", following):
        with socket.create_server(("127.0.0.1", following)):
            assert one.take() != following


def test_when_every_block_is_taken_the_error_says_what_to_do() -> None:
    nothing_left = PortLease(within=(1, 65_535))
    with pytest.raises(EnvironmentFault, match="end other environments"):
        nothing_left.take()
