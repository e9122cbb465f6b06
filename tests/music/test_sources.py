"""What is kept of a recording: every kind that people have, and what they send besides."""

from __future__ import annotations

import io
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress

import numpy as np
import pytest
import soundfile
from PIL import Image
from scipy.signal import resample_poly

from config.errors import InvalidRequest, UnsupportedFormat
from music.sources.kept import LONGEST_S, Recording, kept_recording
from music.sources.resampling import resampled
from tests.music.recordings import file_of, m4a, silent_hours, tone, with_data_of, with_format


def sound_of(recording: Recording) -> np.ndarray:
    samples, rate_hz = soundfile.read(io.BytesIO(recording.flac), always_2d=True)
    info = soundfile.info(io.BytesIO(recording.flac))
    assert (info.format, info.subtype, info.channels) == ("FLAC", "PCM_16", 2)
    assert (rate_hz, len(samples)) == (recording.rate_hz, round(recording.duration_s * rate_hz))
    return samples


def level_at(samples: np.ndarray, rate_hz: int, hz: float) -> float:
    """The amplitude of a tone in the middle second."""
    middle = samples[len(samples) // 2 - rate_hz // 2 :][:rate_hz]
    turns = np.exp(-2j * np.pi * hz * np.arange(len(middle)) / rate_hz)
    return float(2 * np.abs(np.mean(middle * turns)))


KINDS: dict[str, tuple[Callable[[], bytes], str]] = {
    "WAV": (lambda: file_of(tone()), "WAV"),
    "WAV, 8 bits": (lambda: file_of(tone(), subtype="PCM_U8"), "WAV"),
    "WAV, 24 bits": (lambda: file_of(tone(), subtype="PCM_24"), "WAV"),
    "WAV, floats": (lambda: file_of(tone(), subtype="FLOAT"), "WAV"),
    "WAV, doubles": (lambda: file_of(tone(), subtype="DOUBLE"), "WAV"),
    "WAV, u-law": (lambda: file_of(tone(), subtype="ULAW"), "WAV"),
    "WAV, ADPCM": (lambda: file_of(tone(), subtype="IMA_ADPCM"), "WAV"),
    "WAV, extensible": (lambda: file_of(tone(), format_="WAVEX", subtype="PCM_24"), "WAV"),
    "RF64": (lambda: file_of(tone(), format_="RF64"), "WAV"),
    "FLAC": (lambda: file_of(tone(), format_="FLAC"), "FLAC"),
    "FLAC, 24 bits": (lambda: file_of(tone(), format_="FLAC", subtype="PCM_24"), "FLAC"),
    "MP3": (lambda: file_of(tone(), format_="MP3"), "MP3"),
    "MP3 with a tag": (lambda: b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + file_of(tone(), format_="MP3"), "MP3"),
    "Vorbis": (lambda: file_of(tone(), format_="OGG", subtype="VORBIS"), "Ogg"),
    "Opus": (lambda: file_of(tone(rate_hz=48_000), 48_000, "OGG", "OPUS"), "Ogg"),
    "M4A": (lambda: m4a(tone()), "M4A"),
    "M4A, lossless": (lambda: m4a(tone(), codec="alac"), "M4A"),
    "M4A in fragments": (lambda: m4a(tone(), movflags="frag_keyframe+empty_moov"), "M4A"),
}
EXACT = ("WAV", "WAV, extensible", "RF64", "FLAC")


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_is_kept_as_it_sounds(name: str) -> None:
    make, kind = KINDS[name]
    kept = kept_recording(make())
    assert kept.kind == kind
    assert kept.duration_s == pytest.approx(2.0, abs=0.1)
    samples = sound_of(kept)
    for channel, amplitude in enumerate((0.5, 0.25)):
        assert level_at(samples[:, channel], kept.rate_hz, 440.0) == pytest.approx(amplitude, rel=0.05)
    if name in EXACT:
        assert np.abs(samples - tone()).max() <= 1.0 / 32_768


@pytest.mark.parametrize(
    ("rate_hz", "kept_hz"),
    [(16_000, 32_000), (22_050, 32_000), (32_000, 32_000),
     (44_099, 44_100), (44_100, 44_100), (48_000, 48_000),
     (88_200, 48_000), (95_999, 48_000), (96_000, 48_000), (192_000, 48_000), (384_000, 48_000)],
)  # fmt: skip
def test_other_rates_are_brought_to_one_of_the_engines(rate_hz: int, kept_hz: int) -> None:
    kept = kept_recording(file_of(tone(rate_hz=rate_hz), rate_hz))
    assert (kept.rate_hz, kept.duration_s) == (kept_hz, pytest.approx(2.0, abs=1e-4))
    assert level_at(sound_of(kept)[:, 0], kept_hz, 440.0) == pytest.approx(0.5, rel=0.01)


@pytest.mark.parametrize(
    ("rate_hz", "to_hz", "size"),
    [
        (16_000, 32_000, 1_000),
        (22_050, 32_000, 65_536),
        (22_050, 32_000, 10**9),
        (96_000, 48_000, 65_536),
        (95_999, 48_000, 4_096),
    ],
)
def test_pieces_are_resampled_as_the_whole_would_be(rate_hz: int, to_hz: int, size: int) -> None:
    whole = np.random.default_rng(1).uniform(-0.5, 0.5, (13 * rate_hz + 7, 2)).astype(np.float32)
    pieces = (whole[start : start + size] for start in range(0, len(whole), size))
    together = np.concatenate(list(resampled(pieces, rate_hz, to_hz)))
    expected = resample_poly(whole, to_hz, rate_hz, axis=0)
    assert together.shape == expected.shape
    assert np.abs(together - expected).max() < 1e-5


def test_mono_becomes_two_channels_and_of_six_the_first_two_are_kept() -> None:
    mono = sound_of(kept_recording(file_of(tone(channels=1), subtype="PCM_16")))
    assert np.array_equal(mono[:, 0], mono[:, 1])
    for data in (file_of(tone(channels=6), format_="WAVEX"), m4a(tone(channels=6))):
        samples = sound_of(kept_recording(data))
        assert level_at(samples[:, 0], 44_100, 440.0) > 1.5 * level_at(samples[:, 1], 44_100, 440.0) > 0.01


def test_the_same_recording_is_kept_as_the_same_bytes() -> None:
    data = file_of(tone(), format_="OGG", subtype="VORBIS")
    assert kept_recording(data) == kept_recording(data)


def test_what_is_louder_than_full_scale_is_brought_down_whole() -> None:
    samples = sound_of(kept_recording(file_of(3.0 * tone(), subtype="FLOAT")))
    assert np.abs(samples).max() == pytest.approx(1.0, abs=1e-3)
    assert level_at(samples[:, 1], 44_100, 440.0) == pytest.approx(0.5, rel=0.01)  # not clipped


def test_a_constant_level_is_a_recording() -> None:
    assert sound_of(kept_recording(file_of(np.full((88_200, 2), 0.25)))).mean() == pytest.approx(
        0.25, abs=1e-3
    )


def not_finite(value: float) -> bytes:
    sound = tone()
    sound[1_000] = value
    return file_of(sound, subtype="FLOAT")


def picture() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (64, 64), "red").save(out, "PNG")
    return out.getvalue()


WAV = file_of(tone())
NOT_READ = "send a WAV, FLAC, MP3, Ogg or M4A file, whatever its name: this is none of them"
BAD, UNREAD = InvalidRequest, UnsupportedFormat
REFUSED: dict[str, tuple[Callable[[], bytes], type[InvalidRequest], str]] = {
    "nothing": (lambda: b"", BAD, "0 bytes\' - the file is empty"),
    "one sample": (lambda: file_of(tone()[:1]), BAD, r"0\.000 s\' - send 1 s at the least"),
    "half a second": (lambda: file_of(tone(0.5)), BAD, r"0\.500 s\' - send 1 s at the least"),
    "silence": (lambda: file_of(0 * tone(4.0)), BAD, r"4\.0 s of silence' - send one with sound"),
    "hardly a sound": (lambda: file_of(1e-3 * tone()), BAD, "of silence"),
    "3 hours": (lambda: silent_hours(3), BAD, "more than 600 s' - send 600 s at the most"),
    "8 kHz": (lambda: file_of(tone(rate_hz=8_000, channels=1), 8_000), BAD, "8,000 Hz' - send one of"),
    "no rate": (lambda: with_format(WAV, rate=0), BAD, "damaged|'0 Hz'"),
    "a rate of 4 GHz": (lambda: with_format(WAV, rate=2**32 - 1), BAD, "damaged|Hz' - send one of"),
    "no channels": (lambda: with_format(WAV, channels=0), BAD, "damaged"),
    "65,535 channels": (lambda: with_format(WAV, channels=65_535, align=65_534), BAD, "damaged|channels"),
    "nine channels": (lambda: file_of(tone(channels=9), format_="WAVEX"), BAD, "9 channels' - send one"),
    "not a number": (lambda: not_finite(np.nan), BAD, "damaged"),
    "infinite": (lambda: not_finite(-np.inf), BAD, "damaged"),
    "beyond all sound": (lambda: not_finite(1e30), BAD, "damaged"),
    "half a FLAC": (lambda: file_of(tone(), format_="FLAC")[:300], BAD, "damaged|at the least"),
    "half an M4A": (lambda: m4a(tone())[:2_000], BAD, "damaged"),
    "words": (lambda: b"These are my lyrics\n" * 100, UNREAD, NOT_READ),
    "a picture": (picture, UNREAD, NOT_READ),
    "AIFF": (lambda: file_of(tone(), format_="AIFF"), UNREAD, NOT_READ),
    "AU": (lambda: file_of(tone(), format_="AU"), UNREAD, NOT_READ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_recording_is_refused_in_one_line(name: str) -> None:
    make, kind, says = REFUSED[name]
    with pytest.raises(kind, match=says) as refused:
        kept_recording(make())
    assert refused.value.field == "audio"
    assert "\n" not in str(refused.value)


def test_without_pyav_an_m4a_file_is_refused_and_all_others_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    data = m4a(tone())
    monkeypatch.setitem(sys.modules, "av", None)  # as where it is not installed: importing it fails
    with pytest.raises(
        UnsupportedFormat, match=r"send a WAV, .* or install it \(pip install 'songwright\[m4a\]'"
    ):
        kept_recording(data)
    assert kept_recording(WAV).kind == "WAV"


def test_a_header_that_claims_more_than_there_is_adds_nothing() -> None:
    for size in (0xFFFF_FFFF, 0xFFFF_FFF0, 0x7FFF_0000, 10 * len(WAV)):
        kept = kept_recording(with_data_of(size, WAV))
        assert kept.duration_s == pytest.approx(2.0, abs=0.01)


def test_hours_in_a_few_bytes_take_no_memory() -> None:
    data = silent_hours(3)
    assert len(data) < 3_000_000
    tracemalloc.start()
    with pytest.raises(InvalidRequest, match=f"more than {LONGEST_S:g} s"):
        kept_recording(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1.2 * LONGEST_S * 32_000 * 2 * 4  # what may be kept, once


def test_a_file_cut_anywhere_or_with_a_changed_byte_is_refused_or_read() -> None:
    random = np.random.default_rng(20)
    for make, _ in (KINDS[name] for name in ("WAV, extensible", "FLAC", "MP3", "Vorbis", "Opus", "M4A")):
        data = make()
        for _ in range(12):
            made = bytearray(data[: random.integers(1, len(data))] if random.random() < 0.5 else data)
            made[random.integers(0, min(len(made), 400))] = random.integers(0, 256)
            with suppress(InvalidRequest):
                assert kept_recording(bytes(made)).flac.startswith(b"fLaC")
