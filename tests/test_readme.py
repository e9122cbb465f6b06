"""The README cannot lie: its commands are run, its settings and its pictures are there."""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from PIL import Image

from config.settings import Settings, variable_of
from orchestrator.pipeline.engines import REGISTRIES
from tests.music.recordings import file_of as wav
from tests.music.recordings import tone
from tests.orchestrator.test_cli import COMMAND, QUICK, ROOT, environment
from tests.service.server import TOKEN, serving
from tests.vision.photos import file_of, shot

README = (ROOT / "README.md").read_text()


def commands(text: str) -> list[str]:
    """The lines of a document's shell blocks."""
    return [
        line.partition("#")[0].strip()
        for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)
        for line in block.replace("\\\n", "").splitlines()
        if line.strip()
    ]


COMMANDS = commands(README)
REQUESTS = [
    line
    for name in ("README.md", "docs/other-services.md", "docs/api.md")
    for line in commands((ROOT / name).read_text())
    if line.startswith("curl ")
]
SERVE = "songwright serve"


@pytest.mark.parametrize(
    "line", [line for line in COMMANDS if line.startswith("songwright ") and line != SERVE]
)
def test_a_songwright_command_of_the_readme_runs(
    line: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    # Of a song that has a score, and is long enough.
    sung = line.split()[1] in ("extend", "repaint", "resing")
    shutil.copytree(request.getfixturevalue("sung" if sung else "hummed"), tmp_path, dirs_exist_ok=True)
    engines = {} if sung else QUICK
    run([*COMMAND, *shlex.split(line.replace("~", str(tmp_path)))[1:]], tmp_path, engines)


@pytest.fixture(scope="module")
def hummed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a first song, and files of words."""
    home = tmp_path_factory.mktemp("hummed")
    for name in ("words.txt", "verse.txt"):
        (home / name).write_text("[verse]\nla la la\n")
    run([*COMMAND, "make", "a first song", "--duration", "5"], home, QUICK)
    return home


@pytest.fixture(scope="module")
def sung(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Likewise, with a song of the embedded composer."""
    home = tmp_path_factory.mktemp("sung")
    for name in ("words.txt", "verse.txt"):
        (home / name).write_text("[verse]\nla la la\n")
    run([*COMMAND, "make", "a first song", "--lyrics", "words.txt", "--duration", "50"], home, {})
    return home


def run(command: list[str], home: Path, engines: dict[str, str]) -> None:
    env = environment(home, **engines, HOME=str(home))
    result = subprocess.run(command, capture_output=True, text=True, cwd=home, env=env, timeout=300)
    assert result.returncode == 0, result.stderr


def sent(line: str, url: str, token: str, song_id: str = "") -> httpx.Response:
    """The answer to a request that the README writes with curl, which not every machine has."""
    parser = argparse.ArgumentParser()
    parser.add_argument("url")
    parser.add_argument("-H", dest="headers", action="append")
    parser.add_argument("-d", dest="data", default="")
    parser.add_argument("-F", dest="fields", action="append", default=[])
    parser.add_argument("-X", dest="method", default="POST")
    given = parser.parse_args(shlex.split(line.replace("$TOKEN", token).replace("$ID", song_id))[1:])
    headers = dict(header.split(": ", 1) for header in given.headers)
    where = given.url.replace("http://127.0.0.1:8000", url)
    if given.fields:
        fields = dict(field.split("=", 1) for field in given.fields)
        kind = "audio" if "audio" in fields else "image"
        data = wav(tone()) if kind == "audio" else file_of(shot("sea"), "JPEG")
        sent = {kind: (fields.pop(kind).removeprefix("@"), data)}
        return httpx.post(where, headers=headers, data=fields, files=sent, timeout=60.0)
    return httpx.request(given.method, where, headers=headers, content=given.data.encode(), timeout=60.0)


def test_the_requests_of_the_readme_are_answered_as_it_says(tmp_path: Path) -> None:
    assert SERVE in COMMANDS
    with serving(tmp_path) as server:
        answers: dict[str, httpx.Response] = {}
        for line in REQUESTS:
            made = answers.get(REQUESTS[0])
            answers[line] = sent(line, server.url, TOKEN, made.json()["id"] if made else "")
    changed = [answer for line, answer in answers.items() if "$ID" in line]
    first, second, third, upload, fourth = (answers[line] for line in REQUESTS if "$ID" not in line)
    assert [answer.status_code for answer in changed] == [200]
    assert changed[0].json()["tags"]
    assert first.status_code == 200, first.text
    assert first.json().keys() >= {"r2_key", "cover_image_r2_key", "categories", "urls"}
    assert second.status_code == 202, second.text
    assert second.json()["brief"]["lyrics"].splitlines()[1] == "My own words"
    assert third.status_code == 200, third.text
    assert third.json()["audioUrl"].startswith("data:audio/wav;base64,")
    assert third.json()["prompt"].startswith("modern electronic, uplifting cheerful, moderate upbeat tempo")
    assert (upload.status_code, upload.json()["rights"]) == (201, "mine")
    assert fourth.json()["engines"]["art"]["name"] == "photo"


@pytest.mark.parametrize("line", [line for line in COMMANDS if line.startswith("make ")])
def test_a_make_command_of_the_readme_has_its_target(line: str) -> None:
    result = subprocess.run(
        ["make", "--dry-run", *shlex.split(line)[1:]], capture_output=True, text=True, cwd=ROOT
    )
    assert result.returncode == 0, result.stderr


def test_the_readme_has_commands_of_both_kinds() -> None:
    assert {line.split()[0] for line in COMMANDS} == {"git", "make", "songwright", "curl"}
    assert COMMANDS[0].startswith("git clone")
    assert COMMANDS[1].startswith("make song")


def test_every_setting_is_in_the_document_that_the_readme_names() -> None:
    name = "docs/settings.md"
    assert f"({name})" in README
    document = (ROOT / name).read_text()
    for field in Settings.model_fields:
        variable = variable_of(field)
        assert variable in document, variable


def headings(document: Path) -> set[str]:
    """The anchors that a page of GitHub gives to a document's headings."""
    titles = re.findall(r"^#+ (.*)$", document.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_document_is_in_the_readme_and_every_link_leads_somewhere() -> None:
    documents = [ROOT / "README.md", ROOT / "DEPLOY.md", ROOT / "CONTRIBUTING.md", *ROOT.glob("docs/**/*.md")]
    for document in documents:
        for link, anchor in re.findall(r"\]\(([^)#:\s]*)#?([^):]*)\)", document.read_text()):
            target = document.parent / link if link else document
            assert target.exists(), f"{document.relative_to(ROOT)}: {link}"
            assert not anchor or anchor in headings(target), f"{document.relative_to(ROOT)}: {link}#{anchor}"
    for document in ROOT.glob("docs/*.md"):
        assert f"({document.relative_to(ROOT)})" in README, document


def test_the_memory_of_each_model_is_what_its_engine_says() -> None:
    rows = re.findall(
        r"^\| `SONGWRIGHT_(\w+)__ENGINE=(\w+)` \| (.*?) \| (\d+) GiB", README, flags=re.MULTILINE
    )
    written = {(craft.lower(), engine): (text, int(gib)) for craft, engine, text, gib in rows}
    known = {
        (craft, engine): spec
        for craft, registry in REGISTRIES.items()
        for engine in registry
        if (spec := registry.spec(engine)).models
    }
    assert written.keys() == known.keys()
    for engine, spec in known.items():
        needs = spec.needs()
        assert needs
        assert f"`{spec.default_model}`" in written[engine][0]
        assert written[engine][1] == round(needs.gpu_gib(needs.precision)), engine


def test_every_package_is_on_the_map_that_the_readme_names() -> None:
    name = "docs/architecture/00-overview.md"
    assert f"({name})" in README
    overview = (ROOT / name).read_text()
    for folder in [*ROOT.iterdir(), *(ROOT / "orchestrator").iterdir()]:
        if (folder / "__init__.py").exists():
            assert f"`{folder.relative_to(ROOT)}/`" in overview, folder


def test_the_pictures_are_there() -> None:
    for source in re.findall(r'<img src="([^"]+)"', README):
        with Image.open(ROOT / source) as picture:
            assert picture.width >= 400
            assert (ROOT / source).stat().st_size < 500_000


def test_make_passes_a_description_with_any_character_through(tmp_path: Path) -> None:
    about = 'it\'s "50%" off; $(touch oops) `touch oops` & a 雨 song'
    stub = tmp_path / "bin"
    stub.mkdir()
    songwright = stub / "songwright"
    songwright.write_text(f"#!{sys.executable}\nimport sys\nprint(sys.argv[2])\n")
    songwright.chmod(0o755)
    (stub / "python").touch(mode=0o755)
    (tmp_path / ".song").touch()
    environ = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL")}
    result = subprocess.run(
        ["make", "--no-print-directory", "song", f"VENV={tmp_path}", "ABOUT=" + about.replace("$", "$$")],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environ,
    )
    assert result.stdout.strip() == about, result.stderr
    assert not (ROOT / "oops").exists()
