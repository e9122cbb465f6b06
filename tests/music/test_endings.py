"""How songs end: in many ways, never with a sung word that fades, never with a long tail."""

from __future__ import annotations

import itertools
from collections import Counter
from random import Random
from statistics import fmean

import pytest

from lyrics.contract import GENRES
from music.sketch.players.endings import choose_ending
from music.sketch.score import Note, Score
from music.sketch.theory import METRES, bar_beats, parse_key
from tests.music.songbook import LYRICS, score_of, tune
from tests.music.test_songs import TEMPI


def last_chord(score: Score, stem: str) -> list[Note]:
    return [n for part in score.parts if part.stem == stem for n in part.notes if n.start >= score.end - 1e-6]


def ending_of(score: Score) -> str:
    """What a listener would call the end, from the notes alone."""
    bar = bar_beats(score.metre)
    pitched = [part for part in score.parts if part.stem != "drums"]
    finals = [n for part in pitched for n in part.notes if n.start >= score.end - 1e-6]
    lengths = [score.seconds(n.duration) for n in finals]
    before = [
        n for part in pitched for n in part.notes if score.end - bar - 0.05 <= n.start < score.end - 0.05
    ]
    if max(n.velocity for n in finals) < 0.3:
        return "fade"
    if max(lengths) < 0.3:
        return "cold"
    if before and max(score.seconds(n.duration) for n in before) < 0.3 and max(lengths) < 1.0:
        return "stop"
    if min(lengths) < 0.3:
        return "ring"
    onsets = {round((n.start - score.end) * 4) for n in before}
    if len(onsets) == 1 and min(n.duration for n in before) > 0.8 * bar:
        return "amen"
    return "held"


def test_songs_end_in_many_ways_by_genre_and_seed() -> None:
    kinds = Counter(
        ending_of(score_of(genre=genre, seed=seed, duration_s=120.0, tempo_bpm=float(TEMPI[genre])))
        for genre in GENRES
        for seed in range(3)
    )
    assert set(kinds) == {"fade", "cold", "stop", "ring", "amen", "held"}
    assert max(kinds.values()) < 0.45 * kinds.total()
    chosen = {genre: {choose_ending(genre, 120.0, Random(n)) for n in range(60)} for genre in GENRES}
    assert all(len(each) >= 3 for each in chosen.values())
    assert set().union(*chosen.values()) == {"held", "stop", "fade", "tag", "ring", "cold", "amen"}
    assert not {"cold", "stop"} & chosen["ambient"]


@pytest.mark.parametrize("genre", GENRES)
def test_no_sung_word_fades_and_a_fade_takes_its_time(genre: str) -> None:
    for seed, lyrics in itertools.product(range(5), (LYRICS, "")):
        score = score_of(genre=genre, seed=seed, lyrics=lyrics, duration_s=150.0)
        if ending_of(score) != "fade":
            continue
        last = score.sections[-1]
        assert score.seconds(last.beats) >= 6.0
        assert all(note.start < last.start for note in tune(score))
        halves = [
            fmean([n.velocity for part in score.parts for n in part.notes if a <= n.start < b])
            for a, b in itertools.pairwise((last.start, last.start + last.beats / 2, score.end))
        ]
        assert halves[1] < 0.8 * halves[0]


def test_an_amen_comes_from_the_fourth_degree() -> None:
    found = 0
    for seed in range(12):
        score = score_of(genre="gospel", seed=seed, duration_s=60.0, key="C major", tempo_bpm=92.0)
        if ending_of(score) == "amen":
            found += 1
            bass = next(part for part in score.parts if part.stem == "bass")
            *_, before, final = bass.notes
            assert (before.pitch % 12, final.pitch % 12) == (5, 0)
    assert found >= 2


def test_a_tag_says_the_last_line_again() -> None:
    """In songs of folk and jazz that end so, the outro's last notes are those of the last sung line."""
    found = 0
    for genre, seed in itertools.product(("folk", "jazz", "country"), range(8)):
        score = score_of(genre=genre, seed=seed, duration_s=120.0, tempo_bpm=float(TEMPI[genre]))
        hook = next((part for part in score.parts if part.stem == "melody"), None)
        last = score.sections[-1]
        if hook is None or last.kind != "outro":
            continue
        sung = [note.pitch % 12 for note in tune(score) if note.line == len(score.lines) - 1]
        played = [n.pitch % 12 for n in hook.notes if last.start <= n.start < score.end and n.duration > 0.2]
        found += any(
            played[at : at + 4] == sung[:4] and len(sung) >= 4 for at in range(max(len(played) - 3, 0))
        )
    assert found >= 3


@pytest.mark.parametrize("metre", list(METRES))
def test_slow_songs_leave_no_long_tail(metre: str) -> None:
    """Before, a song in 12/8 at 60 BPM could ring for 7.6 s."""
    for duration_s, tempo_bpm, fixed, lyrics in itertools.product(
        (30.0, 47.3, 95.5, 180.0), (48.0, 60.0, 72.0, 110.0, 200.0), (True, False), (LYRICS, "")
    ):
        score = score_of(
            metre=metre, duration_s=duration_s, tempo_bpm=tempo_bpm, tempo_fixed=fixed, lyrics=lyrics
        )
        tail_s = duration_s - score.seconds(score.end)
        assert 1.4 <= tail_s <= 4.6
        finals = [n for part in score.parts for n in part.notes if n.start >= score.end]
        assert all(score.seconds(n.duration) <= 5.5 for n in finals)
        # Somebody plays in each of the last beats.
        starts = sorted(n.start for part in score.parts for n in part.notes)
        gaps = [b - a for a, b in itertools.pairwise(starts) if b >= score.end - 2 * bar_beats(metre)]
        assert max(gaps) * 60.0 / score.tempo_bpm <= 3.9


@pytest.mark.parametrize("genre", GENRES)
def test_every_ending_is_on_the_tonic(genre: str) -> None:
    tonic = parse_key("Eb major").tonic
    for seed in range(6):
        score = score_of(genre=genre, seed=seed, duration_s=60.0, key="Eb major")
        finals = [n for stem in ("bass", "harmony", "melody") for n in last_chord(score, stem)]
        assert min(n.pitch for n in finals) % 12 == tonic
        assert {n.pitch % 12 for n in finals} <= {tonic, (tonic + 4) % 12, (tonic + 7) % 12}
