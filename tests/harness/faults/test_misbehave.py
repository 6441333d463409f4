"""A party that misbehaves is proved by its own diary, of those who asked it after it was told to."""

import asyncio
from typing import Any

import pytest

from harness.faults import Diary, Misbehave, Noop, Order
from tests.harness.faults.injecting import injected
from tests.toy import ToyEnvironment

DIARY = Diary(path="/log?after={after}", shown_by=(("answered", "wrong"),), at_least=2)
LIE = Misbehave(
    service="shop",
    orders=(Order(path="/lie", body='{"how": "badly"}'), Order(path="/lie", body="[1]")),
    amends=(Order(path="/reset"),),
    diary=DIARY,
)


class Liar(ToyEnvironment):
    """A shop that answers what it was told to, and keeps a diary."""

    def __init__(self, *earlier: str) -> None:
        super().__init__()
        self.told: list[tuple[str, Any]] = []
        self.diary = [{"number": number, "answered": one} for number, one in enumerate(earlier, start=1)]

    def answer(self, *how: str) -> None:
        for one in how:
            self.diary.append({"number": len(self.diary) + 1, "answered": one})

    async def request(self, service: str, method: str, path: str, body: Any = None) -> Any:
        if method == "POST":
            self.told.append((path, body))
            return {}
        assert path.startswith("/log?after=")
        return {"requests": self.diary}


def test_it_is_proved_by_what_it_answered_afterwards_and_makes_amends() -> None:
    shop = Liar("right", "wrong", "wrong", "wrong")
    assert injected(LIE, shop, lambda: shop.answer("wrong", "right", "wrong")).proof
    assert shop.told == [("/lie", {"how": "badly"}), ("/lie", [1]), ("/reset", {})]


@pytest.mark.parametrize("answered", [[], ["wrong"], ["right"] * 5])
def test_that_it_was_told_proves_nothing(answered: list[str]) -> None:
    shop = Liar("wrong", "wrong")
    evidence = injected(LIE, shop, lambda: shop.answer(*answered))
    assert not evidence.proof
    assert evidence.facts["wanted"] == 2


def test_one_that_is_told_nothing_is_still_watched() -> None:
    shop = Liar()
    assert not injected(Noop(instead_of=LIE), shop, lambda: shop.answer("right", "right")).proof
    assert shop.told == []


def test_amends_are_made_although_an_order_was_refused() -> None:
    shop = Liar()

    async def refuse(service: str, method: str, path: str, body: Any = None) -> Any:
        shop.told.append((path, body))
        if path == "/lie":
            raise RuntimeError("no")

    shop.request = refuse  # type: ignore[method-assign]

    async def inject() -> None:
        async with LIE.apply(shop):
            pass

    with pytest.raises(RuntimeError, match="no"):
        asyncio.run(inject())
    assert shop.told[-1] == ("/reset", {})


def test_an_order_that_is_no_json_is_refused_when_declared() -> None:
    with pytest.raises(ValueError, match="is to be JSON"):
        Order(path="/lie", body="{how}")
