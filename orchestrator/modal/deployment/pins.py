"""The exact versions that Songwright is tested with, for the images of its containers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[3]
CONSTRAINTS = "constraints.txt"
AUDIOCRAFT_CONSTRAINTS = "constraints-audiocraft.txt"
VLLM_CONSTRAINTS = "constraints-vllm.txt"
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def pins(*extras: str, constraints: str = CONSTRAINTS) -> list[str]:
    """The direct dependencies, and those of ``extras``, each as ``name==version``. ``constraints``, a file of
    this repository, pins these and their own dependencies.

    Raises ``LookupError`` for a package that the file does not pin.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = list(project["dependencies"])
    for extra in extras:
        wanted += project["optional-dependencies"][extra]
    versions = pinned_in((ROOT / constraints).read_text())
    found: dict[str, str] = {}
    for requirement in wanted:
        name = plain(_NAME.match(requirement)[0])  # type: ignore[index]  # every requirement begins with a name
        given = requirement.partition("==")[2].partition(";")[0].strip()
        found[name] = given or versions[name]
    return [f"{name}=={version}" for name, version in sorted(found.items())]


def version_of(package: str) -> str:
    """The version of ``package`` in ``CONSTRAINTS``. Raises ``LookupError`` if it is not there."""
    return pinned_in((ROOT / CONSTRAINTS).read_text())[plain(package)]


def pinned_in(constraints: str) -> dict[str, str]:
    """The exact versions in the text of a constraints file, by the normal name of the package."""
    exact = (
        line.strip().split("==", 1)
        for line in constraints.splitlines()
        if "==" in line and not line.startswith("#")
    )
    return {plain(name): version for name, version in exact}


def plain(name: str) -> str:
    """A package's name in the normal form of package indexes: lower case, with hyphens."""
    return re.sub(r"[-_.]+", "-", name).lower()
