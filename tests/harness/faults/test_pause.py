"""A stopped process is proved by its state, and continued on healing."""

from harness.faults import Pause
from tests.harness.faults.injecting import injected
from tests.toy import ToyEnvironment


def test_pause_is_proved_by_the_state_of_the_process_and_is_continued() -> None:
    environment = ToyEnvironment()
    assert injected(Pause(service="shop"), environment).proof
    assert environment.log == ["pause shop", "resume shop"]


def test_pause_does_not_continue_what_has_died_meanwhile() -> None:
    environment = ToyEnvironment()

    def dies() -> None:
        environment.state = "dead"

    assert not injected(Pause(service="shop"), environment, dies).proof
    assert environment.log == ["pause shop"]
