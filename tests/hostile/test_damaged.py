"""Damaged songs, links and foreign files in a library: each costs itself, and nothing else."""

from __future__ import annotations

import atexit
import functools
import io
import json
import os
import shutil
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from orchestrator.songs.export import export
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import new_id
from storage.local import LocalStore
from tests.hostile.damage import ELSEWHERE, ODD, UNREADABLE, copy_of
from tests.hostile.figures import resisted
from tests.orchestrator.test_bucket import settings
from tests.orchestrator.test_cli import SLOW, songwright
from tests.service.server import Server, serving
from tests.storage.s3 import s3_server

ASK = {"full_described_song": "A song that is kept", "audio_duration": 5, "seed": 11}
ROLES = ("audio", "cover", "lyrics", "waveform", "package")


@dataclass
class Shelf:
    """A library of good, odd and damaged songs, and a service that was started on it."""

    server: Server
    home: Path
    good: list[str]
    odd: dict[str, str]
    bad: dict[str, str]
    """By the name of the damage, the song's id."""


def make_song(home: Path) -> Path:
    """The folder of a song in the home, made as any is: once for all tests, of which each has a copy."""
    made = _made()
    for folder in ("songs", "open"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    return Path(shutil.copytree(made, home / "songs" / made.name))


@functools.cache
def _made() -> Path:
    home = Path(tempfile.mkdtemp(prefix="songwright-tests-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    words = ("make", str(ASK["full_described_song"]), "--duration", "5", "--seed", "11", "--json")
    made = songwright(home, *words)
    assert made.returncode == 0, made.stderr
    return home / "songs" / str(json.loads(made.stdout)["id"])


def foreign(home: Path) -> None:
    """What nobody of ours has put into the library."""
    for folder in ("songs", "open"):
        (home / folder).mkdir(exist_ok=True)
        here = os.fsencode(home / folder) + b"/"
        for name in (
            b"Thumbs.db",
            b"README",
            b"notes.txt",
            b"line\nfeed",
            b"\x1b[31mred",
            b"\xff\xfe",
            b".DS_Store",
            b"a" * 250,
        ):
            Path(os.fsdecode(here + name)).write_bytes(b"foreign")
        (home / folder / "lost+found").mkdir()
        (home / folder / "loop").symlink_to("..")
        os.mkfifo(home / folder / "pipe")
    (home / "open" / new_id(5.0)).symlink_to("/etc/passwd")
    (home / "open" / new_id(6.0)).mkdir()


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shelf]:
    home = tmp_path_factory.mktemp("shelf") / "home"
    first = make_song(home)
    good, odd, bad = [first.name], {}, {}
    for number, (name, damage) in enumerate((UNREADABLE | ODD).items(), 1):
        folder = copy_of(first, number)
        damage(folder)
        (odd if name in ODD else bad)[name] = folder.name
        if name in UNREADABLE and number % 2:  # as if it had been at work when it was damaged
            (home / "open" / folder.name).parent.mkdir(exist_ok=True)
            (home / "open" / folder.name).write_bytes(b"")
        if number % 10 == 0:
            good.append(copy_of(first, 1000 * number).name)
    foreign(home)
    with serving(home, timed=True) as server:
        yield Shelf(server, home, good, odd, bad)


def pages(client: httpx.Client, size: int) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = client.get("/songs", params={"limit": size, "cursor": cursor}).raise_for_status().json()
        rows += page["songs"]
        cursor = page["next_cursor"]
        if not cursor:
            return rows


@pytest.mark.parametrize("size", [1, 7, 100])
def test_the_list_has_every_song_whatever_was_done_to_its_neighbours(shelf: Shelf, size: int) -> None:
    with shelf.server.client() as client:
        rows = pages(client, size)
    assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    by_id = {row["id"]: row for row in rows}
    assert set(by_id) == {*shelf.good, *shelf.odd.values(), *shelf.bad.values()}
    assert len(rows) == len(by_id)
    for song_id in (*shelf.good, *shelf.odd.values()):
        assert by_id[song_id]["status"] == "done"
        assert "reason" not in by_id[song_id]
    for name, song_id in shelf.bad.items():
        row = by_id[song_id]
        assert row["status"] == "unreadable", name
        assert row["reason"].startswith(f"song {song_id} cannot be read: "), name
        assert row["reason"].isprintable(), name
        assert len(row["reason"]) < 300, name
        assert str(shelf.home) not in row["reason"]
        assert row.keys() - {"reason"} == by_id[shelf.good[0]].keys()


def test_each_request_for_a_damaged_song_has_a_clear_answer_at_once(shelf: Shelf) -> None:
    slowest_s = 0.0
    with shelf.server.client() as client:
        for name, song_id in shelf.bad.items():
            for path in ("", "/events", *(f"/{role}" for role in ROLES)):
                began_s = time.monotonic()
                answer = client.get(f"/songs/{song_id}{path}")
                slowest_s = max(slowest_s, time.monotonic() - began_s)
                assert answer.status_code == 409, (name, path, answer.text[:300])
                told = answer.json()
                assert told["type"] == "urn:songwright:problem:unreadable", (name, path)
                assert told["retry"] is False
                assert "Retry-After" not in answer.headers
                assert "songwright delete" in told["fix"]
                assert told["detail"].isprintable()
            like = client.post("/generate-like", json={"like": song_id})
            assert like.status_code == 409, (name, like.text[:300])
            assert client.post(f"/songs/{song_id}/cancel").status_code == 409, name
    assert slowest_s < 2.0
    assert shelf.server.slow == []
    resisted(
        "damaged manifests: cut short, huge, nested, of other types, links, pipes, devices",
        limit="2 MB and 20,000 values a manifest; regular files in real folders alone",
        figure=f"{len(shelf.bad)} kinds, each a row of its own; slowest answer {slowest_s:.2f} s",
    )


def test_what_is_out_of_the_ordinary_is_a_song_like_any(shelf: Shelf) -> None:
    with shelf.server.client() as client:
        for name, song_id in shelf.odd.items():
            answer = client.get(f"/songs/{song_id}")
            assert answer.status_code == 200, (name, answer.text[:300])
            told = answer.json()
            assert "remix_of" not in told
            for role in ("audio", "cover"):
                assert client.get(f"/songs/{song_id}/{role}").status_code == 200, name
                assert client.get(told["urls"][role], headers={"Authorization": ""}).status_code == 200, name
            package = client.get(f"/songs/{song_id}/package")
            with zipfile.ZipFile(io.BytesIO(package.content)) as archive:
                assert archive.testzip() is None
                names = archive.namelist()
            assert not [path for path in names if path.startswith("/") or ".." in path.split("/")], name
            events = client.get(f"/songs/{song_id}/events")
            assert "event: end" in events.text, name
        plan = client.get(f"/songs/{shelf.odd['a plan of other bounds']}").json()["plan"]
        assert (plan["voice"], plan["genre"], plan["energy"]) == ("robot", "hyperfolk", 14)
        # Only asking is held to today's bounds.
        for name in ("longer than may be asked for", "a plan of other bounds", "a format of a later version"):
            like = client.post("/generate-like", json={"like": shelf.odd[name]})
            assert like.status_code == 422, (name, like.text[:300])
    assert shelf.server.slow == []
    resisted(
        "manifests of other limits and versions, titles that command terminals",
        limit="reading is bounded more widely than asking",
        figure=f"{len(shelf.odd)} kinds, all listed, served and packed",
    )


def test_good_songs_and_the_service_do_not_notice(shelf: Shelf) -> None:
    with shelf.server.client() as client:
        for song_id in shelf.good:
            assert client.get(f"/songs/{song_id}").json()["status"] == "done"
            for role in ROLES:
                assert client.get(f"/songs/{song_id}/{role}").status_code == 200
        quote = client.post("/quote", json=ASK)
        assert quote.status_code == 200, quote.text
        assert quote.json()["songs"] >= len(shelf.good)
        assert client.get("/metrics").status_code == 200
        assert client.get("/health/ready").status_code == 200
        assert client.post("/generate-from-description", json=ASK).status_code == 200
    # One line for each damaged song that was to be worked with, however often.
    lines = [line for line in shelf.server.lines if "cannot be read" in line]
    for song_id in shelf.bad.values():
        assert sum(f"song {song_id} " in line for line in lines) <= 1
    assert shelf.server.slow == []


def test_the_command_line_goes_on_as_well(shelf: Shelf) -> None:
    listed = songwright(shelf.home, "list", "--limit", "0")
    assert listed.returncode == 0, listed.stderr
    assert listed.stdout.count("unreadable") == len(shelf.bad)
    assert "\x1b" not in listed.stdout
    assert "[/bold] [red]x" in listed.stdout
    rows = json.loads(songwright(shelf.home, "list", "--limit", "0", "--json").stdout)
    assert sum(row["status"] == "unreadable" for row in rows) == len(shelf.bad)
    assert all(row["reason"] for row in rows if row["status"] == "unreadable")
    costs = songwright(shelf.home, "cost", "--json")
    assert costs.returncode == 0, costs.stderr
    assert json.loads(costs.stdout)["songs"] >= len(shelf.good) + len(shelf.odd)
    resumed = songwright(shelf.home, "resume")
    assert (resumed.returncode, resumed.stdout) == (0, "Nothing to resume.\n"), resumed.stderr
    # It reads those that were at work alone: the list tells of all.
    marked = [song_id for song_id in shelf.bad.values() if (shelf.home / "open" / song_id).is_file()]
    assert len(resumed.stderr.splitlines()) == len(marked) > len(shelf.bad) // 3
    assert all(song_id in resumed.stderr for song_id in marked)
    one = shelf.bad["a pipe"]
    for command in (("show", one), ("make", "--like", one)):
        refused = songwright(shelf.home, *command)
        assert refused.returncode == 1, command
        assert refused.stderr.count("\n") == 1
        assert "is a pipe" in refused.stderr
    shown = songwright(shelf.home, "show", shelf.odd["a title of escapes"])
    assert shown.returncode == 0, shown.stderr
    assert "\x1b" not in shown.stdout


def test_every_song_that_can_be_read_can_be_exported(shelf: Shelf, tmp_path: Path) -> None:
    library = Library(LocalStore(shelf.home))
    for name, song_id in shelf.odd.items():
        out = tmp_path / song_id
        audio = export(library.load(song_id), library.store, out)
        assert audio.parent == out, name
        assert audio.read_bytes() == (shelf.home / "songs" / song_id / "audio.wav").read_bytes()
        assert {path.suffix for path in out.iterdir() if path.is_file()} >= {".wav", ".png", ".txt"}, name
    assert {path.name for path in tmp_path.iterdir()} == set(shelf.odd.values())


def test_a_song_that_is_damaged_while_it_waits_can_be_deleted_or_waits_no_more(tmp_path: Path) -> None:
    with serving(tmp_path, timed=True, **SLOW) as server, server.client() as client:

        def ask(number: int) -> str:
            body = ASK | {"seed": number}
            answer = client.post("/generate-from-description", json=body, headers={"Prefer": "respond-async"})
            return str(answer.raise_for_status().json()["id"])

        def waiting(song_id: str) -> bool:
            return client.get(f"/songs/{song_id}").json()["queue_position"] is not None

        waits = [song_id for song_id in map(ask, range(8)) if waiting(song_id)]
        deleted, cancelled, good = waits[-3:]
        for song_id in (deleted, cancelled):
            (tmp_path / "songs" / song_id / "song.json").write_bytes(b"{")
        assert client.delete(f"/songs/{deleted}").status_code == 204
        assert client.get(f"/songs/{deleted}").status_code == 404
        assert not (tmp_path / "songs" / deleted).exists()
        refused = client.post(f"/songs/{cancelled}/cancel")
        assert refused.status_code == 409
        assert refused.json()["type"] == "urn:songwright:problem:unreadable"
        assert waiting(good)
        assert client.post(f"/songs/{good}/cancel").json()["status"] == "cancelled"
        assert client.delete(f"/songs/{cancelled}").status_code == 204
        assert server.slow == []


def test_damaged_songs_can_be_deleted_and_take_nothing_else_along(shelf: Shelf) -> None:
    """The last of the module: nothing damaged is left after it."""
    elsewhere = shelf.home.parent / ELSEWHERE
    there = {path: path.stat().st_size for path in elsewhere.rglob("*") if path.is_file()}
    assert there
    passwd = Path("/etc/passwd").read_bytes()
    by_command = dict(list(shelf.bad.items())[::20])
    for name, song_id in by_command.items():
        deleted = songwright(shelf.home, "delete", song_id)
        assert (deleted.returncode, deleted.stdout) == (0, f"Deleted {song_id}\n"), (name, deleted.stderr)
    with shelf.server.client() as client:
        for name, song_id in shelf.bad.items():
            answer = client.delete(f"/songs/{song_id}")
            assert answer.status_code == (404 if name in by_command else 204), (name, answer.text[:300])
            assert client.get(f"/songs/{song_id}").status_code == 404, name
            assert not os.path.lexists(shelf.home / "open" / song_id), name
            left = shelf.home / "songs" / song_id
            assert not os.path.lexists(left), (name, os.listdir(left))
        assert {row["id"] for row in pages(client, 100)} >= {*shelf.good, *shelf.odd.values()}
        assert "unreadable" not in {row["status"] for row in pages(client, 100)}
        assert client.get(f"/songs/{shelf.good[0]}/audio").status_code == 200
    assert {path: path.stat().st_size for path in elsewhere.rglob("*") if path.is_file()} == there
    assert Path("/etc/passwd").read_bytes() == passwd
    for name in ("README", "notes.txt"):
        assert (shelf.home / "songs" / name).read_bytes() == b"foreign"
        assert (shelf.home / "open" / name).read_bytes() == b"foreign"
    assert shelf.server.slow == []
    resisted(
        "deletion of damaged songs, links and foreign files",
        limit="what a link leads to stays",
        figure=f"{len(shelf.bad)} deleted, {len(there)} files behind links untouched",
    )


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")
def test_damaged_songs_in_a_bucket_cost_themselves_as_well(tmp_path: Path) -> None:
    first = make_song(tmp_path / "here")
    with s3_server() as s3:
        here = settings(s3, s3.new_bucket())
        store = s3.store(here["R2_BUCKET_NAME"])
        bad: dict[str, str] = {}
        for path in first.rglob("*"):
            if path.is_file():
                store.put(f"songs/{path.relative_to(first.parent)}", path.read_bytes(), "text/plain")
        for number, (name, damage) in enumerate(list(UNREADABLE.items())[::6], 1):
            folder = copy_of(first, number)
            damage(folder)
            manifest = folder / "song.json"
            linked = folder.is_symlink() or manifest.is_symlink()
            if not linked and manifest.is_file() and manifest.stat().st_size < 10**8:
                store.put(f"songs/{folder.name}/song.json", manifest.read_bytes(), "application/json")
                store.put(f"open/{folder.name}", b"", "text/plain")
                bad[name] = folder.name
        with serving(tmp_path / "there", timed=True, **here) as server, server.client() as client:
            rows = {row["id"]: row["status"] for row in pages(client, 7)}
            assert rows == {first.name: "done"} | dict.fromkeys(bad.values(), "unreadable")
            assert client.post("/quote", json=ASK).status_code == 200
            for name, song_id in bad.items():
                assert client.get(f"/songs/{song_id}").status_code == 409, name
                assert client.delete(f"/songs/{song_id}").status_code == 204, name
            assert [row["id"] for row in pages(client, 7)] == [first.name]
            assert client.get(f"/songs/{first.name}").json()["status"] == "done"
            assert server.slow == []
            server.kill()
        assert not list(store.list("open/"))
    resisted(
        "damaged manifests in a bucket",
        limit="as in a folder; an object is read no further than its bound",
        figure=f"{len(bad)} kinds, each listed as unreadable and deleted",
    )
