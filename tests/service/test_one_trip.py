"""What a song costs its bucket, under R2's rules: requests, bytes and seconds."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.service.server import ended, serving
from tests.service.test_generation import ASYNC, describe
from tests.storage.faults import broken
from tests.storage.rules import R2Rules
from tests.storage.s3 import KEY, SECRET, s3_server
from tests.storage.trip import went_up_once

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]

SKETCH = {f"SONGWRIGHT_{craft}__ENGINE": "sketch" for craft in ("LYRICS", "MUSIC", "ART", "VISION")}
MOST_WRITES = 22
DURATION_S = float(os.environ.get("SONGWRIGHT_TEST_DURATION_S", "60"))
"""The writes are as many for 180 s, and the docstring's figures are of that."""


def test_a_song_goes_up_once(tmp_path: Path) -> None:
    """A song as WAV with five stems, by the embedded engines. At commit 194c7c7, three minutes were 44 writes
    or more, a third of them refused; 4 reads; 106 MB up for 74 that are kept."""
    rules = R2Rules()
    with s3_server() as s3, broken(s3.endpoint, rules) as endpoint:
        variables = SKETCH | {
            "SONGWRIGHT_STORE": "r2",
            "R2_BUCKET_NAME": s3.new_bucket(),
            "R2_ENDPOINT_URL": endpoint,
            "R2_ACCESS_KEY_ID": KEY,
            "R2_SECRET_ACCESS_KEY": SECRET,
            "R2_REGION": "us-east-1",
        }
        with serving(tmp_path, **variables) as server, server.client() as client:
            rules.begin()
            began_s = time.monotonic()
            body = describe("a slow waltz about the sea", audio_duration=DURATION_S, seed=1)
            made = client.post("/generate-from-description", json=body, headers=ASYNC).json()
            song = ended(client, made["id"], 120.0)
            took_s = time.monotonic() - began_s
            until_s = time.monotonic() + 10.0
            while not rules.traffic.deletions and time.monotonic() < until_s:  # of the mark, at the very end
                time.sleep(0.05)
    went_up_once(song, rules, took_s, writes=MOST_WRITES, manifests=5)
