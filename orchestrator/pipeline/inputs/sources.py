"""What is to be changed, as it is stored: a song, or a recording that the user has sent."""

from __future__ import annotations

import re

from config.errors import InvalidRequest, NotFound, Unreadable
from music.contract import SectionSpan, Source
from music.lrc import lines_in
from music.sources.reading import samples_of
from orchestrator.pipeline.inputs.recordings import load_recording
from orchestrator.songs.library import manifest_key
from orchestrator.songs.manifest import Song
from orchestrator.songs.reading import song_of
from storage.contract import Store, read

_STEM = re.compile("stem:(.+)")


def source_song(store: Store, song_id: str) -> Song:
    """The manifest of the song that is changed. Raises ``InvalidRequest`` if it was deleted meanwhile."""
    try:
        return song_of(song_id, read(store, manifest_key(song_id)))
    except (NotFound, Unreadable) as error:
        raise InvalidRequest(
            "source", song_id, "the song that was to be changed is not there any more"
        ) from error


def recording_source(store: Store, recording_id: str) -> Source:
    """The sound of a recording, of which nothing else is known. Raises ``InvalidRequest`` if it was deleted
    meanwhile."""
    try:
        samples, rate_hz = samples_of(read(store, load_recording(store, recording_id).audio.key))
    except (NotFound, Unreadable) as error:
        fix = "the recording that was to be changed is not there any more: send it again"
        raise InvalidRequest("source", recording_id, fix) from error
    return Source(samples=samples, rate_hz=rate_hz)


def source_of(store: Store, song: Song) -> Source:
    """The sound of a song with what is known of it, but for ``request``. Raises ``InvalidRequest`` if it was
    deleted meanwhile."""
    if "audio" not in song.assets or song.music is None:
        raise InvalidRequest("source", song.id, "its music is not made yet: change it when it is done")
    try:
        samples, rate_hz = samples_of(read(store, song.assets["audio"].key))
        stems = {}
        for role, asset in song.assets.items():
            if name := _STEM.fullmatch(role):
                stems[name[1]], _ = samples_of(read(store, asset.key))
        lrc = read(store, song.assets["lrc"].key).decode() if "lrc" in song.assets else ""
        midi = read(store, song.assets["midi"].key) if "midi" in song.assets else None
    except NotFound as error:
        raise InvalidRequest("source", song.id, "the song that was to be changed was just deleted") from error
    return Source(
        samples=samples,
        rate_hz=rate_hz,
        tempo_bpm=song.music.tempo_bpm,
        key=song.music.key,
        metre=song.music.metre,
        lines=lines_in(lrc, samples.shape[1] / rate_hz),
        sections=tuple(SectionSpan(each.kind, each.start_s, each.end_s) for each in song.music.sections),
        stems=stems if all(stem.shape == samples.shape for stem in stems.values()) else {},
        midi=midi,
    )
