"""A cover that is begun as soon as the plan has its words, in a deployment."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from orchestrator.songs.manifest import Status
from tests.modal import engines
from tests.modal.kills import Place, clean, made_once, placed
from tests.storage.s3 import s3_server

pytestmark = [
    pytest.mark.alone,
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with s3_server() as s3, placed(s3, tmp_path_factory.mktemp("runs")) as place:
        yield place


def test_a_cover_is_made_while_the_plan_is_written(place: Place) -> None:
    asked = dict(place.app.control.front.calls)
    song = place.finished(place.ask(4200, full_described_song=engines.HASTY))
    made_once(place, song)
    lines = [line for line in place.runs.read_text().splitlines() if " 4200 " in line]
    assert lines[:3] == ["lyrics 4200 begins", "cover 4200 begins", "cover 4200 ends"]
    assert song.timings_s["cover"] < song.timings_s["lyrics"]
    assert song.assets["audio"].cover_sha256 == song.assets["cover"].sha256
    requests = place.app.control.front.calls
    assert [requests[name] - asked.get(name, 0) for name in ("QueuePut", "QueueGet")] == [1, 1]
    clean(place)


def test_a_plan_that_fails_after_its_words_leaves_no_cover(place: Place) -> None:
    song = place.finished(place.ask(4300, full_described_song=engines.FAILING))
    assert song.status is Status.FAILED
    assert engines.begun(place.runs)["cover", 4300] == 1
    assert song.assets == {}
    clean(place)
    assert place.app.keys(f"songs/{song.id}/") == {f"songs/{song.id}/song.json"}


def test_a_plan_with_another_cover_than_was_said_has_its_own(place: Place) -> None:
    song = place.finished(place.ask(4400, full_described_song=engines.CHANGING))
    assert song.status is Status.DONE, song.error
    assert song.plan
    assert song.plan.mood == "epic"
    assert engines.begun(place.runs)["cover", 4400] == 2
    assert place.library.store.stat(song.assets["cover"].key).size_bytes == song.assets["cover"].size_bytes
    assert song.assets["audio"].cover_sha256 == song.assets["cover"].sha256
    clean(place)
