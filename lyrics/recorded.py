"""The plan of a song that is made from a recording, of which nothing is known but its sound."""

from __future__ import annotations

import re

from lyrics.contract import TITLE_CHARACTERS, VOICE_TAGS, SongPlan
from lyrics.wishes.reading import read
from reading.cleaning import stripped

_GENRE, _MOOD, _ENERGY, _TEMPO_BPM, _KEY = "pop", "uplifting", 5, 110.0, "C major"
"""What no one has said: the defaults of a request for music."""
_TITLE = "Recording"
_EXTENSION = re.compile(r"\.[a-zA-Z][a-zA-Z0-9]{1,4}$")


def recorded_plan(name: str, prompt: str, words: str, tempo_bpm: float | None) -> SongPlan:
    """The plan of a recording called ``name`` after a change: ``prompt`` is read as a description is, and
    ``words`` are what is sung. Without words and a named voice it is an instrumental. ``tempo_bpm`` is the
    recording's, if it was found; what the prompt names comes first."""
    said = read(prompt)
    voice = said.voice or ("female" if words.strip() else "none")
    tempo = said.tempo_bpm or tempo_bpm or said.pace_bpm
    genre, mood = said.genre or _GENRE, said.mood or _MOOD
    title = (said.title or _title(name))[:TITLE_CHARACTERS].strip() or _TITLE
    known = (prompt.strip(), VOICE_TAGS[voice], f"{tempo:g} BPM" if tempo else "")
    return SongPlan(
        title=title,
        tags=tuple(dict.fromkeys(filter(None, known))),
        lyrics=words if voice != "none" else "",
        categories=tuple(dict.fromkeys((genre.title(), mood.title(), "Recording"))),
        genre=genre,
        mood=mood,
        energy=_ENERGY if said.energy is None else said.energy,
        tempo_bpm=tempo or _TEMPO_BPM,
        tempo_fixed=said.tempo_fixed or tempo_bpm is not None,
        key=said.key or _KEY,
        metre=said.metre or "4/4",
        voice=voice,
        instruments=said.instruments,
        exclude=said.exclude,
        cover_prompt=f"Album cover for a {mood} {genre} song: {title}, no text",
        warnings=said.warnings,
    )


def _title(name: str) -> str:
    """``name`` without the extension of a file."""
    stem = _EXTENSION.sub("", name)
    return " ".join(stripped(stem.replace("_", " "), lines=False).split())
