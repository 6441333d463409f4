"""What is sensitive by its form, what is known by value, and what only looks like it."""

import pytest

from harness.traces.pseudonyms import Sort
from harness.traces.redaction_rules import Sensitive
from harness.traces.sensitive import Known, by_form, person_words


def seen(text: str) -> list[str]:
    return [f"{one.sort} {text[one.start : one.end]}" for one in by_form(text)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("call 312-867-5309.", "phone 312-867-5309"),
        ("(312) 867-5309", "phone (312) 867-5309"),
        ("tel +1-555-0100", "phone +1-555-0100"),
        ("+49 30 1234567", "phone +49 30 1234567"),
        ("ring 867-5309 now", "phone 867-5309"),
        ("to jane.doe+x@mail.acme.co.uk, please", "email jane.doe+x@mail.acme.co.uk"),
        ("<jane@acme.com>", "email jane@acme.com"),
        ("Authorization: Bearer abc.def-123", "secret Bearer abc.def-123"),
        ("cookie: session=abc; theme=dark", "secret session=abc; theme=dark"),
        ("sent with bearer abcDEF12345", "secret abcDEF12345"),
        ('{"api_key": "hunter2hunter2', "secret hunter2hunter2"),
        ("password=hunter2&x=1", "secret hunter2"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_", "secret eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_"),
        ("key sk-proj-abcdefghijklmnop1234 here", "secret sk-proj-abcdefghijklmnop1234"),
        ("AKIAABCDEFGHIJKLMNOP", "secret AKIAABCDEFGHIJKLMNOP"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----", "secret \nMIIB\n"),
    ],
)
def test_what_is_found(text: str, found: str) -> None:
    assert found in seen(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-02-04T08:00:00-05:00",
        "95206-1234",
        "000000021",
        "1767225600",
        "7475c2b4-1234-4321-8abc-0123456789ab",
        "118.2437",
        "20260204*0800",
        "total_tokens: 467",
        "basic authentication is off",
        "weight 42,000 lb, rate 1850.50",
        "a@b",
        "10.0.0.1:8080",
        "PO-123-45678",
        "/loads/555-0100-7",
        "@@@ @ a@ @b.com",
    ],
)
def test_what_only_looks_like_it_is_left_alone(text: str) -> None:
    assert seen(text) == []


def test_a_long_run_of_letters_is_gone_through_once() -> None:
    """A pattern that starts over at each letter would take hours for these."""
    for text in (
        "a" * 300_000 + "1",
        "1" * 300_000,
        "a." * 150_000 + "@",
        "token" * 60_000,
        "@" * 30_000,
        "+1" * 90_000,
    ):
        seen(text)
        list(Known([("person", "JANE DOE"), ("phone", "312-867-5309")]).find(text))


VALUES: list[tuple[Sort, str]] = [
    ("person", "Jane Doe"),
    ("name", "SUMMIT"),
    ("name", "SUMMIT FOODS"),
    ("secret", "-xyz.123456"),
    ("secret", "short"),
    ("name", "TL"),
    ("phone", "312-867-5309"),
    ("phone", "8675309"),
]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("ask JANE DOE, or jane doe", ["JANE DOE", "jane doe"]),
        ("SUMMIT FOODS and SUMMIT", ["SUMMIT FOODS", "SUMMIT"]),
        ("the summit; SUMMITS; xSUMMIT; JANE DOES", []),
        ("key -xyz.123456, key2 a-xyz.1234567", ["-xyz.123456"]),
        ("a short TL", []),
        ("1 (312) 867.5309 and 3128675309 and +13128675309", ["1 (312) 867.5309", "3128675309", "13128675309"]),
        ("867 5309 or 8675309x or 18675309", ["867 5309"]),
    ],
)
def test_known_values_are_found_as_whole_words(text: str, found: list[str]) -> None:
    seen: list[Sensitive] = []
    for one in Known(VALUES).find(text):  # the first of several that overlap counts
        if all(one.end <= other.start or other.end <= one.start for other in seen):
            seen.append(one)
    assert [text[one.start : one.end] for one in sorted(seen)] == found


def test_of_a_persons_name_the_words_that_are_long_enough() -> None:
    assert list(person_words("DR. JO ANNE O'BRIEN-SMITH 3RD")) == ["ANNE", "BRIEN", "SMITH"]
