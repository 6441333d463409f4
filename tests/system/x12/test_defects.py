"""Defects are kept up to a limit and counted past it."""

from system.x12 import Defect, Defects, Level


def test_past_the_limit_defects_are_only_counted() -> None:
    defects = Defects(limit=2)
    assert not defects
    for position in range(1, 6):
        defects.add(Defect(level=Level.SET, segment="SE", position=position, code="4", message="x"))
    assert [defect.position for defect in defects.found] == [1, 2]
    assert (defects.count, bool(defects)) == (5, True)


def test_the_json_shape() -> None:
    defect = Defect(level=Level.ELEMENT, segment="B2", element=4, position=5, code="1", message="missing")
    assert defect.as_json() == {
        "segment": "B2",
        "element": 4,
        "position": 5,
        "code": "1",
        "message": "missing",
        "level": "element",
        "set_position": 0,
        "control_number": None,
    }
