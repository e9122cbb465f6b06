"""What ACE-Step's server tells of a task: its state, and as a JSON text its songs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from config.errors import NotFound, Unreadable
from orchestrator.compat.making import song_of
from orchestrator.server.service import Service
from orchestrator.songs.manifest import Song, Status

AT_WORK, DONE, FAILED = 0, 1, 2
STEMS_SIGN = ".stems"
"""Ends the id of a task whose results are a song's stems."""
_STEM = "stem:"
_ENV = "production"


async def result_of(task_id: str, service: Service) -> dict[str, Any]:
    """The entry of one task. One that there is not has failed: a client would ask for it for ever
    otherwise."""
    song_id = task_id.removesuffix(STEMS_SIGN)
    try:
        first = await song_of(service, song_id)
    except (NotFound, Unreadable) as error:
        return _entry(task_id, FAILED, [_unfinished(None, FAILED, str(error))], "")
    songs = [song async for song in _siblings(first, service)] if task_id == song_id else [first]
    if not all(song.status.finished for song in songs):
        return _running(task_id, songs, service)
    done = [song for song in songs if song.status is Status.DONE]
    if not done:
        return _entry(task_id, FAILED, [_unfinished(songs[0], FAILED, _why(songs[0]))], "failed")
    roles = (_STEM,) if task_id != song_id else ("audio",)
    items = [item for song in done for item in _items(song, done, service, roles)]
    return _entry(task_id, DONE, items, "done")


async def _siblings(first: Song, service: Service) -> AsyncIterator[Song]:
    for song_id in first.sibling_ids or (first.id,):
        try:
            yield first if song_id == first.id else await song_of(service, song_id)
        except (NotFound, Unreadable):
            continue  # it was deleted


def _running(task_id: str, songs: Sequence[Song], service: Service) -> dict[str, Any]:
    progress, stage = 0.0, "queued"
    for song in songs:
        if song.status.finished:
            progress += 1.0
            continue
        events = service.feed.progress_of(song.id)
        newest = events.get("music") or next(iter(events.values()), None)
        if newest:
            stage = newest.stage
            progress += newest.fraction if newest.part == "music" else 0.0
        elif song.status.at_work:
            stage = song.status.value
    facts = {"progress": round(progress / len(songs), 3), "stage": stage}
    return _entry(task_id, AT_WORK, [{**_unfinished(songs[0], AT_WORK, None), **facts}], stage)


def _entry(task_id: str, status: int, items: list[dict[str, Any]], progress_text: str) -> dict[str, Any]:
    result = json.dumps(items, ensure_ascii=False)
    return {"task_id": task_id, "result": result, "status": status, "progress_text": progress_text}


def _unfinished(song: Song | None, status: int, error: str | None) -> dict[str, Any]:
    return {
        "file": "",
        "wave": "",
        "status": status,
        "create_time": int(song.created_at.timestamp()) if song else 0,
        "env": _ENV,
        "prompt": "",
        "lyrics": "",
        "metas": {},
        "progress": 0.0,
        "stage": song.status.value if song else "unknown",
        "error": error,
    }


def _items(
    song: Song, all_done: Sequence[Song], service: Service, kinds: Sequence[str]
) -> Iterator[dict[str, Any]]:
    music, writer = song.engines.get("music"), song.engines.get("lyrics")
    for role in song.assets:
        if not role.startswith(tuple(kinds)):
            continue
        yield {
            "file": audio_path(song, role, service),
            "wave": "",
            "status": DONE,
            "create_time": int(song.created_at.timestamp()),
            "env": _ENV,
            "prompt": song.brief.description,
            "lyrics": song.plan.lyrics if song.plan else "",
            "metas": metas(song),
            "generation_info": "; ".join(song.warnings),
            "seed_value": ",".join(str(each.seed) for each in all_done),
            "lm_model": (writer.model or writer.name) if writer else "",
            "dit_model": (music.model or music.name) if music else "",
            "title": song.title,
            **({"track": role.removeprefix(_STEM)} if role.startswith(_STEM) else {}),
        }


def audio_path(song: Song, role: str, service: Service) -> str:
    """The address of a song's file as a client adds it to the server's own. It needs no token for as long as
    a signed address is valid, and ends in the file's name: the plug-in takes the format from there."""
    signed = urlsplit(service.signer.path(song.assets[role].key, service.settings.url_expires_s))
    query = dict(pair.split("=", 1) for pair in signed.query.split("&"))
    key = unquote(signed.path).removeprefix("/files/")
    return f"/v1/audio?path={quote('/'.join((query['expires'], query['signature'], key)), safe='')}"


def metas(song: Song) -> dict[str, Any]:
    """A song's facts in ACE-Step's words."""
    plan, music = song.plan, song.music
    tempo_bpm = (music.tempo_bpm if music else None) or (plan.tempo_bpm if plan else None)
    return {
        "bpm": round(tempo_bpm) if tempo_bpm else None,
        "duration": music.duration_s if music else song.brief.duration_s,
        "genres": plan.genre if plan else "",
        "keyscale": (music.key if music else None) or (plan.key if plan else ""),
        "timesignature": signature((music.metre if music else None) or (plan.metre if plan else "")),
    }


def signature(metre: str) -> str:
    """The number of beats, as its forms have it: "3" of "3/4"."""
    return metre.partition("/")[0]


def _why(song: Song) -> str:
    return song.error.message if song.error else f"The song is {song.status.value}."
