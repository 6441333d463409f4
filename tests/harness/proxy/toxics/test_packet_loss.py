"""Losses come at their rate, in bursts when correlated, and the same for the same seed."""

from harness.proxy.toxics.base import Chunk
from harness.proxy.toxics.packet_loss import PacketLoss
from tests.harness.proxy.toxics.shaping import EOF, shaped

CHUNKS = [Chunk(b"a", float(number)) for number in range(2000)]


def test_rates_zero_and_one_are_certain_and_the_end_always_passes() -> None:
    assert shaped(PacketLoss(loss_rate=0.0), [*CHUNKS, EOF]) == [*CHUNKS, EOF]
    assert shaped(PacketLoss(loss_rate=1), [*CHUNKS, EOF]) == [EOF]


def test_a_rate_loses_about_its_share() -> None:
    lost = len(CHUNKS) - len(shaped(PacketLoss(loss_rate=0.2), CHUNKS))
    assert 0.15 < lost / len(CHUNKS) < 0.25


def test_correlation_makes_losses_follow_each_other() -> None:
    alone, together = (
        len(CHUNKS) - len(shaped(PacketLoss(loss_rate=0.1, correlation=c), CHUNKS, seed=3)) for c in (0.0, 0.8)
    )
    assert together > 2 * alone


def test_the_same_seed_loses_the_same() -> None:
    toxic = PacketLoss(loss_rate=0.5)
    assert shaped(toxic, CHUNKS, 1) == shaped(toxic, CHUNKS, 1) != shaped(toxic, CHUNKS, 2)
