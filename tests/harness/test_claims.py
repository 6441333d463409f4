"""The claims file: what is in it is what is meant, and anything else is one clear message."""

from dataclasses import replace
from pathlib import Path

import pytest

from harness.claims import Claims, ClaimsError
from harness.config import Config

GOOD = """
[sections]
4 = "Shop closes"
11 = "Till jams"

[claims]
"4.10" = "The tenth"
"4.2" = { text = "All are guarded", tests = ["tests/test_guard.py", "tests/test_guard.py::test_all"] }
"11.1" = "A jammed till is said"

[hazards.H10]
harm = "The door stays open"
recovery = "Somebody closes it"

[hazards.H2]
harm = "The till is emptied twice"
recovery = "It is counted first"
tests = ["tests/test_guard.py::TestTill::test_count"]
"""
TESTS = """
async def test_all(): ...

class TestTill:
    def test_count(self): ...
"""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests" / "test_guard.py").write_text(TESTS)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.harness]\ntopology = "shop:T"\nscenarios = "drills"\nclaims = "claims.toml"\n'
    )
    (tmp_path / "claims.toml").write_text(GOOD)
    return Config.load(tmp_path)


def test_what_is_stated_is_read_in_the_order_of_the_ids(config: Config) -> None:
    claims = Claims.of(config)
    assert claims.sections == {"4": "Shop closes", "11": "Till jams"}
    assert list(claims.claims) == ["4.2", "4.10", "11.1"]
    assert list(claims.hazards) == ["H2", "H10"]
    assert claims.claims["4.10"].text == "The tenth"
    assert claims.claims["4.10"].tests == ()
    assert claims.claims["11.1"].section == "11"
    assert claims.claims["4.2"].tests == ("tests/test_guard.py", "tests/test_guard.py::test_all")
    assert claims.hazards["H2"].tests == ("tests/test_guard.py::TestTill::test_count",)


def test_a_project_that_states_nothing_has_none(config: Config) -> None:
    assert Claims.of(replace(config, claims=None)) == Claims()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[claims]", "[promises]", "the file knows no promises; it has claims, hazards, sections"),
        ("[claims]", "[claims", "is not TOML"),
        ('"4.10"', '"4.10.1"', "'4.10.1' is not a claim's id, such as 4.1"),
        ('"4.10"', '"5.1"', "claim 5.1 is of section 5, which [sections] does not name"),
        ('"The tenth"', '""', "claim 4.10 has to be text, saw ''"),
        ('"The tenth"', "10", "claim 4.10 has to be text, saw 10"),
        ('"The tenth"', '{ words = "The tenth" }', "claim 4.10 knows no words; it has tests, text"),
        ('"The tenth"', '{ tests = ["tests/test_guard.py"] }', "claim 4.10 has to be text, saw None"),
        ('"The tenth"', '{ text = "x", tests = "y" }', "tests of claim 4.10 have to be a list such as"),
        ("test_guard.py::test_all", "test_gone.py", "claim 4.2 is held by tests/test_gone.py, and there is no file"),
        ("test_guard.py::test_all", "test_guard.py::test_no", "tests/test_guard.py has no such test"),
        ("test_guard.py::test_all", "../../etc/passwd", "and there is no file tests/../../etc/passwd"),
        ("hazards.H10", "hazards.X10", "'X10' is not a hazard's id, such as H1"),
        ('harm = "The door stays open"', "", "harm of hazard H10 has to be text, saw None"),
        ("Somebody closes it", "  ", "recovery of hazard H10 has to be text, saw '  '"),
        ('4 = "Shop closes"', 'four = "Shop closes"', "'four' is not a section's number, such as 4"),
        ('[sections]\n4 = "Shop closes"\n11 = "Till jams"', "sections = 3", "[sections] has to be a table, saw 3"),
    ],
)
def test_anything_else_is_refused_with_its_place(config: Config, old: str, new: str, said: str) -> None:
    assert config.claims is not None
    assert old in GOOD
    config.claims.write_text(GOOD.replace(old, new))
    with pytest.raises(ClaimsError) as caught:
        Claims.of(config)
    assert said in str(caught.value)
    assert str(config.claims) in str(caught.value)


def test_a_file_that_is_not_there_or_not_text_is_said(config: Config) -> None:
    assert config.claims is not None
    with pytest.raises(ClaimsError, match="cannot be read"):
        Claims.of(replace(config, claims=config.project / "gone.toml"))
    config.claims.write_bytes(b"\xff\xfe")
    with pytest.raises(ClaimsError, match="is not TOML"):
        Claims.of(config)
    config.claims.write_text(f"# {'x' * 1_000_001}")
    with pytest.raises(ClaimsError, match="is larger than"):
        Claims.of(config)
