"""Where two outputs differ, in words.

Equal parts are skipped by their digest, so two large equal outputs cost two digests. Items of a list are paired by the
keys that are named for it, else by what is equal around them: an item put at the head is one difference, and a lost
duplicate is one too. It does not decide whether a difference matters.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from itertools import islice
from typing import Any

from harness.traces.canonical import canonical_json, digest

DIFFERENCES_MAX = 200
_SHOWN_LENGTH_MAX = 300
_ALIGNED_MAX = 4_000

Keys = Mapping[str, Sequence[str]]
"""For the name of a list: the fields that tell its items apart."""


def differences(before: Any, after: Any, *, keys: Keys | None = None) -> tuple[str, ...]:
    """What is different, a line each, empty when nothing is; past `DIFFERENCES_MAX` lines only how many more."""
    if canonical_json(before) == canonical_json(after):
        return ()
    found = _walk("", "", before, after, keys or {})
    shown = tuple(islice(found, DIFFERENCES_MAX))
    more = sum(1 for _ in found)
    return (*shown, f"... and {more} more") if more else shown


def _walk(path: str, name: str, before: Any, after: Any, keys: Keys) -> Iterator[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted({*before, *after}):
            where = f"{path}.{key}" if path else str(key)
            if key not in after:
                yield f"{where}: gone, was {_shown(before[key])}"
            elif key not in before:
                yield f"{where}: new, {_shown(after[key])}"
            else:
                yield from _walk(where, str(key), before[key], after[key], keys)
    elif isinstance(before, list) and isinstance(after, list):
        if digest(before) != digest(after):
            paired = _by_keys(path, before, after, keys, keys.get(name, ()))
            yield from _by_neighbours(path, name, before, after, keys) if paired is None else paired
    elif type(before) is not type(after) or before != after:
        yield f"{path or 'output'}: was {_shown(before)}, now {_shown(after)}"


def _by_keys(path: str, before: list[Any], after: list[Any], keys: Keys, fields: Sequence[str]) -> Iterator[str] | None:
    """The differences of two lists whose items are told apart by `fields`; None where they have not got them."""
    if not fields or not all(isinstance(item, dict) and set(fields) <= set(item) for item in [*before, *after]):
        return None
    return _keyed(path, _labelled(before, fields), _labelled(after, fields), keys)


def _keyed(path: str, before: dict[str, Any], after: dict[str, Any], keys: Keys) -> Iterator[str]:
    for label, item in before.items():
        if label not in after:
            yield f"{path}[{label}]: gone, was {_shown(item)}"
        else:
            yield from _walk(f"{path}[{label}]", "", item, after[label], keys)
    for label, item in after.items():
        if label not in before:
            yield f"{path}[{label}]: new, {_shown(item)}"
    order_before = [label for label in before if label in after]
    order_after = [label for label in after if label in before]
    if order_before != order_after:
        yield f"{path}: the order was {', '.join(order_before)}; now {', '.join(order_after)}"


def _labelled(items: list[Any], fields: Sequence[str]) -> dict[str, Any]:
    """Items by what their fields say; a repeat counts on, so that a lost duplicate is seen."""
    seen: Counter[str] = Counter()
    labelled: dict[str, Any] = {}
    for item in items:
        label = " ".join(value if isinstance(value := item[field], str) else _shown(value) for field in fields)
        seen[label] += 1
        labelled[label if seen[label] == 1 else f"{label} #{seen[label]}"] = item
    return labelled


def _by_neighbours(path: str, name: str, before: list[Any], after: list[Any], keys: Keys) -> Iterator[str]:
    old, new = [digest(item) for item in before], [digest(item) for item in after]
    head = next((n for n, (one, two) in enumerate(zip(old, new, strict=False)) if one != two), min(len(old), len(new)))
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if max(len(old), len(new)) > _ALIGNED_MAX:
        steps: Any = [("replace", 0, len(old), 0, len(new))]
    else:
        steps = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for step, old_from, old_to, new_from, new_to in steps:
        if step == "equal":
            continue
        both = min(old_to - old_from, new_to - new_from)
        for offset in range(both):
            first, second = head + old_from + offset, head + new_from + offset
            yield from _walk(f"{path}[{first}]", name, before[first], after[second], keys)
        for gone in range(old_from + both, old_to):
            yield f"{path}[{head + gone}]: gone, was {_shown(before[head + gone])}"
        for added in range(new_from + both, new_to):
            yield f"{path}[{head + added}]: new, {_shown(after[head + added])}"


def _shown(value: Any) -> str:
    text = canonical_json(value)
    return text if len(text) <= _SHOWN_LENGTH_MAX else f"{text[:_SHOWN_LENGTH_MAX]}... ({len(text)} characters)"
