"""Words that are markup, format strings or commands elsewhere, and a library that holds them everywhere, as
an older version wrote it."""

from __future__ import annotations

import json
import re
from pathlib import Path

from orchestrator.songs.library import Library
from orchestrator.songs.limits import KEPT
from orchestrator.songs.manifest import Failure, Song, Status
from storage.local import LocalStore
from tests.orchestrator.songs import made_song

MARKUP = (
    "[/b]", "[red]x", "[bold", "[link=https://example.com]y[/link]", ":smile:", "[/]", "[[x]]", r"\[b]",
    "{0}", "{self.__class__}", "{", "%s %(x)d %", "$(id)", "`id`", "<script>alert(1)</script>", "&lt;b&gt;",
    "[#ff0000]", "[@click=f()]", "[blink]z[/blink]", "\\", "'\"",
)  # fmt: skip
"""Shown as they are."""
COMMANDS = (
    "\x1b[31m", "\x1b]0;title\x07", "\x1b[2J", "\x9b31m", "\x07", "\x08", "\r", "\x7f", "\u202e", "\u2066",
    "\u200f", "\u200b", "\ufeff", "\u2028", "\x85", "\x00", "\U000e0041", "\u00ad",
)  # fmt: skip
"""Never shown."""
WIDE = ("雨の夜", "नमस्ते", "שלום", "👩\u200d🚀", "e\u0301", "ｗｉｄｅ", "😀", "한국어")
ALL = " ".join((*MARKUP, *WIDE)) + " " + "|".join(COMMANDS)
NEVER = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u2028\u2029\u202a-\u202e\u2060-\u206f\ufeff"
    r"\U000e0000-\U000e007f\ud800-\udfff]"
)
"""What no output has, but for the styles of a terminal."""
STYLES = re.compile(r"\x1b\[[\d;]*m|\x1b\[\?25[lh]|\x1b\[\d?[AK]|\r(?=\n|\x1b|$)")


def hostile_song(number: int, words: str, status: Status = Status.DONE) -> Song:
    """A song whose every text is ``words``."""
    song = made_song(
        number, {"music": 1.0}, {}, engines=dict.fromkeys(("lyrics", "music"), words), status=status
    )
    raw = song.model_dump(mode="json")
    raw["costs"] = {
        "music": {"gpu": words, "seconds": 1.0, "gpu_seconds": 1.0, "usd": 0.5, "prices_of": words}
    }
    raw["brief"] |= {"description": words, "lyrics": words, "about": words}
    raw["plan"] = {
        "title": words, "tags": [words], "lyrics": f"[verse]\n{words}\n", "categories": [words, words, words],
        "genre": "pop", "mood": words, "energy": 5, "tempo_bpm": 120.0, "key": words, "voice": "female",
        "cover_prompt": words, "warnings": [words],
    }  # fmt: skip
    raw["notes"] = [words]
    raw["webhook"] = {"url": f"https://example.com/{words}", "error": words}
    raw["error"] = Failure(type=words, message=words, step=words).model_dump()
    for facts in raw["engines"].values():
        facts |= {"warnings": [words], "version": words, "model": words}
    return Song.model_validate(raw, context=KEPT)


def hostile_library(home: Path) -> list[str]:
    """Stores songs that are done and failed, and one that is damaged. Returns their ids."""
    library = Library(LocalStore(home))
    songs = [
        hostile_song(1, ALL),
        hostile_song(2, ALL, Status.FAILED),
        made_song(3, {}, {}, description=" ".join(MARKUP)),
    ]
    for song in songs:
        library.save(song)
    damaged = made_song(4, {}, {}).id
    broken = {"id": damaged, "status": ALL, ALL: ALL}
    library.store.put(f"songs/{damaged}/song.json", json.dumps(broken).encode(), "application/json")
    return [*(song.id for song in songs), damaged]
