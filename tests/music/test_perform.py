from __future__ import annotations

import numpy as np
import pytest

from music.sketch.instruments import RATE_HZ
from music.sketch.perform import Rows, play, seat
from music.sketch.score import Note, Part


def played(*notes: Note, instrument: str = "piano", seconds: float = 3.0, **how: float) -> Rows:
    part = Part("part", instrument, "harmony", notes, **how)  # type: ignore[arg-type]
    return play([part], tempo_bpm=120.0, samples=int(seconds * RATE_HZ), tick=lambda _fraction: None)


def onset(rows: Rows) -> int:
    return int(np.argmax(np.abs(rows[0]) > 0.02 * np.max(np.abs(rows[0]))))


def test_a_note_starts_at_its_sample() -> None:
    first = onset(played(Note(0.0, 1.0, 60, 0.8)))
    later = onset(played(Note(2.5, 1.0, 60, 0.8)))
    assert later - first == round(2.5 * 0.5 * RATE_HZ)


def test_a_note_ends_when_it_is_let_go() -> None:
    rows = played(Note(0.0, 2.0, 60, 0.8), instrument="organ")
    held, after = rows[0, RATE_HZ // 2 : RATE_HZ], rows[0, RATE_HZ + int(0.06 * RATE_HZ) :]
    assert np.max(np.abs(held)) > 0.05
    assert np.max(np.abs(after)) == 0.0


def test_level_follows_velocity_and_gain() -> None:
    def peak(velocity: float, gain_db: float = 0.0) -> float:
        return float(
            np.max(np.abs(played(Note(0.0, 1.0, 60, velocity), instrument="organ", gain_db=gain_db)))
        )

    assert peak(0.8, gain_db=-6.0) == pytest.approx(peak(0.8) * 10 ** (-6 / 20), rel=1e-3)
    assert peak(0.81) < peak(0.84)
    assert 3 < 20 * np.log10(peak(0.8) / peak(0.4)) < 14


def test_a_part_sits_where_it_is_panned_and_sends_what_it_is_told() -> None:
    left = played(Note(0.0, 1.0, 60, 0.8), instrument="marimba", pan=-1.0, reverb=0.5)
    assert np.max(np.abs(left[1])) < 1e-6
    assert np.max(np.abs(left[2])) == pytest.approx(0.5 * np.max(np.abs(left[0])) / np.sqrt(2), rel=1e-3)
    assert seat(0.0, 1.0, 0.0).ravel() == pytest.approx([1.0, 1.0, 0.0])


def test_an_open_hat_is_closed_by_the_next_one() -> None:
    alone = played(Note(0.0, 0.2, 46, 0.8), instrument="kit_acoustic")
    closed = played(Note(0.0, 0.2, 46, 0.8), Note(0.5, 0.2, 42, 0.8), instrument="kit_acoustic")
    late = slice(int(0.45 * RATE_HZ), int(0.6 * RATE_HZ))
    assert np.max(np.abs(closed[:, late])) < 0.2 * np.max(np.abs(alone[:, late]))


def test_a_lead_plays_one_note_at_a_time_and_a_piano_does_not() -> None:
    notes = Note(0.0, 3.0, 60, 0.8), Note(1.0, 3.0, 67, 0.8)

    def strength(instrument: str) -> float:
        late = played(*notes, instrument=instrument)[0, int(0.8 * RATE_HZ) : int(1.4 * RATE_HZ)]
        power = np.abs(np.fft.rfft(late * np.hanning(len(late)))) ** 2
        hz = np.arange(len(power)) * RATE_HZ / len(late)
        first, second = (power[(hz > f * 0.98) & (hz < f * 1.02)].sum() for f in (261.6, 392.0))
        return float(first / second)

    assert strength("synth_lead") < 0.01
    assert strength("piano") > 0.05


def test_a_tail_past_the_end_is_left_out() -> None:
    rows = played(Note(5.5, 8.0, 60, 0.8))
    assert rows.shape == (3, 3 * RATE_HZ)
    assert np.max(np.abs(rows[0, -100:])) > 0.0
