"""The kinds of toxic there are, one file each. A new kind is a new file and a line in `TOXICS`."""

from harness.proxy.toxics.bandwidth import Bandwidth
from harness.proxy.toxics.base import Toxic
from harness.proxy.toxics.latency import Latency
from harness.proxy.toxics.limit_data import LimitData
from harness.proxy.toxics.packet_loss import PacketLoss
from harness.proxy.toxics.reset_peer import ResetPeer
from harness.proxy.toxics.slicer import Slicer
from harness.proxy.toxics.slow_close import SlowClose
from harness.proxy.toxics.timeout import Timeout

TOXICS: tuple[type[Toxic], ...] = (
    Latency,
    Bandwidth,
    SlowClose,
    Timeout,
    ResetPeer,
    Slicer,
    LimitData,
    PacketLoss,
)


def by_kind(toxics: tuple[type[Toxic], ...]) -> dict[str, type[Toxic]]:
    """The toxics by kind; raises ValueError when two share one."""
    found: dict[str, type[Toxic]] = {}
    for toxic in toxics:
        if toxic.kind in found:
            raise ValueError(f"{toxic.__name__} and {found[toxic.kind].__name__} are both of kind {toxic.kind!r}")
        found[toxic.kind] = toxic
    return found


TOXIC_BY_KIND = by_kind(TOXICS)
