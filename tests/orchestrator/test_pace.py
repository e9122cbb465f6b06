import pytest

from orchestrator.estimates.pace import Pace


def test_nothing_is_told_before_the_first_song() -> None:
    pace = Pace()
    assert pace.whole(180) is None
    assert pace.rest(180, 5.0, 0.05) is None
    assert pace.queue([], 0, 180, 2) is None


def test_the_newest_songs_count_for_more() -> None:
    pace = Pace()
    pace.learn(18, 180)
    assert pace.whole(60) == pytest.approx(6)
    for _ in range(20):
        pace.learn(36, 180)
    assert pace.whole(60) == pytest.approx(12, rel=0.01)


def test_a_song_at_work_tells_more_than_those_before_it() -> None:
    pace = Pace()
    pace.learn(18, 180)
    assert pace.rest(180, 4.0, 0.05) == pytest.approx(14)
    assert pace.rest(180, 25.0, 0.05) == 0
    assert pace.rest(180, 10.0, 0.25) == pytest.approx(30)


def test_a_waiting_song_waits_for_those_running_and_those_ahead_by_lanes() -> None:
    pace = Pace()
    pace.learn(10, 100)
    assert pace.queue([], 0, 100, 1) == pytest.approx(10)
    assert pace.queue([4.0, None], 200, 100, 1) == pytest.approx(34)
    assert pace.queue([4.0, 6.0], 200, 100, 2) == pytest.approx(25)
