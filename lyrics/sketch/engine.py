"""The embedded writer: reads the description, plans the song, writes or keeps the words."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from random import Random

from config.engine import EngineInfo, Report
from lyrics.contract import VOICE_TAGS, PlanRequest, SongPlan, Voice
from lyrics.sketch.sections import field_for, line_seconds, write
from lyrics.sketch.styles import DEFAULT_MOODS, GENRE_FACTS, MOOD_FACTS
from lyrics.sketch.theme import OPEN_ENDED, Theme, theme_of, title_case
from lyrics.wishes.instruments import shows_any
from lyrics.wishes.lengths import length_notes
from lyrics.wishes.reading import Reading, read
from phonetics.words import count_syllables
from reading.headings import heading, section_kind

_TONICS = ("C", "D", "E", "F", "G", "A", "Bb", "Eb", "Ab", "B", "F#", "C#")
_NEUTRAL = (
    "the open sky", "one more morning", "the light inside", "a quiet fire", "the long way home", "tomorrow",
    "paper stars", "the other side", "every little thing", "a brand new day",
)  # fmt: skip
_LONGEST_THEME = 7  # syllables: a line of eight has room for it
_TITLE_WORDS, _LONGEST_TITLE = 5, 40  # of a title from a line that is too long for a theme
_WIDEST_THEME = 80  # characters: a long word without vowels counts as one syllable


class SketchWriter:
    """Plans by rules and lyrics from material of our own; the same request gives the same plan."""

    info = EngineInfo(
        name="sketch",
        version="2",
        licence="MIT",
        commercial=True,
        summary="plans and rhyming lyrics by rules, in English.",
    )

    def plan(self, request: PlanRequest, report: Report) -> SongPlan:
        """The plan of the song. The user's own lyrics are kept byte for byte."""
        report("reading", 0.0)
        # The texts are part of the seed: else all songs of one seed would have the same key.
        rng = Random(f"{request.seed} plan {request.description}\n{request.lyrics_about}\n{request.lyrics}")
        reading = read(request.description)
        topic = request.lyrics_about or reading.theme
        if request.lyrics_about:
            about = read(f"about {request.lyrics_about}").theme
            topic = about or request.lyrics_about
        elif request.lyrics.strip():
            topic = _hook_line(request.lyrics)
        theme, warnings = _theme(topic, request, rng)
        genre = reading.genre or _other(("pop", "indie", "folk", "synthwave"), reading.not_genres, rng)
        mood = reading.mood or _other(DEFAULT_MOODS[genre], reading.not_moods, rng)
        voice = _voice(reading, request, rng)
        tempo = reading.tempo_bpm or _tempo(reading, genre, mood, rng)
        metre = reading.metre or "4/4"
        exclude, silence = _excluded(reading, voice)
        report("writing", 0.3)
        title, lyrics = theme.title, request.lyrics
        if not lyrics.strip():
            words = write(
                theme,
                genre=genre,
                mood=mood,
                line_s=line_seconds(tempo, metre),
                duration_s=request.duration_s,
                seed=request.seed,
                title=reading.title,
            )
            title, lyrics = words.title, words.lyrics
        facts = GENRE_FACTS[genre]
        energy = reading.energy if reading.energy is not None else facts.energy + MOOD_FACTS[mood].energy
        plan = SongPlan(
            title=reading.title or title,
            tags=_tags(genre, mood, tempo, voice, reading),
            lyrics="" if voice == "none" else lyrics,
            categories=_categories(genre, mood, field_for(theme).label),
            genre=genre,
            mood=mood,
            energy=min(max(energy, 0), 10),
            tempo_bpm=tempo,
            tempo_fixed=reading.tempo_fixed,
            key=reading.key or _key(genre, mood, reading.mode, rng),
            metre=metre,
            voice=voice,
            instruments=reading.instruments,
            exclude=exclude,
            theme=theme.words,
            language="en",
            cover_prompt=_cover_prompt(theme, genre, mood),
            warnings=(*warnings, *reading.warnings, *silence, *length_notes(reading, request)),
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
    if request.lyrics.strip():
        return replace(neutral, title=_short_title(topic) or neutral.title), ()
    if not topic.strip() and re.search(r"[A-Za-z]{2}", request.description + request.lyrics):
        return neutral, ()  # a description with only a style is a complete request
    note = (
        f"the description names no theme that the sketch writer can read: the song is about {neutral.phrase}"
    )
    return neutral, (note,)


def _hook_line(lyrics: str) -> str:
    """A title for the user's own lyrics: the most frequent line, else the first line of the chorus, else the
    first line."""
    lines = [line.strip() for line in lyrics.splitlines()]
    sung = [line for line in lines if line and heading(line) is None]
    if not sung:
        return ""
    line, count = Counter(sung).most_common(1)[0]
    if count == 1:
        headings = [heading(line) for line in lines]
        chorus = next((n for n, text in enumerate(headings) if text and section_kind(text) == "chorus"), None)
        after = (
            [text for text in lines[chorus:] if text and heading(text) is None]
            if chorus is not None
            else sung
        )
        line = (after or sung)[0]
    line = re.sub(r"[(（][^()（）]*[)）]", " ", line).strip() or line.strip(
        "()（） "
    )  # without backing vocals
    return re.split(r"[,.;:!?—–](?!\d)|[，。、；：！？…]", line)[0].strip() or line


def _short_title(line: str) -> str:
    """The first words of ``line``, at most five, in title case; whole if it has no spaces. Empty if even
    the first word is too long for a title."""
    words = line.split()[:_TITLE_WORDS]
    while len(words) > 1 and (words[-1].lower() in OPEN_ENDED or len(" ".join(words)) > _LONGEST_TITLE):
        words.pop()
    title = " ".join(words)
    if len(title) > _LONGEST_TITLE or not re.search(r"\w", title):
        return ""
    return title_case(title) if re.search(r"[A-Za-z]", title) else title


def _voice(reading: Reading, request: PlanRequest, rng: Random) -> Voice:
    if request.instrumental or (reading.voice == "none" and not request.lyrics.strip()):
        return "none"
    if reading.voice in (None, "none"):
        return rng.choice(("female", "female", "male"))
    return reading.voice


def _excluded(reading: Reading, voice: Voice) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The instruments that do not play, and a warning if none would and nobody sings."""
    if reading.cappella and voice == "none":
        return (), ("a cappella has a voice, and this is an instrumental: the band plays",)
    return reading.exclude, ()


def _other(names: tuple[str, ...], barred: frozenset[str], rng: Random) -> str:
    """One of ``names`` that is not ``barred``, or any other of the tables if all are."""
    table = GENRE_FACTS if names[0] in GENRE_FACTS else MOOD_FACTS
    left = [name for name in names if name not in barred] or [name for name in table if name not in barred]
    return rng.choice(left or names)


def _tempo(reading: Reading, genre: str, mood: str, rng: Random) -> float:
    """A tempo in the genre's range, shifted by the mood. Words such as "slow" and "fast" shift it further,
    and "not slow" bounds it."""
    low, high = GENRE_FACTS[genre].tempo
    middle = 0.5 + 0.5 * MOOD_FACTS[mood].tempo
    tempo = low + (high - low) * min(max(rng.gauss(middle, 0.2), 0.0), 1.0)
    if reading.pace_bpm is not None:
        tempo = (tempo + 2.0 * reading.pace_bpm) / 3.0
    if reading.tempo_range:
        tempo = min(max(tempo, reading.tempo_range[0]), reading.tempo_range[1])
    return float(round(tempo))


def _key(genre: str, mood: str, mode: str | None, rng: Random) -> str:
    minor = rng.random() < GENRE_FACTS[genre].minor + MOOD_FACTS[mood].minor
    return f"{rng.choice(_TONICS)} {mode or ('minor' if minor else 'major')}"


def _tags(genre: str, mood: str, tempo: float, voice: Voice, reading: Reading) -> tuple[str, ...]:
    sound = [name for name in GENRE_FACTS[genre].sound if not shows_any(reading.exclude, name)]
    alone = ["a cappella"] if reading.cappella and voice != "none" else []
    # A model that reads "no drums" hears drums: what is excluded is in the plan's own field alone.
    tags = (genre, mood, f"{tempo:g} BPM", VOICE_TAGS[voice], *alone, *(reading.instruments or sound))
    return tuple(dict.fromkeys(tags))


def _categories(genre: str, mood: str, field: str) -> tuple[str, ...]:
    names = (GENRE_FACTS[genre].family, _titled(genre), _titled(mood), field)
    return tuple(dict.fromkeys(names))[:5]


def _titled(name: str) -> str:
    return {"r&b": "R&B", "lo-fi": "Lo-Fi"}.get(name, title_case(name))


def _cover_prompt(theme: Theme, genre: str, mood: str) -> str:
    article = "an" if mood[0] in "aeiou" else "a"
    return f"Album cover for {article} {mood} {genre} song: {theme.phrase}, {MOOD_FACTS[mood].scene}, no text"
