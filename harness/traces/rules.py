"""What a project says about comparing its outputs: what tells items apart, what is a side effect, what is masked.

The output of a trace is opaque to the engine, so these are the names that it needs. A mask is a confession: something
in the output is left to chance. So it names one value, keeps its type and its place, cannot touch what tells items
apart, and says why. It decides nothing: `diff` does.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

_NAME = r"[^.\[\]*\s]+"
_PATH = re.compile(rf"{_NAME}(\[\*\])*(\.{_NAME}(\[\*\])*)*")
_STEP = re.compile(rf"{_NAME}|\[\*\]")
ANY_ITEM = "[*]"

_MASKED: dict[type, Any] = {str: "(masked)", int: 0, float: 0.0, bool: False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """One value that may differ, such as `answers[*].took_ms`: `[*]` is any item of a list, nothing else is general.

    What is masked may have another value of the same type. It may not be gone, nor be an object or a list.
    """

    path: str
    why: str

    def __post_init__(self) -> None:
        if not _PATH.fullmatch(self.path):
            raise ValueError(
                f"mask {self.path!r}: expected names with dots between and [*] for any item of a list, such as "
                "answers[*].took_ms; a name itself is never general"
            )
        if not self.why.strip():
            raise ValueError(f"mask {self.path!r}: say why it is left to chance")

    @property
    def steps(self) -> tuple[str, ...]:
        """Its names and `[*]`, in order."""
        return tuple(_STEP.findall(self.path))

    def __call__(self, document: Any) -> Any:
        """`document` without the values that the mask names; what is not on its path is shared, not copied."""
        return _without(document, self.steps)

    def met(self, document: Any) -> bool:
        """Whether it names any value of `document`."""
        return any(type(value) in _MASKED for value in _reached(document, self.steps))


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How outputs of one project are compared.

    `keys`: for the name of a list, the fields that tell its items apart. `effects`: names of lists whose items are side
    effects; they are paired by their keys (without keys, by all that they hold) and counted, so that one that is lost,
    repeated or new is seen whatever is masked. `masks`: values that may differ.
    """

    keys: Mapping[str, Sequence[str]] = field(default_factory=dict)
    effects: Sequence[str] = ()
    masks: tuple[Mask, ...] = ()

    def __post_init__(self) -> None:
        for name, fields in self.keys.items():
            if isinstance(fields, str) or not fields:
                raise ValueError(f"keys of {name}: expected a tuple of one field or more, seen {fields!r}")
        if isinstance(self.effects, str):
            raise ValueError(f"effects: expected a tuple of names, seen {self.effects!r}")
        for mask in self.masks:
            self._refuse_what_hides(mask)

    def _refuse_what_hides(self, mask: Mask) -> None:
        steps = mask.steps
        for number, name in enumerate(steps):
            inside = steps[number + 1 :]
            if name in self.effects and set(inside) <= {ANY_ITEM}:
                raise ValueError(f"mask {mask.path!r}: it covers the side effects of {name!r} themselves")
            rest = [step for step in inside if step != ANY_ITEM]
            if inside[:1] == (ANY_ITEM,) and rest[:1] and rest[0] in self.keys.get(name, ()):
                raise ValueError(f"mask {mask.path!r}: {rest[0]!r} tells the items of {name!r} apart")

    def masked(self, document: Any) -> Any:
        """`document` without what the masks name."""
        for mask in self.masks:
            document = mask(document)
        return document

    def met(self, document: Any) -> frozenset[str]:
        """The paths of the masks that name any value of `document`; one that is met by no output is to be removed."""
        return frozenset(mask.path for mask in self.masks if mask.met(document))

    def unmet(self, met: Iterable[str]) -> tuple[Mask, ...]:
        """The masks that were met by none of the outputs."""
        seen = frozenset(met)
        return tuple(mask for mask in self.masks if mask.path not in seen)


def _without(document: Any, steps: Sequence[str]) -> Any:
    if not steps:
        return _MASKED.get(type(document), document)
    step, rest = steps[0], steps[1:]
    if step == ANY_ITEM:
        return [_without(item, rest) for item in document] if isinstance(document, list) else document
    if isinstance(document, dict) and step in document:
        return {**document, step: _without(document[step], rest)}
    return document


def _reached(document: Any, steps: Sequence[str]) -> Iterator[Any]:
    if not steps:
        yield document
    elif steps[0] == ANY_ITEM:
        for item in document if isinstance(document, list) else ():
            yield from _reached(item, steps[1:])
    elif isinstance(document, dict) and steps[0] in document:
        yield from _reached(document[steps[0]], steps[1:])
