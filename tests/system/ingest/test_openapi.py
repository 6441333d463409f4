"""The OpenAPI document says what the app does: its routes, its statuses, the shapes of its answers."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from starlette.routing import Route

from system.ingest.openapi import document
from system.settings import Settings

METHODS = {"get", "post", "put", "patch", "delete"}


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from nodes(inner)


def resolve(reference: str) -> dict[str, Any]:
    found: Any = document()
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    assert isinstance(found, dict)
    return found


def check(value: Any, schema: dict[str, Any], path: str = "$") -> None:
    """Holds `value` against the part of JSON Schema that the document uses."""
    if "$ref" in schema:
        check(value, resolve(schema["$ref"]), path)
        return
    if "enum" in schema:
        assert value in schema["enum"], path
    if "const" in schema:
        assert value == schema["const"], path
    kinds = schema.get("type", [])
    if kinds:
        python: dict[str, type] = {"string": str, "integer": int, "object": dict, "array": list, "boolean": bool}
        allowed = tuple(python.get(kind, type(None)) for kind in ([kinds] if isinstance(kinds, str) else kinds))
        assert isinstance(value, allowed) or (kinds != "boolean" and "number" in kinds), path
    if isinstance(value, dict):
        assert set(schema.get("required", [])) <= set(value), path
        for name, inner in value.items():
            known = schema.get("properties", {}).get(name)
            further = schema.get("additionalProperties", {})
            assert known is not None or further is not False, f"{path}.{name}"
            check(inner, known if known is not None else (further or {}), f"{path}.{name}")
    if isinstance(value, list):
        for index, inner in enumerate(value):
            check(inner, schema.get("items", {}), f"{path}[{index}]")


def schema_of(path: str, method: str, status: int, media: str = "application/json") -> dict[str, Any]:
    schema = document()["paths"][path][method]["responses"][str(status)]["content"][media]["schema"]
    assert isinstance(schema, dict)
    return schema


def test_it_is_served(running: Any) -> None:
    served = running.get("/openapi.json").json()
    assert served == json.loads(json.dumps(document()))
    assert served["openapi"].startswith("3.1.")


def test_every_route_is_described_and_nothing_else(running: Any) -> None:
    routes = {
        (route.path, method.lower(), route.name)
        for route in running.app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    described = {
        (path, method, operation["operationId"])
        for path, operations in document()["paths"].items()
        for method, operation in operations.items()
    }
    assert described == routes


def test_its_own_form_is_right() -> None:
    whole = document()
    assert {"openapi", "info", "paths", "components"} == set(whole)
    for node in nodes(whole):
        if "$ref" in node:
            assert resolve(node["$ref"])
    for path, operations in whole["paths"].items():
        named = set(re.findall(r"\{(\w+)\}", path))
        for method, operation in operations.items():
            assert method in METHODS
            parameters = operation.get("parameters", [])
            assert {one["name"] for one in parameters if one["in"] == "path"} == named
            assert operation["responses"]
            assert all(re.fullmatch(r"\d{3}", status) for status in operation["responses"])
            assert all(answer["description"] for answer in operation["responses"].values())
            for requirement in operation.get("security", []):
                assert set(requirement) <= set(whole["components"]["securitySchemes"])


def test_answers_have_the_shapes_it_says(running: Any, write: Any) -> None:
    accepted = running.send(write("SHP1", "SHP2"))
    intent_id = accepted.json()["results"][0]["intent_id"]
    x12 = {"Accept": "application/edi-x12"}
    answers = [
        ("/signals", "post", accepted),
        ("/signals", "post", running.send(write("SHP1"))),
        ("/signals", "post", running.send(write("SHP1"), x12)),
        ("/signals", "post", running.send(write("SHP1").replace("SHP1", ""))),
        ("/signals", "post", running.send(write("SHP1").replace("SHP1", ""), x12)),
        ("/signals", "post", running.send(b"{}", {"Content-Type": "application/json"})),
        ("/signals", "post", running.send(write(), {"Authorization": "Bearer x"})),
        ("/signals", "post", running.send(write(), {"Content-Type": "text/plain"})),
        ("/signals", "post", running.send(b"x" * (Settings().max_body_bytes + 1))),
        ("/intents/{intent_id}", "get", running.get(f"/intents/{intent_id}")),
        ("/intents/{intent_id}", "get", running.get("/intents/none")),
        ("/intents/{intent_id}", "get", running.get("/intents/none", {"X-Partner": "x"})),
        ("/healthz", "get", running.get("/healthz")),
        ("/readyz", "get", running.get("/readyz")),
    ]
    for path, method, answer in answers:
        media = answer.headers["content-type"].partition(";")[0]
        schema = schema_of(path, method, answer.status_code, media)
        check(answer.text if media != "application/json" else answer.json(), schema, f"{path} {answer.status_code}")
    assert {answer.status_code for _, _, answer in answers} == {200, 202, 400, 401, 404, 413, 415}


@pytest.mark.parametrize(("status", "missing"), [(202, "results"), (400, "errors")])
def test_the_check_itself_can_fail(status: int, missing: str) -> None:
    with pytest.raises(AssertionError):
        check({"error": "malformed", missing: 5}, schema_of("/signals", "post", status))
