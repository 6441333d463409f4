"""Reads what clients send: JSON bodies into checked values. A wrong field is answered with its name.

Names of fields are read whatever their case, and null is a field left out, both as in Toxiproxy. Fields of a proxy that
are not known are ignored, as there too (clients send back what they were shown). Those of a toxic are not: a misspelt
attribute would be a fault that does not bite.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.proxy.addresses import ANY_PORT, address
from harness.proxy.errors import bad_request, invalid_stream, invalid_toxic_type, missing_field
from harness.proxy.specs import DOWNSTREAM, STREAMS, ProxySpec, ToxicSpec
from harness.proxy.toxics import TOXIC_BY_KIND
from harness.proxy.toxics.base import BadAttribute, Toxic

_TOXIC_FIELDS = ("name", "type", "stream", "toxicity", "attributes")
_NAMES_OF_TYPES = {str: "text", bool: "true or false", int: "a number", dict: "an object"}


def parsed(body: bytes) -> Any:
    """JSON; raises ApiError (400)."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise bad_request(error) from error


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
        replace(
            now,
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
    stream = _field(fields, "stream", str, DOWNSTREAM)
    if stream.lower() not in STREAMS:
        raise invalid_stream()
    if kind not in TOXIC_BY_KIND:
        raise invalid_toxic_type(kind, ", ".join(TOXIC_BY_KIND))
    return ToxicSpec(
        name=_reachable(_field(fields, "name", str, "") or f"{kind}_{stream}"),
        stream=stream.lower(),
        toxicity=_toxicity(fields, 1.0),
        toxic=_toxic(TOXIC_BY_KIND[kind], _attributes(fields)),
    )


def changed_toxic(document: Any, now: ToxicSpec) -> ToxicSpec:
    """The body of a toxic's update: attributes and toxicity can change, what it leaves out stays."""
    fields = _toxic_fields(document)
    attributes = {**now.toxic.attributes(), **_attributes(fields)}
    return replace(now, toxicity=_toxicity(fields, now.toxicity), toxic=_toxic(type(now.toxic), attributes))


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
    value = fields.get("toxicity", default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise bad_request(f"toxicity must be a number from 0 to 1, not {value!r}")
    return float(value)


def _reachable(name: str) -> str:
    if "/" in name:
        raise bad_request(f"name must not hold '/', which no route could reach: {name!r}")
    return name


def _checked(spec: ProxySpec) -> ProxySpec:
    _reachable(spec.name)
    address(spec.listen, "listen")
    if address(spec.upstream, "upstream")[1] == 0:
        raise bad_request(f"upstream needs a port other than 0: {spec.upstream!r}")
    return spec


def _object(document: Any) -> Mapping[str, Any]:
    if not isinstance(document, dict):
        raise bad_request(f"expected an object, not {type(document).__name__}")
    return _in_lower_case(document)


def _in_lower_case(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return {name.lower(): value for name, value in fields.items() if value is not None}


def _field(fields: Mapping[str, Any], name: str, kind: type, default: Any) -> Any:
    value = fields.get(name, default)
    if not isinstance(value, kind):
        raise bad_request(f"{name} must be {_NAMES_OF_TYPES[kind]}, not {value!r}")
    return value


def _attributes(fields: Mapping[str, Any]) -> Mapping[str, Any]:
    return _in_lower_case(_field(fields, "attributes", dict, {}))
