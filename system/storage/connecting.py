"""How the engine connects where its URL says nothing of encryption: encrypted if the server offers it, and quick.

So PyMySQL does too, and verifies nothing either, but it loads all certificates of the machine for each connection (25
ms). MySQL takes a password over an encrypted connection alone, or under a key of its own that Python cannot use without
another package. Whoever wants the server verified says so in the URL: `?ssl_ca=...`.
"""

import ssl
from functools import cache
from typing import TYPE_CHECKING, Any

import pymysql.connections
from pymysql.cursors import Cursor

if TYPE_CHECKING:
    AnyConnection = pymysql.connections.Connection[Cursor]
else:
    AnyConnection = pymysql.connections.Connection


@cache
def unverified() -> ssl.SSLContext:
    """One for the whole process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class PreferringTls(AnyConnection):
    """PyMySQL's own in all else."""

    def _create_ssl_ctx(self, _: object) -> ssl.SSLContext:
        return unverified()


def connect_preferring_tls(_dialect: object, _record: object, arguments: Any, named: Any) -> PreferringTls:
    """What SQLAlchemy calls to make a connection."""
    return PreferringTls(*arguments, **named)
