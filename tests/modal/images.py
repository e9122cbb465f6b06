"""An image as declared, layer by layer, and the Python packages that a container of it may import."""

from __future__ import annotations

import functools
import re
import shlex
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from modal_proto import api_pb2
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from tests.modal.records import Mount

TOOLS = {"pip", "uv", "wheel"}  # the base image's own
CLIENT = "modal"  # Modal mounts its client and what that needs into every container
WITH_VALUE = {
    "--python",
    "--index-url",
    "--extra-index-url",
    "--find-links",
    "--prerelease",
    "--torch-backend",
}
FROM_FILE = {"-r", "--requirements", "--requirement"}


@dataclass
class Image:
    """One layer, over its base."""

    id: str
    definition: api_pb2.Image
    builder_version: str
    base: Image | None = None
    context: Mount | None = None
    secrets: list[str] = field(default_factory=list)

    @property
    def layers(self) -> list[Image]:
        """From the lowest to this one."""
        return [*(self.base.layers if self.base else []), self]

    @property
    def commands(self) -> list[str]:
        """The Dockerfile's lines of all layers."""
        return [line for layer in self.layers for line in layer.definition.dockerfile_commands]

    @property
    def env(self) -> dict[str, str]:
        """What the image's ``ENV`` lines set; those of the python base image are not among them."""
        found = {}
        for line in self.commands:
            if line.startswith("ENV "):
                name, _, value = line.removeprefix("ENV ").partition("=")
                found[name] = " ".join(shlex.split(value))
        return found

    @property
    def packages(self) -> dict[str, str]:
        """Version specifiers by canonical name, of everything that pip or uv installs into it."""
        return {canonicalize_name(each.name): str(each.specifier) for each in self.requirements}

    @property
    def requirements(self) -> list[Requirement]:
        return [each for layer in self.layers for each in layer._installed()]

    def _installed(self) -> list[Requirement]:
        found = []
        files = {Path(each.filename).name: each.data.decode() for each in self.definition.context_files}
        for line in self.definition.dockerfile_commands:
            if not re.search(r"^RUN .*\bpip install\b", line):
                continue
            words = iter(shlex.split(re.sub(r"\$\([^)]*\)", "python", line.partition("pip install")[2])))
            for word in words:
                if word in FROM_FILE:
                    found += _listed(files, next(words))
                elif word in WITH_VALUE:
                    next(words)
                elif not word.startswith("-"):
                    try:
                        found.append(Requirement(word))
                    except InvalidRequirement as error:
                        raise ValueError(f"cannot tell what `{line}` installs: {word!r}") from error
        return [each for each in found if each.name not in TOOLS]

    def copied(self) -> list[tuple[Mount, str]]:
        """The mounts that ``copy=True`` built into it, each with the folder that it was copied to."""
        return [
            (layer.context, line.removeprefix("COPY . "))
            for layer in self.layers
            for line in layer.definition.dockerfile_commands
            if layer.context and line.startswith("COPY . ")
        ]

    @property
    def absent(self) -> list[str]:
        """Requirements which the Python that runs the tests does not meet: containers cannot import those."""
        return sorted(str(each) for each in self.requirements if not _met(each))


def _listed(files: dict[str, str], path: str) -> list[Requirement]:
    # The client writes "/.0_name" into the context and installs from "/.uv/0/name".
    number, name = Path(path).parts[-2:]
    lines = files[f".{number}_{name}"].splitlines()
    return [Requirement(line) for raw in lines if (line := raw.partition("#")[0].strip())]


def _met(requirement: Requirement) -> bool:
    try:
        version = metadata.version(requirement.name)
    except metadata.PackageNotFoundError:
        return False
    return requirement.specifier.contains(version, prereleases=True)


def lay_out(image: Image | None, folder: Path) -> None:
    """Make ``folder`` a site-packages with links to what the image installs, with its dependencies, and no
    more.
    """
    wanted = [Requirement(CLIENT), *(image.requirements if image else ())]
    for name in sorted(_closure(tuple(str(each) for each in wanted if _met(each)))):
        for source in _entries(name):
            target = folder / source.name
            if not target.exists():
                target.symlink_to(source)


@functools.cache
def _closure(wanted: tuple[str, ...]) -> frozenset[str]:
    found: dict[str, set[str]] = {}
    left = [Requirement(each) for each in wanted]
    while left:
        requirement = left.pop()
        name = canonicalize_name(requirement.name)
        extras = {"", *requirement.extras}
        new = extras - found.get(name, set())
        if not new:
            continue
        found.setdefault(name, set()).update(extras)
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:
            continue  # of another platform, or an extra that is not installed here
        for line in needs:
            need = Requirement(line)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in new):
                left.append(need)
    return frozenset(found)


@functools.cache
def _entries(name: str) -> tuple[Path, ...]:
    """What a distribution has at the top of site-packages, but for files that run when Python starts."""
    try:
        distribution = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return ()
    tops = {file.parts[0] for file in distribution.files or () if not file.is_absolute()}
    found = []
    for top in sorted(tops - {"..", "__pycache__"}):
        path = Path(str(distribution.locate_file(top)))
        if path.suffix != ".pth" and path.exists():
            found.append(path)
    return tuple(found)
