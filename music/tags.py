"""Writes a song's tags into its file: ID3v2.4 for MP3 and WAV, Vorbis comments and a picture for FLAC, LIST
INFO for WAV.

By id3.org's ID3v2.4.0 structure and native frames, RFC 9639 (FLAC, sections 8 and 10) and the Vorbis comment
specification. Text is UTF-8 throughout, in any script."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from music.contract import TimedLine

UTF8, MILLISECONDS, LYRICS, FRONT_COVER = 3, 2, 1, 3
VENDOR = "Songwright"
FLAC_VORBIS_COMMENT, FLAC_PICTURE, _FLAC_LAST = 4, 6, 0x80
_FLAC_MARKER = b"fLaC"
ID3_KEYS = {"major": "", "minor": "m"}


@dataclass(frozen=True)
class Tags:
    """Metadata for players. Empty fields are left out. There is no date, so the same song gives the same
    bytes."""

    title: str
    artist: str = ""
    album: str = ""
    genre: str = ""
    comment: str = ""
    lyrics: str = ""
    lines: tuple[TimedLine, ...] = ()
    tempo_bpm: float | None = None
    key: str = ""
    cover_png: bytes = b""
    language: str = "eng"
    """Of the lyrics, ISO 639-2, three letters."""


def id3(tags: Tags) -> bytes:
    """An ID3v2.4 tag: text frames, plain and timed lyrics (USLT, SYLT) and the front cover (APIC)."""
    texts = {
        "TIT2": tags.title, "TPE1": tags.artist, "TALB": tags.album, "TCON": tags.genre,
        "TBPM": "" if tags.tempo_bpm is None else str(round(tags.tempo_bpm)), "TKEY": _initial_key(tags.key),
    }  # fmt: skip
    frames = [id3_frame(name, bytes([UTF8]) + text.encode()) for name, text in texts.items() if text]
    if tags.lyrics:
        frames.append(id3_frame("TLAN", bytes([UTF8]) + tags.language.encode()))
    spoken = bytes([UTF8]) + tags.language.encode("ascii")
    if tags.comment:
        frames.append(id3_frame("COMM", bytes([UTF8]) + b"eng\0" + tags.comment.encode()))
    if tags.lyrics:
        frames.append(id3_frame("USLT", spoken + b"\0" + tags.lyrics.encode()))
    if tags.lines:
        frames.append(
            id3_frame("SYLT", spoken + bytes([MILLISECONDS, LYRICS]) + b"\0" + _timed_words(tags.lines))
        )
    if tags.cover_png:
        frames.append(id3_picture(tags.cover_png))
    return id3_tag(frames)


def with_flac_tags(flac: bytes, tags: Tags) -> bytes:
    """``flac`` with our comment block instead of its own, and with the cover as a PICTURE block.

    The stream information and every audio frame stay as they are.
    """
    blocks, audio = flac_parts(flac)
    kept = [block for block in blocks if block[0] not in (FLAC_VORBIS_COMMENT, FLAC_PICTURE)]
    kept.insert(1, (FLAC_VORBIS_COMMENT, _vorbis_comment(tags)))
    if tags.cover_png:
        kept.insert(2, (FLAC_PICTURE, flac_picture(tags.cover_png)))
    return flac_of(kept, audio)


def flac_parts(flac: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """The metadata blocks of a FLAC file as ``(type, body)``, and the audio frames after them."""
    blocks: list[tuple[int, bytes]] = []
    at, last = len(_FLAC_MARKER), False
    while not last:
        last, kind = bool(flac[at] & _FLAC_LAST), flac[at] & 0x7F
        size = int.from_bytes(flac[at + 1 : at + 4], "big")
        blocks.append((kind, flac[at + 4 : at + 4 + size]))
        at += 4 + size
    return blocks, flac[at:]


def flac_of(blocks: Sequence[tuple[int, bytes]], audio: bytes) -> bytes:
    """The FLAC file with these parts: the inverse of ``flac_parts``."""
    written = b"".join(
        bytes([kind | (_FLAC_LAST if index == len(blocks) - 1 else 0)]) + len(body).to_bytes(3, "big") + body
        for index, (kind, body) in enumerate(blocks)
    )
    return _FLAC_MARKER + written + audio


def id3_tag(frames: Sequence[bytes]) -> bytes:
    """Frames behind an ID3v2.4 header."""
    body = b"".join(frames)
    return b"ID3\x04\x00\x00" + _syncsafe(len(body)) + body


def id3_frame(name: str, body: bytes) -> bytes:
    """A frame called ``name``, four letters."""
    return name.encode("ascii") + _syncsafe(len(body)) + b"\0\0" + body


def id3_picture(png: bytes) -> bytes:
    """An APIC frame: the front cover."""
    return id3_frame("APIC", bytes([UTF8]) + b"image/png\0" + bytes([FRONT_COVER]) + b"Cover\0" + png)


def info_list(tags: Tags) -> bytes:
    """The body of a RIFF LIST chunk of type INFO."""
    fields = {
        b"INAM": tags.title, b"IART": tags.artist, b"IPRD": tags.album, b"IGNR": tags.genre,
        b"ICMT": tags.comment,
        b"ISFT": VENDOR,
    }  # fmt: skip
    out = b"INFO"
    for name, text in fields.items():
        if text:
            body = text.encode() + b"\0"
            out += name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
    return out


def _syncsafe(size: int) -> bytes:
    """28 bits in four bytes of seven (ID3v2.4.0 structure, 6.2)."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def _timed_words(lines: tuple[TimedLine, ...]) -> bytes:
    """The list of a SYLT frame: a word, a zero, its time. The first word of a line begins with a line feed,
    as the standard requires."""
    out = bytearray()
    for index, line in enumerate(lines):
        for place, word in enumerate(line.words):
            lead = ("\n" if index else "") if place == 0 else " "
            out += (
                (lead + word.text).encode() + b"\0" + struct.pack(">I", max(0, round(word.start_s * 1000.0)))
            )
    return bytes(out)


def _initial_key(key: str) -> str:
    """ "D minor" as TKEY's "Dm", at most three characters; empty for a mode that TKEY cannot express."""
    tonic, _, mode = key.partition(" ")
    return tonic + ID3_KEYS[mode] if mode in ID3_KEYS else ""


def _vorbis_comment(tags: Tags) -> bytes:
    fields = {
        "TITLE": tags.title, "ARTIST": tags.artist, "ALBUM": tags.album, "GENRE": tags.genre,
        "COMMENT": tags.comment, "LYRICS": tags.lyrics,
        "LANGUAGE": tags.language if tags.lyrics else "",
        "BPM": "" if tags.tempo_bpm is None else f"{tags.tempo_bpm:g}", "KEY": tags.key,
    }  # fmt: skip
    comments = [f"{name}={text}".encode() for name, text in fields.items() if text]
    vendor = VENDOR.encode()
    out = struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(comments))
    return out + b"".join(struct.pack("<I", len(comment)) + comment for comment in comments)


def flac_picture(png: bytes) -> bytes:
    """The body of a FLAC PICTURE block: the front cover."""
    # A PNG states its size in its first chunk: width and height at bytes 16 and 20, big-endian.
    width, height = struct.unpack(">II", png[16:24])
    mime, words = b"image/png", b"Cover"
    head = struct.pack(">II", FRONT_COVER, len(mime)) + mime + struct.pack(">I", len(words)) + words
    return head + struct.pack(">IIIII", width, height, 24, 0, len(png)) + png
