"""Where the engine is, who containers run as, and what the kernel says of a frozen one."""

import os
from pathlib import Path

import pytest

from harness.environments import engine
from harness.environments.base import EnvironmentFault
from harness.environments.engine import DEFAULT_SOCKET, is_frozen, run_as, socket_path


def test_the_engine_is_on_this_machine() -> None:
    assert socket_path({}) == DEFAULT_SOCKET
    assert socket_path({"DOCKER_HOST": "unix:///run/user/1/docker.sock"}) == "/run/user/1/docker.sock"
    with pytest.raises(EnvironmentFault, match="on this machine"):
        socket_path({"DOCKER_HOST": "tcp://elsewhere:2375"})


def test_an_engine_that_does_not_answer_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path / 'none.sock'}")
    problem = engine.engine_problem()
    assert problem is not None
    assert "no container engine answers" in problem
    monkeypatch.setenv("DOCKER_HOST", "ssh://elsewhere")
    assert "on this machine" in str(engine.engine_problem())


def test_containers_never_run_as_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 0)
    assert run_as() == engine.USER
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    assert run_as() == 1234


@pytest.mark.parametrize(
    ("group", "file", "said", "frozen"),
    [
        ("6:freezer:/docker/x", "freezer/docker/x/freezer.state", "FROZEN\n", True),
        ("6:freezer:/docker/x", "freezer/docker/x/freezer.state", "THAWED\n", False),
        ("0::/docker/x", "docker/x/cgroup.events", "populated 1\nfrozen 1\n", True),
        ("0::/docker/x", "docker/x/cgroup.events", "populated 1\nfrozen 0\n", False),
        ("0::/docker/x", "elsewhere", "", False),
    ],
)
def test_frozen_is_what_the_kernel_says(tmp_path: Path, group: str, file: str, said: str, frozen: bool) -> None:
    proc, cgroups = tmp_path / "proc", tmp_path / "cgroups"
    (proc / "5").mkdir(parents=True)
    (proc / "5" / "cgroup").write_text(f"9:pids:/docker/x\n{group}\n")
    (cgroups / file).parent.mkdir(parents=True)
    (cgroups / file).write_text(said)
    assert is_frozen(5, proc=proc, cgroups=cgroups) is frozen


def test_a_process_that_is_gone_is_not_frozen(tmp_path: Path) -> None:
    assert not is_frozen(5, proc=tmp_path)
