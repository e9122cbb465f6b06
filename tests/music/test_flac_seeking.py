"""A player jumps by the seek table of a FLAC file. ``flac -t`` and ``metaflac`` (1.4.2) read the same tables,
and the reference encoder writes the same points for the same samples; neither is needed here."""

import io
import struct

import numpy as np
import pytest
import soundfile
from PIL import Image

from music.artwork import with_cover
from music.encode import encode, quantise
from music.flac_seeking import FLAC_SEEK_TABLE, _coded, _crc8, frames, with_seek_table
from music.tags import Tags, flac_of, flac_parts

TAGS = Tags(title="A song", lyrics="la la")


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (48, 32), "teal").save(out, "PNG")
    return out.getvalue()


def sound(seconds: float, rate_hz: int, channels: int) -> np.ndarray:
    t = np.arange(round(seconds * rate_hz)) / rate_hz
    rng = np.random.default_rng(3)
    tone = 0.3 * np.sin(2 * np.pi * 440 * t) * (t % 7 < 5)  # frames of many sizes: with silence, and noise
    noise = 0.05 * rng.standard_normal((channels, len(t))) * (t % 11 < 4)
    return np.asarray(tone + noise, dtype=np.float32)


def table(flac: bytes) -> list[tuple[int, int, int]]:
    """The points as (first sample, offset from the first frame, samples)."""
    blocks, _ = flac_parts(flac)
    assert [kind for kind, _ in blocks].count(FLAC_SEEK_TABLE) == 1
    assert [kind for kind, _ in blocks][:2] == [0, FLAC_SEEK_TABLE]
    body = blocks[1][1]
    assert len(body) % 18 == 0
    return [struct.unpack_from(">QQH", body, at) for at in range(0, len(body), 18)]


@pytest.mark.parametrize(
    ("seconds", "rate_hz", "channels", "firsts"),
    [
        (31.0, 44_100, 2, [0, 438_272, 880_640, 1_318_912]),  # those of the reference encoder
        (25.0, 32_000, 1, [0, 319_488, 638_976]),
        (12.0, 22_050, 2, [0, 217_088]),
        (0.3, 48_000, 1, [0]),
    ],
)
def test_each_point_is_a_frame_and_a_decoder_that_jumps_there_has_its_samples(
    seconds: float, rate_hz: int, channels: int, firsts: list[int]
) -> None:
    samples = sound(seconds, rate_hz, channels)
    pcm = quantise(samples)
    plain = encode(samples, rate_hz, "flac")
    tagged = encode(samples, rate_hz, "flac", TAGS)
    covered = with_cover(with_cover(tagged, "flac", png()), "flac", png())
    assert table(plain) == table(tagged) == table(covered)
    blocks, audio = flac_parts(covered)
    assert audio == flac_parts(plain)[1]
    assert [point[0] for point in table(covered)] == firsts
    starts = {frame.sample: frame for frame in frames(blocks[0][1], audio)}
    for first, offset, count in table(covered):
        assert starts[first] == (first, offset, count)
        with soundfile.SoundFile(io.BytesIO(covered)) as file:
            file.seek(first)
            assert np.array_equal(file.read(count, dtype="int16", always_2d=True), pcm[first : first + count])


def test_every_frame_is_found_and_together_they_are_the_audio() -> None:
    blocks, audio = flac_parts(encode(sound(20.0, 44_100, 2), 44_100, "flac"))
    found = list(frames(blocks[0][1], audio))
    assert [frame.sample for frame in found] == list(range(0, 882_000, 4096))
    assert sum(frame.samples for frame in found) == 882_000
    ends = [frame.offset_bytes for frame in found[1:]] + [len(audio)]
    lengths = [end - frame.offset_bytes for frame, end in zip(found, ends, strict=True)]
    least, most = (int.from_bytes(blocks[0][1][at : at + 3], "big") for at in (4, 7))
    assert (min(lengths), max(lengths)) == (least, most)
    for frame, end in zip(found, ends, strict=True):  # each ends with the checksum of all of it
        assert crc16(audio[frame.offset_bytes : end]) == 0


def crc16(data: bytes) -> int:
    value = 0
    for byte in data:
        value ^= byte << 8
        for _ in range(8):
            value = (value << 1 ^ (0x18005 if value & 0x8000 else 0)) & 0xFFFF
    return value


def test_a_header_by_chance_within_a_frame_is_passed_over() -> None:
    blocks, audio = flac_parts(encode(sound(1.0, 44_100, 1), 44_100, "flac"))
    found = list(frames(blocks[0][1], audio))
    at = found[1].offset_bytes
    header = audio[at : at + 6]
    wrong = header[:5] + bytes([header[5] ^ 1])  # its checksum is wrong
    inside = found[0].offset_bytes + int.from_bytes(blocks[0][1][4:7], "big")
    damaged = audio[:inside] + wrong + audio[inside + 6 :]
    assert [frame.offset_bytes for frame in frames(blocks[0][1], damaged)] == [
        frame.offset_bytes for frame in found
    ]


def test_a_file_without_its_frames_is_refused_and_one_without_samples_stays() -> None:
    whole = encode(sound(2.0, 44_100, 1), 44_100, "flac")
    blocks, audio = flac_parts(whole)
    with pytest.raises(ValueError, match=r"FLAC frame 1[0-9] of 22 is not there"):
        with_seek_table(flac_of(blocks, audio[: len(audio) // 2]))
    assert with_seek_table(whole) == whole
    none = flac_of([(0, bytes(34))], b"")
    assert with_seek_table(none) == none


def test_a_frames_number_is_coded_as_utf8_and_beyond() -> None:
    for number in (0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFFF, 0x10000, 0x10FFFF):
        assert _coded(number) == chr(number).encode()
    assert _coded(0x7FFFFFFF).hex() == "fdbfbfbfbfbf"
    assert _crc8(b"123456789") == 0xF4  # of the polynomial, by its catalogue


def test_an_mp3_says_its_frames_bytes_and_what_an_encoder_added() -> None:
    rate_hz = 44_100
    for tags, before in ((None, 0), (TAGS, None)):
        data = encode(sound(7.0, rate_hz, 2), rate_hz, "mp3", tags)
        at = data.index(b"Xing")
        start = at - 36  # a stereo frame's header and side information
        assert data[start] == 0xFF
        assert before in (None, start)
        flags, count, size = struct.unpack_from(">III", data, at + 4)
        assert flags == 0b1111  # frames, bytes, table to seek with, quality
        assert size == len(data) - start
        percent = data[at + 16 : at + 116]
        assert list(percent) == sorted(percent)
        lame = data.index(b"LAME3", at)
        gaps = int.from_bytes(data[lame + 21 : lame + 24], "big")
        delay, padding = gaps >> 12, gaps & 0xFFF
        assert count * 1152 - delay - padding == 7 * rate_hz


def test_a_wavs_sizes_lead_from_chunk_to_chunk_to_its_end() -> None:
    data = encode(sound(3.0, 44_100, 1), 44_100, "wav", TAGS)
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    at, sizes = 12, {}
    while at < len(data):
        name, size = struct.unpack_from("<4sI", data, at)
        sizes[name] = size
        at += 8 + size + size % 2
    assert at == len(data)
    assert list(sizes) == [b"fmt ", b"data", b"LIST", b"id3 "]
    assert sizes[b"data"] == 3 * 44_100 * 2
