"""A fault that does nothing is watched and seen not to bite."""

import pytest

from harness.faults import Fault, Kill, Noop, Pause, Withhold
from tests.harness.faults.injecting import LINK, injected
from tests.toy import ToyEnvironment


@pytest.mark.parametrize("fault", [Kill(service="shop"), Pause(service="shop"), Withhold(link=LINK)])
def test_noop_does_nothing_and_is_seen_not_to_bite(fault: Fault) -> None:
    environment = ToyEnvironment()
    idle = Noop(instead_of=fault)
    assert not injected(idle, environment).proof
    assert environment.log == []
    assert (idle.target, idle.needs) == (fault.target, fault.needs)
