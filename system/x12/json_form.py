"""The JSON form of a load tender, read into the same Tender and refused with the same shape of defect.

One object is one tender; `{"tenders": [...]}` holds several. `version` may be left out and then follows the same rule
as in X12. For a defect, `segment` is the field's path, `position` counts the tenders from 1, and `code` is that of the
X12 acknowledgment for the same mistake.
"""

import json
from typing import Any, NoReturn

from pydantic import ValidationError

from system.x12.defects import Defect, Defects, ElementCode, Level
from system.x12.reading import ReadTender
from system.x12.tender import Tender, version_of_content

_DEPTH_MAX = 8
_CODES = {
    "missing": ElementCode.MANDATORY_MISSING,
    "extra_forbidden": ElementCode.TOO_MANY,
    "too_long": ElementCode.TOO_MANY,
    "string_too_short": ElementCode.TOO_SHORT,
    "string_too_long": ElementCode.TOO_LONG,
    "less_than_equal": ElementCode.TOO_LONG,
    "literal_error": ElementCode.INVALID_CODE,
}


def read_json(
    body: bytes, *, tenders_max: int = 1000, defects_max: int = 100
) -> tuple[tuple[ReadTender, ...], Defects]:
    """The tenders of a JSON body, or none of them and the defects; never raises for bad input."""
    defects = Defects(limit=defects_max)
    try:
        document = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        defects.add(_defect("", 1, ElementCode.INVALID_CHARACTER, f"not JSON: {reason}"[:300]))
        return (), defects
    several: Any = [document]
    if isinstance(document, dict) and "tenders" in document:
        several = document["tenders"]
        if not isinstance(several, list) or not several or len(document) > 1:
            message = "expected a list of one tender or more, and nothing beside it"
            defects.add(_defect("tenders", 1, ElementCode.INVALID_CODE, message))
            return (), defects
    if len(several) > tenders_max:
        message = f"expected at most {tenders_max} tenders, counted {len(several)}"
        defects.add(_defect("tenders", 1, ElementCode.TOO_MANY, message))
        return (), defects
    tenders: list[ReadTender] = []
    for number, one in enumerate(several, 1):
        tender = None if defects.full else _read_one(one, number, defects)
        if tender is not None:
            tenders.append(tender)
    return () if defects else tuple(tenders), defects


def _read_one(one: Any, position: int, defects: Defects) -> ReadTender | None:
    if not isinstance(one, dict):
        defects.add(_defect("", position, ElementCode.INVALID_CODE, "expected an object"))
        return None
    raw = json.dumps(one, separators=(",", ":"))
    stated = "version" in one
    try:
        tender = Tender.model_validate_json(raw if stated else json.dumps({**one, "version": "1"}))
    except ValidationError as error:
        for wrong in error.errors(include_url=False, include_context=False, include_input=False):
            path = ".".join(str(part) for part in wrong["loc"][:_DEPTH_MAX])[:100]
            code = _code_of(wrong["type"], path)
            defects.add(_defect(path, position, code, wrong["msg"][:300]))
        return None
    if not stated and tender.purpose == "change":
        content = tender.model_dump_json(exclude={"version"})
        tender = tender.model_copy(update={"version": version_of_content(content)})
    return ReadTender(tender=tender, control_number="", set_control_number=str(position), raw=raw)


def _code_of(kind: str, path: str) -> str:
    if path.endswith("_at") or path.split(".")[-1] == "at":
        return ElementCode.INVALID_DATE
    return _CODES.get(kind, ElementCode.INVALID_CHARACTER)


def _defect(path: str, position: int, code: str, message: str) -> Defect:
    return Defect(level=Level.ELEMENT, segment=path, position=position, code=code, message=message)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")
