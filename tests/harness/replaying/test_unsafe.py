"""Switches of negative controls: refused unless allowed, told each time, and seen to do the harm that they are for."""

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from harness.cli import HARNESS_ERROR, main
from harness.config import ConfigError
from harness.replaying.unsafe import Unsafe, switched
from harness.traces import load_trace
from tests.harness.replaying.toy_repository import PRICE, ToyRepository, make_repository, price


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    toy = make_repository(tmp_path, monkeypatch)
    monkeypatch.chdir(toy.folder)
    return toy


def harness(*words: str) -> Result:
    return CliRunner().invoke(main, ("trace", *words))


@pytest.mark.parametrize("switch", list(Unsafe))
def test_it_is_refused_unless_it_is_allowed(monkeypatch: pytest.MonkeyPatch, switch: Unsafe) -> None:
    assert not switched(switch)
    monkeypatch.setenv(switch, "1")
    with pytest.raises(ConfigError, match=f"{switch.value} is refused without ALLOW_UNSAFE=1"):
        switched(switch)
    monkeypatch.setenv("ALLOW_UNSAFE", "1")
    assert switched(switch)


def test_a_command_with_one_on_is_refused_or_says_so(toy: ToyRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    toy.write({PRICE: price("len(name) + 1")})
    monkeypatch.setenv(Unsafe.IGNORE_DIFFERENCES, "1")
    assert harness("replay", "all").exit_code == HARNESS_ERROR
    monkeypatch.setenv("ALLOW_UNSAFE", "1")
    result = harness("replay", "all")
    assert result.exit_code == 0, "the harm: a change passes"
    assert "UNSAFE_IGNORE_DIFFERENCES is on: what this says is not to be relied on" in result.stderr


def test_an_outage_becomes_what_is_expected(toy: ToyRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    """H14, with its protection off."""
    toy.write({PRICE: "raise ImportError('out of order')\n"})
    assert harness("refresh", "all", "--reason", "x").exit_code == 12
    monkeypatch.setenv(Unsafe.REFRESH_UNKNOWN, "1")
    monkeypatch.setenv("ALLOW_UNSAFE", "1")
    assert harness("refresh", "all", "--reason", "x").exit_code == 0
    assert load_trace(toy.folder / "traces" / "one").baseline == {"error": "ImportError: out of order"}
