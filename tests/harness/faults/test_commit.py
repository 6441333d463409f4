"""A commit among others, seen by git, and taken back whatever was done on top of it."""

import asyncio
from pathlib import Path

import pytest

from harness.environments.base import EnvironmentFault
from harness.faults import Commit, Edit, Evidence, Noop
from tests.harness.clones import ToyClone, make_clone
from tests.harness.faults.injecting import injected

DEARER = Commit(edit=Edit(path="shop.txt", before="price = 1", after="price = 2"), subject="dearer", earlier=2, later=1)


@pytest.fixture
def clone(tmp_path: Path) -> ToyClone:
    return make_clone(tmp_path)


def test_it_stands_among_others_and_git_sees_it(clone: ToyClone) -> None:
    before = clone.git("rev-parse", "HEAD").strip()
    seen: list[str] = []

    def look() -> None:
        seen.extend(clone.git("log", "--format=%s", f"{before}..HEAD").split("\n")[:-1])
        seen.append((clone.folder / "shop.txt").read_text())
        seen.append(clone.git("status", "--porcelain"))

    evidence = injected(DEARER, clone, look)
    assert seen == ["later, 1", "dearer", "earlier, 2", "earlier, 1", "price = 2\n", ""]
    assert evidence.proof
    assert evidence.facts["before"] == before
    assert (evidence.facts["commits"], len(evidence.facts["commit"])) == (4, 40)
    assert evidence.facts["changed_id"] != clone.git("rev-parse", "HEAD:shop.txt").strip()


def test_the_commits_come_all_at_once(clone: ToyClone) -> None:
    """Whoever looks at each commit that is checked out sees two: that before, and the last."""

    async def inject() -> set[str]:
        heads = set()
        ending = asyncio.Event()

        async def look() -> None:
            while not ending.is_set():
                heads.add((clone.folder / ".git/refs/heads/main").read_text())
                await asyncio.sleep(0)

        looking = asyncio.create_task(look())
        async with DEARER.apply(clone):
            ending.set()
            await looking
        return heads

    assert len(asyncio.run(inject())) <= 2


def test_healing_takes_back_all_that_was_done(clone: ToyClone) -> None:
    before = clone.git("rev-parse", "HEAD")

    def work() -> None:
        (clone.folder / "new.txt").write_text("x")
        (clone.folder / "shop.txt").write_text("price = 3\n")
        clone.git("add", "shop.txt")
        clone.git("commit", "--quiet", "--message=more")
        (clone.folder / "shop.txt").write_text("price = 4\n")

    injected(DEARER, clone, work)
    assert clone.git("rev-parse", "HEAD") == before
    assert clone.git("status", "--porcelain") == ""
    assert (clone.folder / "shop.txt").read_text() == "price = 1\n"


def test_nothing_was_committed_is_no_proof(clone: ToyClone) -> None:
    evidence = injected(Noop(instead_of=DEARER), clone)
    assert isinstance(evidence, Evidence)
    assert not evidence.proof


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (Edit(path="shop.txt", before="cost", after="x"), "shop.txt: expected 'cost' once, seen 0 times"),
        (Edit(path="shop.txt", before="1", after="x"), "seen 2 times"),
        (Edit(path="gone.txt", before="1", after="x"), "gone.txt: expected '1' once, seen 0 times"),
    ],
)
def test_words_that_do_not_stand_there_once_are_said(clone: ToyClone, edit: Edit, said: str) -> None:
    (clone.folder / "shop.txt").write_text("price = 1 + 1\n")
    clone.git("commit", "--quiet", "--all", "--message=twice")
    before = clone.git("rev-parse", "HEAD")
    with pytest.raises(EnvironmentFault, match=said):
        injected(Commit(edit=edit, subject="x"), clone)
    assert clone.git("rev-parse", "HEAD") == before
