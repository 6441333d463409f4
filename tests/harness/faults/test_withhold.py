"""Withheld bytes are proved by the count of their own direction."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.faults import Withhold
from tests.harness.faults.injecting import LINK, injected
from tests.toy import ToyEnvironment


@pytest.mark.parametrize("stream", ["upstream", "downstream"])
def test_withhold_is_proved_by_bytes_kept_in_its_own_direction(stream: str) -> None:
    environment = ToyEnvironment()

    def keep(upstream: int, downstream: int) -> Callable[[], None]:
        def kept() -> None:
            environment.link_traffic = replace(
                environment.link_traffic, upstream_withheld=upstream, downstream_withheld=downstream
            )

        return kept

    fault = Withhold(link=LINK, stream=stream)  # type: ignore[arg-type]
    other = (0, 9) if stream == "upstream" else (9, 0)
    assert not injected(fault, environment, keep(*other)).proof
    assert injected(fault, ToyEnvironment(), lambda: None).proof is False
    own = (7, 9) if stream == "upstream" else (9, 7)
    assert injected(fault, environment, keep(*own)).proof
    assert environment.toxics == {}
