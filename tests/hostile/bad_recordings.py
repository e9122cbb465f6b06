"""Files that are sent as recordings: damaged, cut, lying, mislabelled, and made to hold or to break a
decoder."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from collections.abc import Callable
from functools import cache
from random import Random

import numpy as np
import soundfile

from tests.hostile import bombs
from tests.music.recordings import chunks, file_of, m4a, silent_hours, tone, with_data_of, with_format

MAGIC = (b"RIFF", b"RF64", b"fLaC", b"OggS", b"ID3\x04", b"\xff\xfb\x90\x44", b"\0\0\0\x20ftypM4A ")


@cache
def whole() -> dict[str, bytes]:
    """One of each kind, of 1.2 s."""
    sound = tone(1.2) * 0.8
    return {
        "WAV": file_of(sound),
        "WAV, floats": file_of(sound, subtype="FLOAT"),
        "WAV, ADPCM": file_of(sound, subtype="MS_ADPCM"),
        "WAV, extensible": file_of(sound, format_="WAVEX", subtype="PCM_24"),
        "RF64": file_of(sound, format_="RF64"),
        "FLAC": file_of(sound, format_="FLAC"),
        "MP3": file_of(sound, format_="MP3"),
        "Vorbis": file_of(sound, format_="OGG", subtype="VORBIS"),
        "Opus": file_of(tone(1.2, 48_000), 48_000, "OGG", "OPUS"),
        "M4A": m4a(sound),
        "M4A, lossless": m4a(sound, codec="alac"),
        "M4A in fragments": m4a(sound, movflags="frag_keyframe+empty_moov"),
    }


def damaged(number: int) -> tuple[str, bytes]:
    """The file of this number, and what is wrong with it."""
    random = Random(number)
    kind = random.choice(sorted(whole()))
    data = whole()[kind]
    what = random.choice(sorted(DAMAGES))
    return f"{kind}, {what}", DAMAGES[what](data, random)


def _cut(data: bytes, random: Random) -> bytes:
    return data[: random.randrange(len(data))]


def _beheaded(data: bytes, random: Random) -> bytes:
    return data[random.randrange(1, 2_000) :]


def _flipped(data: bytes, random: Random, within: int | None = None) -> bytes:
    made = bytearray(data)
    for _ in range(random.choice((1, 3, 10, 100))):
        made[random.randrange(min(len(made), within or len(made)))] ^= 1 << random.randrange(8)
    return bytes(made)


def _extreme(data: bytes, random: Random) -> bytes:
    """A number of the header is the least or the most that there is."""
    at, size = random.randrange(min(len(data), 300)), random.choice((1, 2, 4, 8))
    value = random.choice((b"\0", b"\xff", b"\x7f", b"\x80")) * size
    return data[:at] + value + data[at + size :]


def _holed(data: bytes, random: Random) -> bytes:
    at, size = random.randrange(len(data)), random.randrange(1, 20_000)
    return data[:at] + random.choice((b"\0", b"\xff")) * size + data[at + size :]


def _without(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + data[at + random.randrange(1, 5_000) :]


def _repeated(data: bytes, random: Random) -> bytes:
    at = random.randrange(len(data))
    return data[:at] + data[at : at + random.randrange(1, 3_000)] * random.randrange(2, 50) + data[at:]


def _spliced(data: bytes, random: Random) -> bytes:
    other = whole()[random.choice(sorted(whole()))]
    return data[: random.randrange(len(data))] + other[random.randrange(len(other)) :]


def _noise_with_magic(_data: bytes, random: Random) -> bytes:
    return random.choice(MAGIC) + random.randbytes(random.randrange(1, 50_000))


def _noise(_data: bytes, random: Random) -> bytes:
    return random.randbytes(random.randrange(1, 50_000))


def _lying_wav(_data: bytes, random: Random) -> bytes:
    wav = whole()[random.choice(("WAV", "WAV, floats", "WAV, extensible"))]
    if random.random() < 0.4:
        return with_data_of(random.choice((0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - 9)), wav)
    name = random.choice(("channels", "rate", "bits", "align"))
    most = 2**32 - 1 if name == "rate" else 2**16 - 1
    return with_format(wav, **{name: random.choice((0, 1, 3, 9, 255, 1_024, most // 2, most))})


def _lying_flac(_data: bytes, random: Random) -> bytes:
    """STREAMINFO with another number of samples, rate or block size (RFC 9639, 8.2)."""
    made = bytearray(whole()["FLAC"])
    made[random.choice((8, 10, 12, 18, 20, 21, 22))] = random.choice((0, 1, 127, 255))
    made[21:26] = random.choice((bytes(5), b"\xff" * 5, bytes(made[21:26])))
    return bytes(made)


def _lying_m4a(data: bytes, random: Random) -> bytes:
    """A box of another size, or a table of more entries than the file has bytes (ISO/IEC 14496-12)."""
    made = bytearray(whole()[random.choice(("M4A", "M4A, lossless", "M4A in fragments"))])
    boxes = (
        b"moov",
        b"trak",
        b"mdia",
        b"stbl",
        b"stsd",
        b"stts",
        b"stsz",
        b"stsc",
        b"stco",
        b"mdat",
        b"esds",
    )
    name = random.choice([box for box in boxes if box in made])
    at = made.index(name) + random.choice((-4, 4, 8, 12, 16))
    struct.pack_into(">I", made, at, random.choice((0, 1, 7, 2**16, 2**31 - 1, 2**32 - 1)))
    return bytes(made)


def _mislabelled(_data: bytes, random: Random) -> bytes:
    return random.choice(sorted(MISLABELLED.values(), key=lambda make: make.__name__))()


def _odd_sound(_data: bytes, random: Random) -> bytes:
    """Whole files that hold no sound, or not enough, or what no loudspeaker plays."""
    seconds = random.choice((0.00003, 0.5, 1.0, 1.2))
    rate_hz = random.choice((1, 8_000, 11_025, 16_000, 44_100, 48_000, 192_000))
    channels = random.choice((1, 2, 3, 6, 8, 9, 32))
    frames = max(1, round(seconds * rate_hz))
    value = random.choice((0.0, 1e-9, 0.5, 1.0, -1.0, 7.0, 3e38, np.nan, np.inf))
    return file_of(np.full((frames, channels), value), rate_hz, "WAVEX", "FLOAT")


def _zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("song.wav", bytes(1_000_000))
    return out.getvalue()


def _words() -> bytes:
    return b"Das ist kein Lied, c'est un texte\n" * 100


def _page() -> bytes:
    return b"<!doctype html><html><body><audio src=a.wav></audio></body></html>" * 20


def _document() -> bytes:
    return json.dumps({"audio": "RIFF" * 100}).encode()


def _picture() -> bytes:
    return bombs.file_of(bombs.photo(64, 64), "PNG")


def _webp() -> bytes:
    return bombs.file_of(bombs.photo(64, 64), "WEBP")


def _aiff() -> bytes:
    return file_of(tone(1.2), format_="AIFF")


def _caf() -> bytes:
    return file_of(tone(1.2), format_="CAF")


def _midi() -> bytes:
    return b"MThd\0\0\0\x06\0\1\0\1\1\xe0MTrk\0\0\0\4\0\xff\x2f\0"


def _empty_movie() -> bytes:
    return b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom\0\0\0\x08moov"


MISLABELLED: dict[str, Callable[[], bytes]] = {
    make.__name__: make
    for make in (
        _zip, _words, _page, _document, _picture, _webp, _aiff, _caf, _midi, _empty_movie
    )
}  # fmt: skip
DAMAGES: dict[str, Callable[[bytes, Random], bytes]] = {
    "cut": _cut,
    "beheaded": _beheaded,
    "flipped bits": _flipped,
    "flipped bits in the header": lambda data, random: _flipped(data, random, 300),
    "an extreme number in the header": _extreme,
    "a hole": _holed,
    "a part missing": _without,
    "a part repeated": _repeated,
    "spliced": _spliced,
    "noise after the first bytes": _noise_with_magic,
    "noise": _noise,
    "a WAV header that lies": _lying_wav,
    "a FLAC header that lies": _lying_flac,
    "an M4A box that lies": _lying_m4a,
    "something else": _mislabelled,
    "odd sound": _odd_sound,
}


def many_chunks(count: int) -> bytes:
    """A WAV file with so many empty chunks before its sound."""
    wav = whole()["WAV"]
    start = next(start for name, start, _ in chunks(wav) if name == b"data") - 8
    return wav[:start] + b"junk\0\0\0\0" * count + wav[start:]


def many_tags(count: int) -> bytes:
    """An MP3 file with so many ID3 tags before its sound."""
    return b"ID3\x04\0\0\0\0\0\0" * count + whole()["MP3"]


def many_streams(count: int) -> bytes:
    """So many Ogg streams one after another."""
    return whole()["Vorbis"] * count


@cache
def _wide(seconds: float) -> bytes:
    """Eight channels at 384 kHz, silent but for one sample: half a hundredth of what it holds."""
    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", 384_000, 8, format="FLAC", compression_level=0.0) as file:
        second = np.zeros((384_000, 8), np.int16)
        second[0] = 20_000
        for _ in range(round(seconds)):
            file.write(second)
    return out.getvalue()


BOMBS: dict[str, Callable[[], bytes]] = {
    "3 hours of silence in FLAC": lambda: silent_hours(3),
    "8 channels of 384 kHz for 60 s": lambda: _wide(60),
    "a million chunks": lambda: many_chunks(1_000_000),
    "a million tags": lambda: many_tags(1_000_000),
    "500 streams": lambda: many_streams(500),
    "50 MB of zeros after a WAV header": lambda: whole()["WAV"][:44] + bytes(50_000_000),
    "50 MB of zeros after an M4A header": lambda: whole()["M4A"][:2_000] + bytes(50_000_000),
    "20 MB of frames that are none": lambda: b"\xff\xfb\x90\x44" * 5_000_000,
    "20 MB of pages that are none": lambda: b"OggS" * 5_000_000,
    "20 MB of FLAC frames that are none": lambda: whole()["FLAC"][:300] + b"\xff\xf8" * 10_000_000,
}
