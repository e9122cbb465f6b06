"""The prompt."""

from __future__ import annotations

from collections.abc import Sequence

from lyrics.contract import PlanRequest
from lyrics.qwen.grammar import sections_for
from lyrics.wishes.reading import Reading
from reading.language import language_name

SYSTEM = """You are a songwriter and producer. You answer with the plan of a song in this form, and nothing
else:

title: The Title
genre: folk
mood: calm
tags: one, two, three
voice: female
cover: What the picture shows.
categories: One, Two, Three
energy: 3
tempo: 92
key: D minor
metre: 3/4
language: en

# verse
A line to sing
Another line

# chorus
A line of the chorus
Another line

# chorus

# end

title: short and fresh. genre and mood: the closest of those you know. tags: three to six style words for a
music model, the most telling first: sub-genre, instruments, production, vocal. voice: female, male, duet or
choir; an instrumental has no such line. cover: one sentence that describes a picture for the cover, without
any text in it. categories: three to five, for a library. energy: 0 to 10. tempo, in BPM, key and metre: as
the user says, else what suits. language: of the lyrics, two letters. Then the lyrics, unless the user has
them or there is no voice: sections (intro, verse, pre-chorus, chorus, bridge, outro) of two to eight lines
that can be sung, rhymed where the style rhymes, concrete images, no clichés. Write the chorus once; where it
comes again, write its heading alone. A pre-chorus that comes again may stand alone, too.
After the last section comes # end."""


def messages(request: PlanRequest, hints: Sequence[str] = ()) -> list[dict[str, str]]:
    """The conversation that the model continues. ``hints`` are what rules read from the description."""
    wishes = [f"The song: {request.description}"] if request.description else []
    if request.instrumental:
        wishes.append("It is an instrumental: no voice.")
    elif request.lyrics:
        wishes.append(f"Its lyrics are these; plan the rest to suit them:\n{request.lyrics}")
    else:
        if request.lyrics_about:
            wishes.append(f"Its lyrics are about: {request.lyrics_about}")
        if request.language:
            wishes.append(f"Its lyrics are in {language_name(request.language)}.")
        sections = sections_for(request.duration_s)
        wishes.append(f"It has up to {sections} section{'s' if sections > 1 else ''} of lyrics.")
    wishes.append(f"It lasts {request.duration_s:.0f} seconds.")
    if hints:
        wishes.append(f"Read from it by rules, so the sentence itself counts more: {'; '.join(hints)}.")
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "\n".join(wishes)}]


def hints(named: Reading) -> tuple[str, ...]:
    """What the rules found in a description, for a model to weigh."""
    found = []
    if named.title:
        found.append(f'the title is "{named.title}"')
    for name, value in (
        ("genre", named.genre),
        ("mood", named.mood),
        ("key", named.key),
        ("metre", named.metre),
    ):
        if value:
            found.append(f"{name} {value}")
    if named.tempo_bpm or named.pace_bpm:
        found.append(f"about {named.tempo_bpm or named.pace_bpm:g} BPM")
    if named.tempo_range:
        low, high = named.tempo_range
        found.append(f"at least {low:g} BPM" if low else f"at most {high:g} BPM")
    if named.voice not in (None, "none"):
        found.append("a duet" if named.voice == "duet" else f"a {named.voice} voice")
    if named.cappella:
        found.append("a cappella: voices alone")
    barred = sorted(named.not_genres | named.not_moods | {f"{name} voice" for name in named.not_voices})
    if barred:
        found.append(f"not {', not '.join(barred)}")
    if named.instruments:
        found.append(f"with {', '.join(named.instruments)}")
    if named.exclude:
        found.append(f"without {', '.join(named.exclude)}, which no tag may name")
    if named.artists:
        found.append("it imitates no artist: name none in title, tags or lyrics")
    return tuple(found)
