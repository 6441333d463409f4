"""Fixtures that several tests of the world share."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.services import mariadb, mysql
from tests.scenarios.world.mariadb_pair import Pair, make_template, running_pair


@pytest.fixture(scope="session")
def mariadb_template() -> Iterator[Path]:
    """A data directory to copy. The path is short, because a socket's path has 107 characters at most."""
    with tempfile.TemporaryDirectory(prefix="template-") as directory:
        yield make_template(Path(directory) / "t")


@pytest.fixture
def pair(mariadb_template: Path) -> Iterator[Pair]:
    """A primary and its replica, asynchronous."""
    with (
        tempfile.TemporaryDirectory(prefix="pair-") as directory,
        running_pair(mariadb_template, Path(directory)) as made,
    ):
        yield made


@pytest.fixture
def semi_sync_pair(mariadb_template: Path) -> Iterator[Pair]:
    """A primary and its replica, semi-synchronous without falling back."""
    with (
        tempfile.TemporaryDirectory(prefix="pair-") as directory,
        running_pair(mariadb_template, Path(directory), semi_sync=True) as made,
    ):
        yield made


@pytest.fixture(scope="session")
def mysql_template() -> Iterator[Path]:
    """The same of MySQL; skips where there is none."""
    with tempfile.TemporaryDirectory(prefix="template-") as directory:
        yield make_template(Path(directory) / "t", mysql.BRAND)


@pytest.fixture(params=["mariadb", "mysql"])
def either_pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    """A primary and its replica, asynchronous, of MariaDB and then of MySQL."""
    template: Path = request.getfixturevalue(f"{request.param}_template")
    brand = mysql.BRAND if request.param == "mysql" else mariadb.BRAND
    with (
        tempfile.TemporaryDirectory(prefix="pair-") as directory,
        running_pair(template, Path(directory), brand=brand) as made,
    ):
        yield made
