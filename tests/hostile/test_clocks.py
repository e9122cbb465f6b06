"""The machine's clock is set back and forth while songs are made."""

from __future__ import annotations

import json
import os
import shutil
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.hostile.figures import HERE, resisted
from tests.orchestrator.test_cli import HERE as ENGINES
from tests.orchestrator.test_cli import songwright
from tests.service.server import ended, serving
from tests.service.test_generation import ASYNC, describe

SHIFTS_H = (0, 1, -1, 72, -72, 24 * 400, 0)
"""Each is set once a song is under way; the last is the true time again."""


@pytest.fixture
def shim(tmp_path: Path) -> str:
    """The library that shows another time; without a compiler the test is skipped, but in CI it fails."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        missing = "the clock's shim is compiled, which wants a C compiler (Debian: apt install gcc libc6-dev)"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    path = tmp_path / "clock.so"
    command = [compiler, "-O1", "-shared", "-fPIC", "-o", str(path), str(HERE / "clock.c"), "-ldl"]
    subprocess.run(command, check=True)
    return str(path)


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="preloads a library")
def test_songs_are_made_while_the_clock_is_set_back_and_forth(tmp_path: Path, shim: str) -> None:
    clock = tmp_path / "clock"
    home = tmp_path / "home"
    clock.write_bytes(bytes(8))

    def shift(hours: int) -> None:
        with clock.open("r+b") as file:  # the same file: it is mapped
            file.write(struct.pack("l", hours * 3600))

    shift(0)
    variables = {
        "LD_PRELOAD": shim,
        "SHIFT_FILE": str(clock),
        "SONGWRIGHT_MUSIC__ENGINE": f"{ENGINES}:SteadyComposer",
        "SONGWRIGHT_RATE_LIMIT_PER_MINUTE": "600",
    }
    with serving(home, **variables) as server, server.client() as client:
        ids, addresses, longest_s = [], [], 0.0
        for number, hours in enumerate(SHIFTS_H):
            song_id = client.post(
                "/generate-from-description", json=describe(f"song {number}", seed=number), headers=ASYNC
            ).json()["id"]
            while client.get(f"/songs/{song_id}").json()["status"] == "queued":
                time.sleep(0.01)
            shift(hours)
            began = time.monotonic()
            song = ended(client, song_id)
            longest_s = max(longest_s, time.monotonic() - began)
            assert song["status"] == "done", (hours, song["error"])
            ids.append(song_id)
            addresses.append(song["urls"]["audio"])
            assert client.get(addresses[-1]).status_code == 200
            assert client.post("/quote", json=describe("another")).status_code == 200
            assert client.get("/health/ready").status_code == 200
        shown = datetime.fromisoformat(song["updated_at"])
        assert abs((shown - datetime.now(UTC)).total_seconds()) < 60  # the clock is true again, and was read
        found = {song["id"] for song in client.get("/songs?limit=100").json()["songs"]}
        assert found == set(ids)
        # A song that a dead server of "the future" left is taken up by one of "now".
        shift(24 * 30)
        late = client.post("/generate-from-description", json=describe("late"), headers=ASYNC).json()["id"]
        while client.get(f"/songs/{late}").json()["status"] == "queued":
            time.sleep(0.01)
        server.kill()
        shift(0)
        server.start()
        with server.client() as again:
            assert ended(again, late)["status"] == "done"
    dates = {json.loads(path.read_text())["created_at"][:4] for path in home.glob("songs/*/song.json")}
    assert len(dates) > 1, "the clock was never shifted"
    assert songwright(home, "list").returncode == 0
    assert songwright(home, "cost").returncode == 0
    resisted(
        "the machine's clock set back and forth by up to 400 days, songs under way",
        limit="nothing that waits looks at the wall clock",
        figure=f"{len(ids) + 1} songs done, the longest in {longest_s:.1f} s",
    )
