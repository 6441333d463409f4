"""Searching a text: whatever is sensitive is handed over, however it is wrapped, and nothing else changes."""

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traces.pseudonyms import Sort
from harness.traces.redaction_rules import RedactionRules
from harness.traces.searching import DEPTH_MAX, Search, Unredactable
from tests.harness.traces.documents import DOCUMENTS

RULES = RedactionRules(fields={"contact.name": "person"})
EMAIL = "jane.doe@acme.com"


def searched(text: str, rules: RedactionRules = RULES) -> tuple[str, list[tuple[Sort, str]]]:
    found: list[tuple[Sort, str]] = []

    def replace(sort: Sort, value: str) -> str:
        found.append((sort, value))
        return "".join("9" if letter.isdigit() else "x" if letter.isalpha() else letter for letter in value)

    return Search(rules, replace).text(text), found


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ('{"password":"hunter2", "n": 1.50}', '{"password":"xxxxxx9", "n": 1.50}'),
        ('{"a": {"contact": [{"name": "Jane"}]}}', '{"a": {"contact": [{"name": "xxxx"}]}}'),
        ('{"name": "intent", "phone": 5550100}', '{"name": "intent", "phone": 9999999}'),
        ('{"phone": 5550100', '{"phone": 9999999'),
        ('{"contact": {"name": "Jane D', '{"contact": {"name": "xxxx x'),
        ('[{"token": "a\\u00e9b"}, 1e400]', '[{"token": "xxx"}, 1e400]'),
        ('{"a": "{\\"token\\": \\"b\\"}"}', '{"a": "{\\"token\\": \\"x\\"}"}'),
        ('log: {"token": "abc"} done', 'log: {"token": "xxx"} done'),
        ("user=jane&password=hunter2&n=1", "user=jane&password=xxxxxx9&n=1"),
        ("mail=jane.doe%40acme.com&n=a+b", "mail=xxxx.xxx%40xxxx.xxx&n=a+b"),
        ("see https://jane:pw@x.invalid/a?token=abc&q=1#f", "see https://xxxx:xx@x.invalid/a?token=xxx&q=1#f"),
        ("https://x.invalid/hooks/Ab3dEf6hIj9lMn2pQr5t", "https://x.invalid/hooks/Xx9xXx9xXx9xXx9xXx9x".lower()),
        ("https://x.invalid/?key=abc&sort=key", "https://x.invalid/?key=xxx&sort=key"),
        ("mysql://root:pw@db/name", "mysql://xxxx:xx@db/name"),
        (f"write to {EMAIL}!", "write to xxxx.xxx@xxxx.xxx!"),
        (
            '{"jane.doe@acme.com": true, "b": "call 312-867-5309"}',
            '{"xxxx.xxx@xxxx.xxx": true, "b": "call 999-999-9999"}',
        ),
    ],
)
def test_what_is_sensitive_is_handed_over_and_the_rest_stays(text: str, changed: str) -> None:
    assert searched(text)[0] == changed


@given(DOCUMENTS, st.sampled_from([None, 1]))
def test_what_holds_nothing_stays_to_the_last_space(document: Any, indent: int | None) -> None:
    text = json.dumps({"rows": document, "at": "2026-02-04T08:00:00", "id": "a1a48a27c11009887cdbd1e5"}, indent=indent)
    for one in (
        text,
        f"<signal>\n{text}\n</signal>",
        f"a=1&b={quote_plus(text)}",
        base64.b64encode(text.encode()).decode(),
    ):
        assert searched(one) == (one, [])
    assert searched(f"http://x.invalid/a%2Fb?reference=T1%3AS+1&q={quote(text)}#x")[1] == []


WRAP: dict[str, Callable[[str], str]] = {
    "json": lambda text: json.dumps({"inner": text}),
    "json in text": lambda text: f"body was {json.dumps({'inner': text})}!",
    "form": lambda text: f"a=1&inner={quote_plus(text)}",
    "query": lambda text: f"http://x.invalid/?inner={quote(text, safe='')}",
    "percent": lambda text: quote(text, safe=""),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "gzip": lambda text: f"<{base64.b64encode(gzip.compress(text.encode())).decode()}>",
    "hex": lambda text: text.encode().hex(),
}


@given(
    st.lists(st.sampled_from(sorted(WRAP)), max_size=DEPTH_MAX - 4),
    st.sampled_from([EMAIL, "+1 312 867 5309", "Bearer abcDEF123456"]),
)
def test_it_is_found_however_it_is_wrapped(wrappings: list[str], value: str) -> None:
    text = f"the value is {value} here"
    for name in wrappings:
        text = WRAP[name](text)
    changed, found = searched(text)
    assert found, "by itself, or as part of something that is taken for a key as a whole"
    assert changed != text
    assert not any(value.endswith(one) for _, one in searched(changed)[1]), "and afterwards it is not there"


def test_what_is_wrapped_too_often_is_refused() -> None:
    text = f"write to {EMAIL}"
    for _ in range(DEPTH_MAX + 2):
        text = base64.b64encode(text.encode()).decode()
    with pytest.raises(Unredactable, match=f"more than {DEPTH_MAX} times"):
        searched(text)


def test_plain_data_is_searched_like_its_text() -> None:
    document = {"stops": [{"phone": "312-867-5309"}], "phone": 5550100, "token": None, "ok": True, "rate": 1.5}
    search = Search(RULES, lambda sort, value: "x" * len(value) if not value.isdigit() else "9" * len(value))
    assert search.document(document) == {
        "stops": [{"phone": "xxxxxxxxxxxx"}],
        "phone": 9999999,
        "token": None,
        "ok": True,
        "rate": 1.5,
    }


def test_thousands_of_values_in_one_text() -> None:
    text = "; ".join(f"user{number}@acme.com" for number in range(5_000))
    changed, found = searched(text)
    assert len(found) == 5_000
    assert "user" not in changed


@given(st.text(max_size=60))
def test_any_text_can_be_searched(text: str) -> None:
    for one in (text, f'{{"a": "{text}', f"http://x/{text}", f"ISA*{text}", f'[{{"token": {text}'):
        changed, found = searched(one)
        assert found or changed == one
