from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import threading
import time

import mido
import numpy as np
import pytest

from config.engine import ignore_progress
from config.errors import Cancelled
from music.contract import COMPOSERS, Audio, MusicRequest
from music.sketch.engine import SketchComposer

LYRICS = """[verse]
Morning paints the quiet street
Window glass and gentle heat

[chorus]
Hold the light and let it grow
Somewhere better we will go
"""
REQUEST = MusicRequest(
    prompt="pop",
    lyrics=LYRICS,
    title="Hold the light",
    duration_s=20.0,
    seed=7,
    tempo_bpm=120.0,
    key="A minor",
)


def digest(audio: Audio) -> str:
    made = hashlib.sha256(audio.samples.tobytes())
    for name, stem in audio.stems.items():
        made.update(name.encode() + stem.tobytes())
    made.update(audio.midi or b"")
    return made.hexdigest()


@pytest.fixture(scope="module")
def song() -> tuple[Audio, list[tuple[str, float]]]:
    seen: list[tuple[str, float]] = []
    return SketchComposer().compose(REQUEST, lambda stage, fraction: seen.append((stage, fraction))), seen


def test_the_registry_knows_it() -> None:
    assert COMPOSERS.load("sketch").info.name == "sketch"


def test_it_is_imported_without_what_takes_half_a_second() -> None:
    """scipy.signal alone takes as long as all else of a command's start."""
    code = "import sys, music.sketch.engine; print('scipy.signal' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert answer.strip() == "False"


def test_a_song_is_as_long_as_asked_to_the_sample(song: tuple[Audio, list[tuple[str, float]]]) -> None:
    audio, _ = song
    assert audio.samples.shape == (2, 20 * 44_100)
    assert audio.samples.dtype == np.float32
    assert audio.loudness_lufs == pytest.approx(-14.0, abs=0.2)


def test_the_stems_are_those_that_sound_and_add_up(song: tuple[Audio, list[tuple[str, float]]]) -> None:
    audio, _ = song
    assert {"vocals", "drums", "bass"} <= set(audio.stems)
    assert all(stem.any() for stem in audio.stems.values())
    total = np.sum([stem.astype(float) for stem in audio.stems.values()], axis=0)
    assert np.max(np.abs(total - audio.samples)) < 1.0 / 32768.0


def test_words_sections_and_midi_come_with_it(song: tuple[Audio, list[tuple[str, float]]]) -> None:
    audio, _ = song
    sung = [line.text for line in audio.lines]
    assert all(line in sung for line in LYRICS.splitlines() if line and not line.startswith("["))
    assert {"verse", "chorus"} <= {span.kind for span in audio.sections}
    assert audio.sections[-1].end_s <= 20.0 + 1e-6
    assert mido.MidiFile(file=io.BytesIO(audio.midi or b"")).type == 1


def test_progress_rises_through_the_stages_to_one(song: tuple[Audio, list[tuple[str, float]]]) -> None:
    _, seen = song
    fractions = [fraction for _, fraction in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] == 0.0
    assert fractions[-1] == 1.0
    stages = list(dict.fromkeys(stage for stage, _ in seen))
    assert stages == ["writing", "singing", "mixing", "mastering"]


def test_the_same_request_gives_the_same_bytes_in_another_process(
    song: tuple[Audio, list[tuple[str, float]]],
) -> None:
    script = (
        "from tests.music.test_engine import REQUEST, digest\n"
        "from music.sketch.engine import SketchComposer\n"
        "print(digest(SketchComposer().compose(REQUEST, lambda *_: None)))"
    )
    other = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert other.stdout.strip() == digest(song[0])


@pytest.mark.parametrize("stage", ["writing", "singing", "mixing", "mastering"])
def test_a_caller_who_leaves_stops_the_work_at_once(stage: str) -> None:
    left_at = 0.0

    def leave(now: str, _fraction: float) -> None:
        nonlocal left_at
        if now == stage:
            left_at = time.monotonic()
            raise Cancelled

    threads = threading.active_count()
    with pytest.raises(Cancelled):
        SketchComposer().compose(REQUEST, leave)
    assert time.monotonic() - left_at < 1.0
    assert threading.active_count() <= threads  # others may have ended meanwhile


def test_the_shortest_song_is_whole_too() -> None:
    audio = SketchComposer().compose(
        MusicRequest(prompt="folk", genre="folk", duration_s=5.0, seed=1, voice="none"), lambda *_: None
    )
    assert audio.samples.shape == (2, 5 * 44_100)
    assert audio.loudness_lufs == pytest.approx(-14.0, abs=0.5)
    assert np.max(np.abs(audio.samples[:, -1])) <= 1 / 32768
    assert "vocals" not in audio.stems


def test_what_is_shorter_than_it_makes_is_the_beginning_of_that_faded_out() -> None:
    whole = SketchComposer().compose(REQUEST.model_copy(update={"duration_s": 5.0}), ignore_progress)
    cut = SketchComposer().compose(REQUEST.model_copy(update={"duration_s": 1.25}), ignore_progress)
    assert cut.samples.shape == (2, round(1.25 * 44_100))
    kept = round(1.2 * 44_100)
    assert np.array_equal(cut.samples[:, :kept], whole.samples[:, :kept])
    assert not cut.samples[:, -1].any()
    total = np.sum([stem.astype(float) for stem in cut.stems.values()], axis=0)
    assert np.max(np.abs(total - cut.samples)) < 1.0 / 32768.0
    assert cut.sections[-1].end_s == 1.25
    assert all(line.end_s <= 1.25 for line in cut.lines)
    assert (cut.midi, cut.loudness_lufs, cut.tempo_bpm) == (None, None, whole.tempo_bpm)
    assert "the beginning of that" in cut.warnings[-1]
