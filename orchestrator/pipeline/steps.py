"""The steps of a song. Each runs in its engine's process: the engine, then encoding, then storing.

Only keys and facts are returned, so on Modal a WAV goes from the GPU container straight to the bucket. It
goes there once, with the cover inside: the cover is in the bucket by then, as a rule.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from art.contract import CoverRequest, Painter
from art.encode import png_bytes
from art.photo import photo_cover
from config.engine import Report
from config.errors import NotFound
from config.version import installed
from lyrics.contract import CoverWords, OnCover, SongPlan, Writer, is_early
from music.artwork import with_cover
from music.contract import Audio, Composer, MusicRequest
from music.encode import encode
from music.formats import FORMATS
from music.hearing.aloud import compose_aloud
from music.hearing.pieces import Hear
from music.levels.mastering import mastered
from music.lrc import lrc_text
from music.tags import Tags
from music.waveform import waveform_json
from orchestrator.pipeline.engines import engine_facts, music_facts, unsung, unused_parameters
from orchestrator.pipeline.photos import full_description
from orchestrator.pipeline.worker import COVER_FILE, Early, StepResult, engine_for
from orchestrator.songs.brief import MODEL_PARAMETERS
from orchestrator.songs.library import asset_key, put_asset
from orchestrator.songs.manifest import GIVEN, PHOTO, Asset, EngineFacts, Song
from orchestrator.songs.stages import Stage
from reading.languages.codes import language_code, three_letters
from storage.contract import Store, read
from vision.contract import ImageRequest, Reader
from vision.photo import pixels_of

_SEED_BOUND = 2**63
_WRITERS = 4
"""At most so many files of a song are encoded at once."""
_LONGEST_COVER_WAIT_S = 5.0
"""The music waits for the cover as long as it was composed, and no longer than this: an engine that waits
makes no other song, and a second trip of the audio takes about as long."""
_COVER_LOOK_S = 0.25
_OF_PLAN = set(MusicRequest.model_fields) & set(SongPlan.model_fields)

T = TypeVar("T")

Step = Callable[[Any, Store, Song, Report], T]
"""``step(engine, store, song, report)``: the work of one stage of a song."""


def step_of(stage: Stage, song: Song, early: Early | None = None) -> Step[StepResult]:
    """The function for the ``stage`` of ``song``. It runs in the process of its engine; if ``engine_for``
    returns None, its first argument may be anything. ``early`` is for music that somebody listens to, or for
    a plan."""
    if stage is Stage.TAGS:
        return _tags
    if engine_for(stage, song) is None:
        return _given_plan if stage is Stage.LYRICS else _photo_cover
    if stage is Stage.MUSIC and early:
        return partial(_music, hear=early)
    if stage is Stage.LYRICS and early:
        return partial(_written_plan, on_cover=early)
    return _STEPS[stage]


def _scene(reader: Reader, store: Store, song: Song, report: Report) -> StepResult:
    """Reads the song's photo."""
    seed = song.brief.seed % _SEED_BOUND
    pixels = pixels_of(read(store, song.assets["photo"].key))
    scene = reader.read(ImageRequest(pixels, seed), report)
    return StepResult(engine_facts(reader.info, seed, ()), {}, scene=scene)


def _written_plan(
    writer: Writer, store: Store, song: Song, report: Report, on_cover: OnCover | None = None
) -> StepResult:
    """Writes the plan, and stores the lyrics."""
    plan = draft(writer, store, song, report, on_cover)
    facts = engine_facts(writer.info, song.brief.seed, plan.warnings)
    return StepResult(facts, _lyrics(store, song, plan), plan=plan)


def _given_plan(_engine: object, store: Store, song: Song, _report: Report) -> StepResult:
    """Takes the plan that came with the request, and stores the lyrics. Needs no engine."""
    plan = given_plan(song)
    facts = EngineFacts(
        name=GIVEN, version="", licence="the giver's", seed=song.brief.seed, warnings=plan.warnings
    )
    return StepResult(facts, _lyrics(store, song, plan), plan=plan)


def draft(
    writer: Writer, _store: Store, song: Song, report: Report, on_cover: OnCover | None = None
) -> SongPlan:
    """Writes the plan and stores nothing: the user can edit it first. ``on_cover``: see ``Worker``."""
    brief = song.brief
    from lyrics.requests import planned, planned_words, read_request  # late: see fork_server

    wanted = read_request(
        full_description(brief.description, song.scene),
        lyrics=brief.lyrics,
        about=brief.about,
        instrumental=brief.instrumental,
        duration_s=brief.duration_s,
        seed=brief.seed,
    )
    if on_cover and is_early(writer):
        plan = writer.plan(wanted.request, report, lambda words: on_cover(planned_words(words, wanted)))
    else:
        plan = writer.plan(wanted.request, report)
    return planned(plan, wanted, writer.info.name)


def given_plan(song: Song) -> SongPlan:
    """The plan that came with the request, read as a new one is."""
    assert song.brief.plan
    from lyrics.requests import given  # likewise

    return given(song.brief.plan, instrumental=song.brief.instrumental, duration_s=song.brief.duration_s)


def _music(
    composer: Composer, store: Store, song: Song, report: Report, hear: Hear | None = None
) -> StepResult:
    """Composes the plan, and stores the audio, its stems, the MIDI file and the timed lyrics."""
    began_s, request = time.monotonic(), music_request(song)
    audio = compose_aloud(composer, request, report, hear) if hear else composer.compose(request, report)
    audio = mastered(audio, report) if song.brief.master else audio
    files = list(_music_files(audio, song, request))
    facts, info = music_facts(audio), composer.info
    warnings = (*audio.warnings, *unsung(info.name, _plan(song)), *unused_parameters(info, request))
    del audio  # each stem is freed as soon as it is written
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
    return StepResult(engine_facts(composer.info, request.seed, warnings), assets, music=facts)


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


def _cover(painter: Painter, store: Store, song: Song, report: Report) -> StepResult:
    """Paints the cover, and stores it as PNG."""
    words = CoverWords.of(_plan(song))  # and nothing else of the plan: the rest may not be written yet
    request = CoverRequest(
        prompt=words.cover_prompt,
        seed=song.seed % _SEED_BOUND,
        titled=song.brief.cover_title,
        **words.model_dump(exclude={"cover_prompt"}),
    )
    cover = painter.paint(request, report)
    png = png_bytes(cover.pixels)
    report("saving", 1.0)  # a plan that has failed meanwhile leaves no cover
    asset = put_asset(store, song.id, COVER_FILE, png, "image/png")
    return StepResult(engine_facts(painter.info, request.seed, cover.warnings), {"cover": asset}, words=words)


def _photo_cover(_engine: object, store: Store, song: Song, _report: Report) -> StepResult:
    """Takes the song's photo as its cover. Needs no engine."""
    title = _plan(song).title
    pixels = pixels_of(read(store, song.assets["photo"].key))
    cover = photo_cover(pixels, title, titled=song.brief.cover_title)
    asset = put_asset(store, song.id, COVER_FILE, png_bytes(cover.pixels), "image/png")
    facts = EngineFacts(
        name=PHOTO,
        version="",
        licence="the giver's",
        seed=song.seed % _SEED_BOUND,
        warnings=cover.warnings,
        libraries=installed("pillow", "numpy"),
    )
    return StepResult(facts, {"cover": asset})


def _tags(_engine: object, store: Store, song: Song, _report: Report) -> StepResult:
    """Puts the cover into the stored audio file, for a cover that was made after it. A second run changes
    nothing. Needs no engine."""
    audio, cover = read(store, song.assets["audio"].key), read(store, song.assets["cover"].key)
    return StepResult(None, {"audio": _put_audio(store, song, audio, cover)})


def music_request(song: Song) -> MusicRequest:
    """The plan as a request for the composer."""
    plan = _plan(song)
    return MusicRequest(
        prompt=", ".join(plan.tags),
        duration_s=song.brief.duration_s,
        seed=song.seed % _SEED_BOUND,
        **plan.model_dump(include=_OF_PLAN),
        **song.brief.model_dump(include=set(MODEL_PARAMETERS)),
    )


@dataclass(frozen=True)
class _File:
    """A file of the song before its bytes are made."""

    role: str
    name: str
    media_type: str
    make: Callable[[], bytes]


def _music_files(audio: Audio, song: Song, request: MusicRequest) -> Iterator[_File]:
    """The files to store; the audio, which has the longest work, comes first."""
    kind, language = FORMATS[song.brief.format], language_code(request.language)
    tags = Tags(
        title=request.title,
        genre=request.genre,
        lyrics=request.lyrics,
        lines=audio.lines,
        tempo_bpm=audio.tempo_bpm,
        key=audio.key or "",
        language=three_letters(language),
        comment=f"Made with Songwright, seed {request.seed}",
    )
    mix = partial(encode, audio.samples, audio.rate_hz, song.brief.format, tags)
    yield _File("audio", f"audio{kind.extension}", kind.media_type, mix)
    flac = FORMATS["flac"]
    for name, samples in audio.stems.items():
        stem = partial(encode, samples, audio.rate_hz, "flac")
        yield _File(f"stem:{name}", f"stems/{name}{flac.extension}", flac.media_type, stem)
    if audio.midi is not None:
        yield _File("midi", "song.mid", "audio/midi", partial(bytes, audio.midi))
    yield _File(
        "waveform", "waveform.json", "application/json", partial(waveform_json, replace(audio, stems={}))
    )
    if audio.lines:
        text = lrc_text(audio.lines, title=request.title, duration_s=audio.duration_s, language=language)
        yield _File("lrc", "lyrics.lrc", "text/plain; charset=utf-8", text.encode)


def _store_file(store: Store, song_id: str, file: _File) -> Asset:
    return put_asset(store, song_id, file.name, file.make(), file.media_type)


def _lyrics(store: Store, song: Song, plan: SongPlan) -> dict[str, Asset]:
    if not plan.lyrics:
        return {}
    text = plan.lyrics.encode()
    return {"lyrics": put_asset(store, song.id, "lyrics.txt", text, "text/plain; charset=utf-8")}


def _plan(song: Song) -> SongPlan:
    if song.plan is None:
        raise ValueError(f"song {song.id} has no plan yet: steps run in the order of make_song")
    return song.plan


_STEPS: Mapping[Stage, Step[StepResult]] = {
    Stage.PHOTO: _scene,
    Stage.LYRICS: _written_plan,
    Stage.MUSIC: _music,
    Stage.COVER: _cover,
}
