"""What images are made of: the machine's own mirror, and the lock as another Python reads it."""

from pathlib import Path

import pytest

from harness.environments.image_building import DEFAULT_MIRROR, host_mirror, lock_for

LOCK = """\
# made by a tool
async-timeout==5.0.1 ; python_full_version < '3.11.3' \\
    --hash=sha256:aa
click==8.1.0 \\
    --hash=sha256:bb \\
    --hash=sha256:cc
    # via -r somewhere
pywin32==312 ; sys_platform == 'win32' \\
    --hash=sha256:dd
"""


@pytest.mark.parametrize(("python", "kept"), [("3.11.2", ["async-timeout", "click"]), ("3.12.4", ["click"])])
def test_markers_are_those_of_the_python_of_the_image(python: str, kept: list[str]) -> None:
    lines = lock_for(python, LOCK).splitlines()
    assert [line.partition("==")[0] for line in lines if "==" in line] == kept
    assert not any(";" in line for line in lines)
    assert sum("--hash" in line for line in lines) == {2: 3, 1: 2}[len(kept)]
    assert "click==8.1.0 \\" in lines


@pytest.mark.parametrize(
    ("content", "mirror"),
    [
        ("Types: deb\nURIs: http://mirror.example/debian\nSuites: bookworm\n", "http://mirror.example/debian"),
        ("deb [arch=amd64] https://near.example/debian bookworm main\n", "https://near.example/debian"),
        ("deb https://other.example/packages stable main\n", DEFAULT_MIRROR),
        ("", DEFAULT_MIRROR),
    ],
)
def test_the_mirror_is_the_machines_own(tmp_path: Path, content: str, mirror: str) -> None:
    (tmp_path / "one.sources").write_text(content)
    assert host_mirror((tmp_path / "none.list", tmp_path)) == mirror
