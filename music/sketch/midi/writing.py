"""A score as a standard MIDI file, format 1: tempo, metre, key, section markers, one track for each part, and
the words of all singers in the first one's track."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import mido

from music.sketch.karaoke import lyric_events
from music.sketch.score import Part, Score, VocalPart
from music.sketch.theory import parse_key

TICKS_PER_BEAT = 480
_DRUM_CHANNEL = 9
VOICE_PROGRAM = 53  # General MIDI "Voice Oohs", from 0

PROGRAMS: dict[str, int] = {
    "bass_finger": 33, "bass_pick": 34, "bass_upright": 32, "bass_synth": 38, "bass_808": 39, "bass_slap": 36,
    "bass_reese": 39, "piano": 0, "electric_piano": 4, "organ": 16, "clavinet": 7, "acoustic_guitar": 25,
    "nylon_guitar": 24, "electric_guitar_clean": 27, "electric_guitar_muted": 28,
    "electric_guitar_distorted": 30, "electric_guitar_lead": 29,
    "strings": 48, "pizzicato": 45, "harp": 46, "choir_pad": 52, "warm_pad": 89, "synth_pad": 88,
    "supersaw": 81,
    "brass_section": 61, "vibraphone": 11, "marimba": 12, "accordion": 21, "synth_lead": 80,
    "synth_pluck": 84,
    "bell": 14, "flute": 73, "saxophone": 65, "trumpet": 56, "violin": 40, "cello": 42, "harmonica": 22,
    "banjo": 105, "mandolin": 25, "music_box": 10, "whistle": 78,
}  # fmt: skip
"""General MIDI programs, from 0."""

_SHARP_KEYS = {
    "C#": "Db", "D#": "Eb", "F#": "Gb", "G#": "Ab", "A#": "Bb", "Cb": "B", "Fb": "E", "E#": "F", "B#": "C",
}  # fmt: skip
_MIDI_MAJORS = frozenset("C G D A E B F# C# F Bb Eb Ab Db Gb Cb".split())
_MIDI_MINORS = frozenset("A E B F# C# G# D# A# D G C F Bb Eb Ab".split())


def midi_bytes(score: Score) -> bytes:
    """The file's bytes; the same score gives the same bytes."""
    instruments = [
        _part_track(part, _channel(n)) for n, part in enumerate(score.parts, start=len(score.vocals))
    ]
    return file_of([_conductor(score), *vocal_tracks(score), *instruments])


def vocal_tracks(score: Score) -> list[mido.MidiTrack]:
    """A track for each singer; the first one has the words of all."""
    return [
        _vocal_track(part, _channel(n), [] if n else lyric_events(score))
        for n, part in enumerate(score.vocals)
    ]


def file_of(tracks: Iterable[mido.MidiTrack]) -> bytes:
    """The bytes of a file of these tracks, with ``TICKS_PER_BEAT``."""
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8", tracks=list(tracks))
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def _channel(n: int) -> int:
    channels = [channel for channel in range(16) if channel != _DRUM_CHANNEL]
    return channels[n % len(channels)]


def _conductor(score: Score) -> mido.MidiTrack:
    over, under = (int(text) for text in score.metre.split("/"))
    events: list[tuple[float, mido.MetaMessage]] = [
        (0.0, mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(score.tempo_bpm))),
        (0.0, mido.MetaMessage("time_signature", numerator=over, denominator=under)),
        (0.0, mido.MetaMessage("key_signature", key=_signature(score.key))),
    ]
    events += [(section.start, mido.MetaMessage("marker", text=section.kind)) for section in score.sections]
    return _track("Songwright", events)


def _signature(name: str) -> str:
    """The key signature in MIDI's spelling. A mode is written as major or minor, by its third."""
    key = parse_key(name)
    tonic = name.split()[0]
    allowed = _MIDI_MINORS if key.is_minor else _MIDI_MAJORS
    if tonic not in allowed:
        flats = {flat: sharp for sharp, flat in _SHARP_KEYS.items()}
        tonic = _SHARP_KEYS.get(tonic) or flats.get(tonic) or "C"
    return tonic + ("m" if key.is_minor else "")


def _part_track(part: Part, channel: int) -> mido.MidiTrack:
    drums = part.stem == "drums"
    channel = _DRUM_CHANNEL if drums else channel
    events: list[tuple[float, mido.Message]] = []
    if not drums:
        events.append(
            (0.0, mido.Message("program_change", program=PROGRAMS[part.instrument], channel=channel))
        )
    for note in part.notes:
        events += _note(note.start, note.duration, note.pitch, note.velocity, channel)
    return _track(part.name, events)


def _vocal_track(part: VocalPart, channel: int, words: list[tuple[float, str]]) -> mido.MidiTrack:
    events: list[tuple[float, mido.Message]] = [
        (0.0, mido.Message("program_change", program=VOICE_PROGRAM, channel=channel))
    ]
    events += [(beat, mido.MetaMessage("lyrics", text=text)) for beat, text in words]
    for note in part.notes:
        starts = [after for after, _ in note.pitches]
        for (after, pitch), until in zip(note.pitches, [*starts[1:], note.duration], strict=True):
            events += _note(note.start + after, until - after, pitch, note.velocity, channel)
    return _track(part.name, events)


def _note(
    start: float, duration: float, pitch: int, velocity: float, channel: int
) -> list[tuple[float, mido.Message]]:
    loud = max(1, min(127, round(velocity * 127)))
    return [
        (start, mido.Message("note_on", note=pitch, velocity=loud, channel=channel)),
        (start + duration, mido.Message("note_off", note=pitch, velocity=0, channel=channel)),
    ]


def _track(name: str, events: Sequence[tuple[float, mido.Message]]) -> mido.MidiTrack:
    """A track from ``(beat, message)`` events."""
    return track_of(name, [(round(beat * TICKS_PER_BEAT), message) for beat, message in events])


def track_of(name: str, events: Sequence[tuple[int, mido.Message]]) -> mido.MidiTrack:
    """A track from ``(tick, message)`` events. At the same tick, notes end before others begin."""
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    timed = sorted(
        ((tick, message.type != "note_off", n, message) for n, (tick, message) in enumerate(events)),
        key=lambda event: event[:3],
    )
    now = 0
    for tick, _, _, message in timed:
        track.append(message.copy(time=tick - now))
        now = tick
    track.append(mido.MetaMessage("end_of_track"))
    return track
