"""Which values a field of a pydantic model lets through, as far as its types say: found by walking the annotations.

A number is bounded on both sides, and finite when it is a float; a text, a list, a tuple or a mapping has a greatest
length; what may be anything is not constrained at all.
"""

import importlib
import math
import pkgutil
import types
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel, NaiveDatetime, SecretBytes, SecretStr

SAFE = (bool, type(None), datetime, AwareDatetime, NaiveDatetime)
"""Types whose values are all bounded by themselves."""
TEXTS = (str, bytes, SecretStr, SecretBytes)
CONTAINERS = (list, set, frozenset, dict, Mapping, Sequence)


def models_of(package: types.ModuleType) -> dict[str, type[BaseModel]]:
    """Every model that a module below `package` declares, by its dotted name."""
    found: dict[str, type[BaseModel]] = {}
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        module = importlib.import_module(info.name)
        for one in vars(module).values():
            if isinstance(one, type) and issubclass(one, BaseModel) and one.__module__ == module.__name__:
                found[f"{one.__module__}.{one.__qualname__}"] = one
    return found


def loose_fields(model: type[BaseModel]) -> list[str]:
    """The fields of `model` that are not constrained, each with what is missing."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        found += [f"{name}: {missing}" for missing in _missing(field.annotation, list(field.metadata))]
    return found


def _missing(annotation: Any, metadata: list[Any]) -> Iterator[str]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _missing(arguments[0], [*metadata, *arguments[1:]])
    elif origin in (Union, types.UnionType):
        for one in arguments:
            yield from _missing(one, metadata)
    elif origin is Literal or annotation in SAFE:
        return
    elif origin is tuple and arguments and arguments[-1] is not Ellipsis:
        for one in arguments:
            yield from _missing(one, [])
    elif origin is tuple or (origin or annotation) in CONTAINERS:
        if _bound(metadata, "max_length") is None:
            yield f"{annotation} has no greatest length"
        for one in arguments:
            if one is not Ellipsis:
                yield from _missing(one, [])
    elif annotation in TEXTS:
        if _bound(metadata, "max_length") is None:
            yield "a text without a greatest length"
    elif annotation in (int, float):
        yield from _unbounded(annotation, metadata)
    elif not (isinstance(annotation, type) and issubclass(annotation, BaseModel | Enum)):
        yield f"{annotation} may be anything"


def _unbounded(annotation: type[float], metadata: list[Any]) -> Iterator[str]:
    for side in (("gt", "ge"), ("lt", "le")):
        bounds = [bound for name in side if (bound := _bound(metadata, name)) is not None]
        if not bounds or not all(math.isfinite(bound) for bound in bounds):
            yield f"{annotation.__name__} has no {' or '.join(side)}"
    if annotation is float and _bound(metadata, "allow_inf_nan") is not False:
        yield "float may be infinite or no number"


def _bound(metadata: list[Any], name: str) -> Any:
    """The value of a constraint, wherever in the metadata it stands; None where it is not set."""
    inside = [one for outer in metadata for one in (outer, *getattr(outer, "metadata", ()))]
    return next((value for one in inside if (value := getattr(one, name, None)) is not None), None)
