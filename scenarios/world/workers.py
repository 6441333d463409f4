"""Which worker process of the agents has its booking in Motion's hands right now.

Found from outside: Motion's diary says whose request it keeps back, the intent's row says which worker has it, and the
kernel says which process that is. A worker's name is `agents-PLACE-PID.TICKS-...`.
"""

import re
from dataclasses import dataclass

from harness.environments.base import Capability, Environment, OutsideParty, ProcessIdentity, Store, Workers
from harness.faults.base import capability

_NAME = re.compile(r"agents-[0-9a-f]{8}-(\d+)\.(\d+)-")
_EXECUTING = (
    "SELECT worker, CONCAT_WS(':', partner_id, shipment_id) AS shipment FROM freight.intents "
    "WHERE state = 'EXECUTING' AND worker IS NOT NULL ORDER BY updated_at"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitsForMotion:
    """The worker that executes longest of those whose write Motion treated as `answered` says, such as `delayed`."""

    answered: str
    service: str = "agents"
    database: str = "database-primary"
    motion: str = "motion"

    @property
    def needs(self) -> frozenset[Capability]:
        return frozenset({Capability.STORE, Capability.OUTSIDE_PARTY, Capability.WORKERS})

    async def find(self, environment: Environment) -> ProcessIdentity | None:
        diary = await capability(environment, OutsideParty).request(self.motion, "GET", "/control/requests")
        kept_back = {entry["reference"] for entry in diary["requests"] if entry["answered"] == self.answered}
        if not kept_back:
            return None
        rows = await capability(environment, Store).query(self.database, _EXECUTING)
        workers = await capability(environment, Workers).workers(self.service)
        processes = {(one.own_pid, one.identity.started_ticks): one.identity for one in workers}
        for row in rows:
            named = _NAME.match(str(row["worker"]))
            if row["shipment"] in kept_back and named is not None:
                return processes.get((int(named[1]), int(named[2])))
        return None
