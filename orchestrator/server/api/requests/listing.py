"""The parameters by which songs of the library are looked for."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Depends, Query

from orchestrator.songs.facts.labels import KEY_CHARACTERS, MOST_METADATA, TAG_CHARACTERS, VALUE_CHARACTERS
from orchestrator.songs.index.entry import MOST_GENRE
from orchestrator.songs.index.selection import Selection, Sort
from reading.cleaning import stripped

State = Literal["queued", "planning", "composing", "done", "failed", "cancelled", "unreadable"]
CURSOR = r"^([0-9a-hjkmnp-tv-z]{15}|~[0-9A-Za-z_-]{1,1200})?$"
_PAIR = f"^[^:]{{1,{KEY_CHARACTERS}}}:"


async def _wanted(
    q: Annotated[
        str,
        Query(
            max_length=200,
            description="Only songs with all of these words in their title, prompt, categories or tags; a "
            "word of three letters or more is also found as the beginning of another.",
            examples=["neon rain"],
        ),
    ] = "",
    status: Annotated[
        list[State] | None,
        Query(description="Only songs with this status, or with one of several.", examples=[["done"]]),
    ] = None,
    genre: Annotated[
        str,
        Query(
            max_length=MOST_GENRE,
            description="Only songs whose genre, or one of whose categories, this is.",
            examples=["synthwave"],
        ),
    ] = "",
    instrumental: Annotated[
        bool | None, Query(description="Only songs without a voice, or with one.")
    ] = None,
    favourite: Annotated[bool | None, Query(description="Only those that are marked, or are not.")] = None,
    tag: Annotated[
        str, Query(max_length=TAG_CHARACTERS, description="Only songs with this tag.", examples=["demo"])
    ] = "",
    metadata: Annotated[
        list[Annotated[str, Query(max_length=KEY_CHARACTERS + 1 + VALUE_CHARACTERS, pattern=_PAIR)]] | None,
        Query(
            max_length=MOST_METADATA,
            description="`key:value`: only songs that have it in their metadata; of several, all.",
            examples=[["order:1138"]],
        ),
    ] = None,
    sort: Annotated[
        Sort,
        Query(
            description="`newest` or `oldest` first, by `title`, the longest (`duration`) first, or the last "
            "changed (`updated`) first."
        ),
    ] = "newest",
) -> Selection:
    return Selection(
        text=q.strip(),
        states=frozenset(status or ()),
        genre=genre.strip(),
        instrumental=instrumental,
        favourite=favourite,
        tag=_in_one_line(tag),
        metadata=tuple(map(_as_kept, metadata or ())),
        sort=sort,
    )


def _as_kept(pair: str) -> str:
    """A pair "key:value" as ``facts.labels`` cleans what is kept, so that it is found as it was sent."""
    key, _, value = pair.partition(":")
    return f"{_in_one_line(key)}:{stripped(value, lines=False).strip()}"


def _in_one_line(text: str) -> str:
    return " ".join(stripped(text, lines=False).split())


Wanted = Annotated[Selection, Depends(_wanted)]
