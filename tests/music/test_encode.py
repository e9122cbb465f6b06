from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile

from config.errors import InvalidRequest
from music.encode import FORMATS, encode, quantise
from music.tags import Tags

RATE_HZ = 44_100


@pytest.fixture(scope="module")
def tone() -> np.ndarray:
    t = np.arange(2 * RATE_HZ) / RATE_HZ
    return (0.5 * np.stack([np.sin(2 * np.pi * 440 * t), np.sin(2 * np.pi * 554 * t)])).astype(np.float32)


@pytest.mark.parametrize("name", ["wav", "flac"])
@pytest.mark.parametrize("tags", [None, Tags(title="A song")])
def test_lossless_formats_hold_the_16_bit_samples(name: str, tags: Tags | None, tone: np.ndarray) -> None:
    read, rate_hz = soundfile.read(io.BytesIO(encode(tone, RATE_HZ, name, tags)), dtype="int16")
    assert rate_hz == RATE_HZ
    assert np.array_equal(read, quantise(tone))


def test_mp3_sounds_the_same_within_its_means(tone: np.ndarray) -> None:
    data = encode(tone, RATE_HZ, "mp3", Tags(title="A song"))
    read, rate_hz = soundfile.read(io.BytesIO(data), dtype="float32")
    assert rate_hz == RATE_HZ
    assert abs(len(read) - tone.shape[1]) <= 1152
    middle = slice(RATE_HZ // 2, RATE_HZ)
    assert np.max(np.abs(read[middle].T - tone[:, middle])) < 0.02


@pytest.mark.parametrize("name", list(FORMATS))
def test_the_same_samples_give_the_same_bytes(name: str, tone: np.ndarray) -> None:
    tags = Tags(title="A song", lyrics="la la")
    assert encode(tone, RATE_HZ, name, tags) == encode(tone.copy(), RATE_HZ, name, tags)


@pytest.mark.parametrize("name", list(FORMATS))
def test_one_channel_and_other_rates_are_written_too(name: str, tone: np.ndarray) -> None:
    info = soundfile.info(io.BytesIO(encode(tone[:1], 32_000, name)))
    assert (info.channels, info.samplerate) == (1, 32_000)


def test_what_is_over_full_scale_is_clipped_not_wrapped() -> None:
    loud = np.array([[1.5, -1.5, 1.0, 0.0]], dtype=np.float32)
    assert quantise(loud).ravel().tolist() == [32767, -32768, 32767, 0]


def test_an_unknown_format_is_refused_with_the_known_ones() -> None:
    with pytest.raises(InvalidRequest, match="'ogg' - use one of: wav, flac, mp3"):
        encode(np.zeros((2, 10), dtype=np.float32), RATE_HZ, "ogg")
