"""What a song of a deployment costs its bucket, under R2's rules: requests, bytes and seconds."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest

from tests.modal import engines, paced_sketch
from tests.modal.deployed import Deployed, deployed, engines_in, until
from tests.service.test_generation import describe
from tests.storage.faults import broken
from tests.storage.rules import R2Rules
from tests.storage.s3 import s3_server
from tests.storage.trip import went_up_once

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
]

HERE = paced_sketch.__name__
ENV = engines_in(HERE)
CLASSES = ("LyricsEngine.*", "MusicEngine.*", "CoverEngine.*")
MOST_WRITES = 22 + 2
"""A song's own, and those of the index that a new deployment gets: some seconds after its start, perhaps in
the middle of its first song."""
DURATION_S = float(os.environ.get("SONGWRIGHT_TEST_DURATION_S", "30"))
PACE = os.environ.get("SONGWRIGHT_TEST_PACE", "0.4")
"""As in ``test_cold``. The writes are as many for 180 s at 1, and the docstring's figures are of that."""


@pytest.fixture(scope="module")
def rules() -> R2Rules:
    return R2Rules()


@pytest.fixture(scope="module")
def app(rules: R2Rules) -> Iterator[Deployed]:
    """With warm containers."""
    paced = {engines.PACE: PACE}
    with (
        s3_server() as s3,
        broken(s3.endpoint, rules) as endpoint,
        deployed(s3, ENV, endpoint=endpoint, snapshots=False, container_env=paced) as app,
    ):
        wakes = [app.control.invoke(name, method="wake") for name in CLASSES]
        with app.client as client:
            client.get("/songs").raise_for_status()
        for wake in wakes:
            wake.result(60.0)
        yield app


@pytest.mark.long
def test_a_song_of_a_deployment_goes_up_once(app: Deployed, rules: R2Rules) -> None:
    """A song as WAV with five stems, with a seed, and with parts that end seconds apart. At commit a248051,
    three minutes were 27 writes, a list and 9 deletions; now 22 and 6, 74 MB up."""
    goes_up_once(app, rules, DURATION_S)


def goes_up_once(app: Deployed, rules: R2Rules, duration_s: float) -> None:
    """Has a song made in warm containers, and checks what it costs the bucket."""
    rules.begin()
    began_s = time.monotonic()
    body = describe("a slow waltz about the sea", audio_duration=duration_s, seed=1)
    with app.client as client:
        song = client.post("/generate-from-description", json=body).json()
    took_s = time.monotonic() - began_s
    until(lambda: not app.keys("open/") | app.keys("calls/"), what="the marks to go")
    went_up_once(song, rules, took_s, writes=MOST_WRITES, manifests=4, more_bytes=1e5)
    traffic = rules.traffic
    on_condition = {kind for kind in traffic.writes if kind.endswith("/song.json") or "calls/" in kind}
    assert not on_condition & set(traffic.unconditional)
