"""`host:port` as clients write it, and the sockets that listen there."""

import asyncio
import ipaddress
import os
import socket

from harness.proxy.errors import ApiError, bad_request

LOOPBACK = "127.0.0.1"
ANY_PORT = f"{LOOPBACK}:0"
MAX_PORT = 65535
BACKLOG = 1024
EVERY_ADDRESS = "::"


def address(text: str, field: str) -> tuple[str, int]:
    """Host and port of `host:port`, `[v6]:port` or `:port`; an absent host is loopback. Raises ApiError (400)."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > MAX_PORT:
        raise bad_request(f"{field} must be host:port, not {text!r}")
    if ":" in host and not bracketed:
        raise bad_request(f"{field} must have an IPv6 host in brackets, as [::1]:80, not {text!r}")
    return (host[1:-1] if bracketed else host) or LOOPBACK, int(port)


def written(host: str, port: int) -> str:
    """As `address` reads it."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


async def resolved(listen: str) -> str:
    """The same address without names; raises ApiError: 400 for what is none, 500 for a name that is not known."""
    host, port = address(listen, "listen")
    if _is_numeric(host):
        return written(host, port)
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError) as error:
        raise ApiError(f"listen tcp: lookup {host}: {why(error)}", 500) from error
    return written(str(found[0][4][0]), port)


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


async def listener(listen: str) -> socket.socket:
    """A socket that listens there; raises ApiError (500)."""
    host, port = address(await resolved(listen), "listen")
    try:
        return bound(host, port)
    except OSError as error:
        raise ApiError(f"listen tcp {listen}: bind: {why(error)}", 500) from error


def bound(host: str, port: int) -> socket.socket:
    """A socket that listens at a numeric address; raises OSError. `::` is every address of both versions of IP."""
    # The protocol is named because asyncio turns Nagle's algorithm off only where it is: with it, an answer in two
    # pieces takes 40 ms.
    made = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if made.family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, host != EVERY_ADDRESS)
        made.bind((host, port))
        made.listen(BACKLOG)
    except BaseException:
        made.close()
        raise
    return made


def why(error: OSError | ValueError) -> str:
    """In the words of the system, as Toxiproxy says them too: `address already in use`."""
    if isinstance(error, OSError) and error.errno and not isinstance(error, socket.gaierror):
        return os.strerror(error.errno).lower()
    return str(getattr(error, "strerror", None) or error)
