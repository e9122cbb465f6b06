"""A model's answer becomes a plan."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic import ValidationError

from lyrics.contract import TITLE_CHARACTERS, SongPlan
from lyrics.openai.schema import CATEGORIES, LINES, TAGS, Answer, Section, WrittenAnswer
from reading.cleaning import stripped
from reading.language import language_code

_LONGEST = {"tags": 40, "categories": 30, "cover_prompt": 400, "line": 160}
"""Characters of each text; what is longer is cut after a word."""
_DEFAULT_LANGUAGE = "en"
_SHORTEST_PICTURE = 10  # characters
_THOUGHTS = re.compile(r"\s*<think>.*?</think>", re.DOTALL)
_FENCED = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)


class NoPlan(Exception):
    """The answer is no plan; the message says what is wrong with it."""


def plan_of(text: str, kind: type[Answer], *, lyrics: str, sections: int) -> SongPlan:
    """The plan in the answer ``text``, which is to be of this ``kind``. ``lyrics`` are the user's own; they
    are kept as they are. Raises ``NoPlan``."""
    data = _object(text)
    try:
        answer = kind.model_validate(data)
        fields = _tidied(answer, data)
        if isinstance(answer, WrittenAnswer):
            lyrics = _tagged(answer.lyrics[:sections])
            if not lyrics:
                raise NoPlan("its lyrics have no words")
        return SongPlan.model_validate({"voice": "none", **fields, "lyrics": lyrics, "theme": ()})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise NoPlan(f"{where}: {first['msg'].removeprefix('Value error, ')}") from error


def _object(text: str) -> dict[str, Any]:
    """The JSON object in ``text``. Some servers leave a model's thoughts before it, or its fence around it,
    where nothing but a promise binds it."""
    text = _THOUGHTS.sub("", text, count=1) if text.lstrip().startswith("<think>") else text
    fenced = _FENCED.fullmatch(text)
    text = fenced[1] if fenced else text
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise NoPlan(f"it is no JSON: {_line(text, 60)!r}") from error
    if not isinstance(data, dict):
        raise NoPlan(f"it is no JSON object: {_line(text, 60)!r}")
    return data


def _tidied(answer: Answer, data: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = answer.model_dump(exclude={"lyrics"})
    title = _line(answer.title, TITLE_CHARACTERS)
    picture = _line(answer.cover_prompt, _LONGEST["cover_prompt"])
    if len(picture) < _SHORTEST_PICTURE:
        picture = f"cover of a {answer.mood} {answer.genre} song"
    return fields | {
        "title": title or "Untitled",
        "tags": _items(answer.tags, "tags", TAGS[1]),
        "categories": _items(answer.categories, "categories", CATEGORIES[1]),
        "language": language_code(answer.language) or _DEFAULT_LANGUAGE,
        "cover_prompt": picture,
    }


def _items(texts: list[str], name: str, most: int) -> list[str]:
    return [line for line in (_line(text, _LONGEST[name]) for text in texts) if line][:most]


def _tagged(sections: list[Section]) -> str:
    """The lyrics as ``reading.lyrics`` reads them. A line in brackets would be a heading there."""
    blocks = []
    for section in sections:
        lines = [_line(line, _LONGEST["line"]).strip("[] ") for line in section.lines[: LINES[1]]]
        if any(lines):
            blocks.append("\n".join([f"[{section.section}]", *filter(None, lines)]))
    return "\n\n".join(blocks) + "\n" if blocks else ""


def _line(text: str, most: int) -> str:
    """``text`` as one line without characters that nobody sees, of up to ``most`` characters."""
    text = " ".join(stripped(text, lines=False).split())
    if len(text) <= most:
        return text
    whole, blank, _ = text[: most + 1].rpartition(" ")
    return whole if blank else text[:most]
