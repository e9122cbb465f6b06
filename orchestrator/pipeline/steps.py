"""The steps of a song, each run where its engine runs: engine, then encode, then store.

Only keys and facts travel back, so that on Modal a WAV goes from the GPU container straight to the bucket.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar, cast

from art.contract import CoverRequest, Painter
from art.encode import png_bytes
from art.photo import photo_cover
from config.cuda import gpu_error
from config.engine import EngineInfo, Report
from config.errors import EngineFailed, SongwrightError
from config.version import installed
from lyrics.contract import PlanRequest, SongPlan, Writer
from music.artwork import with_cover
from music.contract import Audio, Composer, MusicRequest
from music.encode import encode
from music.formats import FORMATS
from music.lrc import lrc_text
from music.tags import Tags
from music.waveform import waveform_json
from orchestrator.estimates.meter import Meter
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.brief import MODEL_PARAMETERS
from orchestrator.songs.library import put_asset
from orchestrator.songs.manifest import GIVEN, PHOTO, Asset, EngineFacts, MusicFacts, SectionTime, Song
from storage.contract import Store, read
from vision.contract import ImageRequest, Reader, Scene
from vision.photo import pixels_of

_SEED_BOUND = 2**63

T = TypeVar("T")


def metered(meter: Meter, engine: str, step: Callable[[], T]) -> T:
    """The result of ``step``, which runs on the engine called ``engine``; a ``StepResult`` with its usage.

    Every place where an engine lives runs its steps through this. An error of ours is raised as it is, one of
    the GPU as ``EngineUnavailable``, any other as ``EngineFailed``: an engine's bug ends its song, with the
    reason kept, and not the process that makes others. Each has what was used until then in ``spent``.
    """
    try:
        with meter.measure() as measured:
            result = step()
    except SongwrightError as error:
        error.spent = measured.usage
        raise
    except Exception as error:
        failed = gpu_error(engine, error) or EngineFailed(engine, f"{type(error).__name__}: {error}")
        failed.spent = measured.usage
        raise failed from error
    if isinstance(result, StepResult):
        return cast(T, replace(result, usage=measured.usage))
    return result


def make_room(engine: Any, error: SongwrightError) -> None:
    """After work of ``engine`` that ended with ``error`` for want of memory: lets go of the tensors that its
    frames hold, and of what the engine's libraries keep for later."""
    each = error.__cause__  # the frames of ``error`` itself are those of who waits for the work
    while each is not None:
        traceback.clear_frames(each.__traceback__)
        each = each.__cause__ or each.__context__
    if relieve := getattr(engine, "relieve", None):
        relieve()


def scene_step(reader: Reader, store: Store, song: Song, report: Report) -> StepResult:
    """Has the song's photo read."""
    seed = song.brief.seed % _SEED_BOUND
    pixels = pixels_of(read(store, song.assets["photo"].key))
    scene = reader.read(ImageRequest(pixels, seed), report)
    return StepResult(_facts(reader.info, seed, ()), {}, scene=scene)


def plan_step(writer: Writer, store: Store, song: Song, report: Report) -> StepResult:
    """Has the plan written, and stores the lyrics."""
    plan = draft_step(writer, store, song, report)
    facts = _facts(writer.info, song.brief.seed, plan.warnings)
    return StepResult(facts, _lyrics(store, song, plan), plan=plan)


def given_plan_step(store: Store, song: Song, plan: SongPlan) -> StepResult:
    """Takes the plan that came with the request, and stores the lyrics. No engine has a part in it."""
    facts = EngineFacts(
        name=GIVEN, version="", licence="the giver's", seed=song.brief.seed, warnings=plan.warnings
    )
    return StepResult(facts, _lyrics(store, song, plan), plan=plan)


def draft_step(writer: Writer, _store: Store, song: Song, report: Report) -> SongPlan:
    """Has the plan written, and stores nothing: for who wants to read and edit it first."""
    brief = song.brief
    request = PlanRequest(
        description=described(brief.description, song.scene),
        lyrics=brief.lyrics,
        lyrics_about=brief.about,
        instrumental=brief.instrumental,
        duration_s=brief.duration_s,
        seed=brief.seed,
    )
    return writer.plan(request, report)


def music_step(composer: Composer, store: Store, song: Song, report: Report) -> StepResult:
    """Has the plan composed, and stores the audio, its stems, the MIDI file and the timed lyrics."""
    request = music_request(song)
    audio = composer.compose(request, report)
    files = list(_music_files(audio, song, request))
    # Encoding is most of this step's own work, and libsndfile leaves Python's lock while it runs.
    with ThreadPoolExecutor(max_workers=2) as pool:
        pending = {file.role: pool.submit(_store_file, store, song.id, file) for file in files}
        assets = {}
        try:
            for role, future in pending.items():
                report("saving files", 1.0)
                assets[role] = future.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # a caller who has gone, a full disk: write no more of them
            raise
    facts = MusicFacts(
        duration_s=round(audio.duration_s, 3),
        rate_hz=audio.rate_hz,
        tempo_bpm=audio.tempo_bpm,
        key=audio.key,
        metre=audio.metre,
        loudness_lufs=audio.loudness_lufs,
        sections=tuple(
            SectionTime(kind=section.kind, start_s=round(section.start_s, 3), end_s=round(section.end_s, 3))
            for section in audio.sections
        ),
    )
    warnings = (*audio.warnings, *_unheeded(composer.info, request))
    return StepResult(_facts(composer.info, request.seed, warnings), assets, music=facts)


def cover_step(painter: Painter, store: Store, song: Song, report: Report) -> StepResult:
    """Has the cover painted, and stores it as PNG."""
    plan = _plan(song)
    request = CoverRequest(
        prompt=plan.cover_prompt,
        title=plan.title,
        genre=plan.genre,
        mood=plan.mood,
        theme=plan.theme,
        seed=song.seed % _SEED_BOUND,
        titled=song.brief.cover_title,
    )
    cover = painter.paint(request, report)
    asset = put_asset(store, song.id, "cover.png", png_bytes(cover.pixels), "image/png")
    return StepResult(_facts(painter.info, request.seed, cover.warnings), {"cover": asset})


def photo_cover_step(store: Store, song: Song) -> StepResult:
    """Takes the song's photo as its cover. No painter has a part in it."""
    title = _plan(song).title
    pixels = pixels_of(read(store, song.assets["photo"].key))
    cover = photo_cover(pixels, title, titled=song.brief.cover_title)
    asset = put_asset(store, song.id, "cover.png", png_bytes(cover.pixels), "image/png")
    facts = EngineFacts(
        name=PHOTO,
        version="",
        licence="the giver's",
        seed=song.seed % _SEED_BOUND,
        warnings=cover.warnings,
        libraries=installed("pillow", "numpy"),
    )
    return StepResult(facts, {"cover": asset})


def tag_step(store: Store, song: Song) -> StepResult:
    """Puts the cover into the stored audio file. Doing it again changes nothing. No engine has a part in
    it."""
    audio, cover = song.assets["audio"], song.assets["cover"]
    data = with_cover(read(store, audio.key), song.brief.format, read(store, cover.key))
    tagged = put_asset(store, song.id, audio.key.rpartition("/")[2], data, audio.content_type)
    return StepResult(None, {"audio": tagged})


def described(words: str, scene: Scene | None) -> str:
    """The song in words: the user's own, which come first and so hold where the two differ, then what was
    read from the photo."""
    if scene is None:
        return words
    style = " and ".join(dict.fromkeys(scene.genres[:2]))
    seen = " and ".join(scene.elements[:2])
    photo = (
        f"a {scene.mood} {style} song, {scene.tempo_bpm:g} BPM, energy {scene.energy}, about {seen}. "
        f"The photo it goes with: {scene.description}"
    )
    return f"{words}; {photo}" if words else photo


def music_request(song: Song) -> MusicRequest:
    """The plan as the music craft's own request."""
    plan = _plan(song)
    return MusicRequest(
        prompt=", ".join(plan.tags),
        lyrics=plan.lyrics,
        title=plan.title,
        duration_s=song.brief.duration_s,
        seed=song.seed % _SEED_BOUND,
        genre=plan.genre,
        mood=plan.mood,
        energy=plan.energy,
        tempo_bpm=plan.tempo_bpm,
        tempo_fixed=plan.tempo_fixed,
        key=plan.key,
        metre=plan.metre,
        voice=plan.voice,
        instruments=plan.instruments,
        exclude=plan.exclude,
        language=plan.language,
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
    """The longest work first."""
    kind = FORMATS[song.brief.format]
    tags = Tags(
        title=request.title,
        genre=request.genre,
        lyrics=request.lyrics,
        lines=audio.lines,
        tempo_bpm=audio.tempo_bpm,
        key=audio.key or "",
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
    yield _File("waveform", "waveform.json", "application/json", partial(waveform_json, audio))
    if audio.lines:
        text = lrc_text(audio.lines, title=request.title, duration_s=audio.duration_s)
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


def _unheeded(info: EngineInfo, request: MusicRequest) -> Iterator[str]:
    for name in MODEL_PARAMETERS:
        value = getattr(request, name)
        if value is not None and name not in info.parameters:
            yield f"{name} {value:g} was not used: engine {info.name!r} has no such parameter"


def _facts(info: EngineInfo, seed: int, warnings: tuple[str, ...]) -> EngineFacts:
    return EngineFacts(
        name=info.name,
        version=info.version,
        licence=info.licence,
        seed=seed,
        warnings=warnings,
        model=info.model,
        revision=info.revision,
        precision=info.precision,
        device=info.device,
        libraries=installed(*info.libraries),
    )
