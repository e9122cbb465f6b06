"""Reads a description: the style with its negations, and the subject of the song."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations

from lyrics.contract import Voice
from lyrics.wishes import instruments as sounds
from lyrics.wishes.genres import OPPOSED, genres, moods
from lyrics.wishes.names import named
from lyrics.wishes.numbers.duration import length
from lyrics.wishes.numbers.form import form
from lyrics.wishes.numbers.keys import key
from lyrics.wishes.numbers.metre import metre
from lyrics.wishes.numbers.tempo import (
    NOT_FAST_BPM,
    NOT_SLOW_BPM,
    PACE,
    PACE_WORD,
    Tempo,
    energy,
    is_fast,
    is_slow,
    tempo,
)
from lyrics.wishes.polarity import Mention, Polarity, polarity
from lyrics.wishes.topic import explicit_topic, leftover_topic
from lyrics.wishes.voices import Singing, singing, voices
from lyrics.wishes.wording import wording

_MOST_NAMES = 20
"""Maximum of instruments that are named or excluded: no band has more, and an edited plan may have 50
tags."""
_MOST_WARNINGS = 12
_Span = tuple[int, int]


@dataclass(frozen=True)
class Reading:
    """The findings; None or empty for what the description does not say."""

    genre: str | None = None
    mood: str | None = None
    energy: int | None = None
    tempo_bpm: float | None = None
    tempo_fixed: bool = False
    """Whether just ``tempo_bpm`` is meant, not "around" it."""
    pace_bpm: float | None = None
    """What words such as "slow" suggest."""
    tempo_range: tuple[float, float] | None = None
    """The bounds by words such as "not slow", in BPM."""
    key: str | None = None
    mode: str | None = None
    """"major" or "minor", if no key is named."""
    metre: str | None = None
    voice: Voice | None = None
    instruments: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    """Instruments and effects that are not wanted."""
    not_genres: frozenset[str] = frozenset()
    not_moods: frozenset[str] = frozenset()
    not_voices: frozenset[str] = frozenset()
    cappella: bool = False
    title: str = ""
    """As the user typed it."""
    artists: tuple[str, ...] = ()
    """Names that the song is to sound like, which no engine imitates."""
    duration_s: float | None = None
    theme: str = ""
    """The phrase for the song's subject, as the user wrote it."""
    literal: frozenset[str] = frozenset()
    """The fields that the description names itself: a number, a key, a metre, a voice. Others are
    guesses, which guide a model and never overrule it."""
    warnings: tuple[str, ...] = field(default=())


_PHOTO = re.compile(
    r"(?:^|; )(?=an? [^;]{1,120} song, [\d.]+ BPM, energy \d+, about )(?=[^\n]*The photo it goes with: )"
)


def read(description: str) -> Reading:
    """Reads style and theme from a description in plain words. If it ends with what a photo shows, the user's
    own words count more, and the photo contradicts nothing."""
    photo = _PHOTO.search(description)
    if photo is None:
        return _read(description)
    own, seen = _read(description[: photo.start()]), _read(description[photo.end() :])
    missing = {
        name: getattr(seen, name)
        for name in ("genre", "mood", "energy", "tempo_bpm", "key", "metre", "voice", "instruments")
        if not getattr(own, name) and not (name in ("voice", "instruments") and own.cappella)
    }
    if own.pace_bpm or own.tempo_range:
        missing.pop("tempo_bpm", None)
    if "theme" not in own.literal:
        missing["theme"] = seen.theme or own.theme
    return replace(own, **missing, literal=own.literal | (seen.literal & missing.keys()))


def _read(description: str) -> Reading:
    words = wording(description)
    names = named(words.text)
    topic = explicit_topic(names.text)
    style = f"{names.text[: topic.start]} , {names.text[topic.end :]}" if topic.end else names.text
    mentions = sorted(
        (*genres(style), *moods(style), *_sounds(style), *voices(style), *_paces(style)),
        key=lambda m: (m.start, m.end),
    )
    said = polarity(style, mentions)
    avoided = [
        *sounds.instruments(words.avoid),
        *genres(words.avoid),
        *moods(words.avoid),
        *voices(words.avoid),
        *_paces(words.avoid),
    ]
    wanted = [mention for n, mention in enumerate(mentions) if n not in said.denied | said.reduced]
    denied = [*(mentions[n] for n in sorted(said.denied)), *avoided]
    is_alone = any(mentions[n].kind == "instrument" for n in said.alone) and all(
        m.kind != "genre" for m in wanted
    )
    sings = singing(style, [*mentions, *avoided], {*said.denied, *range(len(mentions), len(mentions) + len(avoided))},
                    about=bool(topic.phrase), alone=is_alone)  # fmt: skip
    genre, barred_genres, genre_notes = _chosen("genre", wanted, denied)
    mood, barred_moods, mood_notes = _chosen("mood", wanted, denied)
    band = _band(mentions, said, wanted, denied, sings)
    speed, tone, beat = tempo(style), key(style), metre(style)
    seconds, shape = length(style), form(style, genre=genre)
    pace, bounds, pace_notes = _pace(wanted, denied, speed)
    spans = [
        *((mention.start, mention.end) for mention in mentions if not mention.weak or mention.kind != "mood"),
        *said.spans, *sings.spans, *speed.spans, *tone.spans, *beat.spans, *seconds.spans, *shape.spans,
    ]  # fmt: skip
    literal = {
        "tempo_bpm": speed.literal, "key": tone.key is not None, "metre": beat.literal, "voice": sings.literal,
        "energy": energy(style) is not None, "title": bool(names.title), "theme": bool(topic.phrase),
    }  # fmt: skip
    return Reading(
        genre=genre,
        mood=mood,
        energy=energy(style),
        tempo_bpm=speed.bpm,
        tempo_fixed=speed.fixed,
        pace_bpm=pace,
        tempo_range=bounds,
        key=tone.key,
        mode=tone.mode,
        metre=beat.metre,
        voice=sings.voice,
        instruments=band.names,
        exclude=band.exclude,
        not_genres=barred_genres,
        not_moods=barred_moods,
        not_voices=sings.barred,
        cappella=sings.cappella,
        title=names.title,
        artists=names.artists,
        duration_s=seconds.seconds,
        theme=topic.phrase or leftover_topic(_blanked(style, spans)) or names.title,
        literal=frozenset(name for name, is_literal in literal.items() if is_literal),
        warnings=tuple(
            dict.fromkeys(
                (*names.warnings, *genre_notes, *mood_notes, *speed.warnings, *pace_notes, *tone.warnings, *beat.warnings,
                 *sings.warnings, *band.warnings, *seconds.warnings, *shape.warnings)
            )
        )[:_MOST_WARNINGS],
    )  # fmt: skip


def _sounds(text: str) -> Iterable[Mention]:
    """The instruments, but for those that are a part of a genre's name, such as "drum and bass"."""
    taken = [(mention.start, mention.end) for mention in genres(text)]
    for mention in sounds.instruments(text):
        if not any(
            start <= mention.start and mention.end <= end and (start, end) != (mention.start, mention.end)
            for start, end in taken
        ):
            yield mention


def _paces(text: str) -> Iterable[Mention]:
    for match in PACE_WORD.finditer(text):
        yield Mention(match.start(), match.end(), "pace", match[0].lower())


def _chosen(
    kind: str, wanted: Sequence[Mention], denied: Sequence[Mention]
) -> tuple[str | None, frozenset[str], list[str]]:
    """The genre or mood that counts, those that are not wanted, and what contradicts itself."""
    named = [mention for mention in wanted if mention.kind == kind]
    against = [mention for mention in denied if mention.kind == kind]
    names = list(dict.fromkeys(mention.name for mention in named))
    first = min(
        named,
        key=lambda mention: (mention.weak and kind == "genre", mention.start, -mention.end),
        default=None,
    )
    notes = []
    if first and kind == "mood":
        for one, other in combinations(names, 2):
            if any({one, other} & group and {one, other} & rival for group, rival in OPPOSED):
                notes.append(
                    f"the description names moods that do not go together, {one} and {other}: {first.name} counts"
                )
                break
    barred = frozenset(mention.name for mention in against) - set(names)
    return (first.name if first else None), barred, notes


@dataclass(frozen=True)
class _Band:
    names: tuple[str, ...]
    exclude: tuple[str, ...]
    warnings: tuple[str, ...]


def _band(
    mentions: Sequence[Mention],
    said: Polarity,
    wanted: Sequence[Mention],
    denied: Sequence[Mention],
    sings: Singing,
) -> _Band:
    """The instruments that are wanted and those that are not."""
    notes: list[str] = []
    barred = dict.fromkeys(mention.name for mention in denied if mention.kind in ("instrument", "effect"))
    named = dict.fromkeys(mention.name for mention in wanted if mention.kind == "instrument")
    alone = [mentions[n].name for n in sorted(said.alone) if mentions[n].kind == "instrument"]
    for name in [name for name in named if name in barred]:
        notes.append(f"the description asks for {name} and for no {name}: it has no {name}")
        del named[name]
    for mention in (mentions[n] for n in sorted(said.reduced) if mentions[n].kind == "instrument"):
        notes.append(f"how much of the {mention.name} there is cannot be set: it is not asked for")
        named.pop(mention.name, None)
    if sings.cappella:
        if others := [name for name in sounds.wanted(named) if name != "choir"]:
            notes.append(
                f"a cappella has no instruments, and the description names {others[0]}: only what it names plays"
            )
        barred |= dict.fromkeys(sounds.others_than(others))
    elif alone and not (said.solo and set(sounds.wanted(named)) - set(alone)):
        barred |= dict.fromkeys(sounds.others_than(sounds.wanted(named)))
    kept, out = sounds.wanted(named), tuple(barred)
    for names in (kept, out):
        if len(names) > _MOST_NAMES:
            notes.append(
                f"the description names {len(names)} instruments at once: the first {_MOST_NAMES} count"
            )
    return _Band(kept[:_MOST_NAMES], out[:_MOST_NAMES], tuple(notes))


def _pace(
    wanted: Sequence[Mention], denied: Sequence[Mention], speed: Tempo
) -> tuple[float | None, tuple[float, float] | None, list[str]]:
    """The pace in BPM, the bounds of what is "not slow" or "not fast", and what contradicts itself."""
    paces = [PACE[mention.name] for mention in wanted if mention.kind == "pace"]
    words = [mention.name for mention in wanted if mention.kind == "pace"]
    against = [PACE[mention.name] for mention in denied if mention.kind == "pace"]
    notes = []
    if any(is_slow(bpm) for bpm in paces) and any(is_fast(bpm) for bpm in paces):
        used = f"{speed.bpm:g} BPM" if speed.bpm else words[0]
        notes.append(f"the description asks for {' and '.join(dict.fromkeys(words[:3]))}: it is {used}")
    elif (
        speed.bpm
        and paces
        and ((is_slow(paces[0]) and is_fast(speed.bpm)) or (is_fast(paces[0]) and is_slow(speed.bpm)))
    ):
        notes.append(f"{speed.bpm:g} BPM is not {words[0]}: {speed.bpm:g} BPM is used")
    low = NOT_SLOW_BPM if any(is_slow(bpm) for bpm in against) else 0.0
    high = NOT_FAST_BPM if any(is_fast(bpm) for bpm in against) else 1000.0
    return (paces[0] if paces else None), ((low, high) if low or high < 1000.0 else None), notes


def _blanked(text: str, spans: Iterable[_Span]) -> str:
    """``text`` with a comma in place of each span, which keeps the words around it apart."""
    signs = list(text)
    for start, end in spans:
        signs[start:end] = "," + " " * (end - start - 1) if end > start else ""
    return "".join(signs)
