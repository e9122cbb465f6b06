"""The commands that find songs by their names and change the library, alone and beside a running service."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from config.errors import Unavailable
from config.settings import load_settings
from lyrics.contract import PlanRequest
from orchestrator.cli.commands import DONE, FAILED, WRONG_USAGE
from orchestrator.cli.home.service import RunningService
from orchestrator.server.http.running import running_at
from orchestrator.songs.library import Library, put_asset
from orchestrator.songs.manifest import Owner, Song, Status
from storage.local import LocalStore
from tests.orchestrator.engines import PlainWriter
from tests.orchestrator.forked import Ended, forked
from tests.orchestrator.songs import made_song
from tests.orchestrator.terminal import on_terminal
from tests.orchestrator.test_cli import COMMAND, HERE, QUICK, ROOT, environment, statuses
from tests.service.server import TOKEN, Server, serving

TITLES = ("Neon Rain", "Neon Rain in Köln", "Summer [b]", "Harbour Lights", "x")
OLD = datetime.now(UTC) - timedelta(days=40)


def titled(title: str, number: int, **facts: object) -> Song:
    plan = PlainWriter().plan(PlanRequest(description=title, seed=1), lambda *_: None)
    song = made_song(number, {}, {}, description=f"about {title.split()[-1]}")
    return song.model_copy(update={"plan": plan, **facts})


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with a song of each title, the last of them the newest; one that failed, and two that were
    cancelled: one of them long ago."""
    home = tmp_path_factory.mktemp("filled")
    library = Library(LocalStore(home))
    for number, title in enumerate(TITLES):
        song = titled(title, number)
        audio = put_asset(library.store, song.id, "audio.wav", title.encode(), "audio/wav")
        library.save(song.model_copy(update={"assets": {"audio": audio}}))
    stopped = ((Status.FAILED, "Broken"), (Status.CANCELLED, "Stopped"), (Status.CANCELLED, "Forgotten"))
    for number, (status, title) in enumerate(stopped, 20):
        created = {"created_at": OLD} if title == "Forgotten" else {"created_at": datetime.now(UTC)}
        library.save(titled(title, number, status=status, **created))
    return home


@pytest.fixture
def home(filled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(filled, tmp_path / "home"))


def ran(home: Path, *arguments: str, **variables: str) -> Ended:
    ended = forked(arguments, environment(home, **(QUICK | variables)), home)
    assert "Traceback" not in ended.text
    assert "bug in Songwright" not in ended.text, ended.text
    return ended


def titles(home: Path) -> list[str]:
    found = [json.loads(path.read_text())["plan"]["title"] for path in home.glob("songs/*/song.json")]
    return sorted(found)


def id_of(home: Path, title: str) -> str:
    paths = home.glob("songs/*/song.json")
    return next(path.parent.name for path in paths if json.loads(path.read_text())["plan"]["title"] == title)


def test_a_song_is_found_by_words_of_its_title(filled: Path) -> None:
    for words, title in (
        (["LIGHTS harbour"], "Harbour Lights"),
        (["neon", "rain"], "Neon Rain"),  # the whole title, though another has these words too
        (["neon", "köln"], "Neon Rain in Köln"),
        (["about", "[b]"], "Summer [b]"),  # in its prompt
    ):
        ended = ran(filled, "show", *words, "--json")
        assert ended.code == DONE, ended.text
        assert json.loads(ended.out)["plan"]["title"] == title


def test_what_fits_several_songs_lists_them_and_changes_nothing(home: Path) -> None:
    before = titles(home)
    for command in (["delete", "neon", "--yes"], ["play", "neon"]):
        ended = ran(home, *command)
        assert ended.code == WRONG_USAGE, ended.text
        assert "it fits more than one song" in ended.text
        for title in ("Neon Rain", "Neon Rain in Köln"):
            assert f"{id_of(home, title)}  {title} (done, " in ended.text
    ended = ran(home, "delete", id_of(home, "x")[:2])  # the time, of which they all have the beginning
    assert ended.code == WRONG_USAGE
    assert "begins more than one id" in ended.text
    assert titles(home) == before
    for words in (["neon", "harbour"], ["0123456789abcde"], ["[/b] {0}"]):
        assert "songwright: no song " in ran(home, "show", *words).text


def test_several_songs_are_deleted_after_a_question_or_with_yes(home: Path) -> None:
    env = environment(home, **QUICK)
    ended = ran(home, "delete", "--cancelled", "--failed")
    assert ended.code == WRONG_USAGE
    assert "--yes" in ended.text
    assert len(titles(home)) == 8
    asked = on_terminal(
        [*COMMAND, "delete", "--cancelled", "--failed"], env, ROOT, until="[y/N]", keys=b"n\n"
    )
    assert asked.code == FAILED
    assert "nothing is deleted" in asked.text
    assert "Delete these 3 songs with all files?" in asked.text
    assert "Forgotten (cancelled, " in asked.text
    assert asked.left_over() == []
    assert len(titles(home)) == 8
    asked = on_terminal(
        [*COMMAND, "delete", "--cancelled", "--older-than", "30d"], env, ROOT, until="[y/N]", keys=b"y\n"
    )
    assert asked.code == DONE
    assert "Delete this song with all files?" in asked.text
    assert sorted({*titles(home)}) == sorted({*TITLES, "Broken", "Stopped"})
    ended = ran(home, "delete", "--failed", "--cancelled", "--yes")
    assert "Deleted: 2 songs." in ended.text
    assert titles(home) == sorted(TITLES)
    assert "Nothing to delete" in ran(home, "delete", "--failed", "--older-than", "1h").text
    by_words = ran(home, "delete", "harbour lights")
    assert by_words.code == WRONG_USAGE, "a title is no id: it is asked"
    one = id_of(home, "Harbour Lights")
    ended = ran(home, "delete", one, "0123456789abcde", "--yes")
    assert ended.code == FAILED
    assert titles(home) == sorted(TITLES), "a name that leads nowhere is found before anything is deleted"
    assert ran(home, "delete", one[:12]).code == DONE
    assert "Harbour Lights" not in titles(home)
    for wrong in (["delete"], ["delete", one, "--failed"], ["delete", "--failed", "--older-than", "soon"]):
        assert ran(home, *wrong).code == WRONG_USAGE


def listed(home: Path, *arguments: str) -> list[str]:
    ended = ran(home, *arguments, "--json")
    assert ended.code == DONE, ended.text
    return [song["title"] for song in json.loads(ended.out)]


def test_songs_are_renamed_marked_and_tagged_and_then_found_by_it(home: Path) -> None:
    assert ran(home, "rename", "harbour", "Quay", "[/b]", "at night").code == DONE
    two = [id_of(home, "Neon Rain"), id_of(home, "Summer [b]")]
    assert "Favourite: 2 songs." in ran(home, "favourite", *two).text
    assert "Summer [b]: demo, for Anna" in ran(home, "tag", "summer", "demo", "for Anna").text
    assert "Quay [/b] at night: Demo, Köln" in ran(home, "tag", "quay", "Demo", "Köln").text
    assert listed(home, "search", "quay") == ["Quay [/b] at night"]
    assert set(listed(home, "list", "--tag", "DEMO")) == {"Quay [/b] at night", "Summer [b]"}
    # Where the locale has ASCII alone, Python gives the bytes of other letters as halves.
    assert listed(home, "list", "--tag", "k\udcc3\udcb6ln") == ["Quay [/b] at night"]
    assert listed(home, "list", "--favorite", "--sort", "title") == ["Neon Rain", "Summer [b]"]
    assert listed(home, "search", "neon", "--favourite") == ["Neon Rain"]
    shown = ran(home, "list").text
    for expected in ("* Summer [b]", "demo, for Anna", "Quay [/b] at night"):
        assert expected in shown
    some = ran(home, "list", "--status", "done", "--limit", "2").text
    assert f"... and {len(TITLES) - 2} more: add --limit 0" in some
    most = str(2**63 - 1)
    assert set(listed(home, "list", "--status", "failed", "--status", "cancelled", "--limit", most)) == {
        "Broken", "Stopped", "Forgotten",
    }  # fmt: skip
    assert "No song fits." in ran(home, "search", "nosuchword").text
    assert ran(home, "favorite", two[0], "--off").code == DONE
    assert "Summer [b]: demo" in ran(home, "tag", "summer", " FOR  anna", "--off").text
    assert listed(home, "list", "--favourite") == ["Summer [b]"]
    for wrong, says in (
        (["list", "--status", "sung"], "--status: 'sung' - use one of"),
        (["list", "--metadata", "key"], "--metadata: 'key' - give KEY:VALUE"),
        (["list", "--sort", "mood"], "'mood' is not one of"),
        (["rename", two[0], "\u200b"], "title: "),
        (["tag", two[0], "x" * 41], "tags: "),
    ):
        ended = ran(home, *wrong)
        assert ended.code == WRONG_USAGE
        assert says in ended.text


def test_resume_lists_what_was_stopped_and_takes_up_the_chosen_one(home: Path) -> None:
    env = environment(home, **QUICK)
    listed = ran(home, "resume")
    assert listed.code == WRONG_USAGE
    for title in ("Broken (failed, ", "Stopped (cancelled, ", "Forgotten (cancelled, "):
        assert title in listed.text
    number = next(line.split()[0] for line in listed.text.splitlines() if "Stopped" in line)
    chosen = on_terminal([*COMMAND, "resume"], env, ROOT, until="[1]", keys=f"{number}\n".encode())
    assert chosen.code == DONE, chosen.text
    assert chosen.left_over() == []
    assert json.loads((home / "songs" / id_of(home, "Stopped") / "song.json").read_text())["status"] == "done"
    twice = ran(home, "resume", "broken", "Broken")
    assert twice.code == DONE, twice.text
    only = ran(home, "resume")
    assert only.code == DONE, only.text
    assert "resumes" in only.text
    assert "Forgotten" in only.text
    assert set(statuses(home)) == {"done"}
    assert "Nothing to resume" in ran(home, "resume").text


def players(folder: Path, *names: str, then: str = "") -> dict[str, str]:
    folder.mkdir(exist_ok=True)
    for name in names:
        path = folder / name
        path.write_text(
            f"#!{os.path.realpath('/bin/sh')}\nprintf '%s\\n' \"$@\" >> {folder}/played\n{then}\n"
        )
        path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {"PATH": str(folder)}


def test_play_plays_the_newest_that_is_done_or_the_named_one(home: Path, tmp_path: Path) -> None:
    there = players(tmp_path / "bin", "aplay")
    ended = ran(home, "play", **there)
    assert ended.code == DONE, ended.text
    assert f"aplay plays {TITLES[-1]}" in ended.text
    assert ran(home, "play", "harbour", **there).code == DONE
    played = (tmp_path / "bin" / "played").read_text().split()
    assert [Path(word).read_text() for word in played if word != "-q"] == [TITLES[-1], "Harbour Lights"]
    assert "is failed - play it when it is done" in ran(home, "play", "broken", **there).text
    stems = ran(home, "play", "harbour", "--stem", "bass", **there)
    assert stems.code == FAILED
    assert "has no stem 'bass'" in stems.text
    complains = players(tmp_path / "bad", "mpv", then="echo no sound card >&2; exit 3")
    ended = ran(home, "play", "harbour", **complains)
    assert ended.code == FAILED
    assert "mpv ended with exit code 3: no sound card" in ended.text
    nothing = ran(home, "play", "harbour", PATH="/nowhere")
    assert nothing.code == FAILED
    assert f"songs/{id_of(home, 'Harbour Lights')}/audio.wav" in nothing.text
    assert "install one of afplay, mpv" in nothing.text


def test_ctrl_c_ends_what_is_played(home: Path, tmp_path: Path) -> None:
    there = players(tmp_path / "bin", "mpv", then="exec /bin/sleep 60")
    env = environment(home, **QUICK | there)
    shown = on_terminal([*COMMAND, "play"], env, ROOT, until="Ctrl-C ends it")
    assert shown.code == DONE
    assert shown.left_over() == []


def test_a_compressed_song_is_not_given_to_a_player_that_would_make_noise_of_it(
    tmp_path: Path,
) -> None:
    ran(tmp_path, "make", "A Song", "--duration", "5", "--format", "flac")
    ended = ran(tmp_path, "play", **players(tmp_path / "bin", "aplay"))
    assert ended.code == FAILED
    assert "audio.flac" in ended.text
    assert "aplay plays" not in ended.text
    assert ran(tmp_path, "play", **players(tmp_path / "bin", "aplay", "paplay")).code == DONE
    again = ran(tmp_path, "song", "--like", "latest", "--json")
    assert again.code == DONE, again.text
    assert json.loads(again.out)["like"]
    refused = ran(tmp_path, "make", "--like", "latest", "--instrumental")
    assert refused.code == WRONG_USAGE
    assert "--instrumental: " in refused.text


def completed(home: Path, line: str, shell: str = "zsh") -> list[str]:
    """What the shell is offered after this line: each word, and what it says beside it."""
    env = environment(home) | {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    env["_SONGWRIGHT_COMPLETE"] = f"{shell}_complete"
    return forked([], env, home).out.decode().splitlines()


def test_the_shell_completes_commands_and_ids_with_their_titles(home: Path, tmp_path: Path) -> None:
    assert completed(home, "songwright pl")[1::3] == ["play"]
    offered = completed(home, "songwright play ")
    assert "latest" in offered
    assert offered[offered.index(id_of(home, "Summer [b]")) + 1] == "Summer [b]"
    whole = id_of(home, "Harbour Lights")
    assert completed(home, f"songwright delete {whole[:12]}") == ["plain", whole, "Harbour Lights"]
    assert completed(tmp_path / "nowhere", "songwright show 8z") == []
    if bash := shutil.which("bash"):
        script = tmp_path / "completion.sh"
        script.write_bytes(ran(home, "completion", "bash").out)
        assert subprocess.run([bash, "-n", str(script)], check=False).returncode == 0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    slow = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:SlowComposer"}
    with serving(tmp_path_factory.mktemp("served"), **slow) as running:
        yield running


def signs_in(server: Server, address: str, page: str) -> None:
    """That ``address`` is ``page`` with a code, by which one browser comes in, once."""
    where, _, code = address.partition("#code=")
    assert where == page
    with httpx.Client(base_url=server.url) as browser:
        assert browser.get("/songs").status_code == 401
        assert browser.post("/session", json={"code": code}).status_code == 204
        assert browser.get("/songs").status_code == 200
    assert httpx.post(f"{server.url}/session", json={"code": code}).status_code == 401


def test_commands_find_the_service_of_their_library(server: Server, tmp_path: Path) -> None:
    known = {"API_BEARER_TOKEN": TOKEN}
    assert f"runs at {server.url}/" in ran(server.home, "doctor", **known).text
    opened = ran(server.home, "open", "--print", **known)
    assert opened.code == DONE, opened.text
    signs_in(server, opened.out.decode().strip(), f"{server.url}/")
    browser = tmp_path / "browser"
    browser.write_text(f'#!{os.path.realpath("/bin/sh")}\necho "$1" > {tmp_path}/opened\n')
    browser.chmod(0o700)
    assert ran(server.home, "open", **known, BROWSER=f"{browser} %s").code == DONE
    signs_in(server, (tmp_path / "opened").read_text().strip(), f"{server.url}/")
    without_scripts = ran(server.home, "open", **known, BROWSER="w3m")
    signs_in(server, without_scripts.out.decode().strip(), f"{server.url}/")
    with server.client() as client:
        body = {"full_described_song": "To open", "audio_duration": 5.0}
        wait = {"Prefer": "respond-async"}
        song_id = client.post("/generate-from-description", json=body, headers=wait).json()["id"]
        opened = ran(server.home, "open", "to", "open", "--print", **known)
        signs_in(server, opened.out.decode().strip(), f"{server.url}/?song={song_id}")
        assert client.delete(f"/songs/{song_id}").status_code == 204
    unknown = ran(server.home, "open", API_BEARER_TOKEN="")
    assert unknown.code == FAILED
    assert "set API_BEARER_TOKEN" in unknown.text
    nowhere = ran(tmp_path, "open", **known)
    assert nowhere.code == FAILED
    assert "songwright serve" in nowhere.text


def test_songs_of_the_service_are_cancelled_and_deleted_through_it(server: Server) -> None:
    known = {"API_BEARER_TOKEN": TOKEN}
    body = {"full_described_song": "A Song", "audio_duration": 5.0}
    with server.client() as client:
        first, second = (
            client.post("/generate-from-description", json=body, headers={"Prefer": "respond-async"}).json()[
                "id"
            ]
            for _ in range(2)
        )
        assert ran(server.home, "rename", first, "While it waits", **known).code == DONE
        assert client.get(f"/songs/{first}").json()["title"] == "While it waits"
        ended = ran(server.home, "cancel", first, second, **known)
        assert ended.code == DONE, ended.text
        assert "Cancelled: 2 songs." in ended.text
        assert [client.get(f"/songs/{song}").json()["status"] for song in (first, second)] == [
            "cancelled"
        ] * 2
        assert ran(server.home, "cancel", first, **known).code == DONE
        assert ran(server.home, "favourite", first, **known).code == DONE
        elsewhere = ran(server.home, "tag", first, "demo", API_BEARER_TOKEN="")
        assert elsewhere.code == DONE, "in the store"
        assert "open pages do not see it yet" in elsewhere.text
        answer = client.get(f"/songs/{first}").json()
        assert (answer["favourite"], answer["tags"]) == (True, ["demo"])
        assert ran(server.home, "delete", first, **known).code == DONE
        assert client.get(f"/songs/{first}").status_code == 404
        assert ran(server.home, "delete", second, API_BEARER_TOKEN="").code == DONE, "in the store"
        assert client.get(f"/songs/{second}").status_code == 404


def test_a_song_that_nobody_makes_is_cancelled_and_one_of_another_terminal_is_left_there(
    home: Path,
) -> None:
    library = Library(LocalStore(home))
    gone = titled("Gone", 30, status=Status.COMPOSING, owner=None)
    here = Owner(host=os.uname().nodename, pid=os.getpid())
    busy = titled("Busy", 31, status=Status.COMPOSING, owner=here)
    for song in (gone, busy):
        library.save(song)
    assert ran(home, "cancel", gone.id).code == DONE
    assert library.load(gone.id).status is Status.CANCELLED
    for command in ("cancel", "delete"):
        ended = ran(home, command, busy.id)
        assert ended.code == WRONG_USAGE
        assert f"number {os.getpid()}: press Ctrl-C there" in ended.text
    assert "nothing to cancel" in ran(home, "cancel", "harbour").text


class Odd(BaseHTTPRequestHandler):
    """A server that is not Songwright's."""

    def do_POST(self) -> None:
        self.wfile.write(b"HTTP/1.0 200 OK\r\n\r\nhello" if self.path == "/page" else b"what?\r\n")

    def log_message(self, *_: object) -> None:
        pass


def test_what_is_no_songwright_is_said_to_be_none() -> None:
    with HTTPServer(("127.0.0.1", 0), Odd) as odd:
        threading.Thread(target=odd.serve_forever, daemon=True).start()
        service = RunningService(f"http://127.0.0.1:{odd.server_port}/", TOKEN)
        for path in ("/page", "/line"):
            with pytest.raises(Unavailable, match=str(odd.server_port)):
                service.post(path)
        odd.shutdown()


def test_a_service_that_was_killed_is_not_taken_for_a_running_one(tmp_path: Path) -> None:
    folder = tmp_path / ".songwright"
    folder.mkdir(mode=0o700)
    record = folder / "serve.json"
    settings = load_settings(home=tmp_path)
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    facts = {"url": "http://127.0.0.1:1/", "host": os.uname().nodename, "pid": dead.pid, "started": "x"}
    for content in (json.dumps(facts), "{", "[]", "\xff", json.dumps(facts | {"pid": "x"})):
        record.write_text(content)
        record.chmod(0o600)
        assert running_at(settings) == ""
