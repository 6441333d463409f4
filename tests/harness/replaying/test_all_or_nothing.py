"""Several files, all or none: killed at every step that touches the disk, and put back by whoever comes next."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.replaying.all_or_nothing import JOURNAL, HalfDone, put_back, replace_all
from harness.traces import Unreadable, load_traces

ROOT = Path(__file__).parents[3]
NAMES = ("a/trace.yaml", "b/deep/trace.yaml", "c/trace.yaml")
OLD = {name: f"old {name}" for name in NAMES}
NEW = {name: f"new {name}, and longer" for name in NAMES}

# A child for each step, which ends itself there without a word: a step is anything that is asked of the file system.
# With a second word its `put_back` is killed instead, at each of its own steps, after a replacement that was half done.
KILLED = """\
import json, os, signal, sys
from itertools import count
from pathlib import Path
from harness.replaying.all_or_nothing import JOURNAL, put_back, replace_all
from tests.harness.replaying.test_all_or_nothing import NEW, OLD, fill, files_of

root = Path(sys.argv[1])

def killed(work, last):
    steps = 0
    def step(event, arguments):
        nonlocal steps
        if event in ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir", "shutil.rmtree"):
            steps += 1
            if steps > last:
                os.kill(os.getpid(), signal.SIGKILL)
    child = os.fork()
    if not child:
        sys.addaudithook(step)
        work()
        os._exit(0)
    return os.waitpid(child, 0)[1] != 0

def replacing():
    replace_all(root, {name: content.encode() for name, content in NEW.items()})

def is_halfway(last):
    put_back(root)
    fill(root)
    assert killed(replacing, last)
    return (root / JOURNAL).is_dir() and files_of(root) not in (OLD, NEW)

halfway = next(filter(is_halfway, count()))
found = []
for last in count():
    put_back(root)
    fill(root)
    if sys.argv[2] == "replacing":
        going = killed(replacing, last)
    else:
        assert is_halfway(halfway)
        going = killed(lambda: put_back(root), last)
    killed_at = files_of(root)
    if not going:
        break
    put_back(root)
    left = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    found.append({"killed": killed_at, "then": files_of(root), "left": left})
print(json.dumps({"found": found, "end": killed_at}))
"""


def files_of(root: Path) -> dict[str, str]:
    return {name: (root / name).read_text() for name in NAMES}


def fill(root: Path) -> None:
    for name, content in OLD.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(content)


def everything(root: Path) -> set[str]:
    return {path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    fill(tmp_path)
    return tmp_path


def killed_at_every_step(root: Path, what: str) -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(root), what], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    for one in document["found"]:
        assert all(content in (OLD[name], NEW[name]) for name, content in one["killed"].items()), "each file is whole"
        assert one["left"] == sorted(NAMES)
    return document


def test_all_are_replaced_and_nothing_else_is_left(root: Path) -> None:
    replace_all(root, {name: content.encode() for name, content in NEW.items()})
    assert files_of(root) == NEW
    assert everything(root) == set(NAMES)
    assert put_back(root) == []
    assert files_of(root) == NEW


@pytest.mark.slow
def test_killed_at_every_step_it_leaves_all_old_or_all_new(root: Path) -> None:
    document = killed_at_every_step(root, "replacing")
    assert document["end"] == NEW
    then = [one["then"] for one in document["found"]]
    assert all(files in (OLD, NEW) for files in then)
    outcomes = [files == NEW for files in then]
    assert outcomes == sorted(outcomes), "once they are the new ones they stay so"
    assert outcomes.count(False) > len(NAMES) * 3
    assert outcomes.count(True) > 0
    assert any(one["killed"] not in (OLD, NEW) for one in document["found"]), "it was killed in the very middle too"


@pytest.mark.slow
def test_killed_while_it_puts_back_the_next_one_does(root: Path) -> None:
    document = killed_at_every_step(root, "putting back")
    assert document["end"] == OLD
    assert all(one["then"] == OLD for one in document["found"])
    assert len(document["found"]) > len(NAMES) * 3


def test_what_cannot_be_read_changes_nothing(root: Path) -> None:
    files = {name: content.encode() for name, content in NEW.items()}
    with pytest.raises(FileNotFoundError):
        replace_all(root, {**files, "not/there.yaml": b"x"})
    put_back(root)
    assert files_of(root) == OLD
    assert everything(root) == set(NAMES)


@pytest.mark.parametrize("listed", [None, "{", '["../outside"]', '["/etc/outside"]', '["a/trace.yaml"]'])
def test_a_journal_that_cannot_be_followed_is_said(root: Path, listed: str | None) -> None:
    (root / JOURNAL).mkdir()
    if listed is not None:
        (root / JOURNAL / "files.json").write_text(listed)
    with pytest.raises(HalfDone, match=r"bring .* back as it was committed, and remove it"):
        put_back(root)
    assert files_of(root) == OLD


def test_half_replaced_traces_are_not_read(root: Path) -> None:
    (root / JOURNAL).mkdir()
    with pytest.raises(Unreadable, match="a refresh was ended in its middle"):
        load_traces(root)


def test_nobody_puts_back_under_somebody_who_is_at_it(root: Path) -> None:
    at_it = "import sys, fcntl, os\nd = os.open(sys.argv[1], os.O_RDONLY)\nfcntl.flock(d, fcntl.LOCK_EX)\n"
    at_it += "print('at it', flush=True)\nsys.stdin.read()\n"
    second = "import sys\nfrom pathlib import Path\nfrom harness.replaying.all_or_nothing import put_back\n"
    second += "put_back(Path(sys.argv[1]))\n"
    with subprocess.Popen(
        [sys.executable, "-c", at_it, str(root)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "at it\n"
        (root / JOURNAL).mkdir()
        (root / JOURNAL / "files.json").write_text("[]")
        with subprocess.Popen([sys.executable, "-c", second, str(root)], cwd=ROOT) as waiting:
            with pytest.raises(subprocess.TimeoutExpired):
                waiting.wait(timeout=1.0)
            assert (root / JOURNAL).is_dir()
            other.stdin.close()
            assert waiting.wait(timeout=20) == 0
    assert not (root / JOURNAL).exists()
