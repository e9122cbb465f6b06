"""The conversation that the server's model continues."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from lyrics.contract import PlanRequest
from reading.language import language_name

SYSTEM = """You are a songwriter and producer. You answer with one JSON object that plans a song, and nothing
else. title: short and fresh. genre and mood: the closest of those you may choose. tags: style words for a
music model, the most telling first: sub-genre, instruments, production, vocal. categories: three to five, in
title case, for a library. energy: 0 to 10. tempo_bpm, key and metre: as the user says, else what suits.
language: of the lyrics, two letters. cover_prompt: one sentence that describes a picture for the cover,
without any text in it. lyrics: sections of two to eight lines that can be sung, each line a string of its
own, rhymed where the style rhymes, concrete images, no clichés, the chorus the same each time it comes."""


def messages(
    request: PlanRequest, hints: Sequence[str], sections: int, schema: dict[str, Any] | None
) -> list[dict[str, str]]:
    """``hints`` are what rules read from the description. ``schema`` is given where the server does not bind
    the answer to it."""
    system = SYSTEM
    if schema is not None:
        system += f"\n\nThe JSON object follows this JSON schema:\n{json.dumps(schema, ensure_ascii=False)}"
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": "\n".join(_wishes(request, hints, sections))},
    ]


def _wishes(request: PlanRequest, hints: Sequence[str], sections: int) -> list[str]:
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
        wishes.append(f"It has up to {sections} section{'s' if sections > 1 else ''} of lyrics.")
    wishes.append(f"It lasts {request.duration_s:.0f} seconds.")
    if hints:
        wishes.append(f"Read from it by rules, so the sentence itself counts more: {'; '.join(hints)}.")
    return wishes
