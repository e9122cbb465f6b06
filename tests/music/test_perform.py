from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from music.sketch import perform
from music.sketch.instruments import RATE_HZ, Signal
from music.sketch.perform import Rows, pan_gains, play
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
    assert pan_gains(0.0, 1.0, 0.0).ravel() == pytest.approx([1.0, 1.0, 0.0])


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


CHORUS = (
    Note(-0.05, 0.9, 60, 0.7), Note(1.0, 0.4, 64, 0.82), Note(1.37, 6.0, 67, 0.55), Note(3.9, 3.0, 60, 0.9),
)  # fmt: skip
"""With an early first note, and with notes that ring on into what follows."""


def song(instrument: str, *choruses_at: float) -> Part:
    notes = [replace(note, start=note.start + at) for at in choruses_at for note in CHORUS]
    verse = [Note(4.0, 1.0, 62, 0.8), Note(6.01, 2.5, 69, 0.6), Note(12.0, 1.0, 62, 0.8)]
    return Part(
        "part", instrument, "harmony", tuple(sorted([*notes, *verse], key=lambda note: note.start)), pan=0.3
    )


INSTRUMENTS = ("piano", "strings", "acoustic_guitar", "violin", "electric_guitar_distorted", "kit_acoustic")
SECTIONS = (0.0, 4.0, 8.0, 12.0, 4 / 3 + 14.0)


@pytest.mark.parametrize("instrument", INSTRUMENTS)
@pytest.mark.parametrize("tempo_bpm", [120.0, 97.3])
def test_a_chorus_that_is_played_once_is_the_same_to_the_last_bit(instrument: str, tempo_bpm: float) -> None:
    part = song(instrument, 0.0, 8.0, SECTIONS[-1])

    def rows(*, reuse: bool) -> Rows:
        return play(
            [part], tempo_bpm=tempo_bpm, samples=14 * RATE_HZ, tick=lambda _fraction: None,
            sections=SECTIONS, reuse=reuse,
        )  # fmt: skip

    assert np.array_equal(rows(reuse=True), rows(reuse=False))


def test_a_repeated_section_is_played_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    sound = perform._sound

    def counted(events: tuple[perform._Event, ...], *rest: Any) -> Signal:
        made.append(len(events))
        return sound(events, *rest)

    monkeypatch.setattr(perform, "_sound", counted)
    part = song("acoustic_guitar", 0.0, 8.0, SECTIONS[-1])
    play([part], tempo_bpm=97.3, samples=RATE_HZ, tick=lambda _fraction: None, sections=SECTIONS)
    assert made == [4, 2, 1]  # the chorus, and what stands between


def test_each_note_of_a_repetition_is_at_its_own_sample_within_one() -> None:
    """Sections begin at whole samples: each note is where the score says, to the nearest sample but one."""
    tempo_bpm, at = 97.3, SECTIONS[-1]
    part = replace(song("marimba"), notes=(Note(0.0, 1.0, 60, 0.8), Note(at + 0.77, 1.0, 60, 0.8)))
    rows = play(
        [part], tempo_bpm=tempo_bpm, samples=14 * RATE_HZ, tick=lambda _fraction: None, sections=SECTIONS
    )
    start = round((at + 0.77) * 60.0 / tempo_bpm * RATE_HZ)
    assert abs(start + onset(rows) - (start - 5000 + onset(rows[:, start - 5000 :]))) <= 1


def test_a_song_on_files_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    part = song("piano", 0.0, 8.0)
    in_memory, in_file = (
        play([part], tempo_bpm=120.0, samples=5 * RATE_HZ, tick=lambda _fraction: None, in_file=in_file)
        for in_file in (False, True)
    )
    assert np.array_equal(in_memory, in_file)
