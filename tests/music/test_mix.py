from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from config.engine import ignore_progress
from lyrics.contract import GENRES
from music.contract import TimedLine, TimedWord
from music.sketch.instruments import RATE_HZ
from music.sketch.instruments.strike import Signal
from music.sketch.mix import DUCKED_UNDER_VOICE_DB, mix
from music.sketch.parallel import Span
from music.sketch.perform import Rows
from music.sketch.production import perform
from music.sketch.score import Score, StemName, SungNote, VocalPart
from music.sketch.styles import STYLES, style_of
from phonetics.syllables import Syllable
from tests.ear.balance import voice_over_band_db
from tests.music.analysis import low_end_db, third_octaves_db
from tests.music.scores import small_score

SPAN = Span(ignore_progress, "mixing", 0.0, 1.0)
SAMPLES = 16 * RATE_HZ


def mixed(genre: str = "pop") -> dict[StemName, Signal]:
    score = small_score(genre=genre)
    return mix(score, perform(score, SAMPLES, seed=1, span=SPAN), seed=1, span=SPAN)


@pytest.fixture(scope="module")
def pop() -> dict[StemName, Signal]:
    return mixed()


def test_only_stems_that_sound_come_out(pop: dict[StemName, Signal]) -> None:
    assert list(pop) == ["drums", "bass", "harmony", "melody"]
    assert all(stem.shape == (2, SAMPLES) for stem in pop.values())


@pytest.mark.parametrize("genre", ["pop", "metal", "house", "lo-fi", "jazz"])
def test_the_low_end_carries_without_booming(genre: str) -> None:
    total = sum(mixed(genre).values())
    assert 6.0 <= low_end_db(np.asarray(total), RATE_HZ) <= 12.0


def test_the_voice_s_room_is_wide_and_the_bass_stands_in_the_middle(pop: dict[StemName, Signal]) -> None:
    bass, harmony = pop["bass"], pop["harmony"]
    assert np.allclose(bass[0], bass[1], atol=1e-6)
    assert np.std(harmony[0] - harmony[1]) > 0.1 * np.std(harmony[0] + harmony[1])


def test_a_club_pumps_and_a_folk_band_does_not() -> None:
    def dip(genre: str) -> float:
        harmony = mixed(genre)["harmony"][:, 9 * RATE_HZ : 13 * RATE_HZ]
        beat = RATE_HZ // 2
        bars = harmony[:, : 4 * 2 * beat].reshape(2, -1, 2 * beat)
        at, between = (np.mean(bars[:, :, part] ** 2) for part in (slice(500, 3000), slice(15000, 20000)))
        return float(10 * np.log10(at / between))

    assert dip("house") < dip("folk") - 3.0


def test_every_genre_has_a_mix_of_its_own_and_others_are_mixed_as_pop() -> None:
    assert tuple(STYLES) == GENRES
    assert style_of("vaporwave polka") == style_of("pop")


# ---- the lead over the band ----

BAND_S = 24.0


def syllables(start: float, beats: int) -> tuple[SungNote, ...]:
    """A note on each beat (half a second), but for a rest of one beat in eight."""
    syllable = Syllable((), "AA", (), 1)
    return tuple(SungNote(start + n, 0.9, 60, 0.8, syllable, 0, n) for n in range(beats) if n % 8 < 7)


def sung_score(genre: str = "pop", verse: int = 16, chorus: int = 16) -> Score:
    """The small score with a lead in its verse and its chorus."""
    score = small_score(BAND_S, genre=genre)
    notes = (*syllables(4.0, verse), *syllables(score.sections[1].start, chorus))
    return replace(score, vocals=(VocalPart("lead", "lead", "female", notes),))


def voiced(score: Score, slope_db: float = -9.0) -> Rows:
    """A stand-in for a singer, with the level of speech in its syllables and ``slope_db`` an octave: -9 is
    a bright voice, -15 a dark one. It says nothing of words."""
    samples = round(BAND_S * RATE_HZ)
    rng = np.random.default_rng(9)
    hz = np.fft.rfftfreq(samples, 1.0 / RATE_HZ)
    tilt = np.where(hz > 120.0, (np.maximum(hz, 300.0) / 300.0) ** (slope_db / 6.02), 0.0)
    noise = np.fft.irfft(np.fft.rfft(rng.standard_normal(samples)) * tilt, samples)
    amount = np.zeros(samples)
    for note in score.vocals[0].notes:
        first, last = (
            round(score.seconds(beat) * RATE_HZ) for beat in (note.start, note.start + note.duration)
        )
        amount[first:last] = np.hanning(last - first) ** 0.3
    mono = 0.1 * amount * noise / np.std(noise)
    return np.stack([0.7 * mono, 0.7 * mono, 0.16 * mono]).astype(np.float32)


def played(score: Score) -> dict[StemName, Rows]:
    return perform(replace(score, vocals=()), round(BAND_S * RATE_HZ), seed=1, span=SPAN)


@pytest.fixture(scope="module")
def band() -> dict[StemName, Rows]:
    return played(sung_score())


def with_voice(band: Mapping[StemName, Rows], score: Score, voice: Rows) -> dict[StemName, Signal]:
    dry = {name: rows.copy() for name, rows in band.items()}
    return mix(score, {**dry, "vocals": voice}, seed=1, span=SPAN)


def lines_of(score: Score, first: float = 0.0, after: float = 1e9) -> tuple[TimedLine, ...]:
    words = tuple(
        TimedWord("la", score.seconds(note.start), score.seconds(note.start + note.duration))
        for note in score.vocals[0].notes
        if first <= note.start < after
    )
    return (TimedLine("la", words),)


@pytest.mark.parametrize("genre", ["pop", "metal", "synthwave", "folk", "jazz", "ambient"])
def test_the_lead_stands_over_the_band_by_what_its_genre_says(genre: str, band: dict[StemName, Rows]) -> None:
    score = sung_score(genre)
    stands = voice_over_band_db(with_voice(band, score, voiced(score)), RATE_HZ, lines_of(score))
    assert stands == pytest.approx(style_of(genre).voice_db, abs=0.8)
    assert 1.0 <= style_of(genre).voice_db <= 4.0


def test_genres_differ_in_how_far_the_lead_is_forward() -> None:
    assert STYLES["metal"].voice_db > STYLES["pop"].voice_db > STYLES["ambient"].voice_db


def test_a_dark_voice_stands_where_a_bright_one_does_and_is_made_brighter(band: dict[StemName, Rows]) -> None:
    score = sung_score()
    bright, dark = (with_voice(band, score, voiced(score, slope)) for slope in (-9.0, -15.0))
    stands = [voice_over_band_db(stems, RATE_HZ, lines_of(score)) for stems in (bright, dark)]
    assert stands[0] == pytest.approx(stands[1], abs=0.5)

    def tilt_db(stems: Mapping[str, Signal]) -> float:
        high, low = third_octaves_db(stems["vocals"], RATE_HZ, np.array([3150.0, 500.0]))
        return float(high - low)

    # Two octaves and two thirds of 6 dB between them, less what the darker one is lifted, and less what the
    # correction of the whole darker mix adds.
    assert 9.0 <= tilt_db(bright) - tilt_db(dark) <= 12.5


def test_a_full_chorus_does_not_cover_the_lead_nor_does_a_thin_verse_leave_it_alone(
    band: dict[StemName, Rows],
) -> None:
    score = sung_score()
    stems = with_voice(band, score, voiced(score))
    chorus = score.sections[1].start
    verse_db, chorus_db = (
        voice_over_band_db(stems, RATE_HZ, lines_of(score, *beats))
        for beats in ((0.0, chorus), (chorus, 1e9))
    )
    assert chorus_db >= 1.0
    assert verse_db <= chorus_db + 4.0


def test_the_band_makes_room_slowly_and_most_where_consonants_are(band: dict[StemName, Rows]) -> None:
    """A steady chord in place of the harmony shows how the mix moves it."""
    score = replace(sung_score(verse=8, chorus=0), parts=())
    samples = round(BAND_S * RATE_HZ)
    t = np.arange(samples) / RATE_HZ

    def harmony(hz: float) -> Signal:
        tone = 0.1 * np.sin(2 * np.pi * hz * t).astype(np.float32)
        rows = {"harmony": np.stack([tone, tone, np.zeros_like(tone)])}
        return with_voice(rows, score, voiced(score))["harmony"]  # type: ignore[arg-type]

    depths = {}
    for hz in (250.0, 2500.0):
        wave = harmony(hz)[0][: samples // 4410 * 4410].reshape(-1, 4410)
        db = 10 * np.log10(np.mean(wave**2, axis=1))[5:-5]  # every 0.1 s
        assert np.max(np.abs(np.diff(db))) <= 1.2  # 12 dB/s
        depths[hz] = float(np.median(db[-40:]) - np.min(db))
    assert depths[250.0] == pytest.approx(DUCKED_UNDER_VOICE_DB, abs=0.2)
    assert depths[2500.0] == pytest.approx(DUCKED_UNDER_VOICE_DB + style_of("pop").dip_db, abs=0.4)


def test_the_lead_s_room_is_lower_within_a_line_than_after_it() -> None:
    score = sung_score(verse=8, chorus=0)
    rows = voiced(score)
    rows[:2] *= 0.01  # next to nothing but the room
    rows[2] = 0.1 * np.random.default_rng(2).standard_normal(rows.shape[1])
    wet = with_voice({}, score, rows)["vocals"]
    within, after = (
        float(np.mean(wet[:, round(a * RATE_HZ) : round(b * RATE_HZ)] ** 2))
        for a, b in ((3.5, 4.5), (16.0, 20.0))
    )
    assert 10 * np.log10(after / within) >= 2.0


def test_nothing_hums_under_the_lowest_note_of_the_lead(band: dict[StemName, Rows]) -> None:
    """The network hums at the rate of its frames, 80 Hz and twice that; the lowest note here is 262 Hz."""
    score = sung_score()
    t = np.arange(round(BAND_S * RATE_HZ)) / RATE_HZ
    hum = 0.05 * (np.sin(2 * np.pi * 80.0 * t) + np.sin(2 * np.pi * 160.0 * t)).astype(np.float32)
    vocals = with_voice(band, score, voiced(score) + hum)["vocals"]
    low, voice = third_octaves_db(vocals, RATE_HZ, np.array([160.0, 315.0]))
    assert voice - low >= 17.0
