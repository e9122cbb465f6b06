"""The step that makes the music of a song, or changes that of another, and stores its files."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial

from config.engine import Report
from config.errors import NotFound
from lyrics.contract import SongPlan
from music.artwork import with_cover
from music.contract import COMPOSERS, OF_PARTS, Audio, Change, Changer, Composer, MusicRequest, Source
from music.encode import encode
from music.formats import FORMATS
from music.hearing.aloud import compose_aloud
from music.hearing.pieces import Hear
from music.levels.mastering import mastered
from music.lrc import lrc_text
from music.tags import Tags
from music.waveform import waveform_json
from orchestrator.pipeline.engines import engine_facts, music_facts, unsung, unused_parameters
from orchestrator.pipeline.inputs.sources import recording_source, source_of, source_song
from orchestrator.pipeline.steps.stored import SEED_BOUND, plan_of
from orchestrator.pipeline.worker import COVER_FILE, StepResult
from orchestrator.songs.brief import MODEL_PARAMETERS
from orchestrator.songs.facts.change import SongChange
from orchestrator.songs.library import asset_key, put_asset
from orchestrator.songs.manifest import Asset, Song
from reading.languages.codes import language_code, three_letters
from storage.contract import Store, read

_WRITERS = 4
"""At most so many files of a song are encoded at once."""
_LONGEST_COVER_WAIT_S = 5.0
"""The music waits for the cover as long as it was composed, and no longer than this: an engine that waits
makes no other song, and a second trip of the audio takes about as long."""
_COVER_LOOK_S = 0.25
_OF_PLAN = set(MusicRequest.model_fields) & set(SongPlan.model_fields)


def make_music(
    composer: Composer, store: Store, song: Song, report: Report, hear: Hear | None = None
) -> StepResult:
    """Composes the plan, and stores the audio, its stems, the MIDI file and the timed lyrics."""
    began_s, request = time.monotonic(), music_request(song)
    audio = _composed(composer, store, song, request, report, hear)
    files = list(music_files(audio, song, request))
    facts, info = music_facts(audio), composer.info
    warnings = (*audio.warnings, *unsung(info.name, plan_of(song)), *unused_parameters(info, request))
    del audio  # each stem is freed as soon as it is written
    assets = store_files(files, store, song, began_s, report)
    return StepResult(engine_facts(info, request.seed, warnings), assets, music=facts)


def store_files(
    files: list[File], store: Store, song: Song, began_s: float, report: Report
) -> dict[str, Asset]:
    """Encodes and stores ``files``, of which the audio is the first, and empties the list. By
    ``time.monotonic``, the work on them has begun at ``began_s``: see ``_LONGEST_COVER_WAIT_S``."""
    # Most of the time is encoding, and libsndfile releases Python's lock while it runs.
    with ThreadPoolExecutor(max_workers=min(_WRITERS, os.cpu_count() or 1)) as pool:
        mix = pool.submit(files.pop(0).make)
        pending = {file.role: pool.submit(_store_file, store, song.id, file) for file in files}
        files.clear()
        assets = {}
        try:
            for role, future in pending.items():
                report("saving files", 1.0)
                assets[role] = future.result()
            data = mix.result()
            del mix
            until_s = time.monotonic() + min(time.monotonic() - began_s, _LONGEST_COVER_WAIT_S)
            cover = _cover_so_far(store, song, until_s, report)
            assets["audio"] = _put_audio(store, song, data, cover)
        except BaseException:
            pool.shutdown(cancel_futures=True)  # cancelled, or a full disk: write no more files
            raise
    return assets


def _composed(
    composer: Composer, store: Store, song: Song, request: MusicRequest, report: Report, hear: Hear | None
) -> Audio:
    def finished(audio: Audio) -> Audio:
        # What was mastered says its loudness, as songs do of which a part is kept: they stay as they are.
        return mastered(audio, report) if song.brief.master else audio

    if song.brief.change:
        assert isinstance(composer, Changer)  # see ``changed_brief``
        audio = composer.change(request, _source(store, song.brief.change), report)
    elif request.first_s is not None:
        audio = _draft(composer, request, report)
    elif hear:  # who listens hears the song as it will be
        return compose_aloud(composer, request, report, hear, finished)
    else:
        audio = composer.compose(request, report)
    return finished(audio)


def _draft(composer: Composer, request: MusicRequest, report: Report) -> Audio:
    """The beginning of the song; a song of that length by an engine that cannot make a beginning alone."""
    name = composer.info.name
    if name in COMPOSERS.built_in and COMPOSERS.spec(name).drafts:
        return composer.compose(request, report)
    short = request.model_copy(update={"duration_s": request.first_s, "first_s": None})
    audio = composer.compose(short, report)
    note = f"engine {name!r} cannot make the beginning of a song alone: finished, it will be another one"
    return replace(audio, warnings=(*audio.warnings, note))


def _source(store: Store, change: SongChange) -> Source:
    if change.of_recording:
        return recording_source(store, change.source)
    parent = source_song(store, change.source)
    return replace(source_of(store, parent), request=_whole_request(parent))


def _cover_so_far(store: Store, song: Song, until_s: float, report: Report) -> bytes:
    """The song's cover as soon as it is in the store; empty if there is none at ``until_s``, by
    ``time.monotonic``, or the song is to have none."""
    while song.brief.cover:
        report("saving files", 1.0)
        with suppress(NotFound):
            return read(store, asset_key(song.id, COVER_FILE))
        left_s = until_s - time.monotonic()
        if left_s <= 0:
            break
        time.sleep(min(_COVER_LOOK_S, left_s))
    return b""


def _put_audio(store: Store, song: Song, data: bytes, cover: bytes) -> Asset:
    """Stores the audio with ``cover`` inside, if there is one."""
    kind = FORMATS[song.brief.format]
    if cover:
        data = with_cover(data, song.brief.format, cover)
    asset = put_asset(store, song.id, f"audio{kind.extension}", data, kind.media_type)
    return asset.model_copy(update={"cover_sha256": hashlib.sha256(cover).hexdigest() if cover else ""})


def put_cover_into_audio(_engine: object, store: Store, song: Song, _report: Report) -> StepResult:
    """Puts the cover into the stored audio file, for a cover that was made after it. A second run changes
    nothing. Needs no engine."""
    audio, cover = read(store, song.assets["audio"].key), read(store, song.assets["cover"].key)
    return StepResult(None, {"audio": _put_audio(store, song, audio, cover)})


def music_request(song: Song) -> MusicRequest:
    """The plan as a request for the composer."""
    request, change = _of_plan(song), song.brief.change
    if change is None and song.brief.draft:
        return request.model_copy(update={"first_s": song.brief.new_s})
    if change is None:
        return request
    asked = Change.model_validate(change.model_dump(exclude={"task", "source", "words", "rights"}))
    lyrics = change.words if change.task in OF_PARTS else request.lyrics
    return request.model_copy(update={"task": change.task, "change": asked, "lyrics": lyrics})


def _whole_request(song: Song) -> MusicRequest:
    """What the song would be composed of as a whole. One that was changed has the band and the motif of the
    song that it was made of, and its tempo."""
    request, change = _of_plan(song), song.brief.change
    if change is None or song.music is None:
        return request
    tempo = {"tempo_bpm": song.music.tempo_bpm, "tempo_fixed": True} if song.music.tempo_bpm else {}
    seed = request.seed if change.style_seed is None else change.style_seed % SEED_BOUND
    return request.model_copy(update={**tempo, "seed": seed})


def _of_plan(song: Song) -> MusicRequest:
    plan = plan_of(song)
    return MusicRequest(
        prompt=", ".join(plan.tags),
        duration_s=song.brief.duration_s,
        seed=song.seed % SEED_BOUND,
        **plan.model_dump(include=_OF_PLAN),
        **song.brief.model_dump(include=set(MODEL_PARAMETERS)),
    )


@dataclass(frozen=True)
class File:
    """A file of the song before its bytes are made."""

    role: str
    name: str
    media_type: str
    make: Callable[[], bytes]


def music_files(audio: Audio, song: Song, request: MusicRequest) -> Iterator[File]:
    """The files to store; the audio, which has the longest work, comes first."""
    kind, language = FORMATS[song.brief.format], language_code(request.language)
    tags = Tags(
        title=request.title,
        genre=request.genre,
        lyrics=plan_of(song).lyrics,
        lines=audio.lines,
        tempo_bpm=audio.tempo_bpm,
        key=audio.key or "",
        language=three_letters(language),
        comment=f"Made with Songwright, seed {request.seed}",
    )
    mix = partial(encode, audio.samples, audio.rate_hz, song.brief.format, tags)
    yield File("audio", f"audio{kind.extension}", kind.media_type, mix)
    flac = FORMATS["flac"]
    for name, samples in audio.stems.items():
        stem = partial(encode, samples, audio.rate_hz, "flac")
        yield File(f"stem:{name}", f"stems/{name}{flac.extension}", flac.media_type, stem)
    if audio.midi is not None:
        yield File("midi", "song.mid", "audio/midi", partial(bytes, audio.midi))
    yield File(
        "waveform", "waveform.json", "application/json", partial(waveform_json, replace(audio, stems={}))
    )
    if audio.lines:
        text = lrc_text(audio.lines, title=request.title, duration_s=audio.duration_s, language=language)
        yield File("lrc", "lyrics.lrc", "text/plain; charset=utf-8", text.encode)


def _store_file(store: Store, song_id: str, file: File) -> Asset:
    return put_asset(store, song_id, file.name, file.make(), file.media_type)
