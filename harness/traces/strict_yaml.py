"""Reads and writes the YAML of traces: fixtures are untrusted input.

Only plain data comes in (mappings with text keys, lists, text, numbers, true, false, null); no tags, no anchors, no
second use of a key, within a size and a depth. Unlike YAML at large it leaves times as text. A file that cannot be read
is an error that says where, never an absent one.
"""

import json
import re
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

BYTES_MAX = 4_194_304
DEPTH_MAX = 40

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
# YAML 1.1 reads these as line ends or drops them, and the emitter writes them bare unless the text is quoted.
_TAKEN_FOR_LINE_ENDS = re.compile("[\r\x85\u2028\u2029\ufeff]")
_TIMESTAMP = "tag:yaml.org,2002:timestamp"


class Unreadable(ValueError):
    """A trace file that cannot be what it should be: which, where, what was expected."""


class _Loader(_Base):  # type: ignore[misc]
    """The safe loader without times, and with each key once."""

    yaml_implicit_resolvers = {  # noqa: RUF012 -- the name is the base class's
        first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag != "tag:yaml.org,2002:str":
                raise yaml.constructor.ConstructorError(None, None, "expected a key that is text", key.start_mark)
            if key.value in seen:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value!r} stands twice", key.start_mark)
            seen.add(key.value)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return found


def read(path: Path, *, bytes_max: int = BYTES_MAX) -> Any:
    """The document in the file at `path`; Unreadable when there is none, or when it is not plain data."""
    try:
        with path.open("rb") as file:
            raw = file.read(bytes_max + 1)
        text = raw.decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Unreadable(f"{path}: {error}") from error
    if len(raw) > bytes_max:
        raise Unreadable(f"{path}: expected at most {bytes_max} bytes, seen more")
    return loads(text, where=str(path))


def loads(text: str, *, where: str) -> Any:
    """The document that `text` states; Unreadable says `where` it stood."""
    try:
        _refuse_what_grows(text, where)
        return yaml.load(text, Loader=_Loader)  # noqa: S506 -- _Loader is a safe loader, made stricter
    except (yaml.YAMLError, RecursionError) as error:
        raise Unreadable(f"{where}: {error}") from error


def _refuse_what_grows(text: str, where: str) -> None:
    """Anchors make a small text a large document, and depth ends the stack: both are found before anything is built."""
    depth = 0
    for event in yaml.parse(text, Loader=_Base):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Unreadable(f"{where}: {_line(event)}: expected no anchors or aliases")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > DEPTH_MAX:
            raise Unreadable(f"{where}: {_line(event)}: nested deeper than {DEPTH_MAX}")


def _line(event: yaml.Event) -> str:
    return f"line {event.start_mark.line + 1}" if event.start_mark else "somewhere"


class _Dumper(yaml.SafeDumper):
    """Block style, long texts in literal blocks, keys in the order given."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
    style = "|" if "\n" in value.rstrip("\n") else None
    if _TAKEN_FOR_LINE_ENDS.search(value):
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


def dumps(document: Any) -> str:
    """`document` (plain data) as YAML that `loads` reads back the same."""
    plain = json.loads(json.dumps(document, allow_nan=False))
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)
