"""Whatever a start meets: the service serves without it and says so, or ends within ten seconds in one line,
with all that it started."""

from __future__ import annotations

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread

import httpx
import pytest

from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Owner, Song, Status, new_songs
from storage.local import LocalStore
from tests.hostile.figures import resisted
from tests.hostile.lives import GRACE_S, Start, soon
from tests.long import few_first
from tests.loopback import in_a_thread
from tests.service.server import alive, ended
from tests.service.test_generation import describe

DEAD = Owner(host="another-machine", pid=1, service=True)


def unfinished(home: Path, **facts: object) -> Song:
    """A song that a service of another machine was at work on."""
    song = new_songs(Brief(description="A Song", duration_s=5.0))[0]
    return Library(LocalStore(home)).save(song.changed(status=Status.COMPOSING, owner=DEAD, **facts))


@pytest.mark.long
def test_a_library_full_of_foreign_and_damaged_things(tmp_path: Path) -> None:
    home = tmp_path / "home"
    good = unfinished(home)
    for name in ("README", ".DS_Store", "a b", "ü", "0" * 15, "x" * 200):
        (home / "open" / name).write_bytes(b"\0")
    for name in ("a-folder", "1" * 15):
        (home / "open" / name / "deeper").mkdir(parents=True)
    for damage in (b"", b"{", b"[]", b"\xff" * 100, b'{"id": 3}', b"[" * 5000):
        (home / "songs" / unfinished(home).id / "song.json").write_bytes(damage)
    for song in (unfinished(home), unfinished(home)):
        path = home / "songs" / song.id / "song.json"
        path.unlink()
        path.mkdir()
    path.rmdir()
    path.symlink_to(path)
    (home / "songs" / "a file").touch()
    photo = unfinished(home, brief=Brief(photo="photo.jpg", duration_s=5.0))
    with Start(home) as start:
        outcome = start.outcome()
        took_s = time.monotonic() - start.began
        if outcome == "serves":
            with start.client() as client:
                assert ended(client, good.id)["status"] == "done"
                assert ended(client, photo.id)["status"] == "failed"
            start.stopped()
    resisted(
        "foreign files, damaged songs and folders among the unfinished",
        limit="each is left out; else the start ends within 10 s",
        figure=f"{'serves' if outcome == 'serves' else 'ends'} after {took_s:.1f} s",
    )


def test_a_bug_that_nobody_expected(tmp_path: Path) -> None:
    with Start(tmp_path / "home", altered="with_a_bug_at_start") as start:
        line = start.outcome()
        took_s = time.monotonic() - start.began
    assert line.startswith("songwright: ")
    assert "ZeroDivisionError: a bug that nobody expected" in line
    assert start.engines, "they were being started"
    resisted("a bug in the middle of the start", limit="one line, exit code 1", figure=f"{took_s:.1f} s")


class Bucket(ThreadingHTTPServer):
    """Answers every request with ``status``, or with nothing at all where it is 0. With 200, it keeps objects
    and lists them, and keeps silent where the unfinished songs are to be listed."""

    daemon_threads = True

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.status = status
        self.objects: dict[str, bytes] = {}
        self.over = Event()


class _Answers(BaseHTTPRequestHandler):
    server: Bucket

    def _answer(self) -> None:
        data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path, _, query = self.path.partition("?")
        lists = "list-type" in query
        if self.server.status == 0 or (lists and "prefix=open" in query):
            self.server.over.wait(30)
            self.close_connection = True
            return
        body, status = b"", self.server.status
        if self.command == "PUT":
            self.server.objects[path.partition("/")[2].partition("/")[2]] = data
        elif lists:
            keys = "".join(f"<Contents><Key>{key}</Key></Contents>" for key in self.server.objects)
            body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{keys}</ListBucketResult>".encode()
        elif self.command == "GET":
            found = self.server.objects.get(path.partition("/")[2].partition("/")[2])
            body = b"<Error><Code>NoSuchKey</Code></Error>" if found is None else found
            status = 404 if found is None else status
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"0"')
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@contextmanager
def bucket(status: int) -> Iterator[dict[str, str]]:
    """The settings of a bucket that answers so."""
    server = Bucket(status)
    keys = ("R2_BUCKET_NAME", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_REGION")
    url = f"http://127.0.0.1:{server.server_port}"
    with in_a_thread(server):
        try:
            yield dict.fromkeys(keys, "us-east-1") | {"SONGWRIGHT_STORE": "r2", "R2_ENDPOINT_URL": url}
        finally:
            server.over.set()


@pytest.mark.parametrize("status", few_first(1, [403, 0]))
def test_a_bucket_that_refuses_or_keeps_silent(tmp_path: Path, status: int) -> None:
    with bucket(status) as settings, Start(tmp_path / "home", **settings) as start:
        line = start.outcome()
        took_s = time.monotonic() - start.began
    assert line.startswith("songwright: "), start.lines
    resisted(
        "a bucket that refuses or keeps silent",
        limit="one line and exit code 1 within 10 s",
        figure=f"{took_s:.1f} s ({status or 'silent'})",
    )


@pytest.mark.long
def test_a_bucket_that_keeps_silent_once_the_service_is_up(tmp_path: Path) -> None:
    with bucket(200) as settings, Start(tmp_path / "home", **settings) as start:
        assert start.outcome() == "serves", start.lines
        soon(lambda: [line for line in start.lines if "still being taken up" in line])
        with start.client() as client:
            answer = client.post("/generate-from-description", json=describe())
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) >= 1
        took_s = start.stopped()
        assert "ended without waiting for: " in start.lines[-1]
    assert took_s < GRACE_S + 5.0
    resisted(
        "SIGTERM while the store hangs",
        limit="the grace and 5 s: what still runs is named in the log",
        figure=f"{took_s - GRACE_S:.1f} s beyond the grace",
    )


@pytest.mark.parametrize("after_s", [0.2, 0.9])
def test_a_signal_in_the_middle_of_the_start(tmp_path: Path, after_s: float) -> None:
    with Start(tmp_path / "home") as start:
        while time.monotonic() - start.began < after_s:
            time.sleep(0.01)
        took_s = start.ended_by(signal.SIGTERM)
    assert start.process.returncode in (0, -signal.SIGTERM), start.lines
    resisted("SIGTERM during the start", limit="the grace and 5 s", figure=f"{took_s:.1f} s")


@pytest.mark.long
def test_a_library_of_another_machine_and_a_clock_that_was_set_back_and_forth(tmp_path: Path) -> None:
    home = tmp_path / "home"
    songs = [unfinished(home) for _ in range(4)]
    paths = [home / "songs" / song.id / "song.json" for song in songs]
    times = ("1999-12-31T23:59:59Z", "2099-01-01T00:00:00Z")
    for number, path in enumerate(paths):
        manifest = json.loads(path.read_text())
        manifest["updated_at"] = times[number % 2]
        manifest["created_at"] = times[number // 2]
        manifest["history"][-1]["at"], manifest["history"][0]["at"] = times
        if number == 3:  # the command line of the other machine, an age ago
            manifest["owner"]["service"] = False
        path.write_text(json.dumps(manifest))
    with Start(home) as start:
        assert start.outcome() == "serves"
        with start.client() as client:
            made = [ended(client, song.id) for song in songs]
        start.stopped()
    assert [song["status"] for song in made] == ["done"] * 4
    resisted(
        "a library copied from another machine, the clock set back and forth",
        limit="none: a service takes its library's songs up at once",
        figure="4 of 4 songs done",
    )


@pytest.mark.long
def test_a_deletion_that_is_killed_in_its_middle(tmp_path: Path) -> None:
    home = tmp_path / "home"
    song = new_songs(Brief(description="A Song"))[0]
    Library(LocalStore(home)).save(song.changed(status=Status.DONE))
    folder = home / "songs" / song.id
    files = 20_000  # some take longer to delete than it takes to notice that the manifest is gone
    for number in range(files):
        (folder / f"stem-{number}").touch()
    with Start(home) as start:
        assert start.outcome() == "serves"

        def ask() -> None:
            with start.client() as client, pytest.raises(httpx.TransportError):
                client.delete(f"/songs/{song.id}")

        asking = Thread(target=ask)
        asking.start()
        soon(lambda: not (folder / "song.json").exists())
        start.process.kill()
        asking.join()
        start.process.wait()
        left = len(os.listdir(folder))
        start.gone()
    assert left
    with Start(home) as start:
        assert start.outcome() == "serves"
        soon(lambda: not folder.exists() and not (home / "open").exists())
        start.stopped()
    resisted(
        "kill -9 during a deletion", limit="the next start ends it", figure=f"{left} of {files} files left"
    )


@pytest.mark.long
def test_engines_that_hold_the_interpreter_end_with_a_killed_server(tmp_path: Path) -> None:
    engine = "tests.orchestrator.engines:SpinningWriter"
    with Start(tmp_path / "home", SONGWRIGHT_LYRICS__ENGINE=engine) as start:
        assert start.outcome() == "serves"
        time.sleep(0.5)  # until it spins; sooner, it ends as any other
        start.ended_by(signal.SIGKILL)
    assert not [pid for pid in start.engines if alive(pid)]
    resisted("kill -9 while an engine spins in C", limit="the kernel ends it", figure="gone with the server")
