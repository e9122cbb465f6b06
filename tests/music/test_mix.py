from __future__ import annotations

import numpy as np
import pytest

from config.engine import ignore_progress
from lyrics.contract import GENRES
from music.sketch.crew import Span
from music.sketch.instruments import RATE_HZ
from music.sketch.instruments.strike import Signal
from music.sketch.mix import mix
from music.sketch.production import perform
from music.sketch.score import StemName
from music.sketch.styles import STYLES, style_of
from tests.music.analysis import low_end_db
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
