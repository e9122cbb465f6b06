"""A deployment's containers are killed at the worst moment. tests/modal has many more, and inputs that are
delivered twice."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path

import pytest

from tests.hostile.figures import resisted
from tests.modal.kills import clean, made_once, placed
from tests.storage.s3 import s3_server

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")


@pytest.mark.long
def test_a_deployments_song_outlives_a_kill_at_its_worst_moment(
    tmp_path: Path,
) -> None:
    with s3_server() as s3, placed(s3, tmp_path) as place:
        # Three calls wake the engines; those of the song, its plan and its music follow.
        place.bomb.set(6, partial(place.kill, "produce"), only="FunctionMap")
        began = time.monotonic()
        song = place.finished(place.ask(1))
        took_s = time.monotonic() - began
        (produced,) = (call for call in place.app.control.calls if call.function.name == "produce")
        assert produced.inputs[0].attempts == 2
        made_once(place, song)
        clean(place)
    resisted(
        "a song's container on Modal killed as it spawns a step, before it knows the step's call",
        limit="each step says in the bucket that it begins, and what it has made",
        figure=f"done once, each engine ran once; {took_s:.1f} s from cold containers",
    )
