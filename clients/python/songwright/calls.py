"""The requests that the client sends: one function for each path of the service."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict
from urllib import parse

from songwright.answers import Plan
from songwright.checks import checked_id, checked_key, checked_rights, checked_role
from songwright.content import checked_fields, checked_form, checked_text
from songwright.effects import Request
from songwright.errors import InvalidCall

_PLAN_SILENCE_S = 600.0  # the request waits while a language model writes the plan
_UPLOAD_SILENCE_S = 300.0  # the request waits while recordings before this one are read
_SOUND_SILENCE_S = 600.0  # as long as it takes to make what follows
_EVENTS_SILENCE_S = 50.0  # the service sends something every 15 s
_SHORTEST_SILENCE_S = 0.1
_REQUIRED_PROPERTIES = frozenset({"mood", "energy", "genres"})
_OTHERS = ("idempotency_key", "listen")  # the calls' other arguments, which a misspelt one may stand for
_PROPERTIES = _REQUIRED_PROPERTIES | {"tempo_bpm", "style_level", "vocal_type", "instruments"}


class Common(TypedDict, total=False):
    """The fields that every request for a song may have. The service's ``/docs`` describes them all."""

    audio_duration: float
    """Seconds, 5 to 600; by default 180."""
    seed: int
    """The same seed and the same request make the same song. -1, the default, draws a seed."""
    guidance_scale: float
    infer_step: int
    temperature: float
    top_k: int
    top_p: float
    instrumental: bool
    format: Literal["wav", "flac", "mp3"]
    variations: int
    """1 to 4 takes of the same words. Each is a song of its own: see ``Song.sibling_ids``."""
    keep: Literal["all", "best", "only_best"]
    """Of several takes: which is the best is in the manifest's ``takes``; "only_best" deletes the others."""
    draft: bool
    """Whether only the first 30 seconds are composed: ``Client.finish`` makes the whole song."""
    master: bool
    """Whether the song is brought to -14 LUFS (the default), or stays as the model made it."""
    cover_title: bool
    webhook: str
    metadata: Mapping[str, str]
    """Your own keys and values, kept with the song: ``Client.songs`` finds it by them."""


class Options(Common, total=False):
    """``Common``, and a plan for the song to follow."""

    plan: Plan


class SongRequest(Options, total=False):
    """``Options``, and the words of a song that has no description."""

    prompt: str
    """How the song sounds: genre, mood, tempo, voice, instruments."""
    lyrics: str
    """With ``prompt``: the lyrics, sung as they are."""
    described_lyrics: str
    """With ``prompt``: what the lyrics are about."""


class PhotoRequest(Common, total=False):
    """``Common``, and what may accompany a photo."""

    prompt: str
    """Where it contradicts the photo, it wins."""
    photo_as_cover: bool
    """Whether the photo is the song's cover."""


class MusicRequest(TypedDict, total=False):
    """A request for music alone: a ``prompt``; or ``mood``, ``energy`` and ``genres``, with other
    properties."""

    prompt: str
    """How the music sounds, in 10 to 25 words."""
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
    metadata: Mapping[str, str]


class Changes(TypedDict, total=False):
    """What may differ in a song that is made again."""

    audio_duration: float
    seed: int
    format: Literal["wav", "flac", "mp3"]
    variations: int
    keep: Literal["all", "best", "only_best"]
    master: bool
    cover_title: bool
    webhook: str
    metadata: Mapping[str, str]


class Take(TypedDict, total=False):
    """What every change of a song may be given."""

    seed: int
    format: Literal["wav", "flac", "mp3"]
    variations: int
    keep: Literal["all", "best", "only_best"]
    webhook: str
    metadata: Mapping[str, str]


class NewCover(TypedDict, total=False):
    """What another cover of a song may be given: ``prompt`` says what it shows, else the song's plan does."""

    prompt: str
    seed: int
    webhook: str
    metadata: Mapping[str, str]


class NewPart(Take, total=False):
    """What a new part of a song may be given."""

    lyrics: str
    """Its words, with tags if you like. Without them, another part has those of the part before."""
    prompt: str
    """How it sounds, where it is to sound otherwise than the song."""


Asked, Pictured, Music = SongRequest, PhotoRequest, MusicRequest  # the names of version 0.1


def generate(
    description: str | None, request: SongRequest, idempotency_key: str | None, *, listen: bool = False
) -> Request:
    """Ask for a song, without waiting for it; with ``listen``, to hear it while it is made. Raises
    ``InvalidCall`` unless there is either a description, or ``prompt`` and ``lyrics``, or ``prompt`` and
    ``described_lyrics``."""
    path, body = _path_and_body(description, request)
    return Request("POST", path, body, _job_headers(idempotency_key, listen=listen))


def generate_like(
    song_id: str, changes: Changes, idempotency_key: str | None, *, listen: bool = False
) -> Request:
    """Ask for a song of the library again."""
    body = {"like": checked_id(song_id), **checked_fields(changes, Changes, *_OTHERS)}
    return Request("POST", "/generate-like", body, _job_headers(idempotency_key, listen=listen))


def change(
    song_id: str, task: str, wanted: Mapping[str, Any], take: Take | NewCover, idempotency_key: str | None
) -> Request:
    """Ask for a song that is made of another: ``task`` ends the path."""
    kind = {"extend": NewPart, "repaint": NewPart, "cover": NewCover}.get(task, Take)
    given = {name: value for name, value in wanted.items() if value is not None}
    body = {**given, **checked_fields(take, kind, "idempotency_key")}
    return Request("POST", f"/songs/{checked_id(song_id)}/{task}", body, _job_headers(idempotency_key))


def finish(song_id: str, idempotency_key: str | None) -> Request:
    return Request("POST", f"/songs/{checked_id(song_id)}/finish", {}, _job_headers(idempotency_key))


def generate_from_image(
    photo: bytes, request: PhotoRequest, idempotency_key: str | None, *, listen: bool = False
) -> Request:
    """Ask for the song of a photo: PNG, JPEG or WebP."""
    body = checked_form(checked_fields(request, PhotoRequest, *_OTHERS))
    headers = _job_headers(idempotency_key, listen=listen)
    return Request("POST", "/generate-from-image", body, headers, photo=photo)


def generate_music(request: MusicRequest, idempotency_key: str | None) -> Request:
    """Ask for music alone. Raises ``InvalidCall`` unless there is either a prompt, or mood, energy and
    genres."""
    body = checked_fields(request, MusicRequest, *_OTHERS)
    properties = _PROPERTIES & body.keys()
    valid = not properties if "prompt" in body else properties >= _REQUIRED_PROPERTIES
    if not valid:
        given = ", ".join(sorted(body.keys() & {"prompt", *properties})) or "nothing"
        raise InvalidCall(f"give prompt, or mood, energy and genres and what adds to them, not {given}")
    return Request("POST", "/generate-music", body, _job_headers(idempotency_key))


def plan(description: str | None, request: SongRequest) -> Request:
    """Ask for the plan alone. Raises ``InvalidCall`` as ``generate``."""
    return Request("POST", "/plan", _path_and_body(description, request)[1], silence_s=_PLAN_SILENCE_S)


def quote(description: str | None, request: SongRequest) -> Request:
    """Ask for the time and the cost of a song. Raises ``InvalidCall`` as ``generate``."""
    return Request("POST", "/quote", _path_and_body(description, request)[1])


def upload_audio(recording: bytes, rights: object, name: str) -> Request:
    """Send a recording: WAV, FLAC, MP3, Ogg or M4A. Raises ``InvalidArgument``."""
    params = {"rights": checked_rights(rights)} | ({"name": checked_text("name", name)} if name else {})
    headers = {"Content-Type": "application/octet-stream"}
    return Request(
        "POST", "/audio", headers=headers, params=params, data=recording, silence_s=_UPLOAD_SILENCE_S
    )


def sources() -> Request:
    return Request("GET", "/audio")


def delete_source(source_id: str) -> Request:
    return Request("DELETE", f"/audio/{_quoted(checked_id(source_id, 'source'))}")


def song(song_id: str, silence_s: float | None = None) -> Request:
    return Request("GET", _song_path(song_id), silence_s=silence_s)


def cancel(song_id: str) -> Request:
    return Request("POST", _song_path(song_id, "/cancel"))


def delete(song_id: str) -> Request:
    return Request("DELETE", _song_path(song_id))


def events(song_id: str, last_event_id: str, at_most_s: float) -> Request:
    """Follow a song, from after the event with this id. The service may be silent for ``at_most_s``
    seconds."""
    headers = {"Accept": "text/event-stream", "Cache-Control": "no-store"}
    if last_event_id.isascii() and last_event_id.isprintable() and last_event_id:
        headers["Last-Event-ID"] = last_event_id
    silence_s = min(_EVENTS_SILENCE_S, max(_SHORTEST_SILENCE_S, at_most_s))
    return Request("GET", _song_path(song_id, "/events"), headers=headers, silence_s=silence_s)


def file(song_id: str, role: str, start: int, etag: str) -> Request:
    """Fetch a file of a song, from the byte ``start`` on if it still has this ``etag``."""
    # Sizes and checksums are those of the file, so nothing may compress it on the way.
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers |= {"Range": f"bytes={start}-", "If-Range": etag}
    kind, _, name = checked_role(role).partition(":")
    rest = f"/stems/{_quoted(name)}" if kind == "stem" else f"/{_quoted(role)}"
    return Request("GET", _song_path(song_id, rest), headers=headers)


def sound(song_id: str) -> Request:
    """Fetch the song's sound: of a song that is being made, what there is of it and what follows."""
    headers = {"Accept-Encoding": "identity"}
    return Request("GET", _song_path(song_id, "/audio"), headers=headers, silence_s=_SOUND_SILENCE_S)


def _song_path(song_id: str, rest: str = "") -> str:
    return f"/songs/{_quoted(checked_id(song_id))}{rest}"


def _quoted(segment: str) -> str:
    return parse.quote(segment, safe="")


def _job_headers(idempotency_key: str | None, *, listen: bool = False) -> dict[str, str]:
    """Those of a request that starts a job. The key is what keeps a request that is sent again, because its
    response was lost, from making a second song."""
    prefer = "respond-async, listen" if listen else "respond-async"
    return {"Prefer": prefer, "Idempotency-Key": checked_key(idempotency_key) or uuid.uuid4().hex}


def _path_and_body(description: str | None, request: SongRequest) -> tuple[str, dict[str, object]]:
    body = checked_fields(request, SongRequest, "description", *_OTHERS)
    if description is not None:
        checked_text("description", description)
    words = {"prompt", "lyrics", "described_lyrics"} & body.keys()
    if description is not None and not words:
        return "/generate-from-description", {"full_described_song": description, **body}
    if description is None and words == {"prompt", "lyrics"}:
        return "/generate-with-lyrics", body
    if description is None and words == {"prompt", "described_lyrics"}:
        return "/generate-with-described-lyrics", body
    given = sorted(words | ({"a description"} if description is not None else set()))
    raise InvalidCall(
        "give a description, or prompt and lyrics, or prompt and described_lyrics, "
        f"not {' and '.join(given) or 'nothing'}"
    )
