"""Whether the images of a deployment can be built:  make check-images

Each image is taken as ``modal deploy main.py`` declares it to the stand-in, Dockerfile lines and files, and
resolved by uv for its Linux and Python against the public index, whatever this machine's pip and uv are
configured to. Nothing is installed. What stands against a build is told in one line each, and the exit code
is then 1. A package that has only a source distribution must be one of ``SOURCES`` in
``orchestrator.modal.deployment.images``; that what these need makes them compile is not checked here.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from uv import find_uv_bin

from orchestrator.modal.deployment.images import IMAGES, SOURCES, WEB, ImageSpec, Source
from orchestrator.modal.deployment.pins import pinned_in
from orchestrator.modal.deployment.settings import SECRET_KEYS
from orchestrator.pipeline.engines import REGISTRIES
from orchestrator.songs.stages import NO_ENGINE, OPTIONAL_CRAFTS
from tests.modal.control import Control
from tests.modal.images import Image
from tests.specs import SPECS, spec_of

ROOT = Path(__file__).parent.parent.parent
GLIBC = {"bookworm": "2_36", "trixie": "2_40"}
"""Of each release of Debian that images are built on; trixie's is 2.41, which uv does not name."""
_NONE = dict.fromkeys(OPTIONAL_CRAFTS, NO_ENGINE)
WHEELS_FOR = "Linux x86-64 and Python 3.11"


@dataclass(frozen=True)
class Declared:
    """An image as it was declared."""

    name: str
    base: str
    """"python:3.11-slim-bookworm"."""
    requirements: tuple[str, ...]
    constraints: str
    """The text of the constraints file in it."""
    constraints_file: str = "constraints.txt"
    system: tuple[str, ...] = ()
    """The packages of Debian that are installed in it."""

    @property
    def debian(self) -> str:
        return self.base.rpartition("-")[2]

    @property
    def python(self) -> str:
        """ "3.11"."""
        found = re.match(r"python:(3\.\d+)", self.base)
        assert found, f"{self.name}: which Python {self.base} has is not known here"
        return found[1]


def image_of(engine: str) -> ImageSpec:
    return IMAGES[spec_of(engine).image]


def declared_images() -> list[Declared]:
    """Every image that some choice of engines needs, as it is declared when these are chosen."""
    left = {image_of(engine) for engine in SPECS} - {WEB}  # which is in all
    found: dict[tuple[object, ...], list[Declared]] = {}
    while left:
        env = {}
        for craft, known in REGISTRIES.items():
            engine = next((each for each in known if image_of(each) in left), _NONE.get(craft, "sketch"))
            left -= {image_of(engine)} if engine in known else set()
            env[f"SONGWRIGHT_{craft.upper()}__ENGINE"] = engine
        with Control(secrets={"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}) as control:
            control.deploy(ROOT / "main.py", env=env, cwd=ROOT)
            for tag, function in control.functions.items():
                assert function.image
                each = _declared(control, function.image, tag.removesuffix(".*"))
                found.setdefault((each.base, each.requirements, each.constraints), []).append(each)
    return [
        replace(same[0], name=f"image of {', '.join(sorted({each.name for each in same}))}")
        for same in found.values()
    ]


def _declared(control: Control, image: Image, name: str) -> Declared:
    (install,) = [line for line in image.commands if "pip install" in line and "--constraint=" in line]
    options = dict(
        word.split("=", 1) for word in shlex.split(install) if word.startswith("--") and "=" in word
    )
    path = PurePosixPath(options["--constraint"])
    files = {
        PurePosixPath(entry.filename).name: entry
        for mount, _ in image.copied()
        for entry in mount.files.values()
    }
    (base,) = [line.removeprefix("FROM ") for line in image.commands if re.match(r"FROM (?!base$)", line)]
    apt = [line.partition(" -y ")[2] for line in image.commands if "apt-get install" in line]
    return Declared(
        name=name,
        base=base,
        requirements=tuple(str(each) for each in image.requirements),
        constraints=control.world.stored(files[path.name].sha256_hex).read_text(),
        constraints_file=path.name,
        system=tuple(name for line in apt for name in line.split()),
    )


def faults(image: Declared, *, cache: Path | None = None, env: dict[str, str] | None = None) -> Iterator[str]:
    """What stands against building ``image``, a line each. ``cache``: uv's, if not its usual one; ``env``:
    variables of uv's process beside this one's."""
    where = f"{image.name}:"
    if image.debian not in GLIBC:
        yield f"{where} its base {image.base} is no Debian that is known here: add it to GLIBC"
        return
    packages, said = _resolved(image, cache, env or {})
    if packages is None:
        yield f"{where} {_reason(said, image.constraints_file)}"
        return
    for name, why in re.findall(r"warning: `(\S+)` is yanked(?: \(reason: (.*)\))?", said):
        reason = why or "no reason is given"
        yield f"{where} {name} has been withdrawn ({reason}): pin another version in {image.constraints_file}"
    pinned = pinned_in(image.constraints)
    for package in packages:
        name, version = package["name"], package["version"]
        if pinned.get(name) != version:
            file = image.constraints_file
            yield f"{where} {name} is not pinned exactly: add {name}=={version} to {file}"
        if package.get("wheels"):
            continue
        source = SOURCES[name]
        if lacking := sorted(set(source.system) - set(image.system)):
            yield f"{where} {name} is built from source, which takes Debian's {' '.join(lacking)}: add them"
        if source.debian and source.debian != image.debian:
            yield f"{where} {name} is built on Debian {source.debian} only, and {image.base} is another"


def _resolved(
    image: Declared, cache: Path | None, env: dict[str, str]
) -> tuple[list[dict[str, Any]] | None, str]:
    """The packages of a ``pylock.toml``, None where there is no solution, and what uv said."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "requirements.in").write_text("\n".join(image.requirements))
        (folder / image.constraints_file).write_text(image.constraints)
        (folder / "uv.toml").write_text(_metadata(image.constraints))
        command = [
            *(find_uv_bin(), "pip", "compile", "requirements.in", "--format=pylock.toml", "--no-header"),
            *("--config-file=uv.toml", f"--python-version={image.python}"),
            f"--python-platform=x86_64-manylinux_{GLIBC[image.debian]}",
            *(f"--constraints={image.constraints_file}", f"--build-constraints={image.constraints_file}"),
            *("--only-binary=:all:", *(f"--no-binary={name}" for name in _built(image.constraints))),
            *((f"--cache-dir={cache}",) if cache else ()),
        ]
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("UV_", "PIP_")) or name == "UV_CACHE_DIR"
        }
        done = subprocess.run(
            command, cwd=folder, env=kept | env, capture_output=True, text=True, check=False
        )
    return (tomllib.loads(done.stdout)["packages"] if done.returncode == 0 else None), done.stderr


def _metadata(constraints: str) -> str:
    """uv's configuration: what is known of sources that cannot even be asked without Debian's packages."""
    pinned = pinned_in(constraints)
    return "".join(
        f'[[dependency-metadata]]\nname = "{name}"\nversion = "{pinned[name]}"\n'
        f"requires-dist = {list(source.requires)}\n"
        for name, source in _built(constraints).items()
        if source.requires is not None and name in pinned
    )


def _built(constraints: str) -> dict[str, Source]:
    """Those of ``SOURCES`` that images with these constraints are to build: of other versions there are
    wheels."""
    pinned = pinned_in(constraints)
    return {
        name: source
        for name, source in SOURCES.items()
        if pinned.get(name, source.version).startswith(source.version)
    }


def _reason(said: str, file: str) -> str:
    """What uv says, as one line with what to do."""
    text = re.sub(r"\s+", " ", said).strip()
    if re.search(r"[Ff]ailed to fetch|error sending request|[Cc]ould not connect|dns error", text):
        return "the package index cannot be reached from here: run this where it can"
    if gone := re.search(r"there is no version of ([\w.-]+?)(?:\[\S*\])?==([^\s,]+)", text):
        name, version = gone.groups()
        return f"{name} {version}, which {file} pins, is not in the index: pin a version that is"
    if source := re.search(r"Because (?:all versions of )?(\S+) (?:has|have) no (?:usable )?wheels", text):
        return (
            f"{source[1]} has no wheel for {WHEELS_FOR}: pin a version that has one, or add it to SOURCES "
            "of orchestrator/modal/deployment/images.py with why, and what it is built with"
        )
    conflict = re.search(r"Because (.+?), we can conclude", re.sub(r"\{[^}]*\}", "", text))
    return f"cannot be resolved: {conflict[1] if conflict else text}; change the pin in {file}"


def main(images: Sequence[Declared] | None = None) -> int:
    began = time.monotonic()
    bad = 0
    images = images or declared_images()
    with ThreadPoolExecutor(len(images)) as pool:  # each waits for the index
        results = list(pool.map(lambda image: list(faults(image)), images))
    for image, found in zip(images, results, strict=True):
        for line in found:
            print(line)
        bad += len(found)
        if not found:
            print(
                f"{image.name} ({image.base}): {len(image.requirements)} packages and what they need resolve"
            )
    print(f"{'red' if bad else 'green'} after {time.monotonic() - began:.1f} s")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
