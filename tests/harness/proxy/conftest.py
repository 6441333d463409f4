"""`server` and `api` make a test run against both fault proxies, started once a module and emptied in between."""

from collections.abc import Iterator

import pytest

from tests.harness.proxy.servers import Api, Running, running, running_toxiproxy

EMBEDDED, TOXIPROXY = "embedded", "toxiproxy"
# The first to want Toxiproxy waits until it is built.
WHEN_BUILT = [pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module", params=[EMBEDDED, pytest.param(TOXIPROXY, marks=WHEN_BUILT)])
def running_server(request: pytest.FixtureRequest) -> Iterator[Running]:
    with running() if request.param == EMBEDDED else running_toxiproxy() as server:
        yield server


@pytest.fixture
def server(running_server: Running) -> Iterator[Running]:
    """A fault proxy without proxies."""
    with Api(running_server) as api:
        yield running_server
        for name in api.ask("GET", "/proxies")[1]:
            assert api.ask("DELETE", f"/proxies/{name}")[0] == 204


@pytest.fixture
def api(server: Running) -> Iterator[Api]:
    """Bare requests to it."""
    with Api(server) as api:
        yield api
