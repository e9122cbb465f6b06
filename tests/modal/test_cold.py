"""How long a song takes where containers start slowly, from its request to the answer."""

from __future__ import annotations

import os
import time

import pytest

from tests.modal import engines
from tests.modal.deployed import Deployed, deployed
from tests.service.test_generation import describe
from tests.storage.s3 import s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning", "ignore::FutureWarning"),
]

HERE = engines.__name__
CLASSES = ("LyricsEngine.*", "MusicEngine.*", "CoverEngine.*")
COLD_S = 15.0
PACE = float(os.environ.get("SONGWRIGHT_TEST_PACE", "0.4"))
"""Seconds that stand for one; 1 for the real figures."""
ENV = {
    "SONGWRIGHT_LYRICS__ENGINE": f"{HERE}:PacedWriter",
    "SONGWRIGHT_MUSIC__ENGINE": f"{HERE}:PacedComposer",
    "SONGWRIGHT_ART__ENGINE": f"{HERE}:PacedPainter",
    "SONGWRIGHT_VISION__ENGINE": "sketch",
    "SONGWRIGHT_MODAL__PACKAGES": "tests",
}


def song_s(app: Deployed, seed: int) -> float:
    with app.client as client:
        began_s = time.monotonic()
        answer = client.post("/generate-from-description", json=describe(audio_duration=5, seed=seed))
        took_s = time.monotonic() - began_s
    assert answer.json()["status"] == "done", answer.text
    return took_s


def test_a_first_song_waits_for_one_cold_start_and_a_warm_one_for_none() -> None:
    """The slack is that of the real times, 1.1 and 1.05 of them: what takes it does not scale with ``PACE``.
    At commit 194c7c7, at 1, it was 51.2 s (1.77) and 15.5 s (1.11); now 32 s at most, and 14.6 s."""
    cold = dict.fromkeys(CLASSES, COLD_S * PACE)
    paced = {engines.PACE: str(PACE)}
    with s3_server() as s3, deployed(s3, ENV, cold_start_s=cold, container_env=paced) as app:
        with app.client as client:
            client.get("/health")
        # The stand-in builds an image's tree of files for its first container, which Modal has done by then.
        app.control.invoke("VisionEngine.*", method="wake").result(60.0)
        first_s = song_s(app, 1)
        warm_s = [song_s(app, seed) for seed in (2, 3)]
        starts = {name: len(app.control.containers(name, alive=False)) for name in CLASSES}
        started = [f"{each.function.name} {each.start_s:.1f} s" for each in app.control.containers()]
    work_s = engines.PLAN_S + engines.MUSIC_S
    over_s = [first_s - PACE * (COLD_S + work_s), min(warm_s) - PACE * work_s]
    print(
        f"at {PACE:g}: {first_s:.2f} s, then {warm_s}; over: {over_s}; "
        f"at 1: {1 + over_s[0] / (COLD_S + work_s):.3f} and {1 + over_s[1] / work_s:.3f}; {started}"
    )
    assert over_s[0] <= 0.1 * (COLD_S + work_s)
    assert over_s[1] <= 0.05 * work_s
    assert starts == dict.fromkeys(CLASSES, 1)  # a wake and a step are not two containers
