"""Ports lie outside the ephemeral range, are free, and never go to two environments at once."""

import socket
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.environments import ports
from harness.environments.base import EnvironmentFault
from harness.environments.ports import BLOCK, HIGHEST, LOWEST, PortLease, blocks, ephemeral_range, is_free


@given(st.integers(1, 65_535), st.integers(1, 65_535))
def test_no_block_touches_the_ephemeral_range(one: int, other: int) -> None:
    low, high = min(one, other), max(one, other)
    for block in blocks((low, high)):
        assert block[-1] < low or block[0] > high
        assert LOWEST <= block[0] <= block[-1] <= HIGHEST


def test_a_taken_port_is_free_and_outside_the_ephemeral_range(tmp_path: Path) -> None:
    lease = PortLease(tmp_path / "ports")
    low, high = ephemeral_range()
    taken = [lease.take() for _ in range(BLOCK + 10)]
    lease.release()
    assert len(set(taken)) == len(taken)
    assert all(not low <= port <= high for port in taken)
    assert is_free("127.0.0.1", taken[0])


def test_two_leases_at_once_share_no_port_and_a_released_one_is_given_again(tmp_path: Path) -> None:
    first, second = PortLease(tmp_path / "ports"), PortLease(tmp_path / "ports")
    one, other = {first.take() for _ in range(20)}, {second.take() for _ in range(20)}
    assert not one & other
    first.release()
    third = PortLease(tmp_path / "ports")
    assert third.take() in one
    second.release()
    third.release()


def test_a_port_that_a_stranger_listens_on_is_stepped_around(tmp_path: Path) -> None:
    lease = PortLease(tmp_path / "ports")
    wanted = lease.take()
    lease.release()
    with socket.create_server(("127.0.0.1", wanted)):
        again = PortLease(tmp_path / "ports")
        assert again.take() != wanted
        again.release()


def test_when_every_block_is_taken_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "ephemeral_range", lambda: (LOWEST + BLOCK, 65_535))
    first, second = PortLease(tmp_path / "ports"), PortLease(tmp_path / "ports")
    first.take()
    with pytest.raises(EnvironmentFault, match="end other environments"):
        second.take()
    first.release()
    second.release()
