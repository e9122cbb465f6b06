"""Makes a song from begin to end. Only this module knows the order of the stages."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from config.errors import Cancelled, EngineFailed, EngineTimeout, SongwrightError
from orchestrator.pipeline.recorder import RunOptions, SongRecorder, Superseded
from orchestrator.pipeline.tries import run_limit_failure
from orchestrator.pipeline.worker import Worker
from orchestrator.songs.library import Library
from orchestrator.songs.manifest import Song, Status
from orchestrator.songs.ownership import this_process
from orchestrator.songs.stages import Stage, StageReport


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
    try:
        async with clock:
            taken_up = song.status is not Status.QUEUED
            if taken_up:
                await asyncio.to_thread(library.sweep, song.id)
            if song.plan is None:
                await recorder.begin(Status.PLANNING)
                if song.brief.photo and song.scene is None:
                    step = Stage.PHOTO
                    await recorder.make(Stage.PHOTO)
                    step = Stage.LYRICS
                await recorder.make(Stage.LYRICS, status=Status.COMPOSING)
            else:
                await recorder.begin(Status.COMPOSING)

            step = "music and cover"
            parts = []
            if "audio" not in recorder.song.assets:
                parts.append(recorder.make(Stage.MUSIC))
            if song.brief.cover and "cover" not in recorder.song.assets:
                parts.append(recorder.make(Stage.COVER))
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


def _has_its_cover(song: Song) -> bool:
    """Whether the stored audio has the song's cover inside, or the song is to have none."""
    if not song.brief.cover:
        return True
    audio, cover = song.assets.get("audio"), song.assets.get("cover")
    return bool(audio and cover and cover.sha256 and audio.cover_sha256 == cover.sha256)
