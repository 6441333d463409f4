"""Rules: what a header or a field is called says what it holds, however that is spelled."""

import pytest

from harness.traces.redaction_rules import RedactionRules

RULES = RedactionRules(headers=frozenset({"X-Trace"}), fields={"stops[*].name": "name", "driver.name": "person"})


@pytest.mark.parametrize(
    ("path", "sort"),
    [
        (("password",), "secret"),
        (("a", "API-Key"), "secret"),
        (("x_access_token",), "secret"),
        (("Authorization",), "secret"),
        (("Set-Cookie",), "secret"),
        (("credentials", "user"), "secret"),
        (("prompt_tokens",), None),
        (("total_tokens",), None),
        (("token_type",), None),
        (("phones", "[*]"), "phone"),
        (("contact", "E-Mail"), "email"),
        (("properties", "email", "type"), None),
        (("day", "stops", "[*]", "name"), "name"),
        (("stops", "[*]", "place", "name"), None),
        (("name",), None),
        (("driver", "NAME"), "person"),
        ((), None),
        (("[*]",), None),
    ],
)
def test_a_name_says_what_it_holds(path: tuple[str, ...], sort: str | None) -> None:
    assert RULES.sort_of(path) == sort


def test_headers_are_kept_by_name_alone() -> None:
    for name in ("Content-Type", "IDEMPOTENCY-KEY", "x-trace", "retry-after"):
        assert RULES.keeps_header(name)
    for name in ("authorization", "Cookie", "X-Anything", "x-trace-2", "Set-Cookie", "X-Forwarded-For"):
        assert not RULES.keeps_header(name)
