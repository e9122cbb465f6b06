from __future__ import annotations

import io
import struct
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tinytag import TinyTag

from music.contract import TimedLine, TimedWord
from music.encode import encode
from music.tags import Tags, id3, info_list


@pytest.fixture(scope="module")
def cover() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (48, 32), "teal").save(out, "PNG")
    return out.getvalue()


@pytest.fixture(scope="module")
def tags(cover: bytes) -> Tags:
    return Tags(
        title="雨の夜 ☂ Ночь",
        artist="Songwright",
        genre="Synthwave",
        comment="seed 7",
        lyrics="Neon rain\nfalls on me",
        lines=(
            TimedLine("Neon rain", (TimedWord("Neon", 1.0, 1.4), TimedWord("rain", 1.5, 2.0))),
            TimedLine("falls", (TimedWord("falls", 2.25, 3.0),)),
        ),
        tempo_bpm=98.4,
        key="F# minor",
        cover_png=cover,
    )


@pytest.mark.parametrize("name", ["wav", "flac", "mp3"])
def test_a_player_reads_the_tags_in_any_script(name: str, tags: Tags, cover: bytes) -> None:
    data = encode(np.zeros((2, 44_100), dtype=np.float32), 44_100, name, tags)
    read = TinyTag.get(filename=f"song.{name}", file_obj=io.BytesIO(data), image=True)
    assert read.title == tags.title
    assert read.artist == "Songwright"
    assert read.genre == "Synthwave"
    assert read.duration == pytest.approx(1.0, abs=0.06)
    image = read.images.front_cover
    assert image is not None
    assert image.data == cover
    assert read.other["lyrics"][0].splitlines() == ["Neon rain", "falls on me"]


def frames(tag: bytes) -> dict[str, bytes]:
    assert tag[:6] == b"ID3\x04\x00\x00"
    size = int.from_bytes(tag[6:10], "big")
    assert size & 0x80808080 == 0
    out, at = {}, 10
    while at < len(tag):
        length = sum(
            (byte & 0x7F) << shift for byte, shift in zip(tag[at + 4 : at + 8], (21, 14, 7, 0), strict=True)
        )
        out[tag[at : at + 4].decode()] = tag[at + 10 : at + 10 + length]
        at += 10 + length
    assert at == len(tag)
    return out


def test_id3_frames_say_what_the_standard_lays_down(tags: Tags, cover: bytes) -> None:
    read = frames(id3(tags))
    assert list(read) == ["TIT2", "TPE1", "TCON", "TBPM", "TKEY", "TLAN", "COMM", "USLT", "SYLT", "APIC"]
    assert read["TIT2"] == b"\x03" + tags.title.encode()
    assert read["TBPM"] == b"\x0398"
    assert read["TKEY"] == b"\x03F#m"
    assert read["USLT"] == b"\x03eng\0" + tags.lyrics.encode()
    assert read["APIC"] == b"\x03image/png\0\x03Cover\0" + cover


def test_the_language_is_the_one_of_the_lyrics_and_the_comment_is_in_english(tags: Tags) -> None:
    spanish = replace(tags, language="spa")
    read = frames(id3(spanish))
    assert read["TLAN"] == b"\x03spa"
    assert read["USLT"][:5] == read["SYLT"][:4] + b"\0" == b"\x03spa\0"
    assert read["COMM"] == b"\x03eng\0seed 7"
    assert "TLAN" not in frames(id3(replace(spanish, lyrics="", lines=())))
    flac = encode(np.zeros((2, 4_410), dtype=np.float32), 44_100, "flac", spanish)
    assert b"LANGUAGE=spa" in flac
    assert b"LANGUAGE" not in encode(
        np.zeros((2, 4_410), dtype=np.float32), 44_100, "flac", replace(spanish, lyrics="")
    )


def test_timed_words_carry_their_milliseconds(tags: Tags) -> None:
    body = frames(id3(tags))["SYLT"]
    assert body[:7] == b"\x03eng\x02\x01\0"
    words, rest = [], body[7:]
    while rest:
        text, _, after = rest.partition(b"\0")
        words.append((text.decode(), struct.unpack(">I", after[:4])[0]))
        rest = after[4:]
    assert words == [("Neon", 1000), (" rain", 1500), ("\nfalls", 2250)]


def test_empty_fields_are_left_out() -> None:
    assert list(frames(id3(Tags(title="x")))) == ["TIT2"]
    assert b"IART" not in info_list(Tags(title="x"))


def test_a_mode_that_tkey_cannot_say_is_left_out() -> None:
    assert "TKEY" not in frames(id3(Tags(title="x", key="D dorian")))
    assert frames(id3(Tags(title="x", key="Bb major")))["TKEY"] == b"\x03Bb"


def test_a_flac_keeps_its_audio_and_names_the_picture_s_size(tags: Tags) -> None:
    samples = np.linspace(-0.5, 0.5, 8820, dtype=np.float32).reshape(2, -1)
    plain, tagged = encode(samples, 44_100, "flac"), encode(samples, 44_100, "flac", tags)
    assert tagged[:42] == plain[:42]  # the stream information, whose MD5 is of the audio
    assert tagged[-500:] == plain[-500:]
    assert struct.pack(">II", 48, 32) in tagged


def test_a_wav_s_chunks_add_up(tags: Tags) -> None:
    data = encode(np.zeros((2, 101), dtype=np.float32), 44_100, "wav", tags)
    assert struct.unpack("<I", data[4:8])[0] == len(data) - 8
    names, at = [], 12
    while at < len(data):
        names.append(data[at : at + 4])
        size = struct.unpack("<I", data[at + 4 : at + 8])[0]
        at += 8 + size + size % 2
    assert at == len(data)
    assert names == [b"fmt ", b"data", b"LIST", b"id3 "]
