"""MIDI files of songs that are changed: other bars in place of some, other voices in place of those that were
there."""

from __future__ import annotations

from collections.abc import Sequence

import mido

from music.sketch.midi.reading import opened, timed
from music.sketch.midi.writing import TICKS_PER_BEAT, VOICE_PROGRAM, file_of, track_of

_EARLY = TICKS_PER_BEAT // 8
"""What begins so little before a bar is an early first note of that bar."""
_Events = list[tuple[int, mido.Message]]


def with_bars(midi: bytes, new: bytes, *, at: float, beats: float, new_at: float, closes: bool) -> bytes:
    """The file with ``beats`` of ``new``, from its beat ``new_at`` on, in place of those from the beat ``at``
    on. Without ``closes`` nothing follows them, and all of ``new`` is taken."""
    start, end = _tick(at), _tick(at + beats)
    later = start - _tick(new_at)
    last = _tick(new_at + beats) if closes else None
    old_tracks = {track.name: track for track in opened(midi).tracks}
    new_tracks = {track.name: track for track in opened(new).tracks}
    made = []
    for name in old_tracks | new_tracks:
        events: _Events = []
        if name in old_tracks:
            events += _notes_in(old_tracks[name], None, start)
            events += _notes_in(old_tracks[name], end, None) if closes else []
        if name in new_tracks:
            part = _notes_in(new_tracks[name], _tick(new_at), last)
            events += [(tick + later, message) for tick, message in part]
        setup = _setup(old_tracks.get(name) or new_tracks[name])
        made.append(track_of(name, [*setup, *((max(tick, 0), message) for tick, message in events)]))
    return file_of(made)


def moved(midi: bytes, beats: float) -> bytes:
    """The file so many beats later."""
    made = []
    for track in opened(midi).tracks:
        events = [(tick + _tick(beats), message) for tick, message in _notes_in(track, None, None)]
        made.append(track_of(track.name, [*_setup(track), *events]))
    return file_of(made)


def with_voices(midi: bytes, voices: Sequence[mido.MidiTrack]) -> bytes:
    """The file with these vocal tracks in place of its own."""
    conductor, *tracks = opened(midi).tracks
    played = [track for track in tracks if not any(_is_voice(message) for message in track)]
    return file_of([conductor, *voices, *played])


def _is_voice(message: mido.Message) -> bool:
    return bool(message.type == "program_change" and message.program == VOICE_PROGRAM)


def _tick(beat: float) -> int:
    return round(beat * TICKS_PER_BEAT)


def _setup(track: mido.MidiTrack) -> _Events:
    """Tempo, metre, key and instrument: what stands at the beginning."""
    kinds = ("set_tempo", "time_signature", "key_signature", "program_change")
    return [(0, message) for message in track if message.type in kinds]


def _notes_in(track: mido.MidiTrack, first: int | None, after: int | None) -> _Events:
    """Notes, words and markers that begin in the span, in ticks; notes end where it ends."""
    low = -1 if first is None else first - _EARLY
    high = None if after is None else after - _EARLY
    found: _Events = []
    sounding: dict[int, int] = {}
    for tick, message in timed(track):
        inside = tick >= low and (high is None or tick < high)
        if message.type in ("lyrics", "marker"):
            if inside:
                found.append((tick, message))
        elif message.type == "note_on" and message.velocity:
            if inside:
                found.append((tick, message))
                sounding[message.note] = tick
        elif message.type in ("note_on", "note_off") and sounding.pop(message.note, None) is not None:
            found.append((tick if after is None else min(tick, after), message))
    return found if after is None else _with_last_line_ended(found)


def _with_last_line_ended(events: _Events) -> _Events:
    """A line that is cut ends where it is cut: what follows is another one."""
    words = [n for n, (_, message) in enumerate(events) if message.type == "lyrics"]
    if words:
        tick, message = events[words[-1]]
        events[words[-1]] = tick, message.copy(text=message.text.rstrip() + "\r")
    return events
