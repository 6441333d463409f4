"""Which container image each kind of service runs on.

Defaults are the official images, by pinned tags; `HARNESS_IMAGE_REDIS=...` (and so on) sets another. Where an official
image is not on this machine and its equivalent from Debian packages is (`harness images build`), that one is taken. The
image of the project's own programs is built from `system/Dockerfile`, or as an equivalent too; its tag is a digest of
what it is made of, so that a stale one is never taken for it. Sources are no part of it: a run mounts them.
"""

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.environments.base import EnvironmentFault
from harness.environments.placing import PROXY
from harness.topology import Topology

OFFICIAL: Mapping[str, str] = {"mariadb": "mariadb:10.11.11", "mysql": "mysql:8.4.5", "redis": "redis:7.4.2"}
LOCAL = "drill-harness"
APP = "app"
LOCK = "requirements.lock"
FORMAT = 1
BUILD = "harness images build"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that is here: by what name, and with what content."""

    reference: str
    id: str


class Images(Protocol):
    """What is on this machine."""

    def image_id(self, reference: str) -> str | None: ...


def app_tag(project: Path) -> str:
    """The local tag of the image for the project's own programs: it holds the locked packages."""
    lock = project / LOCK
    if not lock.is_file():
        raise EnvironmentFault(f"expected {lock}, which the image of the project's programs is made of")
    digest = hashlib.sha256(f"{FORMAT}\0".encode() + lock.read_bytes()).hexdigest()
    return f"{LOCAL}/{APP}:{digest[:16]}"


def equivalent(kind: str) -> str:
    """The local tag of an official image's equivalent from Debian packages."""
    return f"{LOCAL}/{kind}:debian"


def kind_of_image(kind: str) -> str:
    """What a kind of service runs on: a server's own image, or that of the project's programs."""
    return kind if kind in OFFICIAL else APP


def build_command(kind: str) -> str:
    """What makes the image of a kind of service; MySQL's is made only when it is asked for."""
    return f"{BUILD} --database mysql" if kind == "mysql" else BUILD


def candidates(kind: str, project: Path, environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """The references to look for, in order."""
    image = kind_of_image(kind)
    chosen = environ.get(f"HARNESS_IMAGE_{image.upper()}")
    if chosen:
        return (chosen,)
    return (app_tag(project),) if image == APP else (OFFICIAL[image], equivalent(image))


def images_for(topology: Topology, images: Images, project: Path) -> Mapping[str, Image]:
    """The image of each service, and of the fault proxy. Raises EnvironmentFault for one that is not here."""
    kinds = {service.name: service.kind for service in topology.services} | {PROXY: APP}
    found: dict[str, Image] = {}
    by_kind: dict[str, Image] = {}
    for name, kind in kinds.items():
        if kind not in by_kind:
            by_kind[kind] = _present(kind, images, project)
        found[name] = by_kind[kind]
    return found


def _present(kind: str, images: Images, project: Path) -> Image:
    wanted = candidates(kind, project)
    for reference in wanted:
        image_id = images.image_id(reference)
        if image_id is not None:
            return Image(reference=reference, id=image_id)
    raise EnvironmentFault(
        f"no image for {kind_of_image(kind)} is on this machine (looked for {', '.join(wanted)}): "
        f"run `{build_command(kind)}`, or `docker pull` one of them where a registry can be reached"
    )
