"""What the model is told."""

from __future__ import annotations

from lyrics.contract import PlanRequest
from lyrics.qwen.grammar import sections_for

SYSTEM = """You are a songwriter and producer. You answer with one JSON object that plans a song, and nothing
else. title: short and fresh. genre and mood: the closest of those you know. tags: style words for a
music model, the most telling first: sub-genre, instruments, production, vocal. categories: three to
five, for a library. energy: 0 to 10. tempo_bpm, key and metre: as the user says, else what suits.
language: of the lyrics, two letters. cover_prompt: one sentence that describes a picture for the
cover, without any text in it. lyrics: sections with lines that can be sung, rhymed where the style
rhymes, concrete images, no clichés, the chorus the same each time it comes."""


def messages(request: PlanRequest) -> list[dict[str, str]]:
    """The conversation that the model goes on with."""
    wishes = [f"The song: {request.description}"] if request.description else []
    if request.instrumental:
        wishes.append("It is an instrumental: no voice.")
    elif request.lyrics:
        wishes.append(f"Its lyrics are these; plan the rest to suit them:\n{request.lyrics}")
    else:
        if request.lyrics_about:
            wishes.append(f"Its lyrics are about: {request.lyrics_about}")
        sections = sections_for(request.duration_s)
        wishes.append(f"It has up to {sections} section{'s' if sections > 1 else ''} of lyrics.")
    wishes.append(f"It lasts {request.duration_s:.0f} seconds.")
    return [{"role": "system", "content": SYSTEM}, {"role": "user", "content": "\n".join(wishes)}]
