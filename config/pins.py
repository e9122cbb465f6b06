"""The exact versions that Songwright is tested with, for the images of its containers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parent.parent
CONSTRAINTS = "constraints.txt"
AUDIOCRAFT_CONSTRAINTS = "constraints-audiocraft.txt"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def pins(*extras: str, constraints: str = CONSTRAINTS) -> list[str]:
    """What a plain installation needs, and ``extras``, each as ``name==version``. What these need in turn is
    held by ``constraints``, a file of this repository.

    Raises ``LookupError`` for a package that it does not pin.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    exact = dict(
        line.strip().split("==", 1)
        for line in (ROOT / constraints).read_text().splitlines()
        if "==" in line and not line.startswith("#")
    )
    versions = {_plain(name): version for name, version in exact.items()}
    found: dict[str, str] = {}
    for requirement in wanted:
        name = _plain(_NAME.match(requirement)[0])  # type: ignore[index]  # every requirement begins with a name
        given = requirement.partition("==")[2].partition(";")[0].strip()
        found[name] = given or versions[name]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
