"""What an environment has not got is said."""

import asyncio

import pytest

from harness.environments.base import Environment
from harness.faults import FAULTS, Kill, MissingCapability


def test_every_fault_of_the_list_is_there_once_and_has_its_own_name() -> None:
    assert len(set(FAULTS)) == len(FAULTS)


def test_an_environment_that_lacks_the_capability_says_so() -> None:
    class Bare:
        name = "bare"

    async def watch(environment: Environment) -> None:
        await Kill(service="shop").watch(environment)

    with pytest.raises(MissingCapability, match="the bare environment has no capability processes"):
        asyncio.run(watch(Bare()))  # type: ignore[arg-type]
