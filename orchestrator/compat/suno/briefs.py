"""What suno-api's requests stand for: briefs, and changes of a song."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from config.errors import InvalidRequest
from lyrics.contract import TITLE_CHARACTERS
from orchestrator.compat.bodies import checked, listed, number, text, truth, unused_note
from orchestrator.compat.making import called
from orchestrator.server.api.requests.bodies.changes import Extend
from orchestrator.songs.brief import DURATION_S, Brief, Format
from orchestrator.songs.manifest import Song

FORMAT: Format = "mp3"
TAKES = 2
"""A request has two songs, of which the client shows both."""
_EXTENSION_S = 60.0
_CLOCK = re.compile(r"(\d{1,3}):(\d{1,2}(?:\.\d+)?)")
_MOST_EXCLUDED = 20
NAMES: Mapping[str, str] = {
    **dict.fromkeys(("by_s", "start_s", "from_s"), "continue_at"),
    "lyrics": "prompt",
    "prompt": "tags",
}
"""What the fields of our change are called there."""


def described(fields: Mapping[str, Any], *, takes: int = TAKES) -> Brief:
    """The brief of ``/api/generate``: ``prompt`` describes the whole song. Raises ``InvalidRequest``."""
    return _brief(
        {"description": "prompt"},
        description=text(fields, "prompt"),
        instrumental=truth(fields, "make_instrumental"),
        variations=takes,
    )


def custom(fields: Mapping[str, Any]) -> Brief:
    """The brief of ``/api/custom_generate``: ``prompt`` is what is sung and ``tags`` is the style; without
    words it is an instrumental, as there. Raises ``InvalidRequest``."""
    words = text(fields, "prompt")
    instrumental = truth(fields, "make_instrumental") or not words
    style = _style(fields)
    if not style and instrumental:
        raise InvalidRequest("tags", "", "say how the song is to sound, or send its words as prompt")
    return _brief(
        {"description": "tags", "lyrics": "prompt"},
        description=style,
        lyrics="" if instrumental else words,
        instrumental=instrumental,
        variations=TAKES,
    )


def extension(fields: Mapping[str, Any], song: Song) -> Extend:
    """The change of ``/api/extend_audio``: a minute more of ``song``, or what a song may have. Raises
    ``InvalidRequest``."""
    from_s = continue_at(fields) or None
    long_s = song.music.duration_s if song.music else song.brief.duration_s
    kept_s = min(from_s or long_s, long_s)
    by_s = min(_EXTENSION_S, DURATION_S[1] - kept_s)
    if by_s < 1.0:
        fix = f"a song has {DURATION_S[1]:g} s at the most: go on from an earlier second"
        raise InvalidRequest("continue_at", kept_s, fix)
    words, style = text(fields, "prompt"), _style(fields)
    given = {"by_s": by_s, "from_s": from_s, "lyrics": words, "prompt": style, "variations": TAKES}
    return checked(Extend, given, NAMES)


def continue_at(fields: Mapping[str, Any]) -> float | None:
    """The second from which a song goes on: a number, or ``mm:ss``; None or 0 for its end. Raises
    ``InvalidRequest``."""
    if found := _CLOCK.fullmatch(text(fields, "continue_at")):
        return 60.0 * int(found[1]) + float(found[2])
    return number(fields, "continue_at")


def notes(fields: Mapping[str, Any], *used: str) -> tuple[str, ...]:
    """What of a request was not used: the model, and fields other than those that are ``used``."""
    model = text(fields, "model")
    said = (f"suno-api's model {model[:40]!r} was not used: the settings choose ours",) if model else ()
    known = {"model", "prompt", "wait_audio", *used}
    wished = (name for name, value in fields.items() if value not in (None, False, "", [], {}))
    return (*said, *unused_note(name for name in wished if name not in known))


def _style(fields: Mapping[str, Any]) -> str:
    """Style, title and what is not wanted, in the words that writers read them from."""
    parts = [listed(fields, "tags")]
    excluded = [tag.strip() for tag in listed(fields, "negative_tags").split(",")]
    parts += [f"without {tag}" for tag in excluded[:_MOST_EXCLUDED] if tag]
    if title := re.sub(r'["“”\s]+', " ", text(fields, "title")).strip()[:TITLE_CHARACTERS]:
        parts.append(f'titled "{title}"')
    return ", ".join(filter(None, parts))


def _brief(names: dict[str, str], **fields: object) -> Brief:
    try:
        return Brief.model_validate({"format": FORMAT, **fields})
    except InvalidRequest as error:
        raise called(error, names) from error
