"""Other words on the same tune, and the same tune by another band."""

from __future__ import annotations

import io
from collections import defaultdict
from dataclasses import replace

import mido
import numpy as np
import pytest

from config.engine import ignore_progress
from config.errors import InvalidRequest
from music.contract import Audio, Change, MusicRequest
from music.sketch.changing.fitting_words import TuneNote, fit
from music.sketch.engine import SketchComposer
from music.sketch.midi.reading import sung_tracks
from phonetics.words import pronounce
from tests.music.analysis import true_peak_dbtp
from tests.music.test_changing import OTHER, changed, request, song, source_of

SAME_LINES = """[verse]
Winter leaves an empty station
No one hears my destination

[chorus]
Take my hand and run tonight
Every star a little light
"""
BAND = ("drums", "bass", "harmony", "melody")


def tune(audio: Audio) -> dict[str, list[tuple[float, float]]]:
    """When and how high each singer sings, in seconds and semitones, a value for each 20 ms; from the MIDI
    file, by a reader of its own."""
    file = mido.MidiFile(file=io.BytesIO(audio.midi or b""))
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for track in file.tracks:
        now, sounding = 0, {}
        for message in track:
            now += message.time
            if message.type == "note_on" and message.velocity:
                sounding[message.note] = now
            elif message.type in ("note_off", "note_on") and message.note in sounding:
                began = sounding.pop(message.note)
                found[track.name] += [(tick, float(message.note)) for tick in range(began, now)]
    return {name: sorted(set(notes)) for name, notes in found.items()}


def played(audio: Audio) -> set[str]:
    file = mido.MidiFile(file=io.BytesIO(audio.midi or b""))
    return {track.name for track in file.tracks}


@pytest.mark.parametrize("name", ["pop", "jazz waltz"])
def test_other_words_are_sung_on_the_same_tune_by_the_same_band(name: str) -> None:
    audio = changed(name, "resing", SAME_LINES)
    before, after = tune(song(name)), tune(audio)
    for singer in ("lead", "double", "high harmony", "low harmony"):
        # At each tick the same pitch; a syllable may be held over a gap between two notes.
        assert set(before[singer]) <= set(after[singer])
        assert len(after[singer]) <= 1.02 * len(before[singer])
    for stem in BAND:  # a limiter holds the new peaks
        assert np.mean(audio.stems[stem] == song(name).stems[stem]) > 0.95
    assert np.abs(sum(audio.stems.values()) - audio.samples).max() < 1e-4
    assert audio.loudness_lufs == pytest.approx(-14.0, abs=0.5)
    assert true_peak_dbtp(audio.samples) <= -1.0
    sung = [line.text for line in audio.lines]
    chorus = ["Take my hand and run tonight", "Every star a little light"]
    assert sung == ["Winter leaves an empty station", "No one hears my destination", *chorus, *chorus]
    assert [line.start_s for line in audio.lines] == pytest.approx(
        [line.start_s for line in song(name).lines], abs=0.3
    )


def test_where_nobody_sings_a_song_with_other_words_is_the_same_to_the_sample() -> None:
    audio, first_s = changed("pop", "resing", SAME_LINES), song("pop").lines[0].start_s
    quiet = slice(0, round((first_s - 1.0) * 44_100))
    assert first_s > 2.0
    assert np.array_equal(audio.samples[:, quiet], song("pop").samples[:, quiet])


def test_a_song_that_was_extended_and_repainted_is_sung_with_other_words() -> None:
    longer = changed("pop", "extend", OTHER, by_s=20.0)
    verse = next(section for section in longer.sections if section.kind == "verse")
    span = Change(start_s=verse.start_s, end_s=verse.end_s)
    asked: dict[str, object] = {"task": "repaint", "lyrics": OTHER, "change": span}
    composer = SketchComposer()
    repainted = composer.change(request("pop").model_copy(update=asked), source_of(longer), ignore_progress)
    words = "\n".join(f"Line number {word}" for word in ("one two three four five six seven eight").split())
    count = len(repainted.lines)
    asked = {"task": "resing", "lyrics": "\n".join(words.splitlines()[:count]), "change": Change()}
    audio = composer.change(request("pop").model_copy(update=asked), source_of(repainted), ignore_progress)
    assert [line.text for line in audio.lines] == words.splitlines()[:count]
    starts = [line.start_s for line in repainted.lines]
    assert [line.start_s for line in audio.lines] == pytest.approx(starts, abs=0.3)
    assert set(tune(repainted)["lead"]) <= set(tune(audio)["lead"])


def test_lines_without_words_are_not_sung_and_words_without_lines_are_left_out() -> None:
    few = changed("pop", "resing", "[chorus]\nTake my hand and run tonight\nEvery star a little light")
    assert [line.text for line in few.lines] == [
        line.text for line in changed("pop", "resing", SAME_LINES).lines
    ][2:]
    assert any("2 of the song's 6 lines are not sung" in warning for warning in few.warnings)
    many = changed("pop", "resing", f"{SAME_LINES}\n[bridge]\nNobody has a line for this")
    assert any("1 lines of the new words are left out" in warning for warning in many.warnings)


def test_syllables_share_notes_and_notes_syllables() -> None:
    notes = [TuneNote(float(n), 1.0, 60 + n, begins=True) for n in range(4)]

    def fitted(text: str) -> list[tuple[int, int, int]]:
        syllables = [syllable for word in pronounce(text) for syllable in word.syllables]
        return [(each.first, each.after, each.parts) for each in fit(syllables, notes, 0.5)]

    assert fitted("we all sing loud") == [(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1)]
    held = fitted("oh love")
    assert len(held) == 2
    assert (held[0][0], held[-1][1]) == (0, 4)
    assert held[0][1] == held[1][0]
    shared = fitted("everybody is a singer tonight")
    assert {each[0] for each in shared} == {0, 1, 2, 3}
    assert sum(1 / parts for _, _, parts in shared) == pytest.approx(4.0)


@pytest.mark.parametrize("name", ["pop", "jazz waltz"])
def test_a_remix_is_the_same_tune_by_another_band(name: str) -> None:
    audio = remix(name, strength=0.5)
    before, after = sung_tracks(song(name).midi or b""), sung_tracks(audio.midi or b"")
    leads = [[note.pitch for note in tracks.notes["lead"]] for tracks in (before, after)]
    assert leads[0] == leads[1]
    starts = [[note.start for note in tracks.notes["lead"]] for tracks in (before, after)]
    assert starts[0] == pytest.approx(starts[1], abs=0.2)  # another style swings otherwise
    assert [line.text for line in audio.lines] == [line.text for line in song(name).lines]
    assert audio.sections == song(name).sections
    assert (audio.tempo_bpm, audio.key) == (song(name).tempo_bpm, song(name).key)
    assert played(audio) != played(song(name))
    assert audio.loudness_lufs == pytest.approx(-14.0, abs=0.3)


def test_a_strong_remix_keeps_the_words_alone() -> None:
    audio = remix("pop", strength=0.9)
    assert {line.text for line in audio.lines} == {line.text for line in song("pop").lines}
    tracks = [sung_tracks(each.midi or b"").notes["lead"] for each in (song("pop"), audio)]
    assert [note.pitch for note in tracks[0]] != [note.pitch for note in tracks[1]]
    assert audio.duration_s == song("pop").duration_s


def remix(name: str, strength: float) -> Audio:
    asked = {"task": "remix", "genre": "reggae", "mood": "playful", "seed": 9}
    wanted = request(name).model_copy(update=asked | {"change": Change(strength=strength)})
    return SketchComposer().change(wanted, source_of(song(name), request(name)), ignore_progress)


@pytest.mark.parametrize(
    ("task", "lacks", "says"),
    [
        ("resing", {"midi": None}, "it made, or engine 'acestep'"),
        ("resing", {"stems": {}}, "it made, or engine 'acestep'"),
        ("resing", {"midi": b"no midi"}, "it cannot be read"),
        ("remix", {"request": None}, "a recording has none"),
    ],
)
def test_a_recording_has_no_score(task: str, lacks: dict[str, object], says: str) -> None:
    source = replace(source_of(song("pop"), request("pop")), **lacks)  # type: ignore[arg-type]
    asked: MusicRequest = request("pop").model_copy(
        update={"task": task, "lyrics": OTHER, "change": Change()}
    )
    with pytest.raises(InvalidRequest, match=says) as refused:
        SketchComposer().change(asked, source, ignore_progress)
    assert refused.value.field == "source"


def test_an_instrumental_has_no_tune_to_sing() -> None:
    with pytest.raises(InvalidRequest, match="name a song with words"):
        changed("ambient", "resing", OTHER)


def test_a_draft_has_the_notes_and_words_of_the_whole_song() -> None:
    draft = SketchComposer().compose(request("pop").model_copy(update={"first_s": 20.0}), ignore_progress)
    assert draft.duration_s == 20.0
    assert draft.loudness_lufs == pytest.approx(-14.0, abs=0.3)
    ticks = 20.0 * (draft.tempo_bpm or 0.0) / 60.0 * 480
    for singer, notes in tune(draft).items():
        if singer != "drums":
            whole = {note for note in tune(song("pop"))[singer] if note[0] < ticks - 480}
            assert {note for note in notes if note[0] < ticks - 480} == whole
    lines = [line for line in song("pop").lines if line.start_s < 20.0]
    assert [line.text for line in draft.lines] == [line.text for line in lines]
    assert draft.sections[0] == song("pop").sections[0]
