"""Reads what clients send: JSON bodies into checked values. A wrong field is answered with its name.

Fields of a proxy that are not known are ignored, as Toxiproxy does (clients send back what they were shown). Those of
a toxic are not: a misspelt attribute would be a fault that does not bite.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.proxy.connection import DOWNSTREAM, STREAMS
from harness.proxy.errors import ApiError, bad_request, invalid_stream, invalid_toxic_type, missing_field
from harness.proxy.toxics import TOXIC_BY_KIND
from harness.proxy.toxics.base import BadAttribute, Toxic

LOOPBACK = "127.0.0.1"
ANY_PORT = f"{LOOPBACK}:0"
MAX_PORT = 65535
_TOXIC_FIELDS = ("name", "type", "stream", "toxicity", "attributes")
_NAMES_OF_TYPES = {str: "text", bool: "true or false", int: "a number", dict: "an object"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxySpec:
    """What a proxy is to be. Addresses are `host:port`."""

    name: str
    listen: str
    upstream: str
    enabled: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ToxicSpec:
    """A toxic as it was asked for: its name, its direction, the share of connections it gets, and what it does."""

    name: str
    stream: str
    toxicity: float
    toxic: Toxic

    def document(self) -> dict[str, Any]:
        """As the API shows it."""
        return {
            "attributes": self.toxic.attributes(),
            "name": self.name,
            "type": self.toxic.kind,
            "stream": self.stream,
            "toxicity": self.toxicity,
        }


def parsed(body: bytes) -> Any:
    """JSON; raises ApiError (400)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad_request(error) from error


def address(text: str, field: str) -> tuple[str, int]:
    """Host and port of `host:port`, `[v6]:port` or `:port`; an absent host is loopback. Raises ApiError (400)."""
    host, colon, port = text.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if not colon or not port.isascii() or not port.isdigit() or len(port) > 5 or int(port) > MAX_PORT:
        raise bad_request(f"{field} must be host:port, not {text!r}")
    if ":" in host and not bracketed:
        raise bad_request(f"{field} must have an IPv6 host in brackets, as [::1]:80, not {text!r}")
    return (host[1:-1] if bracketed else host) or LOOPBACK, int(port)


def new_proxy(document: Any, place: str = "") -> ProxySpec:
    """The body of a creation. `place` says which one of several it is."""
    fields = _object(document)
    name, upstream = (_field(fields, field, str, "") for field in ("name", "upstream"))
    for field, value in (("name", name), ("upstream", upstream)):
        if not value:
            raise missing_field(f"{field}{place}")
    return _checked(
        ProxySpec(
            name=name,
            listen=_field(fields, "listen", str, "") or ANY_PORT,
            upstream=upstream,
            enabled=_field(fields, "enabled", bool, True),
        )
    )


def changed_proxy(document: Any, now: ProxySpec) -> ProxySpec:
    """The body of an update: what it leaves out stays as it is, and the name always does."""
    fields = _object(document)
    return _checked(
        ProxySpec(
            name=now.name,
            listen=_field(fields, "listen", str, now.listen) or now.listen,
            upstream=_field(fields, "upstream", str, now.upstream) or now.upstream,
            enabled=_field(fields, "enabled", bool, now.enabled),
        )
    )


def many_proxies(document: Any) -> tuple[ProxySpec, ...]:
    """The body of `/populate`: all of it is checked before anything is made."""
    if not isinstance(document, list):
        raise bad_request(f"expected a list of proxies, not {type(document).__name__}")
    return tuple(new_proxy(one, f" at proxy {number}") for number, one in enumerate(document, start=1))


def new_toxic(document: Any) -> ToxicSpec:
    """The body of a toxic's creation; the stream is `downstream` and the name `type_stream` unless given."""
    fields = _toxic_fields(document)
    kind = _field(fields, "type", str, "")
    stream = _field(fields, "stream", str, DOWNSTREAM) or DOWNSTREAM
    if stream.lower() not in STREAMS:
        raise invalid_stream()
    if kind not in TOXIC_BY_KIND:
        raise invalid_toxic_type(kind, ", ".join(TOXIC_BY_KIND))
    return ToxicSpec(
        name=_field(fields, "name", str, "") or f"{kind}_{stream}",
        stream=stream.lower(),
        toxicity=_toxicity(fields, 1.0),
        toxic=_toxic(TOXIC_BY_KIND[kind], _field(fields, "attributes", dict, {})),
    )


def changed_toxic(document: Any, now: ToxicSpec) -> ToxicSpec:
    """The body of a toxic's update: attributes and toxicity can change, what it leaves out stays."""
    fields = _toxic_fields(document)
    attributes = {**now.toxic.attributes(), **_field(fields, "attributes", dict, {})}
    return ToxicSpec(
        name=now.name,
        stream=now.stream,
        toxicity=_toxicity(fields, now.toxicity),
        toxic=_toxic(type(now.toxic), attributes),
    )


def _toxic_fields(document: Any) -> Mapping[str, Any]:
    fields = _object(document)
    for name in fields:
        if name not in _TOXIC_FIELDS:
            raise bad_request(f"a toxic has no field {name!r}; it has {', '.join(_TOXIC_FIELDS)}")
    return fields


def _toxic(kind: type[Toxic], attributes: Mapping[str, Any]) -> Toxic:
    try:
        return kind.of(attributes)
    except BadAttribute as error:
        raise bad_request(error) from error


def _toxicity(fields: Mapping[str, Any], default: float) -> float:
    value = fields.get("toxicity")
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise bad_request(f"toxicity must be a number from 0 to 1, not {value!r}")
    return float(value)


def _checked(spec: ProxySpec) -> ProxySpec:
    if "/" in spec.name:
        raise bad_request(f"name must not hold '/', which no route could reach: {spec.name!r}")
    address(spec.listen, "listen")
    if address(spec.upstream, "upstream")[1] == 0:
        raise ApiError(f"bad request body: upstream needs a port other than 0: {spec.upstream!r}", 400)
    return spec


def _object(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise bad_request(f"expected an object, not {type(document).__name__}")
    return document


def _field(fields: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise bad_request(f"{name} must be {_NAMES_OF_TYPES[kind]}, not {value!r}")
    return value
