"""The library over HTTP: listing, following, cancelling, deleting; what a stop or a lost connection costs."""

import json
import os
import re
import signal
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.long import few_first
from tests.orchestrator.test_cli import HERE, manifest, parts_left, songwright
from tests.service.server import TOKEN, Server, children, ended, fork_servers, serving
from tests.service.test_generation import ASYNC, SLOW, describe

GONE = "0" * 15


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("home")) as running:
        yield running


@pytest.fixture
def client(server: Server) -> Iterator[httpx.Client]:
    with server.client() as connected:
        yield connected


def submit(client: httpx.Client, **fields: Any) -> str:
    response = client.post("/generate-from-description", json=describe(**fields), headers=ASYNC)
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def follow(client: httpx.Client, song_id: str, after: str = "") -> Iterator[dict[str, Any]]:
    """The stream's events as ``{"id", "event", "data"}``; comments and the retry time are left out."""
    headers = {"Last-Event-ID": after} if after else {}
    with client.stream("GET", f"/songs/{song_id}/events", headers=headers) as response:
        if response.status_code == 204:
            return
        assert response.headers["content-type"].startswith("text/event-stream"), response.read()
        block: dict[str, Any] = {}
        for line in response.iter_lines():
            if line:
                name, _, value = line.partition(": ")
                block[name] = value
            else:
                if "event" in block:
                    yield block | {"data": json.loads(block["data"])}
                block = {}


def events(client: httpx.Client, song_id: str, after: str = "", most: int = 10_000) -> list[dict[str, Any]]:
    """The first ``most`` of them."""
    return list(islice(follow(client, song_id, after), most))


def statuses_of(found: list[dict[str, Any]]) -> list[str]:
    return [event["data"]["status"] for event in found if event["event"] == "status"]


def mark(event: dict[str, Any]) -> tuple[int, ...]:
    return tuple(int(part) for part in event["id"].split("."))


def until(answer: Any, timeout_s: float = 60.0) -> Any:
    """What ``answer()`` gives once it gives something true."""
    end = time.monotonic() + timeout_s
    while not (value := answer()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return value


def test_songs_are_found_by_their_words_page_by_page(client: httpx.Client) -> None:
    made = [submit(client, full_described_song=f"marimba music about kites, number{n}") for n in range(3)][
        ::-1
    ]
    found, cursor = [], ""
    while cursor is not None:
        answer = client.get("/songs", params={"q": "KITES marim", "limit": 2, "cursor": cursor})
        assert answer.status_code == 200, answer.text
        found += [song["id"] for song in answer.json()["songs"]]
        cursor = answer.json()["next_cursor"]
    assert found == made
    for query, ids in (("kites number1", [made[1]]), ("kites tuba", []), ('"*(', [])):
        songs = client.get("/songs", params={"q": query}).json()["songs"]
        assert [song["id"] for song in songs] == ids, query
    assert client.get("/songs", params={"q": "x" * 201}).status_code == 422
    for song_id in made:
        ended(client, song_id)
        client.delete(f"/songs/{song_id}")
    assert client.get("/songs", params={"q": "kites"}).json()["songs"] == []


def test_the_library_is_listed_newest_first_a_page_at_a_time(client: httpx.Client) -> None:
    made = [
        client.post("/generate-from-description", json=describe(f"song {n}")).json()["id"] for n in range(5)
    ]
    listed: list[str] = []
    cursor = ""
    while True:
        page = client.get("/songs", params={"limit": 2, "cursor": cursor}).raise_for_status().json()
        listed += [song["id"] for song in page["songs"]]
        assert len(page["songs"]) <= 2
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert listed[:5] == made[::-1]
    assert listed == sorted(set(listed))


def test_events_tell_each_status_each_parts_progress_and_the_end(client: httpx.Client) -> None:
    found = events(client, submit(client))
    assert statuses_of(found) == ["queued", "planning", "composing", "done"]
    parts = {event["data"]["part"] for event in found if event["event"] == "progress"}
    assert parts == {"lyrics", "music", "cover"}
    assert found[-1]["event"] == "end"
    assert found[-1]["data"]["r2_key"]
    marks = [mark(event) for event in found]
    assert marks == sorted(set(marks))


def test_a_reconnect_misses_nothing_and_hears_nothing_twice(client: httpx.Client) -> None:
    song_id = submit(client)
    whole = events(client, song_id)
    for cut in range(len(whole)):
        first = events(client, song_id, most=cut + 1)
        rest = events(client, song_id, after=first[-1]["id"])
        assert [event["id"] for event in first + rest] == [event["id"] for event in whole]
    assert events(client, song_id, after=whole[-1]["id"]) == []


def test_events_go_on_over_a_restart_of_the_server(tmp_path: Path) -> None:
    server = Server(tmp_path, **(_slow() | {"SONGWRIGHT_MUSIC__PROCESSES": "1"}))
    server.start(ready=True)
    with server.client() as client:
        song_id = submit(client)
        before = events(client, song_id, most=5)
    server.kill()
    server.start(ready=True)
    try:
        with server.client() as client:
            after = events(client, song_id, after=before[-1]["id"], most=4)
            assert min(map(mark, after)) > mark(before[-1])
            statuses = statuses_of(before) + statuses_of(after)
            assert statuses[:3] == ["queued", "planning", "composing"]
            assert "composing" in statuses[3:], "it was taken up again"
    finally:
        server.kill()


def test_who_waits_in_the_queue_is_told_of_each_place_gained(tmp_path: Path) -> None:
    one = {"SONGWRIGHT_MUSIC__PROCESSES": "1"}
    with serving(tmp_path, **(SLOW | one)) as server, server.client() as client:
        ids = [submit(client) for _ in range(5)]
        seen: list[int] = []

        def listen() -> None:
            with server.client() as other:
                for event in islice(follow(other, ids[-1]), 3):
                    seen.append(event["data"]["queue_position"])

        listener = threading.Thread(target=listen)
        listener.start()
        until(lambda: seen)
        for song_id in ids[:-1]:
            assert client.post(f"/songs/{song_id}/cancel").status_code == 200
            time.sleep(1.1)  # places are sent once a second
        client.post(f"/songs/{ids[-1]}/cancel")
        listener.join(20)
        assert not listener.is_alive()
        places = [place for place in seen if place is not None]
        assert places == sorted(places, reverse=True)
        assert len(places) >= 2


def test_a_running_song_is_cancelled_and_its_process_used_again(tmp_path: Path) -> None:
    with serving(tmp_path, **SLOW) as server, server.client() as client:
        song_id = submit(client)
        until(lambda: "music" in client.get(f"/songs/{song_id}").json()["progress"])
        began = time.monotonic()
        assert client.post(f"/songs/{song_id}/cancel").json()["status"] == "cancelled"
        assert time.monotonic() - began < 15.0  # it would take 30 s
        assert client.post(f"/songs/{song_id}/cancel").json()["status"] == "cancelled"
        another = submit(client)
        progress = until(lambda: client.get(f"/songs/{another}").json()["progress"].get("music"))
        assert progress["stage"] == "humming slowly"
        assert client.delete(f"/songs/{another}").status_code == 204
        assert client.get(f"/songs/{another}").status_code == 404
        assert not list((tmp_path / "songs" / another).glob("*"))
        assert not parts_left(tmp_path)


def test_a_finished_song_cannot_be_cancelled(client: httpx.Client) -> None:
    song = client.post("/generate-from-description", json=describe()).json()
    response = client.post(f"/songs/{song['id']}/cancel")
    assert (response.status_code, response.json()["type"]) == (409, "urn:songwright:problem:conflict")


def test_a_deleted_song_is_gone_in_every_way(server: Server, client: httpx.Client) -> None:
    song = client.post("/generate-from-description", json=describe(seed=77)).json()
    assert client.delete(f"/songs/{song['id']}").status_code == 204
    for path in ("", "/audio", "/package", "/events"):
        assert client.get(f"/songs/{song['id']}{path}").status_code == 404
    assert client.delete(f"/songs/{song['id']}").status_code == 404
    assert httpx.get(song["urls"]["audio"]).status_code == 404
    assert not [path for path in server.home.rglob("*") if song["id"] in str(path)]
    assert not client.post("/generate-from-description", json=describe(seed=77)).json()["cached"]


def test_who_waits_for_a_song_that_is_cancelled_is_told(tmp_path: Path) -> None:
    with serving(tmp_path, **SLOW) as server, server.client() as client:
        answers: list[httpx.Response] = []

        def ask() -> None:
            with server.client() as other:
                answers.append(other.post("/generate-from-description", json=describe()))

        asking = threading.Thread(target=ask)
        asking.start()
        song_id = until(lambda: client.get("/songs").json()["songs"])[0]["id"]
        client.post(f"/songs/{song_id}/cancel")
        asking.join(20)
        assert answers[0].status_code == 409
        assert answers[0].json()["type"] == "urn:songwright:problem:cancelled"


@pytest.mark.parametrize("number", few_first(1, [signal.SIGTERM, signal.SIGINT]))
def test_a_stop_tells_who_waits_and_leaves_songs_to_the_next_start(tmp_path: Path, number: int) -> None:
    server = Server(tmp_path, **_slow())
    server.start(ready=True)
    answers: list[httpx.Response] = []
    seen: list[dict[str, Any]] = []
    with server.client() as client:
        waiting = submit(client)

        def ask() -> None:
            with server.client() as other:
                answers.append(other.post("/generate-from-description", json=describe()))

        def listen() -> None:
            with server.client() as other:
                seen.extend(follow(other, waiting))

        threads = [threading.Thread(target=work) for work in (ask, listen)]
        for thread in threads:
            thread.start()
        until(lambda: seen and len(client.get("/songs").json()["songs"]) == 2)
        assert server.process
        engines = children(server.process.pid)
        began = time.monotonic()
        assert server.stop(number) == (0 if number == signal.SIGTERM else 130)
        assert time.monotonic() - began < 20.0  # it would take 30 s
        for thread in threads:
            thread.join(10)
    assert answers[0].status_code == 503
    assert answers[0].headers["Location"] == f"/songs/{answers[0].json()['song_id']}"
    assert seen[-1]["event"] != "end"
    assert len(engines) >= 3
    until(lambda: not [pid for pid in engines if Path(f"/proc/{pid}").exists()])
    stored = [json.loads(path.read_text()) for path in tmp_path.glob("songs/*/song.json")]
    assert {song["status"] for song in stored} <= {"queued", "planning", "composing"}
    assert not parts_left(tmp_path)


@pytest.mark.parametrize("composer", few_first(1, ["DeafComposer", "SlowComposer"]))
def test_the_engines_end_with_a_killed_server(tmp_path: Path, composer: str) -> None:
    server = Server(tmp_path, **(_slow() | {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:{composer}"}))
    server.start(ready=True)
    assert server.process
    engines = children(server.process.pid)
    with server.client() as client:
        song_id = submit(client)
        until(lambda: client.get(f"/songs/{song_id}").json()["status"] == "composing")
        time.sleep(0.6)  # until the deaf one is deaf
    server.kill()
    until(lambda: not [pid for pid in engines if Path(f"/proc/{pid}").exists()])


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_stops_the_service_and_hurts_no_engine(
    tmp_path: Path, number: int
) -> None:
    """Ctrl-C in a terminal, and systemd."""
    server = Server(tmp_path, **_slow())
    server.start(ready=True)
    assert server.process
    with server.client() as client:
        song_id = submit(client)
        until(lambda: client.get(f"/songs/{song_id}").json()["status"] == "composing")
    os.killpg(server.process.pid, number)
    assert server.process.wait(30) == (0 if number == signal.SIGTERM else 130)
    assert not [line for line in server.lines if "Traceback" in line or "has ended" in line]


@pytest.mark.long
def test_the_fork_servers_end_costs_no_song(tmp_path: Path) -> None:
    patient = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:PatientComposer"}
    with serving(tmp_path, **patient) as server, server.client() as client:
        assert server.process
        song_id = submit(client)
        until(lambda: client.get(f"/songs/{song_id}").json()["status"] == "composing")
        (forker,) = fork_servers(server.process.pid)
        engines = children(forker)
        assert len(engines) == 3
        os.kill(forker, signal.SIGKILL)
        assert ended(client, song_id)["status"] == "done"
        assert not [pid for pid in engines if Path(f"/proc/{pid}").exists()]
        for pause_s in (0.0, 0.2, 0.5, 0.7):  # while it starts, and while it forks
            forkers = until(lambda: fork_servers(server.process.pid))
            time.sleep(pause_s)
            os.kill(forkers[0], signal.SIGKILL)
            until(lambda forkers=forkers: forkers != fork_servers(server.process.pid))
        until(lambda: client.get("/health/ready").status_code == 200)
        assert ended(client, submit(client))["status"] == "done"


def test_a_crashed_engine_costs_one_song_and_not_the_service(tmp_path: Path) -> None:
    crash = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:CrashingComposer"}
    with serving(tmp_path, **crash) as server, server.client() as client:
        response = client.post("/generate-from-description", json=describe(seed=13))
        assert response.status_code == 500
        assert "killed by SIGKILL" in response.json()["detail"]
        assert client.post("/generate-from-description", json=describe(seed=14)).status_code == 200


def test_an_engine_that_hangs_is_ended_when_its_song_is_cancelled(tmp_path: Path) -> None:
    hang = {"SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:HangingComposer", "SONGWRIGHT_MUSIC__PROCESSES": "1"}
    with serving(tmp_path, **hang) as server, server.client() as client:
        song_id = submit(client, seed=13)
        until(lambda: "music" in client.get(f"/songs/{song_id}").json()["progress"])
        assert client.post(f"/songs/{song_id}/cancel").json()["status"] == "cancelled"
        assert client.post("/generate-from-description", json=describe(seed=14)).status_code == 200


def test_the_first_start_makes_a_token_and_writes_it_to_no_log(tmp_path: Path) -> None:
    server = Server(tmp_path, API_BEARER_TOKEN="")
    server.start()
    kept = tmp_path / ".songwright" / "token"
    token = kept.read_text().strip()
    assert kept.stat().st_mode & 0o777 == 0o600
    with server.client(token) as client:
        code = client.post("/session/codes").json()
    server.stop()
    server.start()
    with server.client(token) as client:
        assert client.post("/auth-status").status_code == 200
    server.stop()
    shown = "\n".join(server.lines)
    assert shown.count(f"Your token is in {kept}") == 2
    assert "'songwright open'" in shown
    assert not [secret for secret in (token, code["code"], "#code=") if secret in shown]


def test_tokens_rotate_by_comma_and_are_never_logged(tmp_path: Path) -> None:
    with serving(
        tmp_path, ready=False, API_BEARER_TOKEN="first-token-1-0123456789, second-token-2-0123456789"
    ) as server:
        for token, status in (
            ("first-token-1-0123456789", 200),
            ("second-token-2-0123456789", 200),
            ("third-token-3-0123456789", 401),
        ):
            with server.client(token) as client:
                assert client.post("/auth-status").status_code == status
        logged = "\n".join(server.lines)
        assert "answered" in logged
        assert not [token for token in ("first-token", "second-token", "third-token") if token in logged]
        assert not (tmp_path / ".songwright" / "token").exists()


def test_songs_of_the_command_line_and_of_the_service_are_one_library(tmp_path: Path) -> None:
    made = manifest(tmp_path, "From the shell")
    with serving(tmp_path) as server, server.client() as client:
        assert client.get(f"/songs/{made['id']}").json()["title"] == "From the shell"
        found = events(client, made["id"])
        assert found[-1]["event"] == "end"
        song_id = client.post("/generate-from-description", json=describe("From the web")).json()["id"]
    assert "From the web" in songwright(tmp_path, "show", song_id).stdout


def test_the_command_line_leaves_the_services_songs_alone(tmp_path: Path) -> None:
    with (
        serving(tmp_path, **(SLOW | {"SONGWRIGHT_MUSIC__PROCESSES": "1"})) as server,
        server.client() as client,
    ):
        ids = [submit(client) for _ in range(4)]
        assert "Nothing to resume" in songwright(tmp_path, "resume").stdout
        for song_id in (ids[0], ids[-1]):
            assert songwright(tmp_path, "resume", song_id).returncode == 2
            # The service would, for one who has its token.
            assert songwright(tmp_path, "delete", song_id).returncode == 1
        assert [song["id"] for song in client.get("/songs").json()["songs"]] == ids[::-1]


def test_figures_tell_of_songs_stages_failures_and_the_queue(client: httpx.Client) -> None:
    song_id = client.post("/generate-from-description", json=describe()).json()["id"]
    client.get(f"/songs/{song_id}").raise_for_status()
    text = client.get("/metrics").raise_for_status().text
    assert re.search(r'songwright_songs_total\{engine="hum",outcome="done"\} [1-9]', text)
    assert re.search(r'songwright_stage_seconds_count\{engine="hum",stage="music"\} [1-9]', text)
    assert "songwright_queue_depth 0.0" in text
    assert 'route="/songs/{id}"' in text
    assert "songwright_engine_failures" in text


def test_every_answer_has_a_request_id_and_the_log_has_it_too(server: Server, client: httpx.Client) -> None:
    mine = client.get("/songs", headers={"X-Request-ID": "my-own.id_1"})
    assert mine.headers["X-Request-ID"] == "my-own.id_1"
    given = client.get("/songs", headers={"X-Request-ID": "not ok!"})
    assert re.fullmatch(r"[0-9a-f]{16}", given.headers["X-Request-ID"])
    lines = until(lambda: [line for line in server.lines if "my-own.id_1" in line])
    logged = json.loads(lines[0])
    assert (logged["request_id"], logged["path"], logged["status"]) == ("my-own.id_1", "/songs", 200)
    song_id = submit(client)
    ended(client, song_id)
    assert until(lambda: [line for line in server.lines if "song done" in line and song_id in line])


def test_each_token_has_its_own_rate(tmp_path: Path) -> None:
    limits = {
        "SONGWRIGHT_RATE_LIMIT_PER_MINUTE": "5",
        "API_BEARER_TOKEN": "first-token-1-0123456789,second-token-2-0123456789",
    }
    with serving(tmp_path, ready=False, **limits) as server:
        with server.client("first-token-1-0123456789") as client:
            answers = [client.get("/songs") for _ in range(8)]
        assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 3
        assert answers[-1].json()["type"] == "urn:songwright:problem:rate-limited"
        assert 1 <= int(answers[-1].headers["Retry-After"]) <= 12
        with server.client("second-token-2-0123456789") as client:
            assert client.get("/songs").status_code == 200


def test_pages_of_other_origins_may_call_only_if_the_settings_say_so(server: Server, tmp_path: Path) -> None:
    ask = {"Origin": "https://app.example", "Access-Control-Request-Method": "POST"}
    assert "access-control-allow-origin" not in httpx.options(f"{server.url}/plan", headers=ask).headers
    with serving(tmp_path, ready=False, SONGWRIGHT_CORS_ORIGINS="https://app.example") as open_server:
        preflight = httpx.options(f"{open_server.url}/plan", headers=ask)
        assert preflight.status_code == 200
        assert preflight.headers["access-control-allow-origin"] == "https://app.example"
        refused = httpx.get(f"{open_server.url}/songs", headers={"Origin": "https://app.example"})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == "https://app.example"
        assert "Retry-After" in refused.headers["access-control-expose-headers"]
        other = httpx.get(f"{open_server.url}/health", headers={"Origin": "https://evil.example"})
        assert "access-control-allow-origin" not in other.headers


def _slow() -> dict[str, str]:
    from tests.orchestrator.test_cli import QUICK

    return QUICK | SLOW | {"API_BEARER_TOKEN": TOKEN}
