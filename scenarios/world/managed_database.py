"""A managed database, as a cloud sells it: an endpoint that leads to the primary, and a controller that fails over.

A process of its own, so that it neither dies with what it watches nor belongs to the system under test. The endpoint is
a TCP port; its state is told over HTTP: `/status` (who is primary, its epoch, what happened when), `/readyz`,
`/healthz`. Settings come as JSON in CONFIG (see `managed_settings`). UNSAFE_NO_FENCE=1 leaves the old primary as it is,
for the negative control, and is refused without ALLOW_UNSAFE=1.
"""

import logging
import os

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from scenarios.world.endpoint import Endpoint
from scenarios.world.failover import Failover
from scenarios.world.managed_settings import SettingsError, read_settings
from scenarios.world.serving import app_of, log_json_lines, serve

_log = logging.getLogger(__name__)


def routes(failover: Failover) -> list[Route]:
    """The HTTP side of one managed database."""

    async def status(_: Request) -> Response:
        return JSONResponse(failover.as_json())

    async def readyz(_: Request) -> Response:
        problem = await failover.problem()
        body = {"ready": problem is None, "problem": problem, "unsafe": failover.as_json()["unsafe"]}
        return JSONResponse(body, status_code=200 if problem is None else 503)

    return [Route("/status", status), Route("/readyz", readyz)]


def main() -> int:
    """Serve until told to stop; exit code 2 for settings that cannot work."""
    log_json_lines("managed-database")
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        _log.error("%s", error)
        return 2
    endpoint = Endpoint(settings.endpoint_host, settings.endpoint_port)
    failover = Failover(settings, endpoint)

    async def watch() -> None:
        await endpoint.start()
        try:
            await failover.run()
        finally:
            endpoint.stop()

    return serve(app_of(routes(failover)), background=[watch])


if __name__ == "__main__":
    raise SystemExit(main())
