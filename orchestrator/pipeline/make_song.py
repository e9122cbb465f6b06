"""Makes a song from begin to end. Only this module knows the order of the stages."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any

from config.errors import Cancelled, EngineFailed, EngineTimeout, SongwrightError
from lyrics.contract import CoverWords
from orchestrator.pipeline.manifest_writer import Superseded
from orchestrator.pipeline.recorder import Made, RunOptions, SongRecorder
from orchestrator.pipeline.takes import settle
from orchestrator.pipeline.tries import run_limit_failure
from orchestrator.pipeline.worker import (
    Worker,
    drop_unused_cover,
    retrieve_exception,
    wants_listening,
    wants_painting,
)
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.ownership import this_process
from orchestrator.songs.stages import Stage, StageReport

log = logging.getLogger(__name__)


async def make_song(
    song: Song, worker: Worker, library: Library, report: StageReport, options: RunOptions | None = None
) -> Song:
    """Makes all steps of ``song`` that are missing, and returns its final manifest.

    The manifest is saved before the work starts and after the steps (see ``recorder``). If this process
    stops, at most the current step and the one before are lost: call this again with the stored manifest. A
    step's error is written to the manifest and raised; a cancelled task leaves the song "cancelled". Finished
    steps stay. Raises ``Superseded``, and writes nothing, once another runner has the song, and
    ``EngineFailed`` if the process of the song has died in three runs.
    """
    options = options or RunOptions(this_process(), counted=True)
    if song.status.finished:  # failed or cancelled, and made again: the counters start anew
        song = song.model_copy(update={"runs": 0, "crashes": {}})
    recorder = SongRecorder(song, worker, library, report, options)
    if options.counted:
        if failure := run_limit_failure(song):
            await recorder.save(status=Status.FAILED, error=failure, owner=None)
            raise EngineFailed("songwright", failure.message)
        recorder.song = song.model_copy(update={"runs": song.runs + 1})  # stored with its next status
    step: str = Stage.LYRICS
    clock = asyncio.timeout(options.limit_s)
    cover = EarlyCover(recorder)
    try:
        async with clock, cover:
            taken_up = song.status is not Status.QUEUED
            if taken_up:
                await asyncio.to_thread(library.sweep, song.id)
            if song.plan is None:
                await recorder.begin(Status.PLANNING)
                if song.brief.photo and song.scene is None:
                    step = Stage.PHOTO
                    await recorder.make(Stage.PHOTO)
                    step = Stage.LYRICS
                on_cover = cover.begin if wants_painting(recorder.song) else None
                await recorder.make(Stage.LYRICS, on_cover, status=Status.COMPOSING)
            else:
                await recorder.begin(Status.COMPOSING)

            step = "music and cover"
            parts: list[Coroutine[Any, Any, object]] = [_music(recorder, worker)]
            if song.brief.cover and "cover" not in recorder.song.assets:
                parts.append(cover.make())
            # If one fails, the other is still finished and stored: a retry makes only what is missing.
            for outcome in await asyncio.gather(*parts, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    raise outcome

            step = Stage.TAGS
            if not _has_its_cover(recorder.song):
                await recorder.make(Stage.TAGS)
            if taken_up:  # an engine of the killed process may have been writing a little longer
                await asyncio.to_thread(library.sweep, song.id)
            return await recorder.save(status=Status.DONE, owner=None)
    except (asyncio.CancelledError, Cancelled):
        if recorder.superseded:
            if task := asyncio.current_task():
                task.uncancel()
            raise recorder.superseded from None
        with suppress(Superseded):  # another runner owns the song
            if options.shutting_down():
                await recorder.save(owner=None)
            else:
                await recorder.save(status=Status.CANCELLED, owner=None)
        raise
    except Superseded:
        raise
    except SongwrightError as error:
        await recorder.fail(error, step)
        raise
    except Exception as error:
        if clock.expired():
            late = EngineTimeout(
                f"the song took longer than {options.limit_s:g} s, in {step}",
                "ask for a shorter one, or raise SONGWRIGHT_JOB_TIMEOUT_S",
            )
            await recorder.fail(late, step)
            raise late from error
        await recorder.fail(error, step)
        raise EngineFailed(step, f"{type(error).__name__}: {error}") from error
    finally:
        recorder.close()
        if recorder.has_ended:  # else the song goes on elsewhere, and perhaps with this cover
            await _drop_unused_cover(recorder.song, library)
            if song.brief.keep != "all":
                await asyncio.to_thread(settle, library, recorder.song)


async def _music(recorder: SongRecorder, worker: Worker) -> None:
    """Makes the music, and has it listened to. A song whose words nobody could hear is a song: the error is
    a note in its manifest."""
    if "audio" not in recorder.song.assets:
        await recorder.make(recorder.song.brief.audio_stage(separates=worker.separates))
    if not (worker.listens and wants_listening(recorder.song)):
        return
    try:
        await recorder.make(Stage.LISTEN)
    except (Superseded, Cancelled):
        raise
    except Exception as error:  # noqa: BLE001 - likewise a bug of an engine
        log.warning("nobody listened to the song: %s", error, extra={"song_id": recorder.song.id})
        await recorder.note(f"Nobody listened to the song: {error}")


class EarlyCover:
    """The cover of a song. It is begun as soon as the plan that is being written has its words, and recorded
    once the plan is there; the plan decides. Left with an error, it ends what it has begun."""

    def __init__(self, recorder: SongRecorder) -> None:
        self._recorder = recorder
        self._loop = asyncio.get_running_loop()
        self._words: CoverWords | None = None
        self._painting: asyncio.Task[Made] | None = None
        self._is_planned = False

    def begin(self, words: CoverWords) -> None:
        """Begins to paint the cover for ``words``. May be called in any thread; only the first call counts,
        and only before the plan is there."""
        self._loop.call_soon_threadsafe(self._begin, words)

    def _begin(self, words: CoverWords) -> None:
        if self._painting is None and not self._is_planned:
            self._words = words
            self._painting = self._loop.create_task(self._recorder.run(Stage.COVER, words=words))

    async def make(self) -> Song:
        """Makes and records the cover of the song, which has its plan now."""
        self._is_planned = True
        plan = self._recorder.song.plan
        if self._painting is None or plan is None:
            return await self._recorder.make(Stage.COVER)
        if CoverWords.of(plan) != self._words:
            log.warning("the plan has another cover than its writer said: it is painted again")
            await asyncio.wait([self._painting])  # two painters would write one file
            retrieve_exception(self._painting)
            return await self._recorder.make(Stage.COVER)
        return await self._recorder.record(Stage.COVER, await self._painting)

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_planned = True
        if error and self._painting:
            self._painting.cancel()
            await asyncio.wait([self._painting])
            retrieve_exception(self._painting)


async def _drop_unused_cover(song: Song, library: Library) -> None:
    """As ``drop_unused_cover``; an error of the store is logged."""
    try:
        await asyncio.to_thread(drop_unused_cover, song, library.store)
    except SongwrightError as error:
        log.warning("the cover of a song without a plan is left: %s", error, extra={"song_id": song.id})


def _has_its_cover(song: Song) -> bool:
    """Whether the stored audio has the song's cover inside, or the song is to have none."""
    if not song.brief.cover:
        return True
    audio, cover = song.assets.get("audio"), song.assets.get("cover")
    return bool(audio and cover and cover.sha256 and audio.cover_sha256 == cover.sha256)
