"""From a structured wish to what a music engine likes best: words for MusicGen, tags for ACE-Step, and the
plan's own fields for one that reads no words. Pure: the tables are in ``prompt_tables``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from string import capwords

from lyrics.contract import SongPlan
from music.contract import COMPOSERS
from orchestrator.compat.prompt_tables import (
    ANY_INSTRUMENTS,
    ENERGIES,
    INSTRUMENTS,
    MOODS,
    STYLES,
    TEMPI,
    VOCALS,
    Mood,
    VocalType,
    at,
)

MOST_WORDS = 25
"""MusicGen heeds 10 to 25 words best (the blueprint of the service that this replaces)."""
QUALITY = "high quality production"

_MOST_INSTRUMENTS = 4
_FEWEST_INSTRUMENTS = 2
_GENRE_WORDS, _MOOD_WORDS, _INSTRUMENT_WORDS = 3, 2, 2
_TITLE_CHARACTERS = 80
_ANY_KEY = "C major"
_WORD = re.compile(r"[^\s,;:.!?()\[\]{}\"]+")


@dataclass(frozen=True)
class Wish:
    """Music asked for by its properties: ``energy`` and ``style_level`` 0 to 10, ``tempo_bpm`` 40 to 220, or
    None where the energy decides. Moods, genres and instruments may be any words."""

    mood: str
    energy: float
    genres: tuple[str, ...]
    tempo_bpm: float | None = None
    style_level: float = 6.0
    vocal_type: VocalType = "instrumental"
    instruments: tuple[str, ...] = ()

    @property
    def bpm(self) -> float:
        return at(ENERGIES, self.energy).tempo_bpm if self.tempo_bpm is None else self.tempo_bpm


def prompt_of(engine: str) -> str:
    """What the music engine likes to be asked in: see ``EngineSpec.prompt``. Raises as ``Registry.spec``."""
    return COMPOSERS.spec(engine).prompt


def words_of(wish: Wish) -> tuple[str, ...]:
    """The phrases of a MusicGen prompt, together 10 to 25 words: era and genre, mood, tempo, 2 to 4
    instruments, production, vocals, dynamics, "high quality production". Where a wish has more to say, its
    later instruments and its second genre go first."""
    style = at(STYLES, wish.style_level)
    genres = [name for genre in wish.genres[:2] if (name := _last_words(genre, _GENRE_WORDS))] or ["music"]
    era = " ".join(word for word in style.era.split() if word not in genres[0].split())
    players = list(_players(wish))
    production, vocals = list(style.production), list(VOCALS[wish.vocal_type].words)

    def phrases() -> tuple[str, ...]:
        return (
            " ".join((era, *genres)),
            _mood(wish).words,
            at(TEMPI, wish.bpm),
            f"with {players[0]}",
            *players[1:],
            *production,
            *vocals,
            at(ENERGIES, wish.energy).dynamics,
            QUALITY,
        )

    # What may go, in this order, and how much of it stays.
    for part, least in (
        (players, 3),
        (genres, 1),
        (players, _FEWEST_INSTRUMENTS),
        (production, 1),
        (vocals, 1),
    ):
        while len(part) > least and _count(phrases()) > MOST_WORDS:
            part.pop()
    return phrases()


def tags_of(wish: Wish) -> tuple[str, ...]:
    """Tags for ACE-Step, the most telling first, nothing twice."""
    style = at(STYLES, wish.style_level)
    tags = (
        *(_plain(genre) for genre in wish.genres),
        *_mood(wish).words.split(),
        f"{wish.bpm:g} BPM",
        VOCALS[wish.vocal_type].words[0],
        *_players(wish),
        style.era,
        *style.production,
        at(ENERGIES, wish.energy).dynamics,
    )
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def plan_of(wish: Wish, engine: str) -> SongPlan:
    """The whole plan, so that no lyrics engine need write one; its tags, joined, are the engine's prompt."""
    mood, vocals, genre = _mood(wish), VOCALS[wish.vocal_type], _plain(wish.genres[0]) or "pop"
    manner = prompt_of(engine)
    title = f"{_titled(_plain(wish.mood))} {_titled(genre)}".strip()[:_TITLE_CHARACTERS].strip()
    warnings: tuple[str, ...] = ()
    if vocals.voice != "none" and manner != "words":
        warnings = (f"vocal_type {wish.vocal_type!r} has no words to sing here: describe a song to get some",)
    return SongPlan(
        title=title,
        tags=tags_of(wish) if manner == "tags" else words_of(wish),
        lyrics="",
        categories=_categories(wish),
        genre=genre,
        mood=mood.mood,
        energy=round(wish.energy),
        tempo_bpm=wish.bpm,
        tempo_fixed=wish.tempo_bpm is not None,
        key=mood.key,
        voice=vocals.voice,
        instruments=wish.instruments,
        theme=(),
        cover_prompt=f"Album cover for {_plain(wish.mood)} {genre} music, no text",
        warnings=warnings,
    )


def plan_of_prompt(prompt: str) -> SongPlan:
    """A plan that leaves everything to ``prompt``, which the engine gets word for word."""
    return SongPlan(
        title=prompt.strip()[:_TITLE_CHARACTERS].strip(),
        tags=(prompt,),
        lyrics="",
        categories=("Instrumental", "Music", "Prompt"),
        genre="instrumental",
        mood="uplifting",
        energy=5,
        tempo_bpm=110.0,
        key=_ANY_KEY,
        voice="none",
        cover_prompt=f"Album cover for {prompt.strip()}",
    )


def _mood(wish: Wish) -> Mood:
    """The table's; a mood that is not in it speaks for itself."""
    words = _plain(wish.mood).split()
    for name in (" ".join(words), *words):
        if name in MOODS:
            return MOODS[name]
    own = " ".join(words[:_MOOD_WORDS])
    return Mood(own, own, _ANY_KEY) if own else MOODS["uplifting"]


def _players(wish: Wish) -> tuple[str, ...]:
    """Two to four instruments: those asked for, and the genre's own where that is fewer than two."""
    asked = dict.fromkeys(name for text in wish.instruments if (name := _last_words(text, _INSTRUMENT_WORDS)))
    if len(asked) < _FEWEST_INSTRUMENTS:
        asked |= dict.fromkeys(_usual(_plain(wish.genres[0])))
    return tuple(asked)[:_MOST_INSTRUMENTS]


def _usual(genre: str) -> tuple[str, ...]:
    """The instruments of the longest genre name that is a part of ``genre``: of "drum and bass" in "liquid
    drum and bass"."""
    spaced = f" {genre.replace('-', ' ')} "
    found = [name for name in INSTRUMENTS if f" {name.replace('-', ' ')} " in spaced]
    return INSTRUMENTS[max(found, key=len)] if found else ANY_INSTRUMENTS


def _categories(wish: Wish) -> tuple[str, ...]:
    """Three to five, as the library files them: voice, era and "Music" are three that never coincide."""
    sung = VOCALS[wish.vocal_type].voice != "none"
    names = (_plain(wish.genres[0]), _plain(wish.mood), "vocal" if sung else "instrumental")
    more = (at(STYLES, wish.style_level).era, "music")
    return tuple(dict.fromkeys(_titled(name) for name in (*names, *more) if name))[:5]


def _titled(name: str) -> str:
    return {"r&b": "R&B", "lo-fi": "Lo-Fi", "edm": "EDM"}.get(name, capwords(name))


def _plain(text: str) -> str:
    """``text`` in lower case, without what parts phrases."""
    return " ".join(_WORD.findall(text.lower()))


def _last_words(text: str, count: int) -> str:
    """The noun is at the end: "hammond organ" of "old hammond organ"."""
    return " ".join(_plain(text).split()[-count:])


def _count(phrases: tuple[str, ...]) -> int:
    return len(" ".join(phrases).split())
