"""Scores over every genre, many lengths and metres: what a listener or a singer would notice if it broke."""

from __future__ import annotations

import itertools

import pytest

from config.errors import InvalidRequest
from lyrics.contract import GENRES
from music.contract import MusicRequest
from music.sketch.compose import write_score
from music.sketch.genres import GENRES as TABLE
from music.sketch.score import Score
from music.sketch.theory import METRES, bar_beats, parse_key
from phonetics.words import pronounce
from tests.clock import processor_seconds
from tests.music.songbook import LYRICS, score_of, tune

DURATIONS = (5.0, 7.3, 30.0, 95.5, 180.0, 600.0)


def test_the_table_knows_the_genres_of_the_lyrics() -> None:
    assert tuple(TABLE) == GENRES


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize("duration_s", [5.0, 30.0, 180.0])
def test_every_note_is_sorted_and_lies_inside_the_song(genre: str, duration_s: float) -> None:
    score = score_of(genre=genre, duration_s=duration_s)
    assert score.duration_s == duration_s
    for part in (*score.parts, *score.vocals):
        starts = [note.start for note in part.notes]
        assert starts == sorted(starts)
        assert part.notes
        assert starts[0] >= 0
        for note in part.notes:
            assert note.duration > 0
            assert 0 < note.velocity <= 1
            assert 20 <= note.pitch <= 108
            assert score.seconds(note.start) < duration_s - 0.3


@pytest.mark.parametrize("duration_s", DURATIONS)
@pytest.mark.parametrize("lyrics", [LYRICS, ""])
def test_the_last_chord_rings_into_a_tail(duration_s: float, lyrics: str) -> None:
    score = score_of(duration_s=duration_s, lyrics=lyrics)
    assert 1.4 <= duration_s - score.seconds(score.end) <= 5.0
    assert sum(section.beats for section in score.sections) == pytest.approx(score.end)


@pytest.mark.parametrize("genre", GENRES)
def test_the_song_ends_on_its_tonic(genre: str) -> None:
    score = score_of(genre=genre, duration_s=60.0, key="D minor")
    final = {
        n.pitch % 12
        for part in score.parts
        if part.stem != "drums"
        for n in part.notes
        if n.start >= score.end
    }
    low = min(n.pitch for p in score.parts if p.stem != "drums" for n in p.notes if n.start >= score.end)
    assert low % 12 == parse_key("D minor").tonic
    assert final <= {2, 5, 9}


@pytest.mark.parametrize("duration_s", [95.5, 180.0, 600.0])
@pytest.mark.parametrize("metre", list(METRES))
def test_every_syllable_is_sung_once_in_order_and_verbatim(duration_s: float, metre: str) -> None:
    score = score_of(duration_s=duration_s, metre=metre)
    written = [line for line in LYRICS.splitlines() if line and not line.startswith("[")]
    assert [line.text for line in score.lines[: len(written)]] == written
    assert all(line.text in written[-4:] for line in score.lines[len(written) :])  # the last chorus again
    assert all(" ".join(line.words) == line.text for line in score.lines)
    wanted = [
        (n, m, syllable)
        for n, line in enumerate(score.lines)
        for m, word in enumerate(pronounce(line.text))
        for syllable in word.syllables
    ]
    assert [(note.line, note.word, note.syllable) for note in tune(score)] == wanted


@pytest.mark.parametrize("voice", ["female", "male", "duet", "choir"])
@pytest.mark.parametrize("genre", GENRES)
def test_a_singer_never_sings_two_notes_at_once(genre: str, voice: str) -> None:
    for part in score_of(genre=genre, voice=voice).vocals:
        for note, following in itertools.pairwise(part.notes):
            assert note.start + note.duration <= following.start + 1e-6


@pytest.mark.parametrize("genre", GENRES)
@pytest.mark.parametrize(("voice", "low", "high"), [("female", 57, 74), ("male", 45, 64)])
def test_the_lead_stays_in_its_range(genre: str, voice: str, low: int, high: int) -> None:
    pitches = [note.pitch for note in tune(score_of(genre=genre, voice=voice))]
    assert low <= min(pitches)
    assert max(pitches) <= high


@pytest.mark.parametrize("seed", range(6))
def test_the_chorus_comes_back_with_its_tune_and_lies_higher(seed: int) -> None:
    score = score_of(seed=seed)
    choruses = [s for s in score.sections if s.kind == "chorus"]
    tunes = [
        [
            (round(n.start - s.start, 2), n.pitch)
            for n in tune(score)
            if s.start - 0.01 <= n.start < s.start + s.beats - 0.01
        ]
        for s in choruses
    ]
    assert len(tunes) >= 3
    assert all(other == tunes[0] for other in tunes[1:-1])
    # The last line of the last chorus reaches higher.
    last_line = len([n for n in tune(score) if n.line == len(score.lines) - 1])
    assert tunes[-1][:-last_line] == tunes[0][:-last_line]
    verse = [n.pitch for n in tune(score) if n.line < 4]
    chorus = [pitch for _, pitch in tunes[0]]
    assert sum(chorus) / len(chorus) >= sum(verse) / len(verse) + 2


def test_stressed_syllables_fall_on_beats() -> None:
    on_beat = stressed = 0
    for genre in GENRES:
        score = score_of(genre=genre, duration_s=180.0)
        for note in tune(score):
            if note.syllable.stress == 1:
                stressed += 1
                on_beat += abs(note.start - round(note.start)) < 0.05
    assert on_beat / stressed > 0.75


@pytest.mark.parametrize("key", ["C major", "E minor"])
def test_long_or_strong_notes_belong_to_the_chord(key: str) -> None:
    """Judged from the comping alone: what the band plays in the bar."""
    agreed = counted = 0
    for seed in range(8):
        score = score_of(seed=seed, key=key, lyrics=LYRICS)
        beats = bar_beats(score.metre)
        played: dict[int, set[int]] = {}
        for part in score.parts:
            if part.stem == "harmony":
                for n in part.notes:
                    played.setdefault(int((n.start + 0.1) // beats), set()).add(n.pitch % 12)
        for note in tune(score):
            if (note.start + 0.01) % beats < 0.1:
                counted += 1
                agreed += note.pitch % 12 in played.get(int((note.start + 0.1) // beats), set())
    assert agreed / counted > 0.85


@pytest.mark.parametrize("genre", GENRES)
def test_the_tune_stays_in_the_key(genre: str) -> None:
    score = score_of(genre=genre, key="F# dorian")
    assert {note.pitch % 12 for note in tune(score)} <= parse_key("F# dorian").pitch_classes()


def test_sections_come_in_the_order_of_the_lyrics() -> None:
    sung = ["verse", "pre-chorus", "chorus", "verse", "chorus", "bridge", "chorus"]
    for duration_s in (100.0, 180.0, 300.0):
        score = score_of(duration_s=duration_s)
        lines = [n.start for n in tune(score)]
        kinds = [
            s.kind
            for s in score.sections
            if any(s.start - 0.1 <= at < s.start + s.beats - 0.1 for at in lines)
        ]
        assert kinds[: len(sung)] == sung
        assert set(kinds[len(sung) :]) <= {"chorus"}


def test_a_chorus_is_fuller_than_a_verse() -> None:
    for genre in GENRES:
        score = score_of(genre=genre)
        density = {}
        for kind in ("verse", "chorus"):
            section = next(s for s in score.sections if s.kind == kind)
            notes = [
                n
                for part in (*score.parts, *score.vocals)
                for n in part.notes
                if section.start <= n.start < section.start + section.beats
            ]
            density[kind] = sum(n.velocity**2 for n in notes) / section.beats
        assert density["chorus"] > 1.3 * density["verse"], genre


@pytest.mark.parametrize("genre", GENRES)
def test_what_is_excluded_does_not_play(genre: str) -> None:
    score = score_of(genre=genre, exclude=("drums", "bass", "guitar", "piano", "strings"), duration_s=60.0)
    names = " ".join(part.instrument for part in score.parts)
    assert not any(
        word in names for word in ("kit_", "bass_", "guitar", "piano", "strings", "violin", "cello")
    )
    assert score.parts
    assert not score_of(genre=genre, exclude=("vocals",), duration_s=60.0).vocals


@pytest.mark.parametrize(
    ("words", "instrument"),
    [
        ("violin", "violin"),
        ("a saxophone solo", "saxophone"),
        ("808s", "bass_808"),
        ("acoustic guitar", "acoustic_guitar"),
        ("Hammond organ", "organ"),
        ("harp", "harp"),
    ],
)
def test_what_is_asked_for_plays(words: str, instrument: str) -> None:
    score = score_of(instruments=(words,), genre="pop", duration_s=60.0)
    part = next(part for part in score.parts if part.instrument == instrument)
    assert len(part.notes) > 20


def test_the_same_request_gives_the_same_score_and_another_seed_another_song() -> None:
    songs = [score_of(seed=seed, duration_s=90.0) for seed in range(8)]
    score_of.cache_clear()
    assert songs[0] == score_of(seed=0, duration_s=90.0)
    tunes = {tuple(note.pitch for note in tune(song)) for song in songs}
    bands = {tuple(part.instrument for part in song.parts) for song in songs}
    assert len(tunes) == len(songs)
    assert len(bands) >= 3


def test_energy_is_heard() -> None:
    def force(score: Score) -> float:
        return sum(n.velocity for part in score.parts for n in part.notes)

    assert force(score_of(energy=9)) > 1.03 * force(score_of(energy=1))


def test_lyrics_that_do_not_fit_are_named_in_a_warning() -> None:
    score = score_of(duration_s=20.0, tempo_bpm=100.0)
    (warning,) = score.warnings
    dropped = 24 - len(score.lines)
    assert dropped > 0
    assert f"last {dropped} lines" in warning
    needed = float(warning.split(":")[1].split()[0])
    assert not score_of(duration_s=needed + 2.0, tempo_bpm=100.0).warnings


def test_no_syllable_is_sung_faster_than_eight_a_second() -> None:
    for duration_s in (30.0, 60.0, 100.0):
        score = score_of(duration_s=duration_s)
        for note, following in itertools.pairwise(tune(score)):
            if note.line == following.line:
                assert score.seconds(following.start - note.start) > 1 / 8.4


def test_a_tempo_that_was_named_is_kept_and_another_moves_little() -> None:
    for duration_s in DURATIONS:
        for tempo_bpm in (60.0, 97.0, 174.0):
            fixed = score_of(duration_s=duration_s, tempo_bpm=tempo_bpm, tempo_fixed=True)
            assert fixed.tempo_bpm == tempo_bpm
            free = score_of(duration_s=duration_s, tempo_bpm=tempo_bpm)
            assert abs(free.tempo_bpm / tempo_bpm - 1) <= 0.04


def test_unknown_genres_become_the_nearest_with_a_warning() -> None:
    assert score_of(genre="dark synthwave revival").genre == "synthwave"
    score = score_of(genre="zydeco")
    assert score.genre == "pop"
    assert "zydeco" in score.warnings[0]


@pytest.mark.parametrize(
    ("field", "value"), [("key", "H minor"), ("key", "C locrian"), ("metre", "9/8"), ("metre", "four")]
)
def test_a_bad_key_or_metre_says_what_to_write(field: str, value: str) -> None:
    with pytest.raises(InvalidRequest, match=field) as caught:
        score_of(**{field: value})
    assert caught.value.field == field


@pytest.mark.parametrize("genre", GENRES)
def test_an_instrumental_has_contrast_and_a_tune(genre: str) -> None:
    score = score_of(genre=genre, voice="none")
    assert not score.vocals
    assert not score.lines
    assert {"verse", "chorus", "bridge"} <= {section.kind for section in score.sections}
    assert any(part.stem == "melody" for part in score.parts)


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_sings_all_the_words_verbatim(genre: str) -> None:
    score = score_of(genre=genre)
    written = [line for line in LYRICS.splitlines() if line and not line.startswith("[")]
    assert [line.text for line in score.lines[: len(written)]] == written
    assert [(note.line, note.word, note.syllable) for note in tune(score)] == [
        (n, m, syllable)
        for n, line in enumerate(score.lines)
        for m, word in enumerate(pronounce(line.text))
        for syllable in word.syllables
    ]


@pytest.mark.parametrize("genre", GENRES)
def test_the_second_verse_has_the_first_ones_tune_where_the_syllables_match(genre: str) -> None:
    chorus = "[chorus]\nSing it loud\n"
    again = "Holding all the heavy load\n"
    lyrics = f"[verse]\nWalking down the silver road\n{again}{chorus}"
    lyrics += f"[verse]\nTurning round the garden gate\n{again}{chorus}"
    for seed in range(3):
        notes = tune(score_of(lyrics=lyrics, genre=genre, seed=seed, duration_s=60.0))
        first, second = ([n for n in notes if n.line in (at, at + 1)] for at in (0, 3))
        assert [n.syllable.stress for n in first] == [n.syllable.stress for n in second]
        assert [n.pitch for n in first] == [n.pitch for n in second]
        for a, b in zip(first, second, strict=True):
            assert a.start - first[0].start == pytest.approx(b.start - second[0].start, abs=1e-6)


@pytest.mark.parametrize(
    ("metre", "accents"), [("6/8", (0.0, 1.5)), ("12/8", (0.0, 1.5, 3.0, 4.5)), ("7/8", (0.0, 1.0, 2.0))]
)
def test_stresses_fall_on_the_accents_of_a_metre(metre: str, accents: tuple[float, ...]) -> None:
    """Before, the second half of a bar of 6/8 was as weak as any eighth."""
    shares = {}
    for stressed in (True, False):
        places = [
            note.start % bar_beats(metre)
            for seed in range(6)
            for note in tune(score_of(seed=seed, metre=metre, genre="folk", tempo_bpm=100.0))
            if bool(note.syllable.stress) == stressed
        ]
        shares[stressed] = sum(min(abs(at - each) for each in accents) < 0.05 for at in places) / len(places)
    assert shares[True] > shares[False] + 0.25


def test_unstressed_syllables_leave_the_beats_to_the_stressed() -> None:
    shares = {}
    for stressed in (True, False):
        starts = [
            note.start
            for seed in range(8)
            for note in tune(score_of(seed=seed))
            if bool(note.syllable.stress) == stressed
        ]
        shares[stressed] = sum(abs(at - round(at)) < 0.05 for at in starts) / len(starts)
    assert shares[True] > shares[False] + 0.3


@pytest.mark.alone
@pytest.mark.parametrize("genre", GENRES)
def test_three_minutes_are_written_in_a_seventh_of_a_second(genre: str) -> None:
    request = MusicRequest(prompt="", lyrics=LYRICS, seed=5, genre=genre, duration_s=180.0)
    assert processor_seconds(lambda: write_score(request)) < 0.15
