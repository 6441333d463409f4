"""Connections to a MySQL or MariaDB server, encrypted where the server offers it, and quick to make.

MySQL takes a password over an encrypted connection, or under a key of its own that Python cannot use without another
package; MariaDB takes it as it is, and offers no encryption unless it was given a certificate. PyMySQL prefers
encryption too, but loads all certificates of the machine for each connection, which takes 25 ms. Servers of a run stand
on loopback, with certificates that they made themselves: there is nothing to verify them by, so nothing is loaded.
"""

import ssl
from functools import cache
from typing import TYPE_CHECKING, Any

import pymysql.connections
from pymysql.cursors import DictCursor

if TYPE_CHECKING:
    AnyConnection = pymysql.connections.Connection[DictCursor]
else:
    AnyConnection = pymysql.connections.Connection


@cache
def unverified() -> ssl.SSLContext:
    """One for the whole process."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Connection(AnyConnection):
    """PyMySQL's own in all else. Rows come as dictionaries."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(cursorclass=DictCursor, **arguments)

    def _create_ssl_ctx(self, _: object) -> ssl.SSLContext:
        return unverified()
