"""Every command where its streams, folders, files or arguments are not as one expects: one sentence with the
way out and the right exit code, and never a traceback."""

import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

from orchestrator.cli.commands import DONE, FAILED, INTERRUPTED, WRONG_USAGE
from tests.orchestrator.forked import CLOSED, FULL, Ended, forked
from tests.orchestrator.terminal import on_terminal
from tests.orchestrator.test_cli import COMMAND, HERE, QUICK, ROOT, environment, manifest, parts_left
from tests.vision.photos import file_of, shot

MAKE = ["make", "[b]雨 {0}", "--duration", "5", "--seed", "3"]
COMMANDS = (
    MAKE, [*MAKE, "--json"], ["make", "--like", "latest", "--json"], ["list"], ["list", "--json"], ["show"],
    ["show", "--json"], ["cost"], ["cost", "--json"], ["resume"], ["doctor"], ["delete", "{id}"], ["--help"],
    ["make", "--help"], ["--version"], [], ["nosuch"], ["make"], ["show", "nosuch"], ["list", "--limit", "x"],
)  # fmt: skip
WRONG = {
    "": WRONG_USAGE,
    "nosuch": WRONG_USAGE,
    "make": WRONG_USAGE,
    "show nosuch": FAILED,
    "list --limit x": WRONG_USAGE,
}
"""What is wrong in itself, with its code."""
ENVIRONMENTS = {
    "no stdin": {},
    "TERM=dumb": {"TERM": "dumb"},
    "ascii": {"PYTHONIOENCODING": "ascii"},
    "latin-1": {"PYTHONIOENCODING": "latin-1:strict"},
    "COLUMNS=1": {"COLUMNS": "1"},
    "COLUMNS=0": {"COLUMNS": "0"},
    "COLUMNS=none": {"COLUMNS": "wide"},
    "NO_COLOR": {"NO_COLOR": "1"},
    "FORCE_COLOR": {"FORCE_COLOR": "1", "COLUMNS": "0"},
}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    home = tmp_path_factory.mktemp("home")
    return home, manifest(home, "Größe 雨 [/b]")["id"]


@pytest.fixture
def home(library: tuple[Path, str], tmp_path: Path) -> Path:
    copy = tmp_path / "home"
    shutil.copytree(library[0], copy)
    return copy


def tidy(ended: Ended) -> None:
    assert b"Traceback" not in ended.out + ended.err, ended.err.decode()
    assert b"Exception ignored" not in ended.err
    assert b"bug in Songwright" not in ended.err, ended.err.decode()


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command) or "none")
def test_a_command_with_every_state_of_its_streams(
    command: list[str], home: Path, library: tuple[Path, str]
) -> None:
    arguments = [word.format(id=library[1]) if word == "{id}" else word for word in command]
    usual = WRONG.get(" ".join(command), DONE)
    env = environment(home, **QUICK)
    full = forked(arguments, env, home, stdout=FULL)
    tidy(full)
    if usual == DONE:
        assert full.code == FAILED
        line = full.err.decode().splitlines()[-1]
        assert line.startswith(
            "songwright: cannot write the output: No space left on device - free some space"
        )
    else:
        assert full.code == usual
    if command[:1] == ["delete"]:
        shutil.copytree(library[0], home, dirs_exist_ok=True)
    for streams in ({"stdout": CLOSED}, {"stderr": FULL}, {"stderr": CLOSED}, {"stdin": CLOSED}):
        ended = forked(arguments, env, home, **streams)
        tidy(ended)
        assert ended.code == usual, (streams, ended.text)
        if command[:1] == ["delete"]:
            shutil.copytree(library[0], home, dirs_exist_ok=True)
    both = forked(arguments, env, home, stdout=FULL, stderr=FULL)
    assert both.code == usual or FAILED


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_a_command_in_every_environment(name: str, home: Path) -> None:
    env = environment(home, **QUICK, **ENVIRONMENTS[name])
    for command in (["list"], ["show"], ["list", "--json"], ["cost"], ["--help"], ["doctor"]):
        ended = forked(command, env, home)
        tidy(ended)
        assert ended.code == DONE, ended.err
        if command == ["list", "--json"]:
            assert (
                b"Gr\\u00f6\\u00dfe" in ended.out
                or "Größe".encode() in ended.out
                or b"Gr\xf6\xdfe" in ended.out
            )
        if command == ["list"] and name == "ascii":
            assert b"Gr??e" in ended.out


@pytest.mark.parametrize(
    "locale", [{"LC_ALL": "POSIX"}, {"LANG": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}]
)
def test_a_locale_without_our_letters_is_no_error(locale: dict[str, str], home: Path) -> None:
    env = environment(home, **QUICK) | locale
    for command in (MAKE, ["list"]):
        ended = subprocess.run([*COMMAND, *command], capture_output=True, env=env, cwd=ROOT, timeout=180)
        assert ended.returncode == DONE, ended.stderr
        assert b"Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "variables", [{"COLUMNS": "0"}, {"COLUMNS": "1"}, {"COLUMNS": "10"}, {"TERM": "dumb"}], ids=str
)
def test_a_narrow_terminal_shows_the_title(variables: dict[str, str], home: Path) -> None:
    env = environment(home, **QUICK) | {"FORCE_COLOR": "1"} | variables
    ended = forked(["list"], env, home)
    assert ended.code == DONE
    assert "雨" in re.sub(r"\x1b\[[\d;]*m", "", ended.out.decode())


@pytest.mark.parametrize(
    "command", [["list", "--limit", "0"], ["list", "--json"], ["show"], ["--help"]], ids=" ".join
)
def test_a_reader_that_has_seen_enough_hears_nothing(command: list[str], home: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, *command],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(home, **QUICK),
        cwd=ROOT,
    )
    assert process.stdout
    process.stdout.close()
    _, errors = process.communicate(timeout=180)
    assert errors == b""
    assert process.returncode in (DONE, FAILED)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["make", "x", "--seed", "1e3"], WRONG_USAGE, "'1e3' is not a valid integer"),
        (["make", "x", "--seed", "9" * 400], WRONG_USAGE, "seed: "),
        (["make", "x", "--duration", "nan"], WRONG_USAGE, "duration: nan - ask for 5 to 600 seconds"),
        (["make", "x", "--duration", "inf"], WRONG_USAGE, "duration: inf - ask for"),
        (["make", "x", "--duration", "-5"], WRONG_USAGE, "duration: -5.0 - ask for"),
        (["make", "x", "--duration", "1e309"], WRONG_USAGE, "duration: inf - ask for"),
        (["make", "x" * 100_000], WRONG_USAGE, "shorten it to 2,000"),
        (["make", "x", "--about", "y" * 100_000], WRONG_USAGE, "shorten it to 2,000"),
        (["make", "x", "--like", ""], WRONG_USAGE, "--like: '' - give its ID, or leave the option out"),
        (["make", "x", "--out", ""], WRONG_USAGE, "--out: '' - give its DIR"),
        (["make", "x", "--lyrics", ""], WRONG_USAGE, "--lyrics: '' - give its FILE"),
        (["make", "--image", ""], WRONG_USAGE, "--image: '' - give its FILE"),
        (["make", "x", "--format", ""], WRONG_USAGE, "format: '' - use one of"),
        (["show", ""], FAILED, "no song ''"),
        (["delete", ""], FAILED, "no song ''"),
        (["resume", ""], FAILED, "no song ''"),
        (["list", "--limit", "9" * 30], DONE, ""),
        (["cost", "--last", "9" * 30], WRONG_USAGE, "--last"),
        (["cost", "--since", "0001-01-01"], DONE, ""),
        (["cost", "--since", "9999-12-31"], DONE, ""),
        (["cost", "--since", "yesterday"], WRONG_USAGE, "yesterday"),
        (["serve", "--port", "9" * 30], WRONG_USAGE, "SONGWRIGHT_PORT: "),
        (["bench", "--runs", "0"], WRONG_USAGE, "runs: 0"),
        (["bench", "--duration", "nan"], WRONG_USAGE, "duration: nan"),
        (["make", "--image", "."], WRONG_USAGE, "image: '.' - Is a directory: name a photo"),
        (["make", "--image", "nosuch.png"], WRONG_USAGE, "image: 'nosuch.png' - No such file"),
        (["make", "--image", os.devnull], WRONG_USAGE, "image: 'an empty file'"),
        (["make", "x", "--lyrics", "."], WRONG_USAGE, "lyrics: '.' - Is a directory: name a text file"),
        (["make", "x", "--lyrics", "nosuch"], WRONG_USAGE, "lyrics: 'nosuch' - No such file"),
        (["make", "x", "--lyrics", "/dev/zero"], WRONG_USAGE, "byte 0x00 in line 1"),
        (["make", "x", "--lyrics", "-"], WRONG_USAGE, "the file is empty"),
        (["make", "x", "--out", "/dev/null"], WRONG_USAGE, "out: '/dev/null'"),
        (["make", "x", "--out", "/proc/nosuch/x"], WRONG_USAGE, "out: '/proc/nosuch/x'"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)  # fmt: skip
def test_an_argument_that_will_not_do_is_named_with_the_way_out(
    arguments: list[str], code: int, says: str, tmp_path: Path
) -> None:
    ended = forked(arguments, environment(tmp_path / "home", **QUICK), tmp_path)
    tidy(ended)
    assert ended.code == code, ended.text
    assert says in ended.text
    assert len(ended.err) < 1000


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ("words\nöl\n".encode("utf-16"), ""),
        ("words\nöl\n".encode("utf-8-sig"), ""),
        ("words\r\nöl\r\n".encode(), ""),
        ("words\nöl\n".encode("utf-32"), ""),
        (
            "words\nöl\n".encode("latin-1"),
            "'byte 0xf6 in line 2' - this is not valid UTF-8: save the file as UTF-8",
        ),
        (b"words\n\x00\n", "'byte 0x00 in line 2' - no text has it: save the file as UTF-8"),
        (b"\xff\xfew\x00o", "'byte 0x6f in line 1' - this is not valid UTF-16"),
        (b"w\xc3", "'byte 0xc3 in line 1' - this is not valid UTF-8"),
        (b" \n", "the file is empty"),
        (b"", "the file is empty"),
    ],
    ids=ascii,
)
def test_a_file_of_lyrics_is_read_in_its_encoding_or_refused_by_its_byte(
    data: bytes, says: str, tmp_path: Path
) -> None:
    path = tmp_path / "words.txt"
    path.write_bytes(data)
    arguments = ["make", "folk", "--duration", "5", "--json", "--lyrics"]
    env = environment(tmp_path / "home", **QUICK)
    for where, stdin in ((str(path), os.devnull), ("-", str(path))):
        ended = forked([*arguments, where], env, tmp_path, stdin=stdin)
        tidy(ended)
        assert ended.code == (WRONG_USAGE if says else DONE), ended.text
        if says:
            assert says in ended.text
            assert "empty" in says or (where == "-" or "words.txt" in ended.text)
        else:
            assert "words\\nöl" in ended.text


def test_lyrics_come_through_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = subprocess.Popen(["sh", "-c", f"echo 'la la' > {pipe}"])
    ended = forked(
        ["make", "x", "--duration", "5", "--json", "--lyrics", str(pipe)],
        environment(tmp_path, **QUICK),
        tmp_path,
    )
    assert ended.code == DONE, ended.text
    assert writer.wait() == 0


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        ("SONGWRIGHT_HOME=kept\n".encode("utf-16"), DONE, ""),
        ("SONGWRIGHT_HOME=kept\n".encode("utf-8-sig"), DONE, ""),
        (b"SONGWRIGHT_HOME=kept\r\n", DONE, ""),
        (
            b"# \xc3\xb6\nSONGWRIGHT_HOME=\xf6l\n",
            WRONG_USAGE,
            "the file .env: 'byte 0xf6 in line 2' - this is not valid",
        ),
        (b"SONGWRIGHT_HOME=a\x00b\n", WRONG_USAGE, "the file .env: 'byte 0x00 in line 1'"),
        (b"\xff\xfeS\x00O", WRONG_USAGE, "this is not valid UTF-16"),
        (None, DONE, ""),
    ],
    ids=ascii,
)
def test_a_file_of_settings_is_read_in_its_encoding_or_refused_by_its_byte(
    content: bytes | None, code: int, says: str, tmp_path: Path
) -> None:
    cwd = tmp_path / "cwd"
    cwd.mkdir()
    if content is None:
        (cwd / ".env").mkdir()
    else:
        (cwd / ".env").write_bytes(content)
    env = environment(cwd, **QUICK)
    del env["SONGWRIGHT_HOME"]
    for command in (["list"], ["doctor"], [*MAKE, "--json"]):
        ended = forked(command, env, cwd)
        tidy(ended)
        assert ended.code == code, ended.text
        assert says in ended.text
    assert (cwd / "kept" / "songs").exists() == (code == DONE and content is not None)


@pytest.mark.parametrize(
    ("engine", "code", "says"),
    [
        ("os:system", WRONG_USAGE, "system in os is no class"),
        ("os:path", WRONG_USAGE, "path in os is no class"),
        ("nosuch:thing", FAILED, "PYTHONPATH"),
        ("lyrics.sketch.engine:", WRONG_USAGE, "use one of"),
        ("..:x", WRONG_USAGE, "use one of"),
        ("os.path:join:x", WRONG_USAGE, "use one of"),
        ("a b:c", WRONG_USAGE, "use one of"),
        ("", WRONG_USAGE, "use one of"),
        ("[/b]", WRONG_USAGE, "'[/b]' - use one of"),
        ("collections:Counter", WRONG_USAGE, "the class Counter has no method 'compose'"),
        (f"{HERE}:BlankPainter", WRONG_USAGE, "the class BlankPainter has no method 'compose'"),
        ("odd:NeedsMore", WRONG_USAGE, "cannot be called without rate_hz"),
        ("odd:Raises", FAILED, "does not load: ValueError: [/b] no"),
        ("odd:Nameless", WRONG_USAGE, "it has no info"),
        ("odd:Leaves", FAILED, "does not load: SystemExit: 3"),
        ("broken:X", FAILED, "does not load: SyntaxError"),
        ("leaving:X", FAILED, "does not load: SystemExit: 0"),
    ],
)
def test_a_setting_that_names_no_engine_says_why(engine: str, code: int, says: str, tmp_path: Path) -> None:
    (tmp_path / "odd.py").write_text(ODD)
    (tmp_path / "broken.py").write_text("class X(:\n")
    (tmp_path / "leaving.py").write_text("raise SystemExit(0)\n")
    env = environment(tmp_path / "home", **QUICK | {"SONGWRIGHT_MUSIC__ENGINE": engine})
    env["PYTHONPATH"] += os.pathsep + str(tmp_path)
    made = forked(MAKE, env, tmp_path)
    tidy(made)
    assert made.code == code, made.text
    assert says in made.err.decode()
    found = forked(["doctor"], env, tmp_path)
    tidy(found)
    assert found.code == FAILED
    assert " ".join(says.split()) in " ".join(found.text.split())


ODD = """
class NeedsMore:
    def __init__(self, rate_hz): pass
    def compose(self, request, report): pass

class Raises(NeedsMore):
    def __init__(self): raise ValueError("[/b]\\nno")

class Nameless(NeedsMore):
    def __init__(self): pass

class Leaves(NeedsMore):
    def __init__(self): raise SystemExit(3)
"""


def test_doctor_names_variables_that_are_no_settings(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("export SONGWRIGHT_TYPO=1\nSONGWRIGHT_MODAL__APP=x\n")
    env = environment(tmp_path, **QUICK, SONGWRIGHT_MUSIC_ENGINE="qwen")
    ended = forked(["doctor"], env, tmp_path)
    assert ended.code == DONE, ended.text
    assert (
        "SONGWRIGHT_MUSIC_ENGINE is no setting and is not used: did you mean SONGWRIGHT_MUSIC__ENGINE?"
        in ended.text
    )
    assert "SONGWRIGHT_TYPO is no setting and is not used" in ended.text
    assert "SONGWRIGHT_MODAL__APP is no" not in ended.text


def test_a_folder_that_is_gone_or_no_folder_is_named(tmp_path: Path) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    program = "from orchestrator.__main__ import songwright; songwright()"
    for home, command, code, says in (
        ("", "list", WRONG_USAGE, "SONGWRIGHT_HOME: '' - the folder that you are in is gone"),
        ("", "doctor", WRONG_USAGE, "the folder that you are in is gone"),
        ("", "--help", DONE, ""),
        (str(tmp_path / "home"), "make x --duration 5", DONE, ""),
        ("/dev/null", "make x --duration 5", FAILED, "set SONGWRIGHT_HOME to a folder"),
    ):
        env = environment(tmp_path, **QUICK) | {"SONGWRIGHT_HOME": home}
        del env["PYTHONPATH"]
        env.pop("HOME", None)
        python = f"import sys; sys.path.insert(0, '{ROOT}'); {program}"
        shell = f'rmdir "$PWD"; exec {COMMAND[0]} -c "{python}" {command}'
        ended = subprocess.run(
            ["sh", "-c", shell], capture_output=True, text=True, env=env, cwd=gone, timeout=180
        )
        gone.mkdir(exist_ok=True)
        assert ended.returncode == code, (home, command, ended.stderr)
        assert says in ended.stderr
        assert "Traceback" not in ended.stderr


def test_a_disk_that_fills_up_while_files_are_copied_is_named(home: Path, tmp_path: Path) -> None:
    """A limit of the size of files stands for the disk."""
    env = environment(home, **QUICK)
    ended = forked([*MAKE, "--out", str(tmp_path / "out")], env, tmp_path / "home", largest_file=30_000)
    tidy(ended)
    assert ended.code == FAILED, ended.text
    assert re.search(r"File too large|No space", ended.text), ended.text
    assert "songwright resume" in ended.text
    assert not parts_left(tmp_path / "out")


def test_ctrl_c_while_a_photo_is_read_shows_no_traceback_of_its_reader(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(file_of(shot("sea"), "JPEG"))
    env = environment(tmp_path, **QUICK | {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:SlowComposer"})
    shown = on_terminal(
        [*COMMAND, "make", "--image", str(tmp_path / "p.jpg"), "--duration", "5"], env, ROOT, until="lyrics"
    )
    assert shown.code == INTERRUPTED, shown.text
    assert "Traceback" not in shown.text
    assert shown.left_over() == []


@pytest.mark.parametrize("wait_s", [0.0, 0.05, 0.15])
def test_ctrl_c_just_as_the_reader_of_photos_starts_is_for_the_command_alone(
    wait_s: float, tmp_path: Path
) -> None:
    """Sent to the whole process group, as a terminal does."""
    (tmp_path / "p.jpg").write_bytes(file_of(shot("sea"), "JPEG"))
    program = (
        "import subprocess, sys, threading, time, os, signal\n"
        "real = subprocess.Popen\n"
        "def popen(*a, **k):\n"
        "    p = real(*a, **k)\n"
        "    if 'vision.decode' in a[0]:\n"
        f"        time.sleep({wait_s}); os.killpg(0, signal.SIGINT); time.sleep(0.5)\n"
        "    return p\n"
        "subprocess.Popen = popen\n"
        "from orchestrator.__main__ import songwright\n"
        "songwright()\n"
    )
    process = subprocess.Popen(
        [COMMAND[0], "-c", program, "make", "--image", str(tmp_path / "p.jpg"), "--duration", "5"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(tmp_path, **QUICK),
        cwd=ROOT,
        process_group=0,
    )
    _, errors = process.communicate(timeout=180)
    assert process.returncode == INTERRUPTED, errors
    assert b"Traceback" not in errors, errors


def test_an_error_that_nobody_foresaw_is_one_line_and_a_file_with_the_rest(tmp_path: Path) -> None:
    program = (
        "from orchestrator.songs.index.catalogue import Catalogue\n"
        "def broken(*_): raise RuntimeError('[/b]\\n\\x1b[31m')\n"
        "Catalogue.page = broken\n"
        "from orchestrator.__main__ import songwright\n"
        "songwright()\n"
    )
    env = environment(tmp_path, TMPDIR=str(tmp_path))
    ended = subprocess.run(
        [COMMAND[0], "-c", program, "list"], capture_output=True, text=True, env=env, cwd=ROOT
    )
    assert ended.returncode == FAILED
    assert ended.stderr.count("\n") == 1
    assert (
        "songwright: RuntimeError: [/b] [31m - this is a bug in Songwright, please report it" in ended.stderr
    )
    (kept,) = tmp_path.glob("songwright-*.txt")
    assert str(kept) in ended.stderr
    assert "Traceback" in kept.read_text()


def test_a_terminal_that_hangs_up_ends_the_command(tmp_path: Path) -> None:
    env = environment(tmp_path, **QUICK | {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:SlowComposer"})
    process = subprocess.Popen([*COMMAND, *MAKE], stderr=subprocess.PIPE, env=env, cwd=ROOT)
    assert process.stderr
    while not list(tmp_path.glob("songs/*/song.json")):
        assert process.poll() is None
    process.send_signal(signal.SIGHUP)
    _, errors = process.communicate(timeout=180)
    assert process.returncode == -signal.SIGHUP
    assert b"Traceback" not in errors
