"""What suno-api tells of a song: the info of its README, in its words for the states of a song."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from orchestrator.server.answers import LIVE, Addresses
from orchestrator.server.service import Service
from orchestrator.songs.manifest import Song, Status

_MOST_UNTOLD = 10_000
_STEM = "stem:"
STEM_SIGN = "."
"""Between a song's id and a stem's name, in the id of a clip that is a stem."""


class Untold:
    """The songs whose clients have not been told ``streaming``.

    Programs after suno-api's README wait for that word alone: a song that goes straight to ``complete`` lets
    them wait for ever. So each song has the state once, even if it is done by then. This is remembered in
    memory: after a restart a song that is done is ``complete`` at once."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def add(self, song_id: str) -> None:
        self._ids[song_id] = None
        if len(self._ids) > _MOST_UNTOLD:
            self._ids.popitem(last=False)

    def tell(self, song_id: str) -> bool:
        """Whether the song's client has yet to be told; from now on it has been."""
        if song_id not in self._ids:
            return False
        del self._ids[song_id]
        return True


UNTOLD = Untold()


def plays(service: Service, song: Song) -> bool:
    """Whether there is something to hear of a song that is being made."""
    recording = service.listening.recording(song.id) if service.listening and song.status.at_work else None
    return recording is not None and recording.begun


def is_ready(service: Service, song: Song) -> bool:
    """Whether ``wait_audio`` waits no longer for the song: it plays, or has ended."""
    return song.status.finished or plays(service, song)


def state_of(service: Service, song: Song) -> str:
    """The song's state in suno-api's words, for a client that asks for this song: see ``Untold``."""
    state = listed_state(service, song)
    untold = state in ("streaming", "complete") and UNTOLD.tell(song.id)
    return "streaming" if untold else state


def listed_state(service: Service, song: Song) -> str:
    """Likewise, for one that asks for many."""
    if song.status is Status.DONE:
        return "complete"
    if song.status.finished:
        return "error"
    return "streaming" if plays(service, song) else "queued"


def info(service: Service, song: Song, base: str, state: str = "") -> dict[str, Any]:
    """The info of a song, in ``state`` or in its own. Its addresses need no token. The audio's is there from
    the beginning, and plays as soon as there is something to hear; a song that failed has none."""
    addresses = service.addresses(base)
    plan, brief = song.plan, song.brief
    music = song.engines.get("music")
    words = plan.lyrics if plan else brief.lyrics
    told = state or state_of(service, song)
    return {
        "id": song.id,
        "title": song.title,
        "image_url": addresses.of(song, ("cover",)).get("cover", ""),
        "lyric": "\n".join(line for line in words.splitlines() if line.strip()),
        "audio_url": _audio_url(addresses, song),
        "video_url": "",
        "created_at": song.created_at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "model_name": (music.model or music.name) if music else service.settings.music.engine,
        "gpt_description_prompt": None if brief.lyrics else brief.description,
        "prompt": words,
        "status": told,
        "type": "gen",
        "tags": ", ".join(plan.tags) if plan else brief.description,
        "negative_tags": ", ".join(plan.exclude) if plan else "",
        "duration": song.music.duration_s if song.music else None,
        "error_message": _failure(song),
    }


def stem_infos(service: Service, song: Song, base: str) -> list[dict[str, Any]]:
    """The infos of a song's stems, each a clip of its own; none if it has no stems."""
    names = [role.removeprefix(_STEM) for role in song.assets if role.startswith(_STEM)]
    return [_stem_info(service, song, name, base) for name in names]


def infos_of(service: Service, song: Song, base: str, stem: str = "") -> list[dict[str, Any]]:
    """The info of a song, or of one of its stems; none if it has no such stem."""
    if not stem:
        return [info(service, song, base)]
    return [_stem_info(service, song, stem, base)] if _STEM + stem in song.assets else []


def _stem_info(service: Service, song: Song, name: str, base: str) -> dict[str, Any]:
    whole = info(service, song, base, "complete")
    url = service.addresses(base).of(song, (_STEM + name,)).get(_STEM + name, "")
    own: Mapping[str, Any] = {
        "id": f"{song.id}{STEM_SIGN}{name}",
        "title": f"{song.title} ({name})",
        "audio_url": url,
        "stem_from_id": song.id,
    }
    return {**whole, **own}


def _audio_url(addresses: Addresses, song: Song) -> str:
    if song.status is Status.DONE:
        return addresses.of(song, ("audio",)).get("audio", "")
    return "" if song.status.finished else addresses.own(song, LIVE)


def _failure(song: Song) -> str | None:
    if song.error:
        return song.error.message
    return "The song was cancelled." if song.status is Status.CANCELLED else None
