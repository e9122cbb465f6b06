"""The singer. The tests measure pitch, timing, tone and level on the audio."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from config.errors import Cancelled, EngineFailed
from music.sketch.score import SungNote, VocalPart
from music.sketch.voice import Piece, pieces, sing
from music.sketch.voice.layout import lay_out, syllables_of
from music.sketch.voice.phones import CONSONANTS, SECONDS, VOWELS
from music.sketch.voice.phrases import Tone, Words
from music.sketch.voice.takes import MALE_TRACT
from phonetics.syllables import Syllable
from phonetics.words import pronounce
from tests.clock import processor_seconds
from tests.ear.ears import needs_ears
from tests.ear.pitch import Sung as Written
from tests.ear.pitch import cents_off

RATE_HZ = 44_100
LINES = (
    "walking home in the midnight rain",
    "every streetlight knows my name",
    "she said the stars are falling down",
    "and strangers watch the blinding glow",
    "oh keep the fire that you found",
)
RHYTHM = (0.5, 0.5, 1.0, 0.5, 0.5, 1.0, 1.0, 2.0)
Voice = Literal["female", "male"]
Role = Literal["lead", "double", "harmony"]
DIPHTHONGS = ("AW", "AY", "EY", "OW", "OY")
PLAIN = tuple(nucleus for nucleus in VOWELS if nucleus not in (*DIPHTHONGS, "ER"))
RANGES: dict[Voice, tuple[int, int]] = {"female": (57, 72), "male": (45, 69)}
Mono = NDArray[np.float32]


def song(voice: Voice = "female", role: Role = "lead", times: int = 1) -> VocalPart:
    """The lines on a wandering melody over the voice's range, a breath between them."""
    low, high = RANGES[voice]
    rng = np.random.default_rng(7)
    notes: list[SungNote] = []
    beat, pitch = 2.0, (low + high) // 2
    for line, text in enumerate(LINES * times):
        for word, spoken in enumerate(pronounce(text)):
            for syllable in spoken.syllables:
                length = RHYTHM[len(notes) % len(RHYTHM)]
                pitch = int(np.clip(pitch + rng.integers(-5, 6), low, high))
                notes.append(SungNote(beat, length, pitch, 0.8, syllable, line, word))
                beat += length
        beat = np.ceil(beat) + 1.0
    return VocalPart(role, role, voice, tuple(notes))


def alone(*syllables: Syllable, pitch: int = 57, beats: float = 1.0, voice: Voice = "female") -> VocalPart:
    """Each syllable on a note of its own, rests between."""
    notes = [SungNote(1.0 + 2.0 * n, beats, pitch, 0.8, each, 0, n) for n, each in enumerate(syllables)]
    return VocalPart("lead", "lead", voice, tuple(notes))


def vowel(nucleus: str, onset: Sequence[str] = (), coda: Sequence[str] = ()) -> Syllable:
    return Syllable(tuple(onset), nucleus, tuple(coda), 1)


def sung(part: VocalPart, tempo_bpm: float = 60.0, seed: int = 1) -> Mono:
    last = part.notes[-1]
    length = round(((last.start + last.duration) * 60.0 / tempo_bpm + 1.0) * RATE_HZ)
    return tracks([part], tempo_bpm, length, seed)[0]


def tracks(parts: Sequence[VocalPart], tempo_bpm: float, length: int, seed: int = 1) -> list[Mono]:
    """Each part as mono ``(length,)``."""
    made = {id(part): np.zeros(length, np.float32) for part in parts}
    for phrase in sing(parts, tempo_bpm=tempo_bpm, rate_hz=RATE_HZ, seed=seed):
        assert phrase.sound.dtype == np.float32
        for at, gain in phrase.places:
            heard = phrase.sound[max(0, -at) : max(0, length - at)]
            made[id(phrase.part)][max(0, at) : max(0, at) + len(heard)] += np.float32(gain) * heard
    return [made[id(part)] for part in parts]


def span(sound: Mono, start_s: float, end_s: float) -> Mono:
    return sound[round(start_s * RATE_HZ) : round(end_s * RATE_HZ)]


def pitch_hz(sound: Mono, low_hz: float, high_hz: float) -> float:
    """The first peak of the cumulative mean normalised difference (YIN, de Cheveigne and Kawahara, 2002)."""
    x = sound.astype(np.float64)
    longest = int(RATE_HZ / low_hz) + 2
    window = len(x) - longest
    power = np.concatenate([[0.0], np.cumsum(x**2)])
    lags = np.arange(longest)
    cross = np.array([x[:window] @ x[lag : lag + window] for lag in lags])
    difference = power[window] + (power[lags + window] - power[lags]) - 2.0 * cross
    normal = difference[1:] * np.arange(1, longest) / np.maximum(np.cumsum(difference[1:]), 1e-12)
    first = int(RATE_HZ / high_hz)
    at = first + int(np.argmin(normal[first:-1]))
    before, here, after = normal[at - 1 : at + 2]
    return float(RATE_HZ / (at + 1 + 0.5 * (before - after) / (before - 2.0 * here + after)))


def level_db(sound: Mono) -> float:
    return float(10.0 * np.log10(np.mean(sound.astype(np.float64) ** 2) + 1e-12))


def spectrum(sound: Mono) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x = sound.astype(np.float64) * np.hanning(len(sound))
    return np.asarray(np.fft.rfftfreq(len(x), 1.0 / RATE_HZ), np.float64), np.abs(np.fft.rfft(x)) ** 2


def band_db(sound: Mono, low_hz: float, high_hz: float) -> float:
    """How much of the power lies in the band, in dB under all of it."""
    hz, power = spectrum(sound)
    return float(10.0 * np.log10(power[(hz >= low_hz) & (hz < high_hz)].sum() / power.sum() + 1e-12))


@pytest.mark.parametrize("voice", ["female", "male"])
@pytest.mark.parametrize("tempo_bpm", [60.0, 90.0, 120.0, 160.0])
def test_notes_are_in_tune(voice: Voice, tempo_bpm: float) -> None:
    needs_ears()
    part, beat_s = song(voice), 60.0 / tempo_bpm
    notes = [
        Written(note.start * beat_s, (note.start + note.duration) * beat_s, note.pitch) for note in part.notes
    ]
    cents = cents_off(sung(part, tempo_bpm)[np.newaxis], RATE_HZ, notes)
    assert len(cents) > 60
    assert np.mean(np.abs(cents) < 30.0) >= 0.95
    assert abs(np.median(cents)) < 10.0


def test_a_syllable_glides_through_all_its_notes() -> None:
    needs_ears()
    turned = replace(alone(vowel("UW"), pitch=62, beats=3.0).notes[0], steps=((0.5, 65), (1.0, 60)))
    sound = sung(VocalPart("lead", "lead", "female", (turned,)))
    notes = [Written(1.0, 1.45, 62), Written(1.5, 1.95, 65), Written(2.0, 4.0, 60)]
    for note in notes:
        cents = cents_off(sound[np.newaxis], RATE_HZ, [note])
        assert len(cents) > 8
        assert np.mean(np.abs(cents) < 30.0) >= 0.95


@pytest.mark.parametrize("consonant", ["S", "T", "K", "SH", "F", "CH", "P", "HH", "TH"])
@pytest.mark.parametrize("voice", ["female", "male"])
def test_vowels_begin_on_the_note(voice: Voice, consonant: str) -> None:
    """After a voiceless consonant the low harmonics rise: half of their full strength is the onset."""
    part = alone(*(vowel(nucleus, [consonant]) for nucleus in PLAIN), voice=voice)
    low = sosfiltfilt(butter(4, 900.0, fs=RATE_HZ, output="sos"), sung(part))
    window = np.hanning(RATE_HZ // 60)
    strength = np.sqrt(np.convolve(low**2, window / window.sum(), "same"))
    for note in part.notes:
        first = round((note.start - 0.25) * RATE_HZ)
        around = strength[first : round((note.start + 0.35) * RATE_HZ)]
        onset = (first + int(np.argmax(around > 0.5 * np.median(around[-4000:])))) / RATE_HZ
        assert abs(onset - note.start) < 0.05, (note.syllable, onset - note.start)


@pytest.mark.parametrize("tempo_bpm", [80.0, 150.0])
def test_vowels_begin_on_the_note_in_running_song(tempo_bpm: float) -> None:
    part, beat_s = song(), 60.0 / tempo_bpm
    low = sosfiltfilt(butter(4, 900.0, fs=RATE_HZ, output="sos"), sung(part, tempo_bpm))
    window = np.hanning(RATE_HZ // 60)
    strength = np.sqrt(np.convolve(low**2, window / window.sum(), "same"))
    voiceless = ("S", "SH", "F", "T", "K", "P", "CH", "TH", "HH")
    late = []
    for note in part.notes:
        if not note.syllable.onset or note.syllable.onset[-1] not in voiceless:
            continue
        start = note.start * beat_s
        first = round((start - 0.08) * RATE_HZ)
        around = strength[first : round((start + 0.16) * RATE_HZ)]
        bottom = int(np.argmin(around[: len(around) // 2]))
        rise = around[bottom:] > 0.5 * np.max(around[len(around) // 2 :])
        late.append((first + bottom + int(np.argmax(rise))) / RATE_HZ - start)
    assert len(late) >= 6
    assert np.median(np.abs(late)) < 0.02
    assert np.sum(np.abs(late) > 0.04) <= 1


@pytest.mark.parametrize("voice", ["female", "male"])
def test_vowels_and_pitches_are_equally_loud(voice: Voice) -> None:
    low, high = RANGES[voice]
    levels = []
    for pitch in (low, (low + high) // 2, high):
        part = alone(*map(vowel, VOWELS), pitch=pitch, voice=voice)
        sound = sung(part)
        levels += [level_db(span(sound, note.start + 0.2, note.start + 0.7)) for note in part.notes]
    assert max(levels) - min(levels) < 6.0
    assert -24.0 < np.mean(levels) < -16.0


def test_softer_notes_are_softer_and_duller() -> None:
    note = alone(vowel("AA")).notes[0]
    loud, soft = (
        span(sung(VocalPart("lead", "lead", "female", (each,))), 1.2, 1.8)
        for each in (note, SungNote(note.start, note.duration, note.pitch, 0.4, note.syllable, 0, 0))
    )
    assert 3.0 < level_db(loud) - level_db(soft) < 10.0
    assert band_db(loud, 2000.0, 5000.0) > band_db(soft, 2000.0, 5000.0) + 1.0


def test_open_and_close_vowels_differ() -> None:
    ee, ah = (span(sung(alone(vowel(nucleus), pitch=57)), 1.3, 1.7) for nucleus in ("IY", "AA"))
    assert band_db(ah, 700.0, 1600.0) > band_db(ee, 700.0, 1600.0) + 6.0
    assert band_db(ee, 2200.0, 3600.0) > band_db(ah, 2200.0, 3600.0) + 3.0


@pytest.mark.parametrize(("nucleus", "low", "high"), [("AW", 1600.0, 3200.0), ("AY", 700.0, 1600.0)])
def test_diphthongs_are_held_on_their_first_vowel_and_glide_at_the_end(
    nucleus: str, low: float, high: float
) -> None:
    sound = sung(alone(vowel(nucleus), beats=2.0))
    early, middle, late = (band_db(span(sound, at, at + 0.1), low, high) for at in (1.3, 2.4, 2.86))
    assert abs(early - middle) < 3.0
    assert late < middle - 6.0


def test_sibilants_hiss_and_nasals_hum() -> None:
    hiss = span(sung(alone(vowel("AA", ["S"]))), 0.90, 0.97)
    hush = span(sung(alone(vowel("AA", ["SH"]))), 0.90, 0.97)
    hum = span(sung(alone(vowel("AA", ["M"]))), 0.94, 0.985)
    assert band_db(hiss, 4000.0, 16_000.0) > -1.5
    assert band_db(hush, 2000.0, 9000.0) > -1.5
    assert band_db(hum, 0.0, 900.0) > -1.5


@pytest.mark.parametrize("stop", ["P", "T", "K"])
def test_stops_close_before_they_burst(stop: str) -> None:
    sound = sung(
        VocalPart(
            "lead",
            "lead",
            "female",
            (
                SungNote(1.0, 1.0, 57, 0.8, vowel("AA"), 0, 0),
                SungNote(2.0, 1.0, 57, 0.8, vowel("AA", [stop]), 0, 1),
            ),
        )
    )
    steady = level_db(span(sound, 1.3, 1.7))
    steps = [level_db(span(sound, at, at + 0.01)) for at in np.arange(1.88, 2.0, 0.005)]
    closed = int(np.argmin(steps))
    assert steps[closed] < steady - 22.0
    assert max(steps[closed:]) > steady - 22.0


def test_long_notes_have_vibrato_after_a_while_and_short_ones_none() -> None:
    sound = sung(alone(vowel("AA"), pitch=64, beats=2.5))
    score_hz = 440.0 * 2.0 ** ((64 - 69) / 12.0)

    def swing(start: float, end: float) -> float:
        steps = np.arange(start, end, 0.02)
        hz = [pitch_hz(span(sound, at, at + 0.03), score_hz / 1.4, score_hz * 1.4) for at in steps]
        return float(np.ptp(1200.0 * np.log2(np.array(hz))))

    assert swing(1.12, 1.24) < 25.0
    assert 30.0 < swing(2.2, 2.9) < 120.0


def test_sound_is_clean() -> None:
    for voice in RANGES:
        sound = sung(song(voice), 100.0)
        assert sound.dtype == np.float32
        assert np.all(np.isfinite(sound))
        assert np.max(np.abs(sound)) < 0.9
        assert abs(float(np.mean(sound))) < 1e-4
        assert np.all(sound[: RATE_HZ // 4] == 0.0)
        # A click is a jump far over what the sound's own top octave makes.
        assert np.max(np.abs(np.diff(sound))) < 0.55


def test_edges_of_phrases_do_not_click() -> None:
    part = alone(vowel("AA"), vowel("IY"), vowel("OW"))
    sound = sung(part)
    for note in part.notes:
        for edge in (note.start, note.start + note.duration):
            around = span(sound, edge - 0.03, edge + 0.12)
            middle = span(sound, note.start + 0.3, note.start + 0.6)
            assert np.max(np.abs(np.diff(around))) <= 2.0 * np.max(np.abs(np.diff(middle)))
        assert level_db(span(sound, note.start + 1.2, note.start + 1.25)) < -70.0


def test_a_double_is_another_take_of_the_same_notes() -> None:
    lead, double = song(), song(role="double")
    length = round(20.0 * RATE_HZ)

    def takes(seed: int) -> list[Mono]:
        return tracks([lead, double], 120.0, length, seed)

    first, again, other = takes(1), takes(1), takes(2)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[1], other[1])
    likeness = np.corrcoef(first[0], first[1])[0, 1]
    assert abs(likeness) < 0.9
    quiet = [level_db(each) for each in first]
    assert abs(quiet[0] - quiet[1]) < 3.0


@pytest.mark.parametrize("consonant", [each for each in CONSONANTS if each != "NG"])
def test_every_consonant_can_open_and_close_a_syllable(consonant: str) -> None:
    opened, closed = alone(vowel("EH", [consonant])), alone(vowel("EH", (), [consonant]))
    before = span(sung(opened), 1.0 - SECONDS[CONSONANTS[consonant]], 1.0)
    assert level_db(before) > -50.0
    assert not np.array_equal(sung(closed), sung(alone(vowel("EH"))))


@pytest.mark.parametrize("nucleus", ["AY", "EY", "OW", "AW", "OY"])
def test_a_moved_vowel_has_the_tokens_of_one_in_its_place(nucleus: str) -> None:
    """A diphthong has two tokens if it is long: its move must not decide that, for it is encoded once."""
    for milliseconds in range(150, 750, 5):
        tone = Tone(0.0, milliseconds / 1000.0, 1.0, vowel(nucleus, ("L",), ("T",)), ends_word=True)
        syllables = syllables_of(Words((tone,), 0.7, 0.4, breathes=True))
        for tract in (1.0, MALE_TRACT):
            (usual, late, early) = (lay_out(syllables, tract, [move_s]) for move_s in (0.0, 0.04, -0.04))
            assert late.tokens == early.tokens == usual.tokens


def test_what_comes_again_is_sung_once() -> None:
    twice = [
        *song().notes,
        *(replace(note, start=note.start + 64.0, line=note.line + 5) for note in song().notes),
    ]
    parts = [VocalPart("lead", "lead", "female", tuple(twice))]
    phrases = list(sing(parts, tempo_bpm=113.0, rate_hz=RATE_HZ, seed=1))
    assert len(phrases) == len(LINES)
    for phrase in phrases:
        (first, gain), (second, again) = phrase.places
        assert abs(second - first - 64.0 * 60.0 / 113.0 * RATE_HZ) <= 1
        assert gain == again


@pytest.mark.parametrize("voice", ["female", "male"])
def test_several_singers_of_a_part_are_not_one(voice: Voice) -> None:
    """Their pitches beat against each other: the level of a held vowel moves more than that of one singer."""

    def unsteady(unison: int) -> float:
        part = replace(alone(vowel("AA"), pitch=55, beats=3.0, voice=voice), unison=unison)
        sound = sung(part)
        return float(np.std([level_db(span(sound, at, at + 0.05)) for at in np.arange(1.4, 3.6, 0.05)]))

    assert unsteady(3) > 2.0 * unsteady(1)


def test_extreme_pitches_are_sung() -> None:
    for pitch in (12, 24, 96, 120):
        sound = sung(alone(vowel("AA", ["L"], ["D"]), pitch=pitch))
        assert np.all(np.isfinite(sound))
        assert -40.0 < level_db(span(sound, 1.2, 1.8)) < -10.0


def test_a_song_has_the_same_bytes_in_another_process_with_other_threads() -> None:
    code = (
        "import hashlib, os; from tests.music.test_voice import *\n"
        "parts = [song(), song(role='harmony'), replace(song('male'), unison=3)]\n"
        "made = tracks(parts, 110.0, 30 * RATE_HZ)\n"
        "print(hashlib.sha256(b''.join(each.tobytes() for each in made)).hexdigest())"
    )
    found = set()
    for threads in ("1", "2", "4"):
        environment = os.environ | {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads}
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
        )
        found.add(done.stdout)
    assert len(found) == 1


def test_pieces_may_be_sung_at_once() -> None:
    made = pieces([song(), song(role="double")], tempo_bpm=110.0, rate_hz=RATE_HZ, seed=1)

    def bytes_of(piece: Piece) -> list[bytes]:
        return [phrase.sound.tobytes() for phrase in piece.sing()]

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(bytes_of, made)) == [bytes_of(piece) for piece in made]


def test_a_forked_process_has_its_own_network() -> None:
    code = (
        "import os; from tests.music.test_voice import *\n"
        "from music.sketch.voice.network import _loaded; mine = sung(alone(vowel('AA')))\n"
        "assert _loaded; child = os.fork()\n"
        "if not child:\n"
        "    assert not _loaded\n"
        "    os._exit(0 if np.array_equal(sung(alone(vowel('AA'))), mine) else 1)\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "0\n", done.stderr


def test_clusters_and_very_short_notes_are_sung() -> None:
    crowded = vowel("EH", ["S", "T", "R"], ["NG", "K", "TH", "S"])
    notes = tuple(SungNote(1.0 + n * 0.05, 0.05, 60 + n % 3, 0.8, crowded, 0, n) for n in range(20))
    sound = sung(VocalPart("lead", "lead", "female", notes))
    assert np.all(np.isfinite(sound))
    assert level_db(span(sound, 1.0, 2.0)) > -40.0


def test_a_part_may_be_empty_or_run_over_the_end() -> None:
    empty = VocalPart("lead", "lead", "female", ())
    at_once = VocalPart("lead", "lead", "male", (SungNote(0.0, 8.0, 50, 0.8, vowel("AA", ["S"]), 0, 0),))
    late = VocalPart("double", "double", "male", (SungNote(90.0, 1.0, 50, 0.8, vowel("AA"), 0, 0),))
    sounds = tracks([empty, at_once, late], 60.0, RATE_HZ, seed=3)
    assert [each.shape for each in sounds] == [(RATE_HZ,)] * 3
    assert [bool(each.any()) for each in sounds] == [False, True, False]
    assert list(sing([], tempo_bpm=60.0, rate_hz=RATE_HZ, seed=3)) == []


@pytest.mark.parametrize("syllable", [vowel("XX"), vowel("AA", ["QQ"]), vowel("AA", (), ["AH"])])
def test_an_unknown_phone_is_named(syllable: Syllable) -> None:
    with pytest.raises(EngineFailed, match=r"XX|QQ|AH"):
        sung(alone(syllable))


def test_progress_rises_to_one_and_cancelling_passes_through() -> None:
    seen: list[float] = []

    def watch(stage: str, fraction: float) -> None:
        assert stage == "singing"
        seen.append(fraction)

    list(sing([song()], tempo_bpm=120.0, rate_hz=RATE_HZ, seed=1, report=watch))
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) > len(LINES)

    def gone(_stage: str, fraction: float) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        list(sing([song()], tempo_bpm=120.0, rate_hz=RATE_HZ, seed=1, report=gone))


@pytest.mark.alone
def test_a_song_is_sung_in_good_time() -> None:
    """Four parts of a 180 s song may take 4 CPU seconds; this is a quarter of one, at three times that."""
    parts = [song(times=2), song(role="double"), song(role="harmony"), song(role="harmony")]
    singing = partial(sing, parts, tempo_bpm=110.0, rate_hz=RATE_HZ, seed=1)
    assert processor_seconds(lambda: list(singing())) < 3.0
