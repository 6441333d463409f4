"""Which interpreter a lock file gets: this one when it has all that is locked, else one made for it."""

import base64
import fcntl
import hashlib
import os
import subprocess
import sys
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from harness.replaying import interpreters
from harness.replaying.interpreters import KEPT, READY, Interpreters, has_all, lock_digest
from harness.replaying.repository import RevisionError

HERE = f"click=={version('click')} \\\n    --hash=sha256:{'0' * 64} \\\n    --hash=sha256:{'1' * 64}\n    # via us\n"


def quiet(_: str) -> None: ...


@pytest.fixture
def made(tmp_path: Path) -> Interpreters:
    return Interpreters(progress=quiet, folder=tmp_path / "interpreters")


@pytest.mark.parametrize(
    "lock",
    [
        "",
        HERE,
        f"--index-url https://there.invalid\n# a comment\n{HERE}",
        f"{HERE}not-for-us==1 ; sys_platform == 'win32' \\\n    --hash=sha256:{'2' * 64}\n",
        f"CLICK[extra]=={version('click')}\n",
        f"PyYAML=={version('pyyaml')} ; python_full_version >= '3.8'\n",
    ],
)
def test_this_interpreter_where_it_has_all_that_is_locked(lock: str) -> None:
    assert has_all(lock.encode())


@pytest.mark.parametrize(
    "lock",
    [
        "click==0.0.1\n",
        f"{HERE}nothing-that-is-installed==1\n",
        "click>=1\n",
        "click\n",
        "click @ https://there.invalid/click.whl\n",
        "click==1 ; nonsense ==\n",
        "\xff",
    ],
)
def test_another_where_it_has_not_or_where_nobody_can_say(lock: str) -> None:
    assert not has_all(lock.encode("latin-1"))


def test_the_projects_own_lock_is_what_is_installed() -> None:
    lock = Path(__file__).parents[3] / "requirements.lock"
    assert has_all(lock.read_bytes())
    assert Interpreters(progress=quiet).for_lock(lock.read_bytes()) == Path(sys.executable)
    assert Interpreters(progress=quiet).for_lock(None) == Path(sys.executable)


def test_old_ones_are_removed_but_not_those_that_are_used(made: Interpreters, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(words: list[str], held: int) -> None:
        if "venv" in words:
            Path(words[-1]).mkdir()

    monkeypatch.setattr(interpreters, "_run", run)
    places = []
    for number in range(KEPT + 3):
        place = made.for_lock(f"nothing-like-it=={number}\n".encode()).parents[1]
        os.utime(place, (1e9 + number, 1e9 + number))
        places.append(place)
        if number > 0:
            os.close(made._held.pop())  # let go of all but the first
    left = [place for place in places if place.is_dir()]
    assert left == [places[0], *places[-KEPT:]]
    made.close()
    made.for_lock(b"one-more==1\n")
    assert not places[0].is_dir()
    made.close()


@pytest.fixture
def wheels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A package index in a folder, with two versions of one package; gives the lock's text for each."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    locks = {}
    for number in ("1", "2"):
        info = f"told_apart-{number}.dist-info"
        contents = {
            "told_apart.py": f"VERSION = {number}\n",
            f"{info}/METADATA": f"Metadata-Version: 2.1\nName: told-apart\nVersion: {number}\n",
            f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        rows = [f"{name},sha256={_digest(text)},{len(text)}" for name, text in contents.items()]
        file = folder / f"told_apart-{number}-py3-none-any.whl"
        with zipfile.ZipFile(file, "w") as wheel:
            for name, text in contents.items():
                wheel.writestr(name, text)
            wheel.writestr(f"{info}/RECORD", "\n".join([*rows, f"{info}/RECORD,,\n"]))
        locks[number] = f"told-apart=={number} --hash=sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}\n"
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return locks


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


@pytest.mark.slow
def test_one_is_made_for_a_lock_once_and_anew_when_it_was_interrupted(
    made: Interpreters, wheels: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def imported(python: Path) -> str:
        words = [str(python), "-c", "import told_apart; print(told_apart.VERSION)"]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()

    lock = wheels["2"].encode()
    unfinished = made.folder / lock_digest(lock)
    unfinished.mkdir(parents=True)
    (unfinished / "rubbish").touch()
    python = made.for_lock(lock)
    assert imported(python) == "2"
    assert not (unfinished / "rubbish").exists()
    with monkeypatch.context() as patched:
        patched.setattr(interpreters, "_run", None)
        assert made.for_lock(lock) == python, "the second time nothing is run"
    made.close()


@pytest.mark.slow
def test_what_cannot_be_had_is_said_in_pips_words_and_leaves_nothing(
    made: Interpreters, wheels: dict[str, str]
) -> None:
    for lock, said in (
        ("not-to-be-had==1 --hash=sha256:" + "0" * 64, "No matching distribution found for not-to-be-had"),
        (wheels["1"].replace("sha256:", "sha256:" + "0" * 64)[:-65], "DO NOT MATCH THE HASHES"),
    ):
        with pytest.raises(RevisionError, match="its locked packages cannot be installed here") as refused:
            made.for_lock(f"{lock}\n".encode())
        assert said in str(refused.value)
    assert [path.name for path in made.folder.iterdir() if path.is_dir()] == []
    made.close()
    for path in made.folder.glob("*.lock"):
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert not list(made.folder.rglob(READY))
