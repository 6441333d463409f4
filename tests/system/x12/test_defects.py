"""Defects are kept up to a limit."""

from system.x12 import Defect, Defects, Level


def test_past_the_limit_nothing_is_kept() -> None:
    defects = Defects(limit=2)
    assert not defects
    for position in range(1, 6):
        defects.add(Defect(level=Level.SET, segment="SE", position=position, code="4", message="x"))
    assert [defect.position for defect in defects.found] == [1, 2]
    assert (defects.full, bool(defects)) == (True, True)


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
