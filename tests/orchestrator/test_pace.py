"""How long a song still takes, by the songs before it and by its own progress."""

from itertools import pairwise

import pytest

from orchestrator.estimates.pace import Pace, Work


def learned(*songs: tuple[float | None, float, float]) -> Pace:
    """A pace that knows songs of 100 s by their seconds before, for and after the music."""
    pace = Pace()
    for before_s, music_s, after_s in songs:
        pace.learn(before_s, music_s, after_s, 100.0)
    return pace


def test_nothing_is_told_before_the_first_song() -> None:
    pace, work = Pace(), Work(began_s=0.0)
    assert pace.whole(180) is None
    assert pace.rest(180, work, 5.0) is None
    work.heard(0.05, 5.0)
    work.heard(0.1, 6.0)
    assert pace.rest(180, work, 6.0) is None
    work.heard(0.25, 9.0)
    assert pace.rest(180, work, 9.0) == pytest.approx(15.0)  # a fifth took 4 s
    assert pace.queue([], (0, 0.0), 180, 2) is None


def test_the_newest_songs_count_for_more_and_a_given_plan_is_no_plan_that_was_written() -> None:
    pace = learned((4.0, 10.0, 2.0))
    assert pace.whole(100) == pytest.approx(16)
    assert pace.whole(50) == pytest.approx(10)  # a plan takes as long for a short song
    for _ in range(30):
        pace.learn(None, 20.0, 2.0, 100.0)
    assert pace.whole(100) == pytest.approx(26, rel=0.01)


@pytest.mark.parametrize("planned_s", [1.0, 4.0, 30.0])
@pytest.mark.parametrize("music_s", [4.0, 10.0, 17.0])
def test_the_time_that_is_left_never_rises_however_long_the_plan_took(
    planned_s: float, music_s: float
) -> None:
    """The song that was learned took 4 s to plan, 10 s to compose and 2 s more."""
    pace, work = learned((4.0, 10.0, 2.0)), Work(began_s=100.0)
    left, now_s = [pace.rest(100.0, work, 100.0)], 100.0
    for step in range(40):
        now_s = 100.0 + planned_s * (step + 1) / 40
        left.append(pace.rest(100.0, work, now_s))
    work.is_planned = True
    now_s += 0.5
    work.heard(0.0, now_s)
    for step in range(100):
        now_s += music_s / 100
        work.heard((step + 1) / 100, now_s)
        left.append(pace.rest(100.0, work, now_s))
    known = [each for each in left if each is not None]
    assert len(known) == len(left)
    assert known[0] == pytest.approx(16.0)
    assert [b - a for a, b in pairwise(known) if b > a + 0.05] == []
    assert known[-10] == pytest.approx(music_s / 10 + 2.0, abs=1.0)  # its own pace counts by then
    assert known[-1] == pytest.approx(2.0)
    assert pace.rest(100.0, work, now_s + 5.0) == 0.0


def test_music_that_is_begun_again_is_reckoned_from_there() -> None:
    work = Work(began_s=0.0)
    for fraction, now_s in ((0.0, 1.0), (0.1, 2.0), (0.6, 7.0), (0.0, 10.0), (0.1, 11.0), (0.3, 13.0)):
        work.heard(fraction, now_s)
    assert Pace().rest(60.0, work, 13.0) == pytest.approx(7.0)


def test_a_song_of_which_nothing_is_composed_has_no_estimate() -> None:
    assert learned((4.0, 10.0, 2.0)).rest(0.0, Work()) is None


def test_a_waiting_song_waits_for_those_running_and_those_ahead_by_lanes() -> None:
    pace = learned((2.0, 7.0, 1.0))
    assert pace.queue([], (0, 0.0), 100, 1) == pytest.approx(10)
    assert pace.queue([4.0, None], (2, 200.0), 100, 1) == pytest.approx(34)
    assert pace.queue([4.0, 6.0], (2, 200.0), 100, 2) == pytest.approx(25)
