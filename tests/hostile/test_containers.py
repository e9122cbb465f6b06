"""A deployment's containers are killed at the worst moments, and inputs are delivered twice. In tests/modal
are many more of these moments."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from tests.hostile.figures import resisted
from tests.modal.engines import PATIENT
from tests.modal.kills import clean, made_once, placed
from tests.storage.s3 import s3_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


def test_a_deployments_song_outlives_a_kill_at_its_worst_moment_and_doubled_deliveries(
    tmp_path: Path,
) -> None:
    with s3_server() as s3, placed(s3, tmp_path) as place:
        made_once(place, place.finished(place.ask(1)))  # with the engines' containers started
        place.bomb.set(3, partial(place.kill, "produce"), only="FunctionMap")
        began = time.monotonic()
        killed = place.finished(place.ask(2))
        killed_s = time.monotonic() - began
        assert killed.taken_up
        made_once(place, killed)
        place.app.control.set(doubled=frozenset({"produce", "Musician.*"}))
        doubled = place.finished(place.ask(3, full_described_song=PATIENT))
        made_once(place, doubled)
        calls = place.app.control.calls
        assert {call.function.name for call in calls if call.inputs[0].attempts > 1} >= {
            "Musician.*",
            "produce",
        }
        clean(place)
        assert not place.app.keys("open/") | place.app.keys("calls/")
    resisted(
        "a song's container on Modal killed between a step's spawning and its id, inputs delivered twice",
        limit="each step says in the bucket that it begins, and what it has made",
        figure=f"done once, in {killed_s:.1f} s; each engine ran once",
    )
