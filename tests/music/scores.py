"""A small song written by hand, for tests of what plays, mixes and masters."""

from __future__ import annotations

from music.sketch.score import Note, Part, Score, Section

CHORDS = ((57, 60, 64), (53, 57, 60), (48, 52, 55), (55, 59, 62))


def small_score(duration_s: float = 16.0, tempo_bpm: float = 120.0, genre: str = "pop") -> Score:
    """A verse and a chorus, each half as long as the song, for a band of five; the last bar rings."""
    bars = int(duration_s * tempo_bpm / 60.0 // 4)
    half = bars // 2
    drums, bass, piano, guitar, lead = [], [], [], [], []
    for bar in range(bars - 1):
        beat, loud = 4.0 * bar, bar >= half
        chord = CHORDS[bar % len(CHORDS)]
        drums += [Note(beat + q, 0.25, 36, 0.9) for q in (0.0, 2.0)]
        drums += [Note(beat + q, 0.25, 38, 0.85) for q in (1.0, 3.0)]
        drums += [Note(beat + q / 2, 0.25, 42, 0.6) for q in range(8)]
        bass += [
            Note(beat + q, 0.9, chord[0] - 24 if chord[0] > 54 else chord[0] - 12, 0.8) for q in range(4)
        ]
        piano += [Note(beat + q, 1.9, pitch, 0.7) for q in (0.0, 2.0) for pitch in chord]
        if loud:
            guitar += [Note(beat, 3.9, pitch, 0.7) for pitch in chord]
            lead += [Note(beat + q, 0.9, chord[q % 3] + 12, 0.75) for q in range(4)]
    end = 4.0 * (bars - 1)
    piano += [Note(end, 3.0, pitch, 0.7) for pitch in CHORDS[0]]
    parts = (
        Part("drums", "kit_acoustic", "drums", _sorted(drums), reverb=0.15),
        Part("bass", "bass_finger", "bass", _sorted(bass), reverb=0.0),
        Part("piano", "piano", "harmony", _sorted(piano), pan=-0.3),
        Part("strings", "strings", "harmony", _sorted(guitar), pan=0.3, gain_db=-2.0),
        Part("lead", "synth_lead", "melody", _sorted(lead)),
    )
    sections = (
        Section("verse", 0.0, 4.0 * half, 0.5),
        Section("chorus", 4.0 * half, 4.0 * (bars - half), 1.0),
    )
    return Score(genre, tempo_bpm, "A minor", "4/4", duration_s, end, sections, parts)


def _sorted(notes: list[Note]) -> tuple[Note, ...]:
    return tuple(sorted(notes, key=lambda note: (note.start, note.pitch)))
