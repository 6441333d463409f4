"""Ten thousand broken interchanges: each is refused as the sender's mistake, none leaves a row, memory stays flat.

Every mutation here breaks something for certain, so that being accepted is always wrong. The seed is fixed; a failure
names the number of the request, and the same number makes the same body again.
"""

import asyncio
import gc
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import psutil
import pytest

from system.x12 import Delimiters, Envelope, OutgoingSet, write_interchange

SEED = 20270201
COUNT = 10_000
HUGE_EVERY = 50
Mutate = Callable[[str, random.Random], bytes]

DELIMITERS = (("*", ">", "~"), ("|", ":", "'"), ("*", "^", "\n"), ("\x1d", "\x1f", "\x1e"))
SELDOM_S = 10.0
"""Between two requests: their partner's circuit breaker stays closed."""
FOREIGN = "!%&;?{}#$"


def original(chance: random.Random) -> str:
    """A right interchange with one to five sets."""
    element, component, segment = chance.choice(DELIMITERS)
    sets = []
    for number in range(chance.randint(1, 5)):
        weight = str(chance.randint(1, 45_000))
        sets.append(
            OutgoingSet(
                code="204",
                segments=[
                    ("B2", "", "FXCA", "", f"SHP{chance.randint(1, 10**6)}-{number}", "", "PP"),
                    ("B2A", chance.choice(["00", "01", "04"]), "LT"),
                    ("N7", "", "53001", *[""] * 8, "TL"),
                    ("S5", "1", "LD", weight, "L"),
                    ("G62", chance.choice(["10", "37", "38", "64", "69"]), "20270301", "Y", "0800", "LT"),
                    ("N1", "SF", "ACME PAPER"),
                    ("S5", "2", "UL"),
                    ("G62", "70", "20270302", "Z", "1430", "LT"),
                    ("L3", weight, "G"),
                ],
            )
        )
    envelope = Envelope(
        sender="P1001",
        receiver="FREIGHT",
        control_number=str(chance.randint(1, 999_999_999)),
        at=datetime(2027, 2, 1, tzinfo=UTC),
        delimiters=Delimiters(element=element, component=component, segment=segment, repetition=None),
    )
    return write_interchange(envelope, "SM", sets)


def marks(text: str) -> tuple[str, str]:
    """The element separator and the segment terminator."""
    return text[3], text[105]


def replace_element(text: str, name: str, element: int, value: str, chance: random.Random) -> bytes:
    separator, terminator = marks(text)
    lines = text.split(terminator)
    index = chance.choice([index for index, line in enumerate(lines) if line.split(separator)[0] == name])
    parts = lines[index].split(separator)
    parts[element : element + 1] = [value]
    lines[index] = separator.join(parts)
    return terminator.join(lines).encode()


def truncated(text: str, chance: random.Random) -> bytes:
    return text[: chance.randrange(len(text) - 2)].encode()


def wrong_count(text: str, chance: random.Random) -> bytes:
    value = chance.choice(["0", "99", "-1", "x", "", str(10**30)])
    return replace_element(text, chance.choice(["SE", "GE", "IEA"]), 1, value, chance)


def wrong_number(text: str, chance: random.Random) -> bytes:
    return replace_element(text, chance.choice(["SE", "GE", "IEA"]), 2, chance.choice(["", "0", "A1", "é"]), chance)


def wrong_delimiter_declared(text: str, chance: random.Random) -> bytes:
    place = chance.choice([3, 105])
    return (text[:place] + chance.choice(FOREIGN + "A0 ") + text[place + 1 :]).encode()


def wrong_delimiter_used(text: str, chance: random.Random) -> bytes:
    mark = chance.choice(marks(text))
    return (text[:106] + text[106:].replace(mark, chance.choice(FOREIGN))).encode()


def line_lost(text: str, chance: random.Random) -> bytes:
    terminator = marks(text)[1]
    lines = text.split(terminator)
    del lines[chance.randrange(len(lines) - 1)]
    return terminator.join(lines).encode()


def line_twice(text: str, chance: random.Random) -> bytes:
    terminator = marks(text)[1]
    lines = text.split(terminator)
    index = chance.randrange(len(lines) - 1)
    lines.insert(index, lines[index])
    return terminator.join(lines).encode()


def bad_value(text: str, chance: random.Random) -> bytes:
    name, element, value = chance.choice(
        [
            ("B2", 4, ""),
            ("B2", 4, "X" * 31),
            ("B2", 4, "A:B"),
            ("B2", 4, "SHP\u00e9"),
            ("B2A", 1, "99"),
            ("B2A", 1, ""),
            ("S5", 1, "x"),
            ("S5", 2, "QQ"),
            ("S5", 3, "-5"),
            ("S5", 3, "1e5"),
            ("G62", 2, "20270230"),
            ("G62", 2, "tomorrow"),
            ("G62", 4, "9999"),
            ("L3", 1, "inf"),
            ("L3", 1, "99999999999"),
            ("N1", 2, "N" * 121),
        ]
    )
    return replace_element(text, name, element, value, chance)


def byte_broken(text: str, chance: random.Random) -> bytes:
    body = bytearray(text.encode())
    body.insert(chance.randrange(len(body) - 1), chance.choice([0, 1, 7, 0x80, 0xC3, 0xFE, 0xFF]))
    return bytes(body)


def binary(_: str, chance: random.Random) -> bytes:
    return chance.randbytes(chance.randrange(4000))


def glued(text: str, chance: random.Random) -> bytes:
    return (text + text[chance.randrange(len(text) - 10) :]).encode()


def sender_changed(text: str, _: random.Random) -> bytes:
    return text.replace("P1001 ", "P2002 ", 1).encode()


def huge(text: str, chance: random.Random) -> bytes:
    """Past the limit, or within it and as much work as fits."""
    separator, terminator = marks(text)
    isa = text[:106]
    kind = chance.randrange(5)
    if kind == 0:
        return chance.randbytes(1_100_000)
    if kind == 1:
        return replace_element(text, "N1", 2, "N" * 900_000, chance)
    if kind == 2:
        return (isa + (separator.join(("ST", "204", "1")) + terminator) * 70_000).encode()
    if kind == 3:
        return (isa + terminator * 900_000).encode()
    return (isa + separator * 900_000 + terminator).encode()


MUTATIONS: tuple[Mutate, ...] = (
    truncated,
    wrong_count,
    wrong_number,
    wrong_delimiter_declared,
    wrong_delimiter_used,
    line_lost,
    line_twice,
    bad_value,
    byte_broken,
    binary,
    glued,
    sender_changed,
)


def mutated(number: int) -> tuple[str, bytes]:
    """The name of the mutation and the body of request `number`."""
    chance = random.Random(SEED * COUNT + number)
    mutate = huge if number % HUGE_EVERY == 0 else chance.choice(MUTATIONS)
    return mutate.__name__, mutate(original(chance), chance)


def test_what_is_mutated_was_right_before(running: Any) -> None:
    for number in range(20):
        assert running.send(original(random.Random(number))).status_code == 202


@pytest.mark.parametrize("mutate", [*MUTATIONS, huge])
def test_each_mutation_is_refused(mutate: Mutate, running: Any) -> None:
    chance = random.Random(SEED)
    for _ in range(5 if mutate is huge else 25):
        running.clock.move(SELDOM_S)
        assert running.send(mutate(original(chance), chance)).status_code in (400, 413)
    assert set(running.rows().values()) == {0}


@pytest.mark.slow
def test_ten_thousand_of_them(running: Any) -> None:
    process = psutil.Process()
    seen: dict[int, int] = {}
    resident: list[int] = []

    async def send_all(client: httpx.AsyncClient) -> None:
        for number in range(COUNT):
            name, body = mutated(number)
            running.clock.move(SELDOM_S)
            accept = "application/edi-x12" if number % 3 == 0 else "*/*"
            answer = await client.post("/signals", content=body, headers={**running.headers, "Accept": accept})
            assert answer.status_code in (400, 413), (
                f"request {number} ({name}): {answer.status_code} {answer.text[:300]}"
            )
            assert len(answer.content) < 100_000, f"request {number} ({name}): an answer of {len(answer.content)} bytes"
            seen[answer.status_code] = seen.get(answer.status_code, 0) + 1
            await asyncio.sleep(0)  # in process nothing else lets the loop clear its cancelled timers
            if number % (COUNT // 10) == COUNT // 10 - 1:
                gc.collect()
                resident.append(process.memory_info().rss)

    running.ask(send_all)
    assert sum(seen.values()) == COUNT
    assert set(running.rows().values()) == {0}
    assert running.redis.keys("idempotency:*") == []
    early, late = max(resident[:3]), max(resident[-3:])
    assert late <= early * 1.1, f"resident bytes grew: {resident}"
    metrics = running.get("/metrics").text
    assert not re.search(r'ingest_requests_total\{[^}]*status="5', metrics)
