"""Traces at any revision: its own code, results that are kept, a checkout that nobody touches, and nothing left."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.cache import cache_folder
from harness.clock import Deadline, block_s
from harness.replaying import revisions
from harness.replaying.repository import Repository, RevisionError
from harness.replaying.revisions import WORKTREE, Revisions
from harness.traces import Trace
from tests.harness.replaying.test_repository import state
from tests.harness.replaying.toy_repository import (
    PRICE,
    REPLAY,
    ToyRepository,
    a_trace,
    make_repository,
    price,
    traces,
)


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    return make_repository(tmp_path, monkeypatch)


def prices(session: Revisions, name: str, *asked: Trace) -> list[Any]:
    """What each trace costs at a revision, or why nobody knows."""
    found = session.replay(session.named(name), asked or [a_trace()])
    return [result.error or result.output["intents"][0]["price"] for _, result in found]


def test_each_revision_runs_its_own_code_and_the_checkout_is_left_alone(toy: ToyRepository) -> None:
    toy.commit("dearer", {PRICE: price("len(name) + 100")})
    toy.write({PRICE: price("len(name) + 1000"), "shop/new.py": ""})
    toy.git("add", PRICE)
    toy.write({PRICE: price("len(name) + 2000")})
    before = state(toy.folder)
    with toy.session() as session:
        assert prices(session, "HEAD~1") == [5]
        assert prices(session, "HEAD") == [105]
        assert prices(session, "main") == [105]
        assert session.replays == 2, "the third is the second, and was kept"
    assert state(toy.folder) == before
    with toy.session() as session:
        assert prices(session, WORKTREE) == [2005]


def test_code_that_is_gone_is_not_taken_from_the_checkout(toy: ToyRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checkout is on the import path, as an editable installation puts it there."""
    toy.git("rm", "-r", "--quiet", "shop")
    toy.commit("no shop")
    toy.commit("a shop again", {"shop/__init__.py": "", "shop/replay.py": REPLAY, PRICE: price("7")})
    monkeypatch.setattr("harness.replaying.checkouts.own_environ", lambda more: {**more, "PYTHONPATH": str(toy.folder)})
    with toy.session() as session:
        assert prices(session, "HEAD") == [7]
        assert "No module named 'shop'" in prices(session, "HEAD~1")[0]


def test_results_are_found_again_by_the_code_alone(toy: ToyRepository) -> None:
    toy.commit("nothing of the shop", {"README": "x"})
    with toy.session() as session:
        assert prices(session, "HEAD~1", *traces(5)) == [1, 2, 3, 4, 5]
        assert session.replays == 5
    with toy.session() as session:
        assert prices(session, "HEAD", *traces(7)) == [1, 2, 3, 4, 5, 6, 7]
        assert session.replays == 2
        assert prices(session, WORKTREE, *traces(7)) == [1, 2, 3, 4, 5, 6, 7]
        assert session.replays == 2, "the checkout is the commit"
    with toy.session(fresh=True) as session:
        assert prices(session, "HEAD", *traces(7)) == [1, 2, 3, 4, 5, 6, 7]
        assert session.replays == 7


def test_a_second_replay_is_one_and_is_kept_as_such(toy: ToyRepository) -> None:
    with toy.session() as session:
        head = session.named("HEAD")
        assert prices(session, "HEAD", *traces(3)) == [1, 2, 3]
        for _ in range(2):
            marked = [(trace, number != 1) for number, trace in enumerate(traces(3))]
            again = [result and result.output["intents"][0]["price"] for _, result in session.again(head, marked)]
            assert again == [1, None, 3]
            assert session.replays == 5


@pytest.mark.parametrize("change", ["lock", "entry", "runner", "trace", "python"])
def test_whatever_decides_a_result_makes_it_another(
    toy: ToyRepository, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    pyproject = (toy.folder / "pyproject.toml").read_text() + 'lock = "x.lock"\n'
    toy.commit("with a lock", {"pyproject.toml": pyproject, "x.lock": "# none\n"})
    with toy.session() as session:
        assert prices(session, "HEAD") == [5]
    trace = a_trace()
    match change:
        case "lock":
            toy.commit("another lock", {"x.lock": "# none at all\n"})
        case "entry":
            toy.write({"pyproject.toml": pyproject.replace("shop.replay:", "shop.again:"), "shop/again.py": REPLAY})
            toy.commit("another entry")
        case "runner":
            monkeypatch.setattr(revisions, "_digest_of_runner", lambda: "another")
        case "trace":
            trace = a_trace("other")
        case "python":
            monkeypatch.setattr(sys, "version", "another")
    with toy.session() as session:
        list(session.replay(session.named("HEAD"), [trace]))
        assert session.replays == 1


def test_a_checkout_that_differs_is_never_kept(toy: ToyRepository) -> None:
    toy.write({"shop/untracked.py": ""})
    with toy.session() as session:
        assert prices(session, WORKTREE) == prices(session, WORKTREE) == [5]
        assert session.replays == 2
        assert session.named(WORKTREE).commit is None
    toy.write({"elsewhere.py": ""})
    (toy.folder / "shop" / "untracked.py").unlink()
    with toy.session() as session:
        assert session.named(WORKTREE).commit is not None, "what is not code does not count"


def test_a_project_without_a_repository_has_its_worktree(toy: ToyRepository) -> None:
    (toy.folder / ".git").rename(toy.folder / "no longer")
    with toy.session() as session:
        assert prices(session, WORKTREE) == [5]
        with pytest.raises(RevisionError, match="not a git repository"):
            session.named("HEAD")


@pytest.mark.parametrize(
    ("pyproject", "said"),
    [
        (None, "it has no pyproject.toml"),
        ("[tool.other]\n", "has no [tool.harness]"),
        ('[tool.harness]\ntopology = "a:B"\nscenarios = "drills"\n', "names no replay entry"),
        ("[tool.harness]\nfrom_the_future = 1\n", "knows no from_the_future"),
    ],
)
def test_a_revision_that_cannot_be_replayed_gives_the_reason_for_every_trace(
    toy: ToyRepository, pyproject: str | None, said: str
) -> None:
    if pyproject is None:
        toy.git("rm", "--quiet", "pyproject.toml")
        toy.commit("gone")
    else:
        toy.commit("changed", {"pyproject.toml": pyproject})
    toy.git("checkout", "--quiet", "HEAD~1")
    with toy.session() as session:
        found = prices(session, "main", *traces(3))
        assert session.replays == 0
    assert len(found) == 3
    assert all(said in one for one in found)
    assert not cache_folder("checkouts").exists()


def test_packages_that_cannot_be_had_are_the_reason(toy: ToyRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    pyproject = (toy.folder / "pyproject.toml").read_text() + 'lock = "x.lock"\n'
    toy.commit("locked", {"pyproject.toml": pyproject, "x.lock": "no-such-package==1\n"})

    def run(words: list[str], held: int) -> None:
        raise RevisionError("its locked packages cannot be installed here: no network")

    monkeypatch.setattr("harness.replaying.interpreters._run", run)
    with toy.session() as session:
        found = prices(session, "HEAD", *traces(2))
        assert all("HEAD" in one and "cannot be installed here: no network" in one for one in found)
        assert prices(session, WORKTREE) == [5], "in place it runs on what is here"
        assert session.replays == 3
        assert prices(session, WORKTREE) == [5]
        assert session.replays == 4, "and is not the commit's result"


def test_many_commits_are_told_apart_with_a_few_questions(toy: ToyRepository, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        toy.commit(f"{number}", {PRICE: price(f"len(name) + {number // 4}")})
    asked = 0
    ask = Repository._ask

    def counted(self: Repository, *words: str, **more: Any) -> bytes:
        nonlocal asked
        asked += 1
        return ask(self, *words, **more)

    monkeypatch.setattr(Repository, "_ask", counted)
    with toy.session() as session:
        repository = session.repository
        commits = repository.first_parents(repository.commit("HEAD~20"), repository.commit("HEAD"))
        found = session.all_at(commits)
    assert [revision.commit for revision in found] == commits
    codes = [revision.code for revision in found]
    assert len(set(codes)) == 5
    assert codes[0] == codes[3] != codes[4]
    assert asked < 15


def test_nothing_is_left_in_the_cache_but_results(toy: ToyRepository) -> None:
    with toy.session() as session:
        prices(session, "HEAD")
        assert len(list(cache_folder("checkouts").glob("*/"))) == 1
    assert list(cache_folder("checkouts").glob("*/")) == []


KILLED = """\
import signal
import sys
from pathlib import Path
from harness.config import Config
from harness.replaying.revisions import Revisions
from tests.harness.replaying.toy_repository import a_trace
signal.signal(signal.SIGINT, signal.default_int_handler)  # whoever runs the tests may have it ignored
with Revisions(config=Config.load(Path(sys.argv[1])), progress=print) as session:
    list(session.replay(session.named("HEAD"), [a_trace()]))
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_a_session_that_is_ended_while_it_replays_leaves_nothing_for_long(
    toy: ToyRepository, number: signal.Signals
) -> None:
    hanging = "from pathlib import Path\nimport os, time\n\ndef replay(trace):\n"
    hanging += f"    Path({str(toy.folder)!r}, 'pid').write_text(str(os.getpid()))\n    time.sleep(600)\n"
    toy.commit("hangs", {"shop/replay.py": hanging})
    root = Path(__file__).parents[3]
    started = subprocess.Popen([sys.executable, "-c", KILLED, str(toy.folder)], cwd=root, stderr=subprocess.DEVNULL)
    deadline = Deadline(30)
    said = toy.folder / "pid"
    while not (said.exists() and said.read_text()) and not deadline.passed:
        block_s(0.01)
    pid = int(said.read_text())
    os.kill(started.pid, number)
    started.wait(timeout=20)
    while Path(f"/proc/{pid}").exists() and not deadline.passed:
        block_s(0.01)
    assert not Path(f"/proc/{pid}").exists(), "the replay ended with it"
    left = list(cache_folder("checkouts").glob("*/"))
    assert len(left) == (1 if number is signal.SIGKILL else 0)
    toy.git("checkout", "--quiet", "HEAD~1")
    with toy.session() as session:
        prices(session, "HEAD")
        assert not any(folder.exists() for folder in left), "the next session removes what a killed one left"
