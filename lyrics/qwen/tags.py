"""Title and tags of a model's plan, made to agree with the facts of the description."""

from __future__ import annotations

import re

from lyrics.contract import VOICE_TAGS, SongPlan
from lyrics.wishes.instruments import shows_any
from lyrics.wishes.reading import Reading

_VOICES = {
    "female": re.compile(r"\b(?:female|woman|women|girl|soprano)\b", re.IGNORECASE),
    "male": re.compile(r"\b(?:male|man|men|boy|baritone|tenor)\b", re.IGNORECASE),
    "duet": re.compile(r"\bduet\b", re.IGNORECASE),
    "choir": re.compile(r"\bchoir\b", re.IGNORECASE),
    "none": re.compile(r"\binstrumental\b", re.IGNORECASE),
}
_NEGATED = re.compile(r"^(?:no|without|not|non)\b", re.IGNORECASE)
_FEWEST = 3


def tags_of(plan: SongPlan, named: Reading) -> tuple[str, ...]:
    """The plan's tags without what is not wanted, and with the plan's own voice if they have another."""
    wanted = [tag for tag in plan.tags if not _is_barred(tag, named)]
    agreeing = [tag for tag in wanted if not _is_other_voice(tag, plan)]
    found = dict.fromkeys(agreeing)
    if len(agreeing) < len(wanted):
        found[VOICE_TAGS[plan.voice]] = None
    spare = [plan.genre, plan.mood, VOICE_TAGS[plan.voice], f"{plan.tempo_bpm:g} BPM"]
    while len(found) < min(_FEWEST, len(plan.tags)):
        found[spare.pop(0)] = None
    return tuple(found)


def title_of(title: str, named: Reading) -> str:
    """The title that the description gives; else ``title``, the model's, without the names of artists."""
    if named.title:
        return named.title
    for artist in named.artists:
        title = re.sub(rf"(?<!\w){re.escape(artist)}(?:'s|’s)?(?!\w)", " ", title, flags=re.IGNORECASE)
    return " ".join(title.split()) or "Untitled"


def _is_barred(tag: str, named: Reading) -> bool:
    if _NEGATED.match(tag.strip()) or any(artist.lower() in tag.lower() for artist in named.artists):
        return True
    return shows_any(named.exclude, tag) and not any(name in tag.lower() for name in named.instruments)


def _is_other_voice(tag: str, plan: SongPlan) -> bool:
    own = plan.voice == "duet" or _VOICES[plan.voice].search(tag)
    return not own and any(pattern.search(tag) for pattern in _VOICES.values())
