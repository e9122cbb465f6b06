"""Nothing that a person wrote is markup, a format string or a command on a terminal, whatever is printed and
wherever it goes."""

import ast
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
import rich.console
import rich.markup

from orchestrator.cli.commands import DONE, FAILED, WRONG_USAGE
from orchestrator.cli.finding import Finding
from orchestrator.cli.lines import json_text, plain, plain_lines
from orchestrator.cli.modal_run import place_order
from orchestrator.cli.output import counted, print_costs, print_findings, print_list, print_song, progress
from orchestrator.estimates.costs import summary
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Asset, Song, Status, new_id
from orchestrator.songs.reading import Damaged
from orchestrator.songs.stages import Stage
from storage.configured import Places
from storage.local import LocalStore
from tests.orchestrator.forked import forked
from tests.orchestrator.hostile import (
    ALL,
    COMMANDS,
    MARKUP,
    NEVER,
    STYLES,
    WIDE,
    hostile_library,
    hostile_song,
)
from tests.orchestrator.terminal import on_terminal
from tests.orchestrator.test_cli import COMMAND, QUICK, ROOT, environment
from tests.test_architecture import modules

ENGINES = QUICK | {"SONGWRIGHT_ART__MODEL": "[/b] {0} :smile:", "SONGWRIGHT_PUBLIC_URL": "http://x/[/b]"}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    home = tmp_path_factory.mktemp("hostile")
    return home, hostile_library(home)


def shown_in(text: str) -> str:
    """``text`` as it was before a table or a panel broke its lines."""
    return "".join(c for c in text if c not in " \n│╭╮╰╯─…")


def test_no_screen_reads_markup(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def found(*_: object, **__: object) -> NoReturn:
        pytest.fail("a text was read as markup")

    monkeypatch.setattr(rich.markup, "render", found)
    monkeypatch.setattr(rich.console, "render_markup", found)
    monkeypatch.setattr(rich.console, "_emoji_replace", found)
    monkeypatch.setenv("FORCE_COLOR", "1")  # so that bars are drawn
    song = hostile_song(1, ALL)
    print_list([song, Damaged(new_id(), ALL)], more=1)
    print_list([], more=0)
    print_song(song, Places(LocalStore(tmp_path), tmp_path))
    print_costs(summary([song]))
    print_costs(summary([]))
    print_findings([Finding(ALL, ok=False, detail=ALL, fix=ALL), Finding("x", ok=True, detail="[/b]")])
    with progress(of=2, number=1) as report:
        report(Stage.MUSIC, ALL, 0.5)
    assert list(counted([song] * 101)) == [song] * 101
    out, err = capsys.readouterr()
    assert "Song 1 of 2" in err
    assert NEVER.findall(STYLES.sub("", out)) == []
    # What moves draws over its lines; it has no other control characters.
    assert NEVER.findall(STYLES.sub("", err).replace("\r", "")) == []
    for word in (*MARKUP, *WIDE):
        assert shown_in(word) in shown_in(STYLES.sub("", out)), word


def test_there_is_one_console_and_no_print_past_the_one_door() -> None:
    """Lines go through ``lines`` and screens through ``open_console``: both show text as it is."""
    # The last is run as a file by another installation's Python, and prints a number.
    doors = {"orchestrator.cli.lines", "orchestrator.cli.output.text", "orchestrator.cli.bench.installed"}
    faults = []
    for name, tree in modules():
        if not name.startswith("orchestrator.cli") or name in doors:
            continue
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            called = ast.unparse(node.func)
            named = {keyword.arg for keyword in node.keywords}
            if called in (
                "print",
                "click.echo",
                "click.secho",
                "Console",
                "sys.stdout.write",
                "sys.stderr.write",
            ):
                faults.append(f"{name}:{node.lineno} {called}")
            if called.endswith(("from_markup", ".input", "Prompt.ask", "SpinnerColumn")):
                faults.append(f"{name}:{node.lineno} {called} reads markup")
            if called == "TextColumn" and "markup" not in named:
                faults.append(f"{name}:{node.lineno} TextColumn reads markup")
            # Titles and spinners do not ask the console how to read a text.
            titled = [
                k.value for k in node.keywords if called in ("Panel", "Rule", "Spinner") and k.arg == "title"
            ]
            titled += node.args[:1] if called in ("console.status", "status.update") else []
            faults += [
                f"{name}:{node.lineno} {called} with a title that may be markup"
                for value in titled
                if not (isinstance(value, ast.Call) and ast.unparse(value.func) == "styled")
            ]
    assert faults == []


@pytest.mark.parametrize(
    "command",
    [
        "list", "cost", "show 0", "show 1", "show 3", "doctor", "delete 3",
        "list --json", "cost --json", "show 0 --json", "show 1 --json", "show 3 --json",
    ],
)  # fmt: skip
def test_a_command_shows_what_is_stored_and_none_of_its_commands(
    library: tuple[Path, list[str]], command: str, tmp_path: Path
) -> None:
    home, ids = library
    shutil.copytree(home, tmp_path / "home")
    arguments = [ids[int(word)] if word.isdigit() else word for word in command.split()]
    name, as_json = arguments[0], command.endswith("--json")
    ended = forked(arguments, environment(tmp_path / "home", **ENGINES), tmp_path / "home")
    assert ended.code == (FAILED if command.startswith("show 3") else DONE), ended.text
    assert NEVER.findall(ended.text) == []
    assert "Traceback" not in ended.text
    if as_json and ended.code == DONE and name != "cost":
        found = json.loads(ended.out)
        song = next(one for one in found if one["id"] == ids[0]) if name == "list" else found
        assert song["plan"]["title"] == song["brief"]["lyrics"] == ALL, "the same to a program"
    elif command in ("list", "show 0", "cost", "cost --json"):
        for word in (*MARKUP, *WIDE):
            found = ended.text if not as_json else json.loads(ended.out)["rows"][0]["engine"]
            assert shown_in(word) in shown_in(found), word
    if name == "doctor":
        assert "[/b] {0} :smile:" in " ".join(ended.text.split())


@pytest.mark.parametrize("command", ["list", "show 0", "cost", "show 3", "list --json", "show 0 --json"])
def test_on_a_terminal_nothing_but_styles_is_written(library: tuple[Path, list[str]], command: str) -> None:
    home, ids = library
    arguments = [ids[int(word)] if word.isdigit() else word for word in command.split()]
    shown = on_terminal([*COMMAND, *arguments], environment(home, **ENGINES), ROOT)
    assert shown.code == (FAILED if command == "show 3" else DONE), shown.text
    assert shown.left_over() == []
    assert NEVER.findall(STYLES.sub("", shown.raw.replace("\r\n", "\n"))) == []


def test_a_song_of_markup_is_made_listed_and_made_again_on_a_terminal(tmp_path: Path) -> None:
    words = tmp_path / "[b]words[red].txt"
    words.write_text("[verse]\n" + "\n".join(MARKUP) + "\n")
    env = environment(tmp_path / "home[/i]", **QUICK)
    made = on_terminal(
        [
            *COMMAND,
            "make",
            "[/b] {0}",
            "--lyrics",
            str(words),
            "--duration",
            "5",
            "--out",
            str(tmp_path / "[/o]"),
        ],
        env,
        ROOT,
    )
    assert made.code == DONE, made.text
    assert made.left_over() == []
    for word in ("[/b] {0}", ":smile:", "home[/i]"):
        assert shown_in(word) in shown_in(made.text), word
    (song,) = Library(LocalStore(tmp_path / "home[/i]")).songs()
    again = forked(["make", "--like", song.id, "--json"], env, tmp_path)
    assert again.code == FAILED or Song.model_validate_json(again.out).title == song.title, again.text


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["show", ALL.replace("\x00", "")], FAILED),
        (["delete", "[/b]"], FAILED),
        (["resume", "{0}[/b]"], FAILED),
        (["make", "x", "--like", "[red]"], FAILED),
        (["make", "x", "--lyrics", "[/b]\x1b[31m.txt"], WRONG_USAGE),
        (["make", "x", "--image", "[/b]\u202e.png"], WRONG_USAGE),
        (["make", "x", "--format", "[/b]\x9b"], WRONG_USAGE),
        (["make", "x", "--duration", "\x1b[31m"], WRONG_USAGE),
        (["make", "x", "--out", "/dev/null/[/b]\x07"], WRONG_USAGE),
        (["\x1b]0;x\x07[/b]"], WRONG_USAGE),
        (["list", "--\x9b31m"], WRONG_USAGE),
        (["make", "x", "\x1b[2J[/b]"], WRONG_USAGE),
        (["make", "\udcff\udcfe"], WRONG_USAGE),
        (["make", "x", "--lyrics", "\udcff.txt"], WRONG_USAGE),
    ],
    ids=ascii,
)
def test_an_error_quotes_what_was_given_and_commands_nothing(
    arguments: list[str], code: int, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if "--like" in arguments:
        arguments = ["make", *arguments[2:]]
    ended = forked(arguments, environment(home, **QUICK), home)
    assert ended.code == code, ended.text
    assert ended.out == b""
    assert NEVER.findall(ended.text) == []
    assert "Traceback" not in ended.text


@pytest.mark.parametrize("command", COMMANDS, ids=ascii)
def test_what_commands_a_terminal_is_never_printed(command: str) -> None:
    assert NEVER.findall(plain(f"a{command}b")) == []
    assert plain(plain(f"a{command}b")) == plain(f"a{command}b")
    for encoding in ("utf-8", "ascii", "latin-1"):
        text = json_text(json.dumps([f"a{command}b", *WIDE], ensure_ascii=False, indent=2), encoding)
        assert json.loads(text) == [f"a{command}b", *WIDE]
        assert NEVER.findall(text) == []
        text.encode(encoding)


def test_modal_run_shows_a_song_as_it_is_and_errors_as_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    song = hostile_song(1, ALL)
    (tmp_path / "audio.wav").write_bytes(b"audio")
    key = f"songs/{song.id}/audio.wav"
    audio = Asset(key=key, content_type="audio/wav", size_bytes=5, sha256="")
    made = song.model_copy(update={"assets": {"audio": audio}})
    urls = {key: (tmp_path / "audio.wav").as_uri()}

    def order(_brief: str, _id: str) -> Iterator[tuple[str, object]]:
        yield "progress", (Stage.MUSIC.value, ALL, 0.5)
        yield "progress", ("a stage of a later version", ALL, 0.5)
        yield "song", (made.model_dump_json(), urls)

    place_order({"description": "[/b]", "duration_s": 5.0}, "", tmp_path / "out", order)
    (copy,) = (tmp_path / "out").glob("*.wav")
    out, err = capsys.readouterr()
    assert NEVER.findall(out + err) == []
    assert out.startswith("[/b] [red]x ")
    assert NEVER.findall(copy.name) == []

    def failing(_brief: str, _id: str) -> Iterator[tuple[str, object]]:
        yield "song", (hostile_song(1, ALL, Status.FAILED).model_dump_json(), {})

    for arguments, code in ((("", failing), 1), (("[/b]\x1b.txt", order), 2)):
        with pytest.raises(SystemExit) as ended:
            place_order({"description": "x", "duration_s": 5.0}, arguments[0], tmp_path, arguments[1])
        assert ended.value.code == code
        out, err = capsys.readouterr()
        assert out == ""
        assert err.count("\n") == 1
        assert NEVER.findall(err) == []


def test_words_stay_as_they_are() -> None:
    for word in (*MARKUP, *WIDE):
        assert plain(word) == word
    assert plain_lines("a\n\tb\r\nc") == "a\n b \nc"
    assert json.loads(json_text('["\ud83d", "\U0001f600"]', "ascii")) == ["\ud83d", "\U0001f600"]
