"""The kinds of services, one file each. `KINDS` is the whole list; nothing registers itself."""

from harness.services.base import ServiceFault, ServiceKind
from harness.services.inbox import Inbox
from harness.services.mariadb import MariaDB
from harness.services.operator import OperatorConsole
from harness.services.python import PythonProgram
from harness.services.redis import Redis

KINDS: tuple[ServiceKind, ...] = (Inbox(), MariaDB(), OperatorConsole(), PythonProgram(), Redis())


def kind_called(name: str) -> ServiceKind:
    """The kind of that name; raises ServiceFault naming those there are."""
    for kind in KINDS:
        if kind.name == name:
            return kind
    raise ServiceFault(f"no kind of service is called {name!r}; there are {', '.join(kind.name for kind in KINDS)}")
