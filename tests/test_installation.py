"""What an installation of the application owns, and where its extra ``client`` comes from."""

from __future__ import annotations

import subprocess
import tarfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path
from zipfile import ZipFile

import pytest

from config.version import PACKAGES
from tests.orchestrator.test_cli import ROOT
from tests.wheels import built


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this repository, without those that a build or a run left in it."""
    folder = tmp_path_factory.mktemp("a clone")
    listed = subprocess.run(["git", "ls-files", "-z"], capture_output=True, text=True, cwd=ROOT, check=True)
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/")):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def wheel(clone: Path, tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    return ZipFile(built(clone, "wheel", tmp_path_factory.mktemp("wheel")))


def required(fields: Message, extra: str) -> list[str]:
    """What the extra needs, as the metadata says it."""
    needs = [str(need).partition(" ;") for need in fields.get_all("Requires-Dist", [])]
    return [what.partition(";")[0] for what, _, when in needs if f'extra == "{extra}"' in when + what]


def test_an_installation_owns_the_names_of_the_layout_and_no_other(wheel: ZipFile) -> None:
    top = {name.partition("/")[0] for name in wheel.namelist()}
    assert {name for name in top if not name.endswith(".dist-info")} == set(PACKAGES)


def test_every_file_of_the_packages_is_installed(wheel: ZipFile, clone: Path) -> None:
    """Pages, fonts and word lists too."""
    installed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    folders = {name.partition("/")[0] for name in installed}
    files = [path for folder in folders for path in (clone / folder).rglob("*") if path.is_file()]
    assert installed == {path.relative_to(clone).as_posix() for path in files}
    assert {"orchestrator/server/web/index.html", "orchestrator/server/web/docs.html"} <= installed


def test_the_command_keeps_its_name(wheel: ZipFile) -> None:
    (entries,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    assert "songwright = orchestrator.__main__:songwright" in wheel.read(entries).decode()


def test_the_client_of_a_clone_is_the_one_that_lies_in_it(wheel: ZipFile, clone: Path) -> None:
    """So ``pip install -e '.[client]'`` works where no index has a client."""
    (metadata,) = [name for name in wheel.namelist() if name.endswith("METADATA")]
    fields = HeaderParser().parsestr(wheel.read(metadata).decode())
    client = (clone / "clients" / "python").resolve().as_uri()
    assert required(fields, "client") == [f"songwright-client @ {client}"]


def test_what_is_published_names_no_folder(clone: Path, tmp_path: Path) -> None:
    with tarfile.open(built(clone, "sdist", tmp_path)) as archive:
        names = archive.getnames()
        root = names[0].partition("/")[0]
        metadata = archive.extractfile(f"{root}/PKG-INFO")
        assert metadata
        fields = HeaderParser().parsestr(metadata.read().decode())
    assert required(fields, "client") == ["songwright-client>=0.1"]
    assert f"{root}/setup.py" in names
    assert not [name for name in names if name.startswith(f"{root}/clients/")]
