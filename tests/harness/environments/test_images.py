"""Which image is taken: the one that was chosen, the official one, its equivalent; never one that is not there."""

from pathlib import Path

import pytest

from harness.environments.base import EnvironmentFault
from harness.environments.images import OFFICIAL, Image, app_tag, candidates, equivalent, images_for
from harness.environments.placing import PROXY
from harness.topology import Service, Topology

TOPOLOGY = Topology(name="toy", services=(Service(name="store", kind="redis"), Service(name="web", kind="python")))


class Here:
    """An engine with these images."""

    def __init__(self, *references: str) -> None:
        self.references = references

    def image_id(self, reference: str) -> str | None:
        return f"sha256:{reference}" if reference in self.references else None


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "requirements.lock").write_text("a==1\n")
    return tmp_path


def test_the_official_image_goes_before_its_equivalent(project: Path) -> None:
    app = app_tag(project)
    both = images_for(TOPOLOGY, Here(OFFICIAL["redis"], equivalent("redis"), app), project)
    assert both["store"] == Image(reference=OFFICIAL["redis"], id=f"sha256:{OFFICIAL['redis']}")
    assert both["web"].reference == both[PROXY].reference == app
    assert images_for(TOPOLOGY, Here(equivalent("redis"), app), project)["store"].reference == equivalent("redis")


def test_an_image_that_was_chosen_is_taken_or_missed(project: Path) -> None:
    assert candidates("redis", project, {"HARNESS_IMAGE_REDIS": "mine:1"}) == ("mine:1",)
    assert candidates("inbox", project, {"HARNESS_IMAGE_APP": "ours:2"}) == ("ours:2",)


def test_what_is_missing_is_named_with_the_command_that_makes_it(project: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"no image for redis .*harness images build"):
        images_for(TOPOLOGY, Here(app_tag(project)), project)


def test_another_lock_wants_another_image(project: Path) -> None:
    before = app_tag(project)
    (project / "requirements.lock").write_text("a==2\n")
    assert app_tag(project) != before


def test_a_project_without_a_lock_has_no_image(tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match=r"requirements\.lock"):
        app_tag(tmp_path)


def test_official_images_are_pinned() -> None:
    assert all(reference.rpartition(":")[2].count(".") >= 2 for reference in OFFICIAL.values())


def test_the_image_of_mysql_is_made_when_it_is_asked_for(project: Path) -> None:
    on_mysql = Topology(name="toy", services=(Service(name="store", kind="mysql"),))
    with pytest.raises(EnvironmentFault, match=r"no image for mysql .*`harness images build --database mysql`"):
        images_for(on_mysql, Here(app_tag(project)), project)
