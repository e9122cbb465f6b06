"""A song composed aloud: its beginning comes first, and what is heard after it is the song."""

from __future__ import annotations

import io
import time
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from config.engine import EngineInfo, Report, ignore_progress
from config.errors import Cancelled
from music.contract import Audio, Beginning, EarlyComposer, MusicRequest, Samples
from music.encode import quantise
from music.hearing.aloud import CROSSFADE_S, RETURN_S, compose_aloud
from music.hearing.pieces import Piece, wav_head
from music.sketch.engine import SketchComposer

RATE_HZ = 8000
REQUEST = MusicRequest(prompt="hum", duration_s=20.0, seed=1)
LYRICS = "[verse]\nThe lantern turns above the bay\nAnd every boat comes home today\n" * 2


def tone(seconds: float, amplitude: float = 0.3) -> Samples:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = amplitude * np.sin(2 * np.pi * 220.0 * time_s)
    return np.stack([wave, -wave]).astype(np.float32)


class Plain:
    """A composer of the two arguments that the contract always had."""

    info = EngineInfo(name="plain", version="1", licence="MIT")

    def compose(self, request: MusicRequest, report: Report) -> Audio:
        report("humming", 1.0)
        return Audio(tone(request.duration_s), RATE_HZ)


class Early(Plain):
    def __init__(self, amplitude: float = 0.3, seconds: float = 5.0, rate_hz: int = RATE_HZ) -> None:
        self.begun: Beginning | None = Beginning(tone(seconds, amplitude), rate_hz)

    def begin(self, request: MusicRequest, report: Report) -> Beginning | None:
        report("beginning", 0.7)
        return self.begun


def heard(pieces: list[Piece]) -> Samples:
    """What a listener hears, as a player reads it: the head, and the pieces in their order."""
    at = 0
    for piece in pieces:
        assert piece.start == at, "a gap, or a piece that was heard before"
        at += len(piece.pcm)
    data = wav_head(pieces[0]) + b"".join(piece.pcm for piece in pieces)
    samples, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32", always_2d=True)
    assert rate_hz == pieces[0].rate_hz
    return np.ascontiguousarray(samples.T)


def aloud(composer: Plain | Early, request: MusicRequest = REQUEST) -> tuple[Audio, list[Piece]]:
    pieces: list[Piece] = []
    return compose_aloud(composer, request, ignore_progress, pieces.append), pieces


def steepest(samples: Samples) -> float:
    return float(np.max(np.abs(np.diff(samples, axis=1))))


def test_what_is_heard_is_the_beginning_and_then_the_song_without_a_jump_or_a_gap() -> None:
    composer = Early(amplitude=0.42)  # 3 dB louder than it will be
    audio, pieces = aloud(composer)
    assert composer.begun
    sound, join = heard(pieces), composer.begun.samples.shape[1] - round(CROSSFADE_S * RATE_HZ)
    assert sound.shape == audio.samples.shape
    assert np.array_equal(quantise(sound[:, :join]), quantise(composer.begun.samples[:, :join]))
    back = join + round(RETURN_S * RATE_HZ)
    assert np.array_equal(quantise(sound[:, back:]), quantise(audio.samples[:, back:]))
    # A sine is nowhere steeper than its amplitude allows: a jump at the join would be.
    assert steepest(sound) < 1.02 * steepest(composer.begun.samples)
    level = [float(np.abs(sound[0, at : at + RATE_HZ]).max()) for at in range(join, back, RATE_HZ)]
    assert level[0] == pytest.approx(0.42, rel=0.03)
    assert level == sorted(level, reverse=True)
    assert level[-1] == pytest.approx(0.3, rel=0.1)


def test_the_level_is_not_matched_by_more_than_the_song_has_room_for() -> None:
    class Louder(Early):
        def compose(self, request: MusicRequest, report: Report) -> Audio:
            song = tone(request.duration_s, 0.3)
            song[:, round(6.0 * RATE_HZ) :] *= np.float32(3.1)
            return Audio(song, RATE_HZ)

    composer = Louder(amplitude=0.55)
    assert composer.begun
    sound = heard(aloud(composer)[1])
    assert 0.9 < float(np.abs(sound).max()) < 0.9999


def test_a_beginning_in_silence_matches_nothing() -> None:
    audio, pieces = aloud(Early(amplitude=0.0))
    late = round(6.0 * RATE_HZ)
    assert np.array_equal(quantise(heard(pieces)[:, late:]), quantise(audio.samples[:, late:]))


def test_a_composer_that_does_not_begin_early_is_heard_when_it_is_done() -> None:
    early = Early()
    early.begun = None
    for composer in (Plain(), early):
        audio, pieces = aloud(composer)
        assert np.array_equal(quantise(heard(pieces)), quantise(audio.samples))
    assert not isinstance(Plain(), EarlyComposer)


def test_a_long_song_comes_in_pieces_of_a_megabyte() -> None:
    _, pieces = aloud(Early(), replace_duration(300.0))
    assert max(len(piece.pcm) for piece in pieces) <= 1 << 20
    assert heard(pieces).shape[1] == 300 * RATE_HZ


def replace_duration(seconds: float) -> MusicRequest:
    return REQUEST.model_copy(update={"duration_s": seconds})


@pytest.mark.parametrize("wrong", ["rate", "length"])
def test_a_song_that_is_not_the_one_that_began_is_refused(wrong: str) -> None:
    composer = Early(rate_hz=16_000) if wrong == "rate" else Early()
    if wrong == "length":
        song = Audio(tone(19.0), RATE_HZ)
        composer.compose = lambda _request, _report: song  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="the beginning is not that of the song"):
        aloud(composer)


def test_the_beginning_reports_no_progress_and_can_be_cancelled() -> None:
    told: list[float] = []
    compose_aloud(Early(), REQUEST, lambda _stage, fraction: told.append(fraction), lambda _piece: None)
    assert told == sorted(told), "progress never falls"

    def gone(_stage: str, _fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        compose_aloud(Early(), REQUEST, gone, lambda _piece: None)


@pytest.fixture(scope="module")
def sung() -> tuple[Audio, Beginning, MusicRequest, float, float]:
    """A song of the embedded composer, its beginning, and the processor time that each took."""
    request = MusicRequest(
        prompt="folk", lyrics=LYRICS, duration_s=40.0, seed=5, genre="folk", tempo_bpm=100.0
    )
    composer = SketchComposer()
    composer.begin(replace_seed(request, 6), ignore_progress)  # what is loaded once
    began_s = time.process_time()
    begun = composer.begin(request, ignore_progress)
    middle_s = time.process_time()
    audio = composer.compose(request, ignore_progress)
    assert begun
    return audio, begun, request, middle_s - began_s, time.process_time() - middle_s


def replace_seed(request: MusicRequest, seed: int) -> MusicRequest:
    return request.model_copy(update={"seed": seed})


def test_the_embedded_beginning_is_that_of_the_song_and_at_its_level(
    sung: tuple[Audio, Beginning, MusicRequest, float, float],
) -> None:
    audio, begun, _, _, _ = sung
    length = begun.samples.shape[1]
    assert 10.0 <= length / begun.rate_hz <= 15.0
    assert float(np.abs(begun.samples).max()) <= 1.0
    for start in range(0, length - 88_200, 88_200):
        mine, theirs = (each[:, start : start + 88_200] for each in (begun.samples, audio.samples))
        assert np.corrcoef(mine.ravel(), theirs.ravel())[0, 1] > 0.6
        difference_db = 10.0 * np.log10(np.mean(np.square(mine)) / np.mean(np.square(theirs)))
        assert abs(difference_db) < 3.0


def test_the_embedded_beginning_changes_nothing_of_the_song(
    sung: tuple[Audio, Beginning, MusicRequest, float, float],
) -> None:
    audio, _, request, _, _ = sung
    alone = SketchComposer().compose(request, ignore_progress)
    assert np.array_equal(alone.samples, audio.samples)
    assert all(np.array_equal(alone.stems[name], stem) for name, stem in audio.stems.items())
    assert replace(alone, samples=audio.samples, stems=audio.stems) == audio


def test_the_embedded_beginning_is_a_small_part_of_the_work(
    sung: tuple[Audio, Beginning, MusicRequest, float, float],
) -> None:
    *_, beginning_s, song_s = sung
    assert beginning_s < 0.6 * song_s, (beginning_s, song_s)  # 12 of 40 seconds, and the same again for rooms


def test_a_short_song_of_the_embedded_composer_does_not_begin_early() -> None:
    assert isinstance(SketchComposer(), EarlyComposer)
    assert SketchComposer.info.begins_early
    request = REQUEST.model_copy(update={"duration_s": 19.9})
    assert SketchComposer().begin(request, ignore_progress) is None


@pytest.mark.parametrize(("duration_s", "least_s"), [(180.0, 10.0), (600.0, 30.0)])
def test_a_longer_song_has_a_longer_beginning(duration_s: float, least_s: float) -> None:
    request = MusicRequest(prompt="ambient", duration_s=duration_s, seed=5, genre="ambient", voice="none")
    begun = SketchComposer().begin(request, ignore_progress)
    assert begun
    assert least_s <= begun.samples.shape[1] / begun.rate_hz <= 1.25 * max(12.0, duration_s / 15.0) + 1.0
