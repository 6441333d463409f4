"""Reads and writes the YAML of traces: fixtures are untrusted input.

Only plain data comes in (mappings with text keys, lists, text, finite numbers, true, false, null); no tags, no anchors,
no second use of a key, within a size and a depth. Words and times stay text: `NO` is a country and `12:30` a time of
day. A file that cannot be read is an error that says where, never an absent one.
"""

import json
import math
import os
import re
import stat
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

BYTES_MAX = 4_194_304
DEPTH_MAX = 40

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TAG = "tag:yaml.org,2002:"
# As YAML 1.2 and JSON have them: (tag, what it looks like, what it may begin with).
_PLAIN = (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"-?(?:0|[1-9][0-9]*)", "-0123456789"),
    ("float", r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?", "-0123456789"),
    ("float", r"-?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", "-."),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("merge", r"<<", "<"),
)
# YAML 1.1 reads these as line ends or drops them, and the emitter writes them bare unless the text is quoted.
_TAKEN_FOR_LINE_ENDS = re.compile("[\r\x85\u2028\u2029\ufeff]")


class Unreadable(ValueError):
    """A trace file that cannot be what it should be: which, where, what was expected."""


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader of what is plain, with each key once."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 -- the name is the base class's

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != f"{_TAG}str":
                raise yaml.constructor.ConstructorError(None, None, "expected a key that is text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return found


def _finite(loader: Any, node: yaml.ScalarNode) -> float:
    number = yaml.constructor.SafeConstructor.construct_yaml_float(loader, node)
    if not math.isfinite(number):
        raise yaml.constructor.ConstructorError(None, None, "expected a finite number", node.start_mark)
    return float(number)


_Loader.add_constructor(f"{_TAG}float", _finite)


@dataclass(frozen=True, slots=True)
class YamlText:
    """What a file said, kept to say where in it something stands."""

    name: str
    text: str

    def place(self, path: Sequence[str | int]) -> str:
        """The file and the line of the field at `path`, or of what it is missing from."""
        line = self._line(path)
        return self.name if line is None else f"{self.name}, line {line}"

    def _line(self, path: Sequence[str | int]) -> int | None:
        try:
            node = yaml.compose(self.text, Loader=_Base)
        except (yaml.YAMLError, RecursionError):
            return None
        line = None
        for step in path:
            key, node = _inner(node, step)
            if key is None:
                break
            line = key.start_mark.line + 1
        return line


def _inner(node: Any, step: str | int) -> tuple[Any, Any]:
    """The node that says where `step` of `node` stands, and the node of its value; None and None without it."""
    if isinstance(node, yaml.MappingNode) and isinstance(step, str):
        return next(((key, value) for key, value in node.value if key.value == step), (None, None))
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step], node.value[step]
    return None, None


def read_text(path: Path, *, bytes_max: int = BYTES_MAX) -> str:
    """The text of the file at `path`; Unreadable when there is none, when it is a link or no file, or too large."""
    try:
        # A link may lead anywhere, and a pipe would never end.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with open(descriptor, "rb") as file:  # noqa: PTH123 -- a descriptor, not a path
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise Unreadable(f"{path}: expected a file, seen something else")
            raw = file.read(bytes_max + 1)
    except OSError as error:
        hint = "; links are not followed" if path.is_symlink() else ""
        raise Unreadable(f"{path}: {error.strerror or error}{hint}") from error
    if len(raw) > bytes_max:
        raise Unreadable(f"{path}: expected at most {bytes_max} bytes, seen more")
    try:
        return raw.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{path}, line {line}: expected UTF-8: {error}") from error


def loads(text: str, *, where: str) -> Any:
    """The document that `text` states; Unreadable says `where` it stood."""
    try:
        _refuse_what_grows(text, where)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 -- _Loader is a safe loader, made stricter
    except Unreadable:
        raise
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f", line {mark.line + 1}" if mark is not None else ""
        raise Unreadable(f"{where}{line}: {error.problem or error.context}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:  # ValueError: a number of thousands of digits
        raise Unreadable(f"{where}: {' '.join(str(error).split())}") from error


def compose(text: str, *, where: str) -> Any:
    """The nodes of `text`, which `loads` can read."""
    loads(text, where=where)
    return yaml.compose(text, Loader=_Base)


def _refuse_what_grows(text: str, where: str) -> None:
    """Anchors make a small text a large document, and depth ends the stack: both are found before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable(f"{where}, {_line(event)}: expected no anchors or aliases")
        if (tag := getattr(event, "tag", None)) is not None:
            raise Unreadable(f"{where}, {_line(event)}: expected no tags, seen {tag}")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            raise Unreadable(f"{where}, {_line(event)}: nested deeper than {DEPTH_MAX}")


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1}" if event.start_mark else "somewhere"


class _Dumper(yaml.SafeDumper):
    """Block style, long texts in literal blocks, keys in the order given."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


for _name, _looks, _begins in _PLAIN:
    _pattern = re.compile(rf"^(?:{_looks})$")
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, list(_begins))
    # What is text to YAML 1.1 and a number here is quoted, and the other way round, so that both read the same.
    _Dumper.add_implicit_resolver(f"{_TAG}{_name}", _pattern, list(_begins))


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value.rstrip("\n") else None
    if _TAKEN_FOR_LINE_ENDS.search(value):
        style = '"'
    return dumper.represent_scalar(f"{_TAG}str", value, style=style)


_Dumper.add_representer(str, _text)


def dumps(document: Any) -> str:
    """`document` (plain data) as YAML that `loads` reads back the same."""
    plain = json.loads(json.dumps(document, allow_nan=False))
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
