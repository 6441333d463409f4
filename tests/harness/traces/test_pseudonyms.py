"""Pseudonyms: the same for the same value, of the same shape, never the value, never anybody else's."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.traces.pseudonyms import Pseudonyms, Sort

MADE = Pseudonyms(b"a key that is long enough")
OTHER = Pseudonyms(b"another key, long enough too")
SORTS: st.SearchStrategy[Sort] = st.sampled_from(["secret", "email", "phone", "person", "name"])
NAMES = st.from_regex(r"[A-Z][A-Z' .-]{2,20}[A-Z]", fullmatch=True)
PHONES = st.from_regex(r"(\+1[-. ])?\(?[2-9][0-9]{2}\)?[-. ][0-9]{3}[-. ]?[0-9]{4}", fullmatch=True)
EMAILS = st.from_regex(r"[a-z][a-z.]{0,10}[a-z]@[a-z]{1,10}\.(com|org|de)", fullmatch=True)


@given(SORTS, st.text(max_size=40))
def test_the_shape_stays(sort: Sort, value: str) -> None:
    made = MADE.of(sort, value)
    assert made == MADE.of(sort, value)
    assert len(made) == len(value)
    if sort != "email" or "@" not in value:  # of an address only the length stays, and that it is one
        for before, after in zip(value, made, strict=True):
            assert before.isdigit() == after.isdigit()
            assert before.isalpha() == after.isalpha()
            if not before.isalnum():
                assert before == after
            if before.isascii():
                assert before.isupper() == after.isupper()


@given(SORTS, st.from_regex(r"[A-Za-z0-9]{3,30}", fullmatch=True))
def test_it_is_another_value_and_another_one_under_another_key(sort: Sort, value: str) -> None:
    assert MADE.of(sort, value).lower() != value.lower()
    if len(value) > 6:
        assert MADE.of(sort, value) != OTHER.of(sort, value)


@given(NAMES, NAMES)
def test_names_are_known_again_by_their_words(one: str, two: str) -> None:
    both = MADE.of("person", f"{one} {two}")
    assert both == f"{MADE.of('person', one)} {MADE.of('name', two)}"
    assert MADE.of("person", one.lower()) == MADE.of("person", one).lower()


@given(PHONES)
def test_a_phone_is_the_same_however_it_is_written_and_rings_nowhere(phone: str) -> None:
    digits = re.sub(r"\D", "", phone)[-10:]
    made = MADE.of("phone", phone)
    bare = re.sub(r"\D", "", made)[-10:]
    assert bare == MADE.of("phone", digits) == MADE.of("phone", f"+1{digits}")[2:]
    assert bare != digits
    assert re.fullmatch(r"[2-9]\d{2}555\d{4}", bare)
    assert made.startswith("+1") == phone.startswith("+1")


@given(EMAILS)
def test_an_address_stays_one_and_nobody_is_there(email: str) -> None:
    made = MADE.of("email", email)
    assert re.fullmatch(r"[a-z.]+@[a-z]+\.(test|zz)", made)
    assert made == MADE.of("email", email.upper()).lower()


def test_values_that_differ_stay_apart() -> None:
    for sort, values in {
        "phone": [f"312867{number:04}" for number in range(300)],
        "email": [f"user{number}@acme.com" for number in range(300)],
        "secret": [f"key-{number:06}-abcdef" for number in range(300)],
    }.items():
        assert len({MADE.of(sort, value) for value in values}) == 300  # type: ignore[arg-type]


def test_no_pseudonym_is_a_word() -> None:
    assert not set("aeiouy") & set(MADE.of("name", "THE QUICK BROWN FOX JUMPS OVER EVERY LAZY DOG").lower())


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 16 bytes, seen 5"):
        Pseudonyms(b"short")
