"""Songs outlive whatever is killed, and whenever: the server, its engines, its clients."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from tests.orchestrator.test_cli import parts_left
from tests.service.counted import AGAIN
from tests.service.server import TOKEN, Server, children, fork_servers
from tests.service.test_generation import ASYNC, describe

pytestmark = [
    pytest.mark.alone,
    pytest.mark.skipif(sys.platform != "linux", reason="finds a server's children in /proc"),
]

KILLS = int(os.environ.get("SONGWRIGHT_TEST_KILLS", "20"))  # make test-faults: 850
SONGS = KILLS
START_S = 10.0
AT_ONCE = 12
CRAFTS = {"LYRICS": "CountedWriter", "MUSIC": "CountedComposer", "ART": "CountedPainter"}
ENGINES = {f"SONGWRIGHT_{craft}__ENGINE": f"tests.service.counted:{name}" for craft, name in CRAFTS.items()}
KINDS = ("server",) * 7 + ("engine",) * 10 + ("client",) * 3
"""Of every twenty kills, how many of each."""
# A client that waits for its song, with nothing that would take long to import.
CLIENT = """
import http.client, sys
host, body, key, token = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", "Idempotency-Key": key}
connection = http.client.HTTPConnection(host)
connection.request("POST", "/generate-from-description", body, headers)
connection.getresponse().read()
"""


@dataclass
class Trial:
    """A server, its songs, and what was killed."""

    server: Server
    rng: random.Random
    accepted: dict[int, str] = field(default_factory=dict)
    coming: list[str] = field(default_factory=list)
    """What is killed next, and after that."""
    kills: Counter[str] = field(default_factory=Counter)
    starts_s: list[float] = field(default_factory=list)

    def start(self) -> None:
        began = time.monotonic()
        self.server.start()
        self.starts_s.append(time.monotonic() - began)

    def ask(self, number: int) -> None:
        """Asks for song ``number``, with a key of its own, until it is accepted."""
        body, key = describe(f"song {number}", seed=number), {"Idempotency-Key": f"song-{number}"}
        with suppress(httpx.TransportError), self.server.client() as client:
            answer = client.post("/generate-from-description", json=body, headers=ASYNC | key)
            if answer.status_code != 503:  # it is being loaded again
                assert answer.status_code in (200, 202), answer.text
                self.accepted[number] = answer.json()["id"]

    def kill(self, number: int) -> None:
        """Kills what comes next; a client while it asks for song ``number``."""
        if not self.coming:
            self.coming = self.rng.sample(KINDS, len(KINDS))
        kind = self.coming[-1]
        if kind == "server":
            self.server.kill()
            self.start()
        elif kind == "engine":
            engines = list(self._engines())
            if not engines:
                return
            with suppress(ProcessLookupError):  # it has ended with its server
                os.kill(self.rng.choice(engines), signal.SIGKILL)
        else:
            body = json.dumps(describe(f"song {number}", seed=number))
            arguments = [self.server.url.removeprefix("http://"), body, f"song-{number}", TOKEN]
            client = subprocess.Popen([sys.executable, "-c", CLIENT, *arguments], stderr=subprocess.DEVNULL)
            time.sleep(self.rng.uniform(0.05, 0.4))
            client.kill()
            client.wait()
        self.kills[self.coming.pop()] += 1

    def _engines(self) -> Iterator[int]:
        assert self.server.process
        for pid in fork_servers(self.server.process.pid):
            yield from children(pid)


@pytest.mark.long
def test_no_song_is_lost_or_doubled_and_no_step_paid_twice_whatever_is_killed(tmp_path: Path) -> None:
    rng = random.Random()
    seed = int(os.environ.get("SONGWRIGHT_TEST_SEED", rng.randrange(2**32)))
    rng.seed(seed)
    print(f"kills drawn with seed {seed}")
    trial = Trial(Server(tmp_path, **ENGINES), rng)
    left = list(range(SONGS))
    trial.start()
    try:
        while left or sum(trial.kills.values()) < KILLS:
            waiting = len(list((tmp_path / "open").glob("*")))
            for number in left[: max(0, AT_ONCE - waiting)]:
                trial.ask(number)
            left = [number for number in left if number not in trial.accepted]
            behind = len(trial.accepted) - waiting - sum(trial.kills.values())
            if sum(trial.kills.values()) < KILLS and (behind > 0 or not left):
                if not left and not waiting:
                    left.append(len(trial.accepted))  # one more: there is to be work while something dies
                trial.kill(left[0] if left else 0)
            time.sleep(rng.uniform(0.0, 0.3))
        until = time.monotonic() + 120.0
        while marks := list((tmp_path / "open").glob("*")):
            assert time.monotonic() < until, f"{len(marks)} songs are not finished"
            time.sleep(0.1)
    finally:
        if trial.server.process and trial.server.process.poll() is None:
            trial.server.kill()

    paths = sorted(tmp_path.glob("songs/*/song.json"))
    songs = {song["id"]: song for song in (json.loads(path.read_text()) for path in paths)}
    print(f"{len(songs)} songs, kills {dict(trial.kills)}, longest start {max(trial.starts_s):.1f} s")
    assert Counter(song["seed"] for song in songs.values()) == dict.fromkeys(trial.accepted, 1)
    assert {song["seed"]: song_id for song_id, song in songs.items()} == trial.accepted
    failed = [song for song in songs.values() if song["status"] != "done"]
    assert not failed, [song["error"] for song in failed]
    for song in songs.values():
        assert [moment["status"] for moment in song["history"]].count("done") == 1
        assert song["owner"] is None
        for asset in song["assets"].values():
            assert (tmp_path / asset["key"]).stat().st_size == asset["size_bytes"]
    again = tmp_path / AGAIN
    assert not again.exists(), again.read_text()
    assert not parts_left(tmp_path)
    assert max(trial.starts_s) < START_S
    assert set(trial.kills) == set(KINDS)
