"""Health is cheap: whoever asks and however many, nothing is written or listed, and a store that hangs holds
nobody."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from orchestrator.server.readiness import LOOK_EVERY_S
from tests.hostile.figures import resisted
from tests.orchestrator.test_bucket import settings
from tests.service.server import serving
from tests.storage.faults import Faults, broken
from tests.storage.s3 import S3, s3_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")

REQUESTS, AT_ONCE = 1_000, 100


@pytest.fixture(scope="module")
def s3() -> Iterator[S3]:
    with s3_server() as running:
        yield running


def ask_all(url: str, path: str) -> tuple[Counter[int], float]:
    """How many answers of each status ``REQUESTS`` requests have, over ``AT_ONCE`` connections that send all
    of theirs at once; and the seconds that took."""
    host, port = urlsplit(url).hostname or "", urlsplit(url).port
    each = REQUESTS // AT_ONCE
    request = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n".encode()
    asked = (request + b"\r\n") * (each - 1) + request + b"Connection: close\r\n\r\n"

    async def ask() -> bytes:
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(asked)
        answers = await reader.read(-1)
        writer.close()
        return answers

    async def ask_together() -> list[bytes]:
        return await asyncio.gather(*(ask() for _ in range(AT_ONCE)))

    began_s = time.monotonic()
    answers = b"".join(asyncio.run(ask_together()))
    took_s = time.monotonic() - began_s
    return Counter(int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", answers)), took_s


def seen(home: Path) -> dict[str, int]:
    """When each folder of the home was last written in."""
    return {folder: os.stat(folder).st_mtime_ns for folder, _, _ in os.walk(home)}


@pytest.mark.long
def test_a_thousand_who_ask_are_one_look_at_a_bucket_and_its_silence_holds_nobody(
    s3: S3, tmp_path: Path
) -> None:
    made: list[tuple[str, str]] = []
    faults = Faults(
        share=0.0, seed=1, kinds=("silence before",), watch=lambda method, path: made.append((method, path))
    )
    with broken(s3.endpoint, faults) as endpoint:
        here = settings(s3, s3.new_bucket()) | {"R2_ENDPOINT_URL": endpoint, "R2_TIMEOUT_S": "60"}
        with serving(tmp_path, timed=True, **here) as server, server.client() as client:
            made.clear()
            statuses, took_s = ask_all(server.url, "/health/ready")
            assert statuses == {200: REQUESTS}
            assert ask_all(server.url, "/health")[0] == {200: REQUESTS}
            until_s = time.monotonic() + LOOK_EVERY_S + 5
            while not made:  # the look of the start is too old by then
                assert time.monotonic() < until_s
                assert client.get("/health/ready").status_code == 200
                time.sleep(0.05)
            looks = list(made)
            assert len(looks) <= 1 + took_s // LOOK_EVERY_S, looks
            assert {method for method, _ in looks} == {"GET"}
            assert not [path for _, path in looks if "list-type" in path]

            faults.share = 1.0
            made.clear()
            slowest_s = 0.0
            while True:
                began_s = time.monotonic()
                answer = client.get("/health/ready")
                slowest_s = max(slowest_s, time.monotonic() - began_s)
                if answer.status_code == 503:
                    break
                assert began_s < until_s + LOOK_EVERY_S + 2
                time.sleep(0.05)
            told = answer.json()
            assert told["store"]["state"] == "unavailable"
            assert "has not answered" in told["store"]["detail"]
            assert told["engines"]["music"]["state"] == "ready"
            # Who comes later hears of it at once, and the bucket of none of them.
            assert ask_all(server.url, "/health/ready")[0] == {503: REQUESTS}
            assert client.get("/health").status_code == 200
            assert slowest_s < 2.0
            assert len(made) == 1
            assert server.slow == []
            server.kill()
    resisted(
        "a thousand requests for /health/ready at once, and a bucket that falls silent",
        limit=f"one look at the store in {LOOK_EVERY_S:g} s; no write, no listing; an answer within 1 s",
        figure=f"{len(looks)} request to the bucket, {REQUESTS / took_s:.0f} answers a second; "
        f"of silence after {slowest_s:.1f} s",
    )


@pytest.mark.long
def test_nothing_in_a_folder_is_written_and_one_that_is_gone_is_not_made_again(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, timed=True) as server, server.client() as client:
        before = seen(home)
        for path in ("/health/ready", "/health"):
            assert ask_all(server.url, path)[0] == {200: REQUESTS}
        assert seen(home) == before
        home.rename(tmp_path / "away")
        until_s = time.monotonic() + LOOK_EVERY_S + 5
        while (answer := client.get("/health/ready")).status_code == 200:
            assert time.monotonic() < until_s
            time.sleep(0.05)
        assert "SONGWRIGHT_HOME" in answer.json()["store"]["detail"]
        assert not home.exists()
        (tmp_path / "away").rename(home)
        assert server.slow == []
