"""What the client sends: one function for each of the service's paths, from plain arguments to a request."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Literal, TypedDict, cast
from urllib.parse import quote as quoted

from songwright.answers import Plan
from songwright.effects import Request

_LONG_S = 600.0  # a plan is written by a language model while the request waits
_EVENTS_SILENCE_S = 50.0  # the service breaks its silence every 15 s
_SHORTEST_S = 0.1
_NEEDED = frozenset({"mood", "energy", "genres"})
_PROPERTIES = _NEEDED | {"tempo_bpm", "style_level", "vocal_type", "instruments"}


class Common(TypedDict, total=False):
    """What every request for a song may say besides its words and its plan; see the service's ``/docs``."""

    audio_duration: float
    """Seconds, 5 to 600; by default 180."""
    seed: int
    """The same seed and request make the same song; -1, the default, draws one."""
    guidance_scale: float
    infer_step: int
    temperature: float
    top_k: int
    top_p: float
    instrumental: bool
    format: Literal["wav", "flac", "mp3"]
    variations: int
    """1 to 4 takes of the same words, each a song of its own: see ``Song.sibling_ids``."""
    cover_title: bool
    webhook: str


class Options(Common, total=False):
    """``Common``, and a plan to be followed."""

    plan: Plan


class Asked(Options, total=False):
    """``Options``, and the words of a song that is not told in one sentence."""

    prompt: str
    """How it sounds: genre, mood, tempo, voice, instruments."""
    lyrics: str
    """With ``prompt``: sung as they are."""
    described_lyrics: str
    """With ``prompt``: what the lyrics are to be about."""


class Pictured(Common, total=False):
    """``Common``, and what adds to a photo."""

    prompt: str
    """Where it says otherwise than the photo, it holds."""
    photo_as_cover: bool
    """Whether the photo is the song's cover."""


class Music(TypedDict, total=False):
    """What music alone is asked by: ``prompt``; or ``mood``, ``energy`` and ``genres``, and what adds."""

    prompt: str
    """What is to be heard, in 10 to 25 words."""
    mood: str
    energy: float
    """0, soft and sparse, to 10, explosive."""
    genres: Sequence[str]
    """1 to 5; the first counts most."""
    tempo_bpm: float
    style_level: float
    """Era and production: 0, a tape of the 1980s, to 10, a film of today; by default 6."""
    vocal_type: str
    instruments: Sequence[str]
    duration: float
    """Seconds, 1 to 600; by default 30."""
    temperature: float
    seed: int
    format: Literal["wav", "flac", "mp3"]
    webhook: str


class Changes(TypedDict, total=False):
    """What may differ in a song that is made again."""

    audio_duration: float
    seed: int
    format: Literal["wav", "flac", "mp3"]
    variations: int
    cover_title: bool
    webhook: str


def generate(description: str | None, asked: Asked, idempotency_key: str) -> Request:
    """Ask for a song, without waiting for it. Raises ``TypeError`` unless the words are of one kind: a
    description; ``prompt`` and ``lyrics``; or ``prompt`` and ``described_lyrics``."""
    path, body = _worded(description, asked)
    return Request("POST", path, body, _submitting(idempotency_key))


def generate_like(song_id: str, changes: Changes, idempotency_key: str) -> Request:
    """Ask for a song of the library again."""
    body = {"like": song_id, **cast(Mapping[str, object], changes)}
    return Request("POST", "/generate-like", body, _submitting(idempotency_key))


def generate_from_image(photo: bytes, asked: Pictured, idempotency_key: str) -> Request:
    """Ask for the song of a photo: PNG, JPEG or WebP."""
    body = cast(Mapping[str, object], asked)
    return Request("POST", "/generate-from-image", body, _submitting(idempotency_key), photo=photo)


def generate_music(asked: Music, idempotency_key: str) -> Request:
    """Ask for music alone. Raises ``TypeError`` unless it is told in one way: by a prompt, or by mood, energy
    and genres."""
    body = cast(Mapping[str, object], asked)
    properties = _PROPERTIES & body.keys()
    in_one_way = not properties if "prompt" in body else properties >= _NEEDED
    if not in_one_way:
        given = ", ".join(sorted(body.keys() & {"prompt", *properties})) or "nothing"
        raise TypeError(f"give prompt, or mood, energy and genres and what adds to them, not {given}")
    return Request("POST", "/generate-music", body, _submitting(idempotency_key))


def plan(description: str | None, asked: Asked) -> Request:
    """Ask for the plan alone. Raises ``TypeError`` as ``generate``."""
    return Request("POST", "/plan", _worded(description, asked)[1], silence_s=_LONG_S)


def quote(description: str | None, asked: Asked) -> Request:
    """Ask what a song would take. Raises ``TypeError`` as ``generate``."""
    return Request("POST", "/quote", _worded(description, asked)[1])


def song(song_id: str) -> Request:
    return Request("GET", _at(song_id))


def songs(cursor: str, limit: int) -> Request:
    params = {"limit": str(limit)} | ({"cursor": cursor} if cursor else {})
    return Request("GET", "/songs", params=params)


def cancel(song_id: str) -> Request:
    return Request("POST", _at(song_id, "/cancel"))


def delete(song_id: str) -> Request:
    return Request("DELETE", _at(song_id))


def events(song_id: str, last_event_id: str, at_most_s: float) -> Request:
    """Follow a song, from after the event of this id; a silence may last ``at_most_s`` seconds."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if last_event_id:
        headers["Last-Event-ID"] = last_event_id
    silence_s = min(_EVENTS_SILENCE_S, max(_SHORTEST_S, at_most_s))
    return Request("GET", _at(song_id, "/events"), headers=headers, silence_s=silence_s)


def file(song_id: str, role: str, start: int, etag: str) -> Request:
    """A song's file, from the byte ``start`` on if it is still the one with this ``etag``."""
    # What is counted and summed are the file's own bytes, not those of a compression on the way.
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": etag}
    kind, _, name = role.partition(":")
    rest = f"/stems/{quoted(name, safe='')}" if kind == "stem" else f"/{quoted(role, safe='')}"
    return Request("GET", _at(song_id, rest), headers=headers)


def _at(song_id: str, rest: str = "") -> str:
    return f"/songs/{quoted(song_id, safe='')}{rest}"


def _submitting(idempotency_key: str) -> dict[str, str]:
    """A request that is sent again, because its answer was lost, must not make a second song."""
    return {"Prefer": "respond-async", "Idempotency-Key": idempotency_key or uuid.uuid4().hex}


def _worded(description: str | None, asked: Asked) -> tuple[str, dict[str, object]]:
    """The path for words of this kind, and the body."""
    body = dict(cast(Mapping[str, object], asked))
    words = {"prompt", "lyrics", "described_lyrics"} & body.keys()
    if description is not None and not words:
        return "/generate-from-description", {"full_described_song": description, **body}
    if description is None and words == {"prompt", "lyrics"}:
        return "/generate-with-lyrics", body
    if description is None and words == {"prompt", "described_lyrics"}:
        return "/generate-with-described-lyrics", body
    given = sorted(words | ({"a description"} if description is not None else set()))
    raise TypeError(
        "give a description, or prompt and lyrics, or prompt and described_lyrics, "
        f"not {' and '.join(given) or 'nothing'}"
    )
