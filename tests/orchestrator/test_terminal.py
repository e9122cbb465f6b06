"""Every command with every option, once, on a pseudo-terminal.

``RUNS`` is the table: a command or an option that is in no run fails the table's own test.
"""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import pytest

from config.version import VERSION
from orchestrator.cli.commands import DONE, FAILED, INTERRUPTED, commands
from orchestrator.cli.commands.song import SENTENCE
from orchestrator.jobs.lease import Holder, LeaseClient
from orchestrator.modal.deployment.settings import SECRET_KEYS
from tests.modal.control import Control
from tests.music.recordings import file_of as wav
from tests.music.recordings import tone
from tests.orchestrator.forked import Ended, forked
from tests.orchestrator.terminal import Shown, on_terminal
from tests.orchestrator.test_bucket import settings
from tests.orchestrator.test_cli import COMMAND, QUICK, ROOT, environment, manifest
from tests.storage.s3 import s3_server
from tests.vision.photos import file_of, shot

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

WORDS = "[verse]\nMy own words\n"


@contextmanager
def quick() -> Iterator[dict[str, str]]:
    yield QUICK


@contextmanager
def sketch() -> Iterator[dict[str, str]]:
    yield {}


@contextmanager
def taken_apart() -> Iterator[dict[str, str]]:
    yield QUICK | {"SONGWRIGHT_SEPARATION__ENGINE": "tests.separation.engines:HalfSeparator"}


@contextmanager
def no_players() -> Iterator[dict[str, str]]:
    yield QUICK | {"PATH": "/nowhere"}


@contextmanager
def a_browser() -> Iterator[dict[str, str]]:
    """One that shows on the terminal which address it got."""
    with quick() as variables:
        yield variables | {"BROWSER": "echo opened %s"}


@contextmanager
def no_weights() -> Iterator[dict[str, str]]:
    yield {"HF_HUB_OFFLINE": "1", "HF_HOME": "/dev/null"}


@contextmanager
def on_modal() -> Iterator[dict[str, str]]:
    secrets = {"music-gen-secret": dict.fromkeys(SECRET_KEYS, "x")}
    engines = {f"SONGWRIGHT_{craft}__ENGINE": "sketch" for craft in ("LYRICS", "MUSIC", "ART", "VISION")}
    with Control(secrets=secrets) as control:
        yield control.client_env | engines | {"HF_HUB_OFFLINE": "1"}


@contextmanager
def with_a_bucket_of_another() -> Iterator[dict[str, str]]:
    with s3_server() as s3:
        bucket = s3.new_bucket()
        assert LeaseClient(s3.store(bucket), Holder("modal di-1", "a deployment")).acquire() is None
        yield settings(s3, bucket)


@dataclass(frozen=True)
class Run:
    """One run of a command in a library with one song, "A first song". In the arguments ``{home}`` is the
    library, ``{words}``, ``{photo}`` and ``{tune}`` are files, and ``{id}`` is the song."""

    arguments: tuple[str, ...]
    shows: tuple[str, ...] = ()
    """What is on the screen because of the arguments."""
    hides: tuple[str, ...] = ()
    """What is not, because of them."""
    code: int = DONE
    until: str = ""
    """What is waited for before Ctrl-C is pressed."""
    within: Callable[[], Any] = quick
    """Around the run: the environment that it gives."""
    sung: bool = False
    """Whether the song in the library is one of the embedded engines."""
    mixed: bool = False
    """Whether the song in the library has no stems."""
    songs: int = 1
    """How many the library has afterwards."""
    brief: tuple[tuple[str, object], ...] = ()
    """Fields of the newest song's."""
    leaves: str = ""
    """A pattern of files that are in the library's folder afterwards."""


SONGWRIGHT = str(Path(sys.executable).with_name("songwright"))


def run(*arguments: str, **more: Any) -> Run:
    return Run(arguments, **more)


RUNS = [
    run("--version", shows=(VERSION,)),
    run(
        "make", "A Song", "--about", "rain", "--duration", "6", "--seed", "3", "--format", "flac",
        "--variations", "2", "--keep", "best", "--draft", "--no-master", "--no-title",
        "--out", "{home}/out",
        shows=("Song 2 of 2", "The best is take", "take 2 of 2", "audio.flac", "--about rain", "/out/"),
        songs=3, leaves="out/*.flac",
        brief=(("seed", 3), ("format", "flac"), ("master", False), ("cover_title", False)),
    ),
    run(
        "make", "folk", "--lyrics", "{words}", "--duration", "5", "--json",
        shows=('"status": "done"',), hides=("Play it",), songs=2, brief=(("lyrics", WORDS),),
    ),
    run(
        "make", "a beat", "--instrumental", "--duration", "5",
        shows=("--instrumental", "Play it"), hides=("la la la",), songs=2, brief=(("instrumental", True),),
    ),
    run(
        "make", "--image", "{photo}", "--photo-as-cover", "--duration", "5",
        shows=("art: photo",), songs=2, brief=(("photo_as_cover", True),), leaves="songs/*/photo.*",
    ),
    run("make", "--like", "{id}", shows=("A first song", "lyrics: given"), songs=2),
    run(
        "extend", "{id}", "--by", "12", "--from", "4", "--lyrics", "{words}", "--prompt", "softer",
        "--seed", "4", "--format", "flac", "--variations", "2", "--keep", "best", "--out", "{home}/out",
        shows=("take 2 of 2", "0:16", "made from", "12 s more", "audio.flac"),
        songs=3, leaves="out/*.flac", within=sketch, sung=True,
        brief=(("seed", 4),),
    ),
    run(
        "extend", "{id}", "--by", "9", "--before", "--json",
        shows=('"before": true',), songs=2, within=sketch, sung=True,
    ),
    run(
        "repaint", "{id}", "--from", "1", "--to", "4", "--lyrics", "{words}", "--prompt", "softer",
        "--seed", "4", "--format", "flac", "--variations", "2", "--keep", "best", "--out", "{home}/out",
        shows=("take 2 of 2", "audio.flac"), songs=3, leaves="out/*.flac", within=sketch, sung=True,
    ),
    run(
        "repaint", "{id}", "--from", "1", "--to", "4", "--json",
        shows=('"repaint"',), songs=2, within=sketch, sung=True,
    ),
    run("extend", "{id}", "--by", "9", code=2, shows=("task", "engine 'hum' does not do it")),
    run(
        "remix", "{id}", "reggae", "--strength", "0.4", "--seed", "4", "--format", "flac",
        "--variations", "2", "--keep", "best", "--out", "{home}/out",
        shows=("take 2 of 2", "audio.flac"), songs=3, leaves="out/*.flac", within=sketch, sung=True,
    ),
    run("remix", "{id}", "reggae", "--json", shows=('"genre": "reggae"',), songs=2, within=sketch, sung=True),
    run(
        "resing", "{id}", "{words}", "--seed", "4", "--format", "flac", "--variations", "2", "--keep", "best",
        "--out", "{home}/out",
        shows=("take 2 of 2", "audio.flac"), songs=3, leaves="out/*.flac", within=sketch, sung=True,
    ),
    run("resing", "{id}", "{words}", "--json", code=2, shows=("engine 'hum' does not do it",)),
    run(
        "upload", "{tune}", "--rights", "mine", "--name", "A tune", "--json",
        shows=('"rights": "mine"', '"A tune"'),
    ),
    run("upload", "--list", shows=("No recordings",)),
    run("upload", "--delete", "rec-00000000000000000000", code=1, shows=("rec-00000000000000000000",)),
    run("finish", "{id}", code=1, shows=("is no draft",)),
    run("finish", "{id}", "--json", "--out", "{home}/out", code=1, shows=("is no draft",)),
    run(
        "stems", "{id}", "--seed", "4", "--format", "flac", "--variations", "2", "--keep", "best",
        "--out", "{home}/out",
        shows=("separation: half", "its stems", "audio.flac"), songs=3, leaves="out/*/*vocals*",
        within=taken_apart, mixed=True,
    ),
    run("stems", "{id}", "--json", shows=('"stem:vocals"',), songs=2, within=taken_apart, mixed=True),
    run("stems", "{id}", code=2, shows=("SONGWRIGHT_SEPARATION__ENGINE=demucs",), mixed=True),
    run(
        "cover", "{id}", "--prompt", "a lighthouse", "--seed", "4", "--out", "{home}/out",
        shows=("another cover", "My Own Words.wav"), songs=2, leaves="out/*.wav", within=sketch, sung=True,
        brief=(("seed", 4),),
    ),
    run("cover", "{id}", "--json", shows=('"task": "cover"',), songs=2),
    run("song", "--duration", "5", "--seed", "3", shows=(SENTENCE, "Play it"), songs=2, brief=(("seed", 3),)),
    run("song", "A Song", "--about", "rain", "--duration", "5", shows=("--about rain",), songs=2),
    run("mcp", "--url", "ftp://x", code=2, shows=("--url: ", "ftp://x")),
    run("make", "A Song", "--play", code=2, shows=("--play", "no player", "aplay"), within=no_players),
    run("list", "--limit", "1", shows=("A first song", "done")),
    run("list", "--limit", "0", "--json", shows=('"A first song"',), hides=("length",)),
    run(
        "list", "--status", "done", "--genre", "pop", "--tag", "x", "--metadata", "a:b", "--favourite",
        "--instrumental", "--sort", "title",
        shows=("No song fits.",),
    ),
    run("search", "first", "--status", "done", "--sort", "updated", "--limit", "1", shows=("A first song",)),
    run(
        "search", "first", "--genre", "pop", "--tag", "x", "--metadata", "a:b", "--favourite",
        "--instrumental", "--json",
        shows=("[]",),
    ),
    run("rename", "first song", "Another", shows=("Renamed {id} Another",)),
    run("favourite", "{id}", "--off", shows=("No favourite now: {id} A first song",)),
    run("tag", "{id}", "demo", "--off", shows=("A first song: no tags",)),
    run("show", "{id}", shows=("A first song", "audio.wav", "Make it again")),
    run("show", "{id}", "--json", shows=('"history"',), hides=("Make it again",)),
    run("cost", "--last", "1", shows=("Songs: 1.", "hum")),
    run("cost", "--since", "2999-01-01", shows=("Songs: 0.",), hides=("hum",)),
    run("cost", "--json", shows=('"songs": 1',)),
    run("cost", "--forecast", within=sketch, shows=("one song alone", "100,000 a month", "nothing of it")),
    run("cost", "--songs", "50", "--apart", "30", within=sketch, shows=("50, 30 s apart", "of it cold")),
    run("index", shows=("Songs in the index: 1.",)),
    run("resume", "{id}", code=2, shows=("{id}",)),
    run("delete", "{id}", shows=("Deleted {id} A first song",), songs=0),
    run("delete", "--cancelled", "--failed", "--older-than", "30d", "--yes", shows=("Nothing to delete",)),
    run("cancel", "{id}", code=FAILED, shows=("nothing to cancel",)),
    run("play", "latest", "--stem", "bass", code=FAILED, shows=("has no stem 'bass'", "melody")),
    run("open", "latest", "--print", code=FAILED, shows=("no service runs on", "songwright serve")),
    run("completion", "zsh", shows=("_SONGWRIGHT_COMPLETE",)),
    run(
        "serve", "--host", "127.0.0.2", "--port", "0", "--open",
        shows=("is at http://127.0.0.2:", "/#code=", "Your token, shown only now", "token for programs is"),
        until="opened http://127.0.0.2:", code=INTERRUPTED, leaves=".songwright/token", within=a_browser,
    ),
    run(
        "serve", "--port", "0", "--take-over", shows=("Songwright is at http://127.0.0.1:",),
        until="Ctrl-C stops.", code=INTERRUPTED, within=with_a_bucket_of_another,
    ),
    run(
        "serve", "--port", "0", "--open", shows=("--take-over",), code=FAILED,
        within=with_a_bucket_of_another,
    ),
    run("doctor", shows=("hum", "store"), hides=("musicgen",)),
    run("doctor", "--all", shows=("engine 'musicgen' is not ready", "--"), within=no_weights),
    run("doctor", "--modal", shows=("the token is good", "is not deployed"), within=on_modal),
    run("bench", "--runs", "1", "--duration", "5", shows=("1 x 5 s", "base install"), within=sketch),
    run(
        "bench", "--runs", "1", "--duration", "5", "--against", SONGWRIGHT, shows=("against", "ratio"),
        within=sketch,
    ),
]  # fmt: skip


def every_command() -> dict[str, click.Command]:
    """By name, the group itself with an empty one."""
    return {"": commands} | commands.commands


def options_of(name: str, command: click.Command) -> set[tuple[str, str]]:
    return {(name, parameter.opts[0]) for parameter in command.params}


def options_in(arguments: tuple[str, ...]) -> set[tuple[str, str]]:
    """Which parameters of which command these set."""
    name = arguments[0] if arguments[0] in commands.commands else ""
    words = {word.partition("=")[0] for word in arguments if word.startswith("-")}
    found = {
        (name, parameter.opts[0])
        for parameter in every_command()[name].params
        if words & {*parameter.opts, *parameter.secondary_opts}
    }
    # What is left without its options' values is the command's arguments.
    plain = [
        word for before, word in zip(("", *arguments), arguments, strict=False) if not word.startswith("-")
    ]
    if name and len(plain) > 1 and not arguments[1].startswith("-"):
        found |= {(name, p.opts[0]) for p in every_command()[name].params if isinstance(p, click.Argument)}
    return found


def test_the_table_has_every_command_and_every_option() -> None:
    assert commands.commands["song"].params == commands.commands["make"].params
    assert f"ABOUT ?= {SENTENCE}\n" in (ROOT / "Makefile").read_text()
    others = {name: command for name, command in every_command().items() if name != "song"}
    every = {option for name, command in others.items() for option in options_of(name, command)}
    assert len(every) > 25
    assert every - set[tuple[str, str]]().union(*(options_in(each.arguments) for each in RUNS)) == set()
    assert {each.arguments[0] for each in RUNS} >= commands.commands.keys()


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    manifest(home, "A first song")
    (home / "words.txt").write_text(WORDS)
    (home / "holiday.jpg").write_bytes(file_of(shot("sea"), "JPEG"))
    (home / "tune.wav").write_bytes(wav(tone()))
    return home


@pytest.fixture(scope="module")
def sung_library(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("sung") / "home"
    shutil.copytree(library, home, ignore=shutil.ignore_patterns("songs", "open", "index"))
    manifest(home, "pop, 120 BPM", "--lyrics", str(home / "words.txt"), "--duration", "12", variables={})
    return home


@pytest.fixture(scope="module")
def mixed_library(library: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("mixed") / "home"
    shutil.copytree(library, home, ignore=shutil.ignore_patterns("songs", "open", "index"))
    mix = {"SONGWRIGHT_MUSIC__ENGINE": "tests.separation.engines:MixComposer"}
    manifest(home, "A mix", variables=QUICK | mix)
    return home


def manifests(home: Path) -> list[dict[str, Any]]:
    """Newest first, as their ids sort."""
    paths = sorted(home.glob("songs/*/song.json"))
    return [json.loads(path.read_text()) for path in paths]


def settled(shown: Shown) -> None:
    """What holds of every command: nothing for a programmer to read, and a terminal as it was."""
    assert "Traceback" not in shown.text
    assert shown.left_over() == [], shown.raw[-300:]


@pytest.mark.parametrize(
    "each", RUNS, ids=lambda each: " ".join(w for w in each.arguments if w[:1] != "{")[:60]
)
def test_a_command_with_its_options(
    each: Run, library: Path, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    home = tmp_path / "home"
    other = "sung_library" if each.sung else "mixed_library" if each.mixed else ""
    shutil.copytree(request.getfixturevalue(other) if other else library, home)
    (first,) = manifests(home)
    values = {"home": home, "words": home / "words.txt", "photo": home / "holiday.jpg", "id": first["id"]}
    values["tune"] = home / "tune.wav"
    arguments = [word.format(**values) for word in each.arguments]
    with each.within() as variables:
        env = environment(home, **variables)
        shown = on_terminal([*COMMAND, *arguments], env, ROOT, until=each.until)
    settled(shown)
    assert shown.code == each.code, shown.text
    for expected in each.shows:
        assert expected.format(**values) in shown.text
    for absent in each.hides:
        assert absent not in shown.text, shown.text
    left = manifests(home)
    assert len(left) == each.songs
    for name, value in each.brief:
        assert left[0]["brief"][name] == value
    assert not each.leaves or list(home.glob(each.leaves))


@pytest.mark.parametrize("name", every_command())
def test_the_help_of_a_command_names_each_option(name: str, tmp_path: Path) -> None:
    arguments = [*name.split(), "-h"]
    shown: Shown | Ended
    if name in ("", "make"):
        shown = on_terminal([*COMMAND, *arguments], environment(tmp_path), ROOT)
        settled(shown)
    else:
        shown = forked(arguments, environment(tmp_path), tmp_path)
    assert shown.code == DONE
    assert "Traceback" not in shown.text
    for parameter in every_command()[name].params:
        if isinstance(parameter, click.Option):
            assert parameter.opts[0] in shown.text


def test_what_is_left_over_on_a_terminal_is_found(tmp_path: Path) -> None:
    """Or no test above would show anything."""
    codes = {
        "the cursor is hidden": r"\x1b[?25l\n",
        "style 31 goes on": r"\x1b[31mred\n",
        "the other screen is shown": r"\x1b[?1049h\n",
        "no new line after 'a line'": "a line",
    }
    for finding, code in codes.items():
        command = [COMMAND[0], "-c", f"print('{code}', end='')"]
        assert on_terminal(command, environment(tmp_path), ROOT).left_over() == [finding]
    deaf = "import termios; a = termios.tcgetattr(0); a[3] &= ~termios.ECHO; termios.tcsetattr(0, 0, a)"
    found = on_terminal([COMMAND[0], "-c", deaf], environment(tmp_path), ROOT).left_over()
    assert found == ["the terminal's modes are others"]
