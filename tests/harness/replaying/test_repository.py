"""A repository is read and left as it is, whatever the caller's environment and configuration say."""

import os
from pathlib import Path

import pytest

from harness.replaying.repository import Repository, RevisionError
from tests.harness.replaying.toy_repository import PRICE, ToyRepository, make_repository, price


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ToyRepository:
    return make_repository(tmp_path, monkeypatch)


def state(folder: Path) -> dict[str, object]:
    """All of a checkout and its .git, with times: whatever is written shows."""
    return {
        path.relative_to(folder).as_posix(): (path.stat().st_mtime_ns, path.read_bytes() if path.is_file() else None)
        for path in folder.rglob("*")
    }


def test_a_commit_is_named_by_whatever_git_understands(toy: ToyRepository) -> None:
    second = toy.commit("prices: round them\n\nAnd more.", {PRICE: price("1")})
    toy.git("tag", "v2")
    repository = Repository.of(toy.folder)
    for name in ("HEAD", "main", "v2", second, second[:8], "HEAD~0", "v2^{}"):
        assert repository.commit(name).id == second
    found = repository.commit("HEAD")
    assert found.to_json() == {
        "commit": second,
        "author": "A. Developer",
        "date": "2026-03-01T12:00:01+00:00",
        "subject": "prices: round them",
    }
    assert repository.commit("HEAD~1").subject == "a shop"


@pytest.mark.parametrize("name", ["", "nothing", "HEAD~9", "-n", "--all", "a\0b", "HEAD:shop", "HEAD..HEAD", "v*"])
def test_a_name_that_means_no_commit_is_said(toy: ToyRepository, name: str) -> None:
    with pytest.raises(RevisionError, match=r"no revision"):
        Repository.of(toy.folder).commit(name)


def test_no_repository_is_said(tmp_path: Path) -> None:
    with pytest.raises(RevisionError, match="not a git repository"):
        Repository.of(tmp_path)


def test_no_git_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(RevisionError, match="install it"):
        Repository.of(tmp_path)


def test_history_goes_along_first_parents(toy: ToyRepository) -> None:
    toy.git("checkout", "--quiet", "-b", "side")
    toy.commit("on the side")
    toy.git("checkout", "--quiet", "main")
    toy.commit("")
    toy.git("merge", "--quiet", "--no-ff", "--no-edit", "side")
    toy.commit("last")
    repository = Repository.of(toy.folder)
    first, last = repository.commit("HEAD~3"), repository.commit("HEAD")
    subjects = [commit.subject for commit in repository.first_parents(first, last)]
    assert subjects == ["", "Merge branch 'side'", "last"]
    for good, bad, said in ((last, first, "does not descend from"), (last, last, "nothing lies between")):
        with pytest.raises(RevisionError, match=said):
            repository.first_parents(good, bad)


def test_equal_contents_have_equal_ids(toy: ToyRepository) -> None:
    toy.commit("nothing of the shop", {"README": "x"})
    toy.commit("another price", {PRICE: price("2")})
    repository = Repository.of(toy.folder)
    commits = [repository.commit(name) for name in ("HEAD~2", "HEAD~1", "HEAD")]
    one, two, three = repository.object_ids(commits, "shop")
    assert one == two != three
    assert len(set(repository.object_ids(commits, "."))) == 3
    assert repository.object_ids(commits, "README")[0] is None
    assert repository.contents(commits[1], "README") == b"x"
    assert repository.contents(commits[0], "README") is None


def test_a_project_below_the_top_of_its_repository(toy: ToyRepository, tmp_path: Path) -> None:
    toy.commit("deeper", {"deep/er/shop.py": "x = 1", "other.py": "y = 1"})
    repository = Repository.of(toy.folder / "deep" / "er")
    head = repository.commit("HEAD")
    assert repository.contents(head, "shop.py") == b"x = 1"
    assert repository.object_ids([head], "other.py") == [None]
    toy.write({"other.py": "y = 2"})
    assert not repository.changed(["."])
    toy.write({"deep/er/new.py": ""})
    assert repository.changed(["."])
    assert not repository.changed(["shop.py"])
    copy = tmp_path / "copy"
    copy.mkdir()
    project = repository.copy(head, copy)
    assert (project / "shop.py").read_text() == "x = 1"
    assert (project.parents[1] / "other.py").read_text() == "y = 1"


def test_a_copy_is_the_commit_and_the_checkout_stays_as_it_was(
    toy: ToyRepository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of a change is staged, a file is new, a hook would tell, and git is told to use other places."""
    toy.commit("with all sorts", {"a b/\u00fcml\n.py": "x = 1", "run.sh": "#!/bin/sh\n"})
    (toy.folder / "run.sh").chmod(0o755)
    (toy.folder / "link").symlink_to("run.sh")
    toy.commit("and a link")
    for hook in ("post-checkout", "post-index-change"):
        path = toy.folder / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\ntouch {tmp_path}/told\n")
        path.chmod(0o755)
    toy.write({PRICE: price("3"), "new.py": ""})
    toy.git("add", PRICE)
    toy.write({PRICE: price("4")})
    (tmp_path / "told").unlink(missing_ok=True)
    for name in ("GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"):
        monkeypatch.setenv(name, str(tmp_path / "elsewhere"))
    before = state(toy.folder)
    copy = tmp_path / "copy"
    copy.mkdir()
    repository = Repository.of(toy.folder)
    project = repository.copy(repository.commit("HEAD"), copy)
    assert repository.changed(["shop"])
    assert state(toy.folder) == before
    assert not (tmp_path / "told").exists()
    assert (project / PRICE).read_text() == price("len(name)")
    assert (project / "a b" / "\u00fcml\n.py").read_text() == "x = 1"
    assert os.access(project / "run.sh", os.X_OK)
    assert (project / "link").readlink() == Path("run.sh")
    assert not (project / "new.py").exists()
    assert not (project / ".git").exists()


def test_who_works_here(toy: ToyRepository) -> None:
    assert Repository.of(toy.folder).user() == "A. Developer <dev@there.invalid>"
