"""The template's name changes with all that shapes it, its copies are whole and apart, and the cache stays small."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.services import database_template, mariadb, mysql
from harness.services.base import ServiceFault
from harness.services.database_brand import Brand
from harness.services.database_template import (
    HOLE,
    TEMPLATES_KEPT,
    cache_root,
    copy_data,
    digest,
    input_files,
)
from tests.harness.services.placements import placement

OPTIONS = {"databases": {"toy": {"user": "u", "password": "p"}}, "prepare": ["python"], "prepare_inputs": ["*.sql"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "schema.sql").write_text("CREATE TABLE a (b INT)")
    return tmp_path


def name_of(project: Path, options: Mapping[str, Any] = OPTIONS, brand: Brand = mariadb.BRAND, **changes: Any) -> str:
    return digest(brand, placement(project=project, options=options, **changes))


def test_the_name_changes_with_every_input_and_with_nothing_else(project: Path) -> None:
    name = name_of(project)
    assert name_of(project, {**OPTIONS, "role": "replica", "replication": "semi_sync"}) == name
    (project / "other.txt").touch()
    assert name_of(project) == name
    assert name_of(project, {**OPTIONS, "prepare": ["python", "-m"]}) != name
    assert name_of(project, {**OPTIONS, "databases": {}}) != name
    (project / "schema.sql").write_text("CREATE TABLE a (b TEXT)")
    changed = name_of(project)
    assert changed != name
    (project / "schema.sql").rename(project / "renamed.sql")
    assert name_of(project) not in (name, changed)


def test_a_server_from_an_image_has_a_template_of_its_own(project: Path) -> None:
    names = {name_of(project), name_of(project, image="sha256:one"), name_of(project, image="sha256:two")}
    assert len(names) == 3


def test_the_two_brands_share_no_template(project: Path) -> None:
    names = {name_of(project, brand=brand, image="sha256:one") for brand in (mariadb.BRAND, mysql.BRAND)}
    assert len(names) == 2


def test_a_pattern_that_matches_nothing_is_an_error(project: Path) -> None:
    with pytest.raises(ServiceFault, match=r"'\*.ddl' matches no file"):
        input_files(project, ["*.ddl"])


@pytest.mark.parametrize("brand", [mariadb.BRAND, mysql.BRAND], ids=lambda brand: brand.name)
def test_accounts_are_made_for_every_database_and_the_witness_is_the_observers(brand: Brand) -> None:
    said = "\n".join(brand.statements({"toy": {"user": "u", "password": "p"}}))
    assert "CREATE USER 'u'@'%' IDENTIFIED BY 'p'" in said
    assert "GRANT ALL ON `toy`.* TO 'u'@'%'" in said
    assert "GRANT SELECT, INSERT ON witness.* TO 'observer'@'%'" in said
    assert not any("ALL" in line and "*.*" in line for line in said.splitlines())


content = st.lists(st.sampled_from([b"", bytes(HOLE), b"\x00", os.urandom(1), b"x" * HOLE, b"y" * 70_000]), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=50)
@given(pieces=content)
def test_a_file_with_its_holes_dug_and_copied_reads_the_same(tmp_path: Path, pieces: list[bytes]) -> None:
    number = len(list(tmp_path.iterdir()))
    source, target = tmp_path / f"{number}-source", tmp_path / f"{number}-target"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "file").write_bytes(b"".join(pieces))
    database_template._dig_holes(source)
    copy_data(source, target)
    assert (target / "deep" / "file").read_bytes() == b"".join(pieces)
    (target / "deep" / "file").write_bytes(b"changed")
    assert (source / "deep" / "file").read_bytes() == b"".join(pieces)


def test_zeros_take_no_room(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_bytes(bytes(1_000_000) + b"end")
    database_template._dig_holes(tmp_path / "source")
    copy_data(tmp_path / "source", tmp_path / "target")
    status = (tmp_path / "target" / "file").stat()
    assert status.st_size == 1_000_003
    assert status.st_blocks * 512 < 100_000


def test_the_cache_keeps_the_templates_that_were_used_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    cache_root().mkdir(parents=True)
    (tmp_path / "built").mkdir()
    for age in range(TEMPLATES_KEPT + 3):
        (cache_root() / f"template-{age}").mkdir()
        os.utime(cache_root() / f"template-{age}", (1e9 - age, 1e9 - age))
    (cache_root() / "new.1.tmp").mkdir()
    database_template._install(tmp_path / "built", cache_root() / "new")
    left = {path.name for path in cache_root().iterdir()}
    assert left == {"new", *(f"template-{age}" for age in range(TEMPLATES_KEPT - 1))}
