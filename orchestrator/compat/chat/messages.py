"""What a chat message wants: a description, or a style and words to sing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from config.errors import InvalidRequest

_TAGGED = {
    name: re.compile(rf"<{name}>(.*?)</{name}>", re.DOTALL | re.IGNORECASE) for name in ("prompt", "lyrics")
}
_SECTION = re.compile(r"^\s*\[[^\]\n]{1,40}\]\s*$", re.MULTILINE)
_SUNG_LINES = 4
_LINE_CHARACTERS = 60


@dataclass(frozen=True)
class Words:
    """``style`` and ``lyrics``, or the whole song in ``description``."""

    description: str = ""
    style: str = ""
    lyrics: str = ""
    tagged: bool = False
    """Whether the message has ACE-Step's tags."""


def last_text(messages: Sequence[Any]) -> str:
    """The text of the last message of the user. Raises ``InvalidRequest`` if there is none, or if it has
    parts that cannot be read here."""
    for place, message in reversed(list(enumerate(messages))):
        if isinstance(message, dict) and message.get("role") == "user":
            text = _text(message.get("content"), f"messages.{place}.content").strip()
            if text:
                return text
    raise InvalidRequest("messages", "", "send a message of the user that says what the song is to be")


def notes_of_messages(messages: Sequence[Any]) -> tuple[str, ...]:
    """Says that a song is made of one message, if there are more: for the song's warnings."""
    if len(messages) < 2:
        return ()
    return ("the request's field messages: only the last message of the user was used, none before it",)


def words_in(text: str) -> Words:
    """A text's ``<prompt>`` and ``<lyrics>``, if it has such tags; else it is lyrics if it looks like some
    (sections in brackets, or four short lines and more), and a description if not."""
    found = {name: tag.search(text) for name, tag in _TAGGED.items()}
    if any(found.values()):
        rest = text
        for match in filter(None, found.values()):
            rest = rest.replace(match[0], "")
        prompt, lyrics = ((match[1].strip() if match else "") for match in found.values())
        return Words(style=prompt or rest.strip(), lyrics=lyrics, tagged=True)
    return Words(lyrics=text) if is_lyrics(text) else Words(description=text)


def is_lyrics(text: str) -> bool:
    """Whether a text looks like words to sing."""
    lines = [line for line in text.splitlines() if line.strip()]
    short = sum(len(line) for line in lines) < _LINE_CHARACTERS * len(lines)
    return len(lines) > 1 and (bool(_SECTION.search(text)) or (len(lines) >= _SUNG_LINES and short))


def _text(content: object, field: str) -> str:
    if content is None or isinstance(content, str):
        return content or ""
    if not isinstance(content, list):
        raise InvalidRequest(field, content, "send a text, or a list of parts with the type text")
    texts = []
    for place, part in enumerate(content):
        if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
            kind = part.get("type") if isinstance(part, dict) else part
            fix = "only text is read here: POST /generate-from-image takes photos, POST /audio recordings"
            raise InvalidRequest(f"{field}.{place}.type", kind, fix)
        texts.append(part["text"])
    return "\n".join(texts)
