"""The embedded writer: reads the description, plans the song, writes or keeps the words."""

from __future__ import annotations

import re
from collections import Counter
from random import Random

from config.engine import EngineInfo, Report
from lyrics.contract import PlanRequest, SongPlan, Voice
from lyrics.sketch.notation import pace
from lyrics.sketch.reading import Reading, read
from lyrics.sketch.sections import domain_of, line_seconds, write
from lyrics.sketch.styles import DEFAULT_MOODS, GENRE_FACTS, MOOD_FACTS
from lyrics.sketch.theme import Theme, theme_of, title_case
from phonetics.words import count_syllables

_TONICS = ("C", "D", "E", "F", "G", "A", "Bb", "Eb", "Ab", "B", "F#", "C#")
_NEUTRAL = (
    "the open sky", "one more morning", "the light inside", "a quiet fire", "the long way home", "tomorrow",
    "paper stars", "the other side", "every little thing", "a brand new day",
)  # fmt: skip
_LONGEST_THEME = 7  # syllables: what a line of eight can hold
_WIDEST_THEME = 80  # characters: a word without vowels is long to read, and has one syllable
_TAG = re.compile(r"^\s*\[[^\]]*\]\s*$")


class SketchWriter:
    """Plans by rules and lyrics from material of our own; the same request gives the same plan."""

    info = EngineInfo(
        name="sketch",
        version="1",
        licence="MIT",
        commercial=True,
        summary="plans and rhyming lyrics by rules, in English.",
    )

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        """The whole song on paper; own lyrics are kept byte for byte."""
        report("reading", 0.0)
        # The texts too: else every song of one seed would have the same key.
        rng = Random(f"{request.seed} plan {request.description}\n{request.lyrics_about}\n{request.lyrics}")
        reading = read(request.description)
        topic = request.lyrics_about or reading.theme
        if request.lyrics_about:
            about = read(f"about {request.lyrics_about}").theme
            topic = about or request.lyrics_about
        elif request.lyrics.strip():
            topic = _hook_line(request.lyrics)
        theme, warnings = _theme(topic, request, rng)
        genre = reading.genre or rng.choice(("pop", "indie", "folk", "synthwave"))
        mood = reading.mood or rng.choice(DEFAULT_MOODS[genre])
        voice = _voice(reading, request, rng)
        tempo = reading.tempo_bpm or _tempo(request.description, genre, mood, rng)
        metre = reading.metre or "4/4"
        report("writing", 0.3)
        if voice == "none":
            lyrics = ""
        elif request.lyrics.strip():
            lyrics = request.lyrics
        else:
            lyrics = write(
                theme,
                genre=genre,
                mood=mood,
                line_s=line_seconds(tempo, metre),
                duration_s=request.duration_s,
                seed=request.seed,
            )
        facts = GENRE_FACTS[genre]
        energy = reading.energy if reading.energy is not None else facts.energy + MOOD_FACTS[mood].energy
        plan = SongPlan(
            title=theme.title,
            tags=_tags(genre, mood, tempo, voice, reading),
            lyrics=lyrics,
            categories=_categories(genre, mood, theme, rng),
            genre=genre,
            mood=mood,
            energy=min(max(energy, 0), 10),
            tempo_bpm=tempo,
            tempo_fixed=reading.tempo_bpm is not None,
            key=reading.key or _key(genre, mood, rng),
            metre=metre,
            voice=voice,
            instruments=reading.instruments,
            exclude=reading.exclude,
            theme=theme.words,
            language="en",
            cover_prompt=_cover_prompt(theme, genre, mood),
            warnings=(*warnings, *reading.warnings),
        )
        report("writing", 1.0)
        return plan


def _theme(topic: str, request: PlanRequest, rng: Random) -> tuple[Theme, tuple[str, ...]]:
    """The theme of ``topic``, or a neutral one and the reason for it."""
    named = theme_of(topic) if re.search(r"[A-Za-zÀ-ɏ]{2}", topic) else None
    if named and len(named.hook) <= _WIDEST_THEME and 0 < count_syllables(named.hook) <= _LONGEST_THEME:
        foreign = bool(re.search(r"[À-ɏ]", topic)) and not request.lyrics.strip()
        note = "the sketch writer writes English lyrics: the theme's own words are kept as they are"
        return named, ((note,) if foreign else ())
    neutral = theme_of(rng.choice(_NEUTRAL))
    if not topic.strip() and re.search(r"[A-Za-z]{2}", request.description + request.lyrics):
        return neutral, ()  # the description gives a style alone, which is a complete wish
    note = (
        f"the description names no theme that the sketch writer can read: the song is about {neutral.phrase}"
    )
    return neutral, (note,)


def _hook_line(lyrics: str) -> str:
    """What own lyrics would be called: the line that comes most often, else the first of the chorus, else
    the first."""
    lines = [line.strip() for line in lyrics.splitlines()]
    sung = [line for line in lines if line and not _TAG.match(line)]
    if not sung:
        return ""
    line, count = Counter(sung).most_common(1)[0]
    if count == 1:
        chorus = next(
            (n for n, text in enumerate(lines) if re.match(r"^\[(?:chorus|hook|refrain)", text, re.I)), None
        )
        after = (
            [text for text in lines[chorus:] if text and not _TAG.match(text)] if chorus is not None else sung
        )
        line = (after or sung)[0]
    return re.split(r"[,.;:!?—–]", line)[0].strip() or line


def _voice(reading: Reading, request: PlanRequest, rng: Random) -> Voice:
    if request.instrumental or (reading.voice == "none" and not request.lyrics.strip()):
        return "none"
    if reading.voice in (None, "none"):
        return rng.choice(("female", "female", "male"))
    return reading.voice


def _tempo(description: str, genre: str, mood: str, rng: Random) -> float:
    """A tempo of the genre, moved by the mood; "slow" and "fast" move it on, as far as the genre bears."""
    low, high = GENRE_FACTS[genre].tempo
    middle = 0.5 + 0.5 * MOOD_FACTS[mood].tempo
    tempo = low + (high - low) * min(max(rng.gauss(middle, 0.2), 0.0), 1.0)
    wanted = pace(description)
    if wanted is not None:
        tempo = (tempo + 2.0 * wanted) / 3.0
    return float(round(tempo))


def _key(genre: str, mood: str, rng: Random) -> str:
    minor = rng.random() < GENRE_FACTS[genre].minor + MOOD_FACTS[mood].minor
    return f"{rng.choice(_TONICS)} {'minor' if minor else 'major'}"


def _tags(genre: str, mood: str, tempo: float, voice: Voice, reading: Reading) -> tuple[str, ...]:
    sung = {
        "female": "female vocal",
        "male": "male vocal",
        "duet": "duet",
        "choir": "choir",
        "none": "instrumental",
    }
    sound = [name for name in GENRE_FACTS[genre].sound if not any(out in name for out in reading.exclude)]
    excluded = [
        f"no {name}"
        for name in reading.exclude
        if name not in ("vocals", "vocal", "voice", "singing", "lyrics")
    ]
    tags = (genre, mood, f"{tempo:g} BPM", sung[voice], *(reading.instruments or sound), *excluded)
    return tuple(dict.fromkeys(tags))


def _categories(genre: str, mood: str, theme: Theme, rng: Random) -> tuple[str, ...]:
    domain = domain_of(theme.words, mood, rng)
    names = (GENRE_FACTS[genre].family, _titled(genre), _titled(mood), _titled(domain))
    return tuple(dict.fromkeys(names))[:5]


def _titled(name: str) -> str:
    return {"r&b": "R&B", "lo-fi": "Lo-Fi"}.get(name, title_case(name))


def _cover_prompt(theme: Theme, genre: str, mood: str) -> str:
    article = "an" if mood[0] in "aeiou" else "a"
    return f"Album cover for {article} {mood} {genre} song: {theme.phrase}, {MOOD_FACTS[mood].scene}, no text"
