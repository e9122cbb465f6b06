"""The MIDI file read back by mido says what the score says."""

from __future__ import annotations

import io
import itertools

import mido
import pytest

from lyrics.contract import GENRES
from music.sketch.karaoke import pieces
from music.sketch.midi.writing import PROGRAMS, TICKS_PER_BEAT, midi_bytes
from music.sketch.score import Part, Score, SungNote, VocalPart
from music.sketch.theory import MODES, parse_key
from music.sketch.timing import timed_lines
from tests.music.songbook import score_of, tune


def read(score: Score) -> mido.MidiFile:
    return mido.MidiFile(file=io.BytesIO(midi_bytes(score)), charset="utf-8")


def ticks(track: mido.MidiTrack, kind: str) -> list[tuple[int, mido.Message]]:
    now, found = 0, []
    for message in track:
        now += message.time
        if message.type == kind:
            found.append((now, message))
    return found


@pytest.mark.parametrize("metre", ["4/4", "3/4", "7/8", "12/8"])
@pytest.mark.parametrize("key", ["A minor", "Db major", "G# major", "F# dorian", "Eb minor"])
def test_tempo_metre_key_and_sections_are_written(metre: str, key: str) -> None:
    score = score_of(metre=metre, key=key, duration_s=60.0)
    file = read(score)
    assert file.type == 1
    first = {message.type: message for message in file.tracks[0]}
    assert mido.tempo2bpm(first["set_tempo"].tempo) == pytest.approx(score.tempo_bpm, rel=1e-4)
    signature = first["time_signature"]
    assert f"{signature.numerator}/{signature.denominator}" == metre
    assert first["key_signature"].key
    markers = [(at, message.text) for at, message in ticks(file.tracks[0], "marker")]
    assert markers == [(round(s.start * TICKS_PER_BEAT), s.kind) for s in score.sections]


@pytest.mark.parametrize("genre", ["pop", "jazz", "metal", "classical"])
def test_every_note_comes_back(genre: str) -> None:
    score = score_of(genre=genre, duration_s=95.5)
    file = read(score)
    parts: tuple[VocalPart | Part, ...] = (*score.vocals, *score.parts)
    assert [track.name for track in file.tracks[1:]] == [part.name for part in parts]
    for track, part in zip(file.tracks[1:], parts, strict=True):
        on = [(at, message.note) for at, message in ticks(track, "note_on")]
        assert on == sorted(on, key=lambda event: event[0])
        written = [
            (note.start + after, pitch)
            for note in part.notes
            for after, pitch in (note.pitches if isinstance(note, SungNote) else ((0.0, note.pitch),))
        ]
        assert sorted(on) == sorted((round(beat * TICKS_PER_BEAT), pitch) for beat, pitch in written)
        assert len(ticks(track, "note_off")) == len(on)


def test_drums_are_on_channel_ten_and_nothing_else_is() -> None:
    score = score_of(genre="pop")
    tracks = read(score).tracks[1 + len(score.vocals) :]
    for track, part in zip(tracks, score.parts, strict=True):
        channels = {message.channel for _, message in ticks(track, "note_on")}
        assert (channels == {9}) == (part.stem == "drums")


def test_instruments_have_their_general_midi_programs() -> None:
    score = score_of(genre="jazz")
    tracks = read(score).tracks[1 + len(score.vocals) :]
    for track, part in zip(tracks, score.parts, strict=True):
        if part.stem != "drums":
            assert ticks(track, "program_change")[0][1].program == PROGRAMS[part.instrument]


def test_lyric_events_spell_the_words_under_their_notes() -> None:
    score = score_of(duration_s=180.0)
    track = read(score).tracks[1]
    events = ticks(track, "lyrics")
    assert [at for at, _ in events] == [round(note.start * TICKS_PER_BEAT) for note in tune(score)]
    # A hyphen joins a word's syllables, a space ends it.
    assert "".join(message.text for _, message in events).replace("-", "").split() == [
        word.replace("-", "") for line in score.lines for word in line.words
    ]


def test_a_score_has_one_spelling_in_bytes() -> None:
    assert midi_bytes(score_of()) == midi_bytes(score_of())


@pytest.mark.parametrize("mode", list(MODES))
def test_every_key_has_a_signature_of_its_own_tonic_in_every_genre(mode: str) -> None:
    # Each of 21 spellings, with the genres in turn.
    tonics = [letter + sign for letter in "CDEFGAB" for sign in ("", "#", "b")]
    for tonic, genre in zip(itertools.cycle(tonics), GENRES, strict=False):
        key = parse_key(f"{tonic} {mode}")
        file = read(score_of(genre=genre, key=key.name, duration_s=5.0))
        (written,) = [message.key for message in file.tracks[0] if message.type == "key_signature"]
        assert parse_key(written).tonic == key.tonic
        assert parse_key(written).is_minor == key.is_minor


@pytest.mark.parametrize("genre", GENRES)
def test_every_genre_has_a_program_for_each_instrument_of_its_band(genre: str) -> None:
    score = score_of(genre=genre, duration_s=30.0)
    assert len(read(score).tracks) == 1 + len(score.vocals) + len(score.parts)


def sung_words(file: mido.MidiFile) -> list[str]:
    """The words of the whole file, as a karaoke player joins them."""
    return "".join(
        message.text for message in mido.merge_tracks(file.tracks) if message.type == "lyrics"
    ).split()


WORDS = """[verse]
Hello, beautiful -♪ world (ooh, la la)
愛してる naïve Привет "Don't", said 77
(Hey hey hey)
♪ oh-oh-oh... ♪ yes ♪

[chorus]
Sing (sing!) along tonight
"""


@pytest.mark.parametrize("voice", ["female", "male", "duet", "choir"])
def test_the_pieces_of_words_join_to_the_words_of_the_lrc_in_order(voice: str) -> None:
    score = score_of(lyrics=WORDS, voice=voice, duration_s=60.0)
    wanted = [word.text for line in timed_lines(score) for word in line.words]
    assert wanted[: len(WORDS.split()) - 2] == [w for w in WORDS.split() if w not in ("[verse]", "[chorus]")]
    file = read(score)
    assert sung_words(file) == wanted
    # Each word begins in the piece at its first note, and each line ends in a carriage return.
    words = [track for track in file.tracks if ticks(track, "lyrics")]
    assert words == [file.tracks[1]]
    events = ticks(words[0], "lyrics")
    text = "".join(message.text for _, message in events)
    assert [line.split() for line in text.split("\r")[:-1]] == [list(line.words) for line in score.lines]
    starts = {round(n.start * TICKS_PER_BEAT) for notes in score.notes_of_words().values() for n in notes}
    assert {at for at, _ in events} == starts
    assert len(events) == sum(len(notes) for notes in score.notes_of_words().values())


@pytest.mark.parametrize(
    ("word", "count", "cut"),
    [
        ("Morning", 2, "Mor-ning"),
        ("Hello,", 2, "Hel-lo,"),
        ("window", 2, "win-dow"),
        ("mother", 2, "mo-ther"),
        ("beautiful", 3, "beau-ti-ful"),
        ("naïve", 2, "naï-ve"),
        ("愛してる", 4, "愛-し-て-る"),
        ("n\u0301o\u0301", 2, "n\u0301-o\u0301"),
        ("strength", 1, "strength"),
        ("77", 4, "7--7-"),
    ],
)
def test_a_word_is_cut_between_its_syllables(word: str, count: int, cut: str) -> None:
    assert "-".join(pieces(word, count)) == cut
