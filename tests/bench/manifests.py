"""Manifests of as many songs as one likes, as the service stores them, without making any."""

from __future__ import annotations

import os
import time
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from lyrics.contract import SongPlan
from orchestrator.songs.brief import Brief
from orchestrator.songs.index.entry import Entry, entry_of
from orchestrator.songs.index.table import IndexTable
from orchestrator.songs.manifest import ALPHABET, Asset, Moment, Status, new_songs
from orchestrator.songs.reading import song_of
from tests.orchestrator.songs import made_song

STEP_S = 26.0  # between two songs: a hundred thousand a month
_WORDS = (
    "neon rain midnight harbour velvet thunder paper lanterns silver river winter garden broken radio "
    "golden hour distant highway crystal echo lullaby marble fountain desert signal summer letter"
).split()
_TITLE, _PROMPT, _AT, _ID = "THE-TITLE", "THE-PROMPT", "2026-01-01T00:00:00Z", "0" * 15


class Manifests:
    """``count`` songs; number 0 is the newest. The first ``unfinished`` ones wait in the queue."""

    def __init__(self, count: int, *, unfinished: int = 0, now_s: float | None = None) -> None:
        self.count = count
        self.unfinished = unfinished
        # The same songs for all of a day, so that a library can be used again.
        self._now_s = (time.time() // 86400) * 86400 if now_s is None else now_s
        self._done, self._waiting = _template(Status.DONE), _template(Status.QUEUED)

    def id(self, number: int) -> str:
        """The id of the song: its time, counting down, and its number."""
        ms = int((self._now_s - STEP_S * number) * 1000)
        bits = (2**45 - 1 - ms) << 30 | number & (2**30 - 1)
        return "".join(ALPHABET[bits >> shift & 31] for shift in range(70, -1, -5))

    def ids(self) -> list[str]:
        """All ids, newest first, which is their order."""
        return [self.id(number) for number in range(self.count)]

    def number(self, song_id: str, ids: list[str]) -> int | None:
        """The number of the song in ``ids``; None for one that is not there."""
        place = bisect_left(ids, song_id)
        return place if place < len(ids) and ids[place] == song_id else None

    def manifest(self, number: int) -> bytes:
        at = datetime.fromtimestamp(self._now_s - STEP_S * number, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        title, words = self._words(number)
        template = self._waiting if number < self.unfinished else self._done
        return (
            template.replace(_ID, self.id(number))
            .replace(_AT, at)
            .replace(_TITLE, title)
            .replace(_PROMPT, words)
        ).encode()

    def entries(self) -> Iterator[Entry]:
        """What the index has of the songs that have ended: as read from the manifests, in a fraction of the
        time."""
        like = entry_of(song_of(self.id(self.count - 1), self.manifest(self.count - 1)))
        for number in range(self.unfinished, self.count):
            at = datetime.fromtimestamp(int(self._now_s - STEP_S * number), UTC)
            title, words = self._words(number)
            yield replace(
                like,
                id=self.id(number),
                created_at=at,
                version=at.timestamp(),
                title=title,
                words=f"{words} Folk Calm Guitar",
            )

    def fill(self, table: IndexTable) -> None:
        """Makes the table of a folder whole."""
        left = self.entries()
        while some := list(islice(left, 5000)):
            table.put(some)

    def _words(self, number: int) -> tuple[str, str]:
        first, second, third = (_WORDS[number // step % len(_WORDS)] for step in (1, 7, 61))
        return (
            f"{first} {second} {number}",
            f"a song about {first} {third} and take{number}, with a slow beat",
        )

    def write(self, home: Path) -> None:
        """Writes the songs below ``home``, as a local store does but for waiting for the disk."""
        (home / "songs").mkdir(parents=True)
        (home / "open").mkdir()
        for number in range(self.count):
            song_id = self.id(number)
            folder = f"{home}/songs/{song_id}"
            os.mkdir(folder, 0o700)
            handle = os.open(f"{folder}/song.json", os.O_WRONLY | os.O_CREAT, 0o600)
            os.write(handle, self.manifest(number))
            os.close(handle)
            if number < self.unfinished:
                (home / "open" / song_id).touch()

    def marks(self) -> Iterator[str]:
        return (self.id(number) for number in range(self.unfinished))


def _template(status: Status) -> str:
    at = datetime.fromisoformat(_AT)
    if status is Status.QUEUED:
        song = new_songs(Brief(description=_PROMPT, seed=1, duration_s=180.0))[0]
        song = song.model_copy(update={"sibling_ids": (_ID,)})
    else:
        seconds = {"lyrics": 6.2, "music": 8.1, "cover": 2.0, "tags": 0.3}
        used = {"lyrics": (6.1, "A10"), "music": (7.9, "L40S"), "cover": (1.9, "L4")}
        song = made_song(0, seconds, used, duration_s=180.0, description=_PROMPT)
        assets = {
            role: Asset(key=f"songs/{_ID}/{name}", content_type=kind, size_bytes=size, sha256="ab" * 32)
            for role, name, kind, size in (
                ("audio", "audio.wav", "audio/wav", 34_560_044),
                ("cover", "cover.png", "image/png", 913_456),
                ("lyrics", "lyrics.txt", "text/plain", 1_204),
                ("stem:bass", "stems/bass.flac", "audio/flac", 8_123_456),
                ("stem:vocals", "stems/vocals.flac", "audio/flac", 9_123_456),
            )
        }
        plan = SongPlan(
            title=_TITLE,
            tags=("folk", "calm"),
            lyrics="[verse]\n" + "a line of the song, as long as lines are\n" * 30,
            categories=("Folk", "Calm", "Guitar"),
            genre="folk",
            mood="calm",
            energy=3,
            tempo_bpm=100.0,
            key="C major",
            voice="female",
            cover_prompt="a harbour at night",
        )
        song = song.model_copy(update={"assets": assets, "sibling_ids": (_ID,), "plan": plan})
    history = tuple(Moment(status=moment.status, at=at) for moment in song.history)
    song = song.model_copy(update={"id": _ID, "created_at": at, "updated_at": at, "history": history})
    return song.model_dump_json(indent=2)
