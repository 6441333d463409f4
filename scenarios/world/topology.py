"""The freight world as data: the system under test, the outside parties it talks to, and every way between them.

The system sees one database, the endpoint of the managed database; which of the two servers that leads to is the
managed database's business. Everything else it reaches through one link each, all of which can be slowed, withheld and
cut. `python -m system.console` is the operator console and has links of its own, so that cutting off a service does not
cut off the operator.
"""

import json

from harness.topology import Link, Service, Topology

PARTNERS_FILE = "scenarios/world/partners.json"
MOTION_KEY = "motion-key-of-a-drill"
LLM_KEY = "llm-key-of-a-drill"

_DATABASE = {
    "databases": {"freight": {"user": "freight", "password": "secret-freight"}},
    "prepare": ("python", "-m", "system.console", "migrate", "--partners", PARTNERS_FILE),
    "prepare_environ": {"DATABASE_URL": "mysql+pymysql://freight:secret-freight@${self}/freight"},
    "prepare_inputs": ("system/storage/*.py", "system/console.py", PARTNERS_FILE),
    "replication": "async",
}

_CONTROLLED = ("database-primary", "database-replica")

_MANAGED = {
    "databases": [
        {
            "name": name,
            "address": f"${{{name}}}",
            "pid_file": f"${{{name}.pid_file}}",
            "fence_file": f"${{{name}.fence_file}}",
            "user": f"${{{name}.controller_user}}",
            "password": f"${{{name}.controller_password}}",
        }
        for name in _CONTROLLED
    ],
    "endpoint_port": "${self.endpoint.port}",
    "can_kill": "${run.one_machine}",
}


def _database_url(source: str) -> dict[str, str]:
    return {"DATABASE_URL": f"mysql+pymysql://freight:secret-freight@${{{source}->database}}/freight"}


def _motion(source: str) -> dict[str, str]:
    return {"MOTION_BASE_URL": f"http://${{{source}->motion}}", "MOTION_API_KEY": MOTION_KEY}


def _webhooks(source: str) -> dict[str, str]:
    inbox = f"http://${{{source}->inbox}}"
    return {"ALERT_WEBHOOK_URL": f"{inbox}/alerts", "NOTICE_WEBHOOK_URL": f"{inbox}/notices"}


def _python(
    name: str,
    module: str,
    *,
    ready: str,
    environ: dict[str, str],
    ports: tuple[str, ...] = ("main",),
    after: tuple[str, ...] = (),
) -> Service:
    return Service(
        name=name,
        kind="python",
        options={"module": module},
        environ=environ,
        ports=ports,
        ready=ready,
        after=after,
    )


_SERVERS = (
    Service(name="database-primary", kind="mariadb", options={**_DATABASE, "role": "primary"}),
    Service(
        name="database-replica", kind="mariadb", options={**_DATABASE, "role": "replica", "of": "${replica->primary}"}
    ),
    Service(name="redis", kind="redis"),
    Service(name="inbox", kind="inbox"),
)

_WORLD = (
    _python(
        "managed-database",
        "scenarios.world.managed_database",
        ready="/readyz",
        environ={"CONFIG": json.dumps(_MANAGED)},
        ports=("main", "endpoint"),
        after=_CONTROLLED,
    ),
    _python("llm", "scenarios.world.llm", ready="/healthz", environ={"LLM_API_KEY": LLM_KEY}),
    _python("motion", "scenarios.world.motion", ready="/healthz", environ={"MOTION_API_KEY": MOTION_KEY}),
)

_SYSTEM = (
    _python(
        "ingest",
        "system.ingest",
        ready="/readyz",
        environ={**_database_url("ingest"), "REDIS_URL": "redis://${ingest->redis}/0"},
        after=("managed-database",),
    ),
    _python(
        "resolver",
        "system.resolver",
        ready="/readyz",
        environ={
            **_database_url("resolver"),
            "LLM_BASE_URL": "http://${resolver->llm}/v1",
            "LLM_API_KEY": LLM_KEY,
        },
        after=("managed-database",),
    ),
    _python(
        "agents",
        "system.agents",
        ready="/readyz",
        environ={**_database_url("agents"), **_motion("agents")},
        after=("managed-database",),
    ),
    _python(
        "monitor",
        "system.monitor",
        ready="/readyz",
        environ={**_database_url("monitor"), **_webhooks("monitor"), "REDIS_URL": "redis://${monitor->redis}/0"},
        after=("managed-database",),
    ),
    Service(
        name="operator",
        kind="operator",
        ports=(),
        environ={
            **_database_url("operator"),
            "REDIS_URL": "redis://${operator->redis}/0",
            **_motion("operator"),
            **_webhooks("operator"),
        },
    ),
)


def _to_database(source: str) -> Link:
    return Link(
        name=f"{source}->database", source=source, target="managed-database", port="endpoint", speaks="server_first"
    )


def _link(source: str, target: str) -> Link:
    return Link(name=f"{source}->{target}", source=source, target=target)


def _to_redis(source: str) -> Link:
    return Link(name=f"{source}->redis", source=source, target="redis", speaks="redis")


_LINKS = (
    _link("partners", "ingest"),
    _link("faulty-partner", "ingest"),
    *(_to_database(source) for source in ("ingest", "resolver", "agents", "monitor", "operator")),
    *(_to_redis(source) for source in ("ingest", "monitor", "operator")),
    _link("resolver", "llm"),
    *(_link(source, "motion") for source in ("agents", "operator")),
    *(_link(source, "inbox") for source in ("monitor", "operator")),
    Link(name="replica->primary", source="database-replica", target="database-primary", speaks="server_first"),
)

_PRELOAD = (
    # What libraries import only when they are first used would be imported by each process for itself.
    "anyio._backends._asyncio",
    "certifi",
    "encodings.idna",
    "harness.services.inbox",
    "httpcore",
    "importlib.resources.readers",
    "prometheus_client",
    "pymysql",
    "redis.asyncio",
    "sqlalchemy.dialects.mysql.pymysql",
    "uvicorn.lifespan.on",
    "uvicorn.loops.auto",
    "uvicorn.protocols.http.auto",
    "uvicorn.protocols.websockets.auto",
    "scenarios.world.llm",
    "scenarios.world.managed_database",
    "scenarios.world.motion",
    "system.ingest.__main__",
    "system.resolver.__main__",
    "system.agents.__main__",
    "system.monitor.__main__",
    "system.console",
)

TOPOLOGY = Topology(name="freight", services=(*_SERVERS, *_WORLD, *_SYSTEM), links=_LINKS, preload=_PRELOAD)
