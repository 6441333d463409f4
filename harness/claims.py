"""What a project's playbook claims, and where following it does harm: the TOML file that `[tool.harness] claims` names.

    [sections]
    4 = "Database failover"

    [claims]
    "4.2" = "The replica is promoted and the endpoint moves to it with nobody's help"
    "5.5" = { text = "Every method is guarded", tests = ["tests/test_agents.py::test_all_are_guarded"] }

    [hazards.H11]
    harm = "The old primary comes back and takes writes"
    recovery = "It is fenced before the endpoint moves"
    tests = ["tests/test_fence.py"]

A scenario's parts carry claims by their ids. `tests` name what holds a statement about code, which no drill can see:
a file, or one test of it, that has to be there. Nothing here says whether a claim is true.
"""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from harness.config import Config, ConfigError

_SIZE_LIMIT_BYTES = 1_000_000
_TABLES = frozenset({"sections", "claims", "hazards"})


class ClaimsError(ConfigError):
    """The claims cannot be used: where, what was expected, what was seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StatedClaim:
    """One sentence of the playbook; `tests` are files, or `file::test`, relative to the project."""

    id: str
    text: str
    tests: tuple[str, ...] = ()

    @property
    def section(self) -> str:
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hazard:
    """Where the playbook, followed to the letter, does harm, and the recovery that avoids it."""

    id: str
    harm: str
    recovery: str
    tests: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """All that is stated, each by its id and in the order of the ids. A project that states nothing has none."""

    sections: Mapping[str, str] = field(default_factory=dict)
    claims: Mapping[str, StatedClaim] = field(default_factory=dict)
    hazards: Mapping[str, Hazard] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Config) -> Self:
        """What the configuration's file states; raises ClaimsError for anything in it that is not as above."""
        if config.claims is None:
            return cls()
        reader = _Reader(file=config.claims, project=config.project)
        document = reader.document()
        reader.knows(document, _TABLES, "the file")
        sections = reader.sections(reader.table(document, "sections"))
        return cls(
            sections=sections,
            claims=reader.claims(reader.table(document, "claims"), sections),
            hazards=reader.hazards(reader.table(document, "hazards")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads the tables of one file, and says in which part of it something is wrong."""

    file: Path
    project: Path

    def wrong(self, what: str) -> ClaimsError:
        return ClaimsError(f"{self.file}: {what}")

    def document(self) -> Mapping[str, Any]:
        try:
            if self.file.stat().st_size > _SIZE_LIMIT_BYTES:
                raise self.wrong(f"it is larger than {_SIZE_LIMIT_BYTES} bytes and is not read")
            return tomllib.loads(self.file.read_text(encoding="utf-8"))
        except OSError as error:
            raise self.wrong(f"cannot be read: {error}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise self.wrong(f"is not TOML: {error}") from error

    def table(self, document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
        found = document.get(name, {})
        if not isinstance(found, dict):
            raise self.wrong(f"[{name}] has to be a table, saw {found!r}")
        return found

    def knows(self, table: Mapping[str, Any], names: frozenset[str], of: str) -> None:
        if strangers := sorted(set(table) - names):
            raise self.wrong(f"{of} knows no {', '.join(strangers)}; it has {', '.join(sorted(names))}")

    def text(self, value: object, of: str) -> str:
        if not isinstance(value, str) or not value.strip():
            raise self.wrong(f"{of} has to be text, saw {value!r}")
        return value

    def sections(self, table: Mapping[str, Any]) -> dict[str, str]:
        return {
            number: self.text(table[number], f"section {number}")
            for number in self.in_order(table, r"\d+", "a section's number, such as 4")
        }

    def claims(self, table: Mapping[str, Any], sections: Mapping[str, str]) -> dict[str, StatedClaim]:
        found = {}
        for id_ in self.in_order(table, r"\d+\.\d+", "a claim's id, such as 4.1"):
            stated = table[id_] if isinstance(table[id_], dict) else {"text": table[id_]}
            self.knows(stated, frozenset({"text", "tests"}), f"claim {id_}")
            claim = StatedClaim(
                id=id_, text=self.text(stated.get("text"), f"claim {id_}"), tests=self.tests(stated, f"claim {id_}")
            )
            if claim.section not in sections:
                raise self.wrong(f"claim {id_} is of section {claim.section}, which [sections] does not name")
            found[id_] = claim
        return found

    def hazards(self, table: Mapping[str, Any]) -> dict[str, Hazard]:
        found = {}
        for id_ in self.in_order(table, r"H\d+", "a hazard's id, such as H1"):
            of, stated = f"hazard {id_}", self.table(table, id_)
            self.knows(stated, frozenset({"harm", "recovery", "tests"}), of)
            found[id_] = Hazard(
                id=id_,
                harm=self.text(stated.get("harm"), f"harm of {of}"),
                recovery=self.text(stated.get("recovery"), f"recovery of {of}"),
                tests=self.tests(stated, of),
            )
        return found

    def in_order(self, table: Mapping[str, Any], form: str, wanted: str) -> list[str]:
        """The ids of a table as a person counts: 4.10 comes after 4.9."""
        for id_ in table:
            if not re.fullmatch(form, id_, re.ASCII):
                raise self.wrong(f"{id_!r} is not {wanted}")
        return sorted(table, key=lambda id_: [int(number) for number in re.findall(r"\d+", id_)])

    def tests(self, stated: Mapping[str, Any], of: str) -> tuple[str, ...]:
        named = stated.get("tests", [])
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise self.wrong(f'tests of {of} have to be a list such as ["tests/test_it.py"], saw {named!r}')
        for one in named:
            self.is_there(one, of)
        return tuple(named)

    def is_there(self, named: str, of: str) -> None:
        """A test that was moved or renamed holds nothing any more, and nobody would notice."""
        path, _, test = named.partition("::")
        file = (self.project / path).resolve()
        if not file.is_relative_to(self.project) or not file.is_file():
            raise self.wrong(f"{of} is held by {named}, and there is no file {path} in {self.project}")
        if test and test not in _functions(file):
            raise self.wrong(f"{of} is held by {named}, and {path} has no such test")


def _functions(file: Path) -> set[str]:
    """The names of all functions of a source file, and of methods as `Class::method`."""

    def within(body: Sequence[ast.stmt], above: str) -> Iterator[str]:
        for node in body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield above + node.name
            elif isinstance(node, ast.ClassDef):
                yield from within(node.body, f"{above}{node.name}::")

    return set(within(ast.parse(file.read_text(encoding="utf-8")).body, ""))
