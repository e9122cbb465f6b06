"""Who sings what: duets, sections with a singer of their own, backing vocals."""

from __future__ import annotations

import io
from collections.abc import Iterator

import mido
import numpy as np
import pytest

import music.sketch.verses
from config.engine import ignore_progress
from music.contract import MusicRequest, TimedLine
from music.sketch.engine import SketchComposer
from music.sketch.midi.writing import midi_bytes
from music.sketch.score import Score
from music.sketch.timing import timed_lines
from reading.lyrics import LyricLine, Lyrics, Section, Singer
from tests.music.songbook import LYRICS, score_of

VERSE = "Walking down the silver road\nHolding all the heavy load"
CHORUS = "Sing it loud and sing it clear"


def leaders(score: Score) -> dict[str, set[str]]:
    """By text of the line, who leads it."""
    found: dict[str, set[str]] = {}
    for part in score.vocals:
        for note in part.notes if part.role == "lead" else ():
            found.setdefault(score.lines[note.line].text, set()).add(part.voice)
    return found


def choir_words(score: Score, *, led: bool) -> set[str]:
    """The words that backing vocals sing: those that a lead sings too, or those that none does."""
    leads = {(n.line, n.word) for part in score.vocals if part.role == "lead" for n in part.notes}
    backing = {(n.line, n.word) for part in score.vocals if part.role != "lead" for n in part.notes}
    return {score.lines[line].words[word] for line, word in (backing & leads if led else backing - leads)}


@pytest.fixture
def marked(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, tuple[Section, ...]]]:
    """Lyrics by name whose sections carry marks; this holds whatever dress the marks were written in."""
    known: dict[str, tuple[Section, ...]] = {}
    monkeypatch.setattr(
        music.sketch.verses, "read_lyrics", lambda text: Lyrics(text, known[text], is_tagged=True)
    )
    score_of.cache_clear()
    yield known
    score_of.cache_clear()


def section(kind: str, text: str, singer: Singer = "") -> Section:
    return Section(kind, tuple(LyricLine(line) for line in text.splitlines()), singer=singer)


def test_the_sections_of_a_duet_alternate_and_its_choruses_are_for_both() -> None:
    lyrics = f"[verse]\nOne of us\n[verse]\nTwo of us\n[chorus]\n{CHORUS}\n[verse]\nThree of us"
    found = leaders(score_of(lyrics=lyrics, voice="duet", duration_s=60.0))
    assert found == {
        "One of us": {"female"},
        "Two of us": {"male"},
        CHORUS: {"female", "male"},
        "Three of us": {"female"},
    }


@pytest.mark.parametrize("lyrics", [VERSE, f"[verse]\n{VERSE}", f"[verse]\n{VERSE}\n[chorus]\n{CHORUS}"])
def test_the_lines_of_an_only_verse_alternate_in_a_duet(lyrics: str) -> None:
    found = leaders(score_of(lyrics=lyrics, voice="duet", duration_s=40.0))
    first, second = VERSE.splitlines()
    assert (found[first], found[second]) == ({"female"}, {"male"})
    assert found.get(CHORUS, {"female", "male"}) == {"female", "male"}


@pytest.mark.parametrize("lyrics", [LYRICS, VERSE, CHORUS, f"[chorus]\n{VERSE}", "[verse]\nA\n\n[verse]\nB"])
def test_both_singers_of_a_duet_sing_and_have_tracks(lyrics: str) -> None:
    score = score_of(lyrics=lyrics, voice="duet", duration_s=60.0)
    assert {part.voice for part in score.vocals if part.role == "lead" and part.notes} == {"female", "male"}
    tracks = mido.MidiFile(file=io.BytesIO(midi_bytes(score)), charset="utf-8").tracks
    for name in ("lead", "second lead"):
        (track,) = [track for track in tracks if track.name == name]
        assert any(message.type == "note_on" for message in track)


@pytest.mark.parametrize(("voice", "own"), [("female", "female"), ("male", "male"), ("choir", "female")])
def test_a_marked_section_is_sung_by_its_singer(
    marked: dict[str, tuple[Section, ...]], voice: str, own: str
) -> None:
    marked["song"] = (
        section("verse", "Mine alone"),
        section("verse", "Hers alone", "female"),
        section("verse", "His alone", "male"),
        section("chorus", "Ours it is", "duet"),
        section("bridge", "Everybody sings", "choir"),
    )
    score = score_of(lyrics="song", voice=voice, duration_s=60.0)
    assert leaders(score) == {
        "Mine alone": {own},
        "Hers alone": {"female"},
        "His alone": {"male"},
        "Ours it is": {"female", "male"},
        "Everybody sings": {"female", "male"},
    }
    assert {"Everybody", "sings"} <= choir_words(score, led=True)
    # A man sings an octave lower, in his own range.
    assert all(
        45 <= n.pitch <= 64
        for part in score.vocals
        if part.voice == "male" and part.role == "lead"
        for n in part.notes
    )


def test_a_duet_follows_its_marks_and_alternates_elsewhere(marked: dict[str, tuple[Section, ...]]) -> None:
    marked["song"] = (
        section("verse", "First he does", "male"),
        section("verse", "Then she does"),
        section("chorus", "She has the chorus", "female"),
        section("verse", "And he comes back"),
    )
    found = leaders(score_of(lyrics="song", voice="duet", duration_s=60.0))
    assert [found[line.text] for part in marked["song"] for line in part.lines] == [
        {"male"},
        {"female"},
        {"female"},
        {"male"},
    ]


@pytest.mark.parametrize(("named", "other"), [("female", "male"), ("male", "female")])
def test_what_is_not_marked_for_the_one_singer_of_a_duet_is_for_the_other(
    marked: dict[str, tuple[Section, ...]], named: Singer, other: str
) -> None:
    marked["song"] = (
        section("verse", "First is the other"),
        section("verse", "Then the one", named),
        section("bridge", "Again the other"),
        section("chorus", "Both of them"),
    )
    found = leaders(score_of(lyrics="song", voice="duet", duration_s=60.0))
    assert found == {
        "First is the other": {other},
        "Then the one": {named},
        "Again the other": {other},
        "Both of them": {"female", "male"},
    }


def test_a_duet_whose_marks_name_one_singer_says_so(marked: dict[str, tuple[Section, ...]]) -> None:
    marked["song"] = (section("verse", VERSE, "male"), section("chorus", CHORUS, "male"))
    score = score_of(lyrics="song", voice="duet", duration_s=40.0)
    assert {part.voice for part in score.vocals if part.role == "lead"} == {"male"}
    assert "voice 'duet' has one singer: the lyrics mark all sections as male" in score.warnings
    assert score.vocals[0].name == "lead"


def test_a_chorus_that_a_man_leads_in_a_womans_song_is_doubled_by_a_man(
    marked: dict[str, tuple[Section, ...]],
) -> None:
    marked["song"] = (section("verse", VERSE), section("chorus", CHORUS, "male"))
    score = score_of(lyrics="song", voice="female", duration_s=40.0)
    (double,) = [part for part in score.vocals if part.role == "double"]
    (second,) = [part for part in score.vocals if part.name == "second lead"]
    assert double.voice == second.voice == "male"
    assert [note.pitch for note in double.notes] == [note.pitch for note in second.notes]


@pytest.mark.parametrize("voice", ["female", "male", "duet", "choir"])
def test_words_in_brackets_are_sung_by_backing_vocals_alone(voice: str) -> None:
    lyrics = (
        f"[verse]\n{VERSE} (all the way)\n(Ooh, la la)\nStanding here (oh (no)) with you\n[chorus]\n{CHORUS}"
    )
    score = score_of(lyrics=lyrics, voice=voice, duration_s=60.0)
    assert choir_words(score, led=False) == set("(all the way) (Ooh, la la) (oh (no))".split())
    assert {"Sing", "loud"} <= choir_words(score, led=True)
    # They are words of their lines like all others.
    written = [line for line in lyrics.splitlines() if not line.startswith("[")]
    lines = timed_lines(score)
    assert [" ".join(word.text for word in line.words) for line in lines][: len(written)] == written
    for line in lines:
        starts = [word.start_s for word in line.words]
        assert starts == sorted(starts)
        assert len(set(starts)) == len(starts)
    for part in score.vocals:
        assert part.role == "lead" or (part.gain_db < -6.0 and abs(part.pan) > 0.3)


def test_words_in_brackets_are_sung_by_the_lead_if_there_are_no_others() -> None:
    score = score_of(lyrics="[verse]\n(Hello there)\n(How are you)", duration_s=30.0)
    assert score.vocals[0].role == "lead"
    assert not choir_words(score, led=False)


@pytest.mark.parametrize(("field", "value"), [("voice", "none"), ("exclude", ("vocals",))])
def test_lyrics_that_nobody_sings_are_no_lines_of_the_song_and_a_warning_says_why(
    field: str, value: object
) -> None:
    score = score_of(**{field: value}, duration_s=30.0)
    assert not score.vocals
    assert not timed_lines(score)
    why = "the voice is 'none'" if field == "voice" else "vocals are excluded"
    assert score.warnings == (f"the lyrics are not sung: {why}",)
    assert not score_of(**{field: value}, lyrics="", duration_s=30.0).warnings


def test_what_stands_in_brackets_is_heard_in_the_backing_stem() -> None:
    lyrics = "[verse]\nHello out there\n(oh we are singing along)\nGood night my dear"
    request = MusicRequest(prompt="", lyrics=lyrics, seed=3, duration_s=12.0, genre="punk", tempo_bpm=120.0)
    audio = SketchComposer().compose(request, ignore_progress)

    def level(stem: str, line: TimedLine) -> float:
        inside = slice(round((line.start_s + 0.3) * audio.rate_hz), round(line.end_s * audio.rate_hz))
        return float(np.sqrt(np.mean(audio.stems[stem][:, inside] ** 2)))

    first, bracketed, _ = audio.lines
    assert level("vocals", first) > 2.0 * level("backing", first)
    assert level("backing", bracketed) > 2.0 * level("vocals", bracketed)
