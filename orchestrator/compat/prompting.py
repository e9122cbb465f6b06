"""From music's properties to the prompt that suits a music engine: words for MusicGen, tags for ACE-Step, and
the fields of the plan for an engine that reads no words. Pure functions; the tables are in
``prompt_tables``."""

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
"""MusicGen follows 10 to 25 words best (the blueprint of the service that this replaces)."""
QUALITY = "high quality production"

_MOST_INSTRUMENTS = 4
_FEWEST_INSTRUMENTS = 2
_GENRE_WORDS, _MOOD_WORDS, _INSTRUMENT_WORDS = 3, 2, 2
_TITLE_CHARACTERS = 80
_ANY_KEY = "C major"
_WORD = re.compile(r"[^\s,;:.!?()\[\]{}\"]+")


@dataclass(frozen=True)
class Wish:
    """The properties of wanted music. ``energy`` and ``style_level`` are 0 to 10; ``tempo_bpm`` is 40 to 220,
    or None to follow the energy. Mood, genres and instruments may be any words."""

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
    """The kind of prompt that the music engine takes: see ``EngineSpec.prompt``. Raises as
    ``Registry.spec``."""
    return COMPOSERS.spec(engine).prompt


def words_of(wish: Wish) -> tuple[str, ...]:
    """The phrases of a MusicGen prompt, together 10 to 25 words: era and genre, mood, tempo, 2 to 4
    instruments, production, vocals, dynamics, "high quality production". If that is too long, the last
    instruments and the second genre are left out first."""
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

    # What is left out, in this order, and how many of each stay.
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
    """Tags for ACE-Step, the most important first, without repetition."""
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
    """A whole plan, so that no lyrics engine has to write one. Its joined tags are the engine's prompt."""
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
    """A plan whose only content is ``prompt``, which the engine gets unchanged."""
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
    """The mood of the table; if it is not there, the first words of the wish itself."""
    words = _plain(wish.mood).split()
    for name in (" ".join(words), *words):
        if name in MOODS:
            return MOODS[name]
    own = " ".join(words[:_MOOD_WORDS])
    return Mood(own, own, _ANY_KEY) if own else MOODS["uplifting"]


def _players(wish: Wish) -> tuple[str, ...]:
    """Two to four instruments: those of the wish, and the genre's if the wish has fewer than two."""
    wanted = dict.fromkeys(
        name for text in wish.instruments if (name := _last_words(text, _INSTRUMENT_WORDS))
    )
    if len(wanted) < _FEWEST_INSTRUMENTS:
        wanted |= dict.fromkeys(_usual(_plain(wish.genres[0])))
    return tuple(wanted)[:_MOST_INSTRUMENTS]


def _usual(genre: str) -> tuple[str, ...]:
    """The instruments of the longest known genre within ``genre``: in "liquid drum and bass", those of "drum
    and bass"."""
    spaced = f" {genre.replace('-', ' ')} "
    found = [name for name in INSTRUMENTS if f" {name.replace('-', ' ')} " in spaced]
    return INSTRUMENTS[max(found, key=len)] if found else ANY_INSTRUMENTS


def _categories(wish: Wish) -> tuple[str, ...]:
    """Three to five categories. Voice, era and "Music" are always three different ones."""
    sung = VOCALS[wish.vocal_type].voice != "none"
    names = (_plain(wish.genres[0]), _plain(wish.mood), "vocal" if sung else "instrumental")
    more = (at(STYLES, wish.style_level).era, "music")
    return tuple(dict.fromkeys(_titled(name) for name in (*names, *more) if name))[:5]


def _titled(name: str) -> str:
    return {"r&b": "R&B", "lo-fi": "Lo-Fi", "edm": "EDM"}.get(name, capwords(name))


def _plain(text: str) -> str:
    """``text`` in lower case, without punctuation between phrases."""
    return " ".join(_WORD.findall(text.lower()))


def _last_words(text: str, count: int) -> str:
    """The last ``count`` words, where the noun is: "hammond organ" of "old hammond organ"."""
    return " ".join(_plain(text).split()[-count:])


def _count(phrases: tuple[str, ...]) -> int:
    return len(" ".join(phrases).split())
