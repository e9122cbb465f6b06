"""What the user or the caller adds to a song, and may change at any time: its title, a mark, tags, metadata.

All of it is plain text that people type. It is cleaned as a prompt is, and is never read as markup.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from config.errors import InvalidRequest
from lyrics.contract import TITLE_CHARACTERS
from reading.cleaning import stripped

MOST_TAGS = 20
TAG_CHARACTERS = 40
MOST_METADATA = 16
"""Keys of a song's metadata."""
KEY_CHARACTERS = 40
VALUE_CHARACTERS = 200
LABELS = ("title", "favourite", "tags", "metadata")
"""What ``cleaned_labels`` takes."""


def cleaned_title(title: str) -> str:
    """The title in one line. Raises ``InvalidRequest`` if nothing of it can be seen, or it is too long."""
    return _text("title", title, TITLE_CHARACTERS)


def cleaned_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """The tags, each once, whatever its case, in their order. Raises ``InvalidRequest``."""
    kept: dict[str, str] = {}
    for tag in tags:
        text = _text("tags", tag, TAG_CHARACTERS)
        kept.setdefault(text.casefold(), text)
    if len(kept) > MOST_TAGS:
        raise InvalidRequest("tags", [*kept.values()], f"a song may have {MOST_TAGS} tags")
    return tuple(kept.values())


def cleaned_metadata(metadata: Mapping[str, str]) -> dict[str, str]:
    """The metadata with its keys in order. Raises ``InvalidRequest``."""
    kept: dict[str, str] = {}
    for key, value in metadata.items():
        name = _text("metadata", key, KEY_CHARACTERS)
        if name in kept:
            raise InvalidRequest("metadata", key, f"two keys are {name!r}: send one of them")
        kept[name] = _text(f"metadata.{name}", value, VALUE_CHARACTERS, blank=True)
    if len(kept) > MOST_METADATA:
        raise InvalidRequest("metadata", [*kept], f"a song may have {MOST_METADATA} keys")
    return dict(sorted(kept.items()))


def cleaned_labels(labels: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a manifest, by its fields' names: what is to be changed of ``LABELS``. Raises
    ``InvalidRequest``."""
    facts: dict[str, Any] = {}
    if "title" in labels:
        facts["renamed"] = cleaned_title(labels["title"])
    if "favourite" in labels:
        facts["favourite"] = bool(labels["favourite"])
    if "tags" in labels:
        facts["tags"] = cleaned_tags(labels["tags"])
    if "metadata" in labels:
        facts["metadata"] = cleaned_metadata(labels["metadata"])
    return facts


def _text(field: str, given: str, most: int, *, blank: bool = False) -> str:
    try:
        given.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(field, given, "it is not valid Unicode text, send it as UTF-8") from error
    text = stripped(given, lines=False).strip()
    if not blank:
        text = " ".join(text.split())
    if not text and not blank:
        raise InvalidRequest(field, given, "it is blank: send something that can be seen")
    if min(len(given), len(text)) > most:  # cleaning may add a character: a letter that becomes two
        raise InvalidRequest(field, given, f"it has {len(text):,} characters, shorten it to {most:,}")
    return text
