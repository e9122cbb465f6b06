"""What is sung in a song, read from its MIDI file as ``writing`` writes it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import mido

from config.errors import InvalidRequest
from music.sketch.midi.writing import TICKS_PER_BEAT, VOICE_PROGRAM


@dataclass(frozen=True, slots=True)
class TrackNote:
    """A note that is sung; times in beats from the song's beginning."""

    start: float
    duration: float
    pitch: int
    velocity: float


@dataclass(frozen=True)
class SungTracks:
    """The notes of each singer by the name of the track, and the beats at which syllables begin, by line."""

    notes: dict[str, tuple[TrackNote, ...]]
    lines: tuple[tuple[float, ...], ...]


def opened(midi: bytes) -> mido.MidiFile:
    """Raises ``InvalidRequest`` for a file that is damaged, or not ours."""
    try:
        file = mido.MidiFile(file=io.BytesIO(midi), charset="utf-8")
    except (OSError, EOFError, ValueError, IndexError, KeyError) as error:
        raise InvalidRequest(
            "source", "its MIDI file", f"it cannot be read ({error}): make the song anew"
        ) from error
    if file.ticks_per_beat != TICKS_PER_BEAT:
        fix = f"it has {file.ticks_per_beat} ticks to a beat, and is not our own: use a song of the library"
        raise InvalidRequest("source", "its MIDI file", fix)
    return file


def timed(track: mido.MidiTrack) -> Iterator[tuple[int, mido.Message]]:
    """The messages of a track, each with its tick from the song's beginning."""
    now = 0
    for message in track:
        now += message.time
        yield now, message


def sung_tracks(midi: bytes) -> SungTracks:
    """The singers' notes; none in an instrumental. Raises as ``opened`` does."""
    tracks = opened(midi).tracks
    words = [
        (tick, message.text) for track in tracks for tick, message in timed(track) if message.type == "lyrics"
    ]
    lines: list[list[float]] = [[]]
    for tick, text in sorted(words):
        lines[-1].append(tick / TICKS_PER_BEAT)
        if text.endswith("\r"):
            lines.append([])
    return SungTracks(
        {track.name: _notes(track) for track in tracks if _is_vocal(track)},
        tuple(tuple(line) for line in lines if line),
    )


def _is_vocal(track: mido.MidiTrack) -> bool:
    return any(message.type == "program_change" and message.program == VOICE_PROGRAM for message in track)


def _notes(track: mido.MidiTrack) -> tuple[TrackNote, ...]:
    began: dict[int, tuple[int, float]] = {}
    notes = []
    for tick, message in timed(track):
        if message.type == "note_on" and message.velocity:
            began[message.note] = tick, message.velocity / 127.0
        elif message.type in ("note_on", "note_off") and message.note in began:
            start, velocity = began.pop(message.note)
            beats = start / TICKS_PER_BEAT, (tick - start) / TICKS_PER_BEAT
            notes.append(TrackNote(*beats, message.note, velocity))
    return tuple(sorted(notes, key=lambda note: note.start))
