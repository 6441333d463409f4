"""A killed process is proved dead by its identity, and started again on healing."""

from harness.faults import Kill
from tests.harness.faults.injecting import injected
from tests.toy import ToyEnvironment


def test_kill_is_proved_by_the_death_of_that_very_process_and_heals_by_starting_it() -> None:
    environment = ToyEnvironment()
    assert injected(Kill(service="shop"), environment).proof
    assert environment.log == ["kill shop", "start shop"]


def test_kill_is_not_proved_by_a_process_that_lives() -> None:
    environment = ToyEnvironment()

    async def blunt(service: str) -> object:
        return environment.process(service)

    environment.kill = blunt  # type: ignore[method-assign,assignment]
    assert not injected(Kill(service="shop"), environment).proof


def test_kill_leaves_the_service_dead_when_told_to() -> None:
    environment = ToyEnvironment()
    injected(Kill(service="shop", restart=False), environment)
    assert environment.state == "dead"


def test_kill_does_not_start_what_somebody_else_has_started() -> None:
    environment = ToyEnvironment()

    def somebody_starts_it() -> None:
        environment.state, environment.ticks = "running", 2

    injected(Kill(service="shop"), environment, somebody_starts_it)
    assert environment.log == ["kill shop"]
