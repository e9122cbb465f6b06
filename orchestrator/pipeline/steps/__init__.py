"""The steps of a song. Each runs in its engine's process: the engine, then encoding, then storing.

Only keys and facts are returned, so on Modal a WAV goes from the GPU container straight to the bucket. It
goes there once, with the cover inside: the cover is in the bucket by then, as a rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar

from config.engine import Report
from orchestrator.pipeline.steps.composing import make_music, put_cover_into_audio
from orchestrator.pipeline.steps.keeping import take_song
from orchestrator.pipeline.steps.listening import listen
from orchestrator.pipeline.steps.painting import paint_cover, take_cover_of_source, take_photo
from orchestrator.pipeline.steps.separating import separate
from orchestrator.pipeline.steps.writing import read_photo, take_plan, write_plan
from orchestrator.pipeline.worker import Early, StepResult, engine_for
from orchestrator.songs.manifest import Song
from orchestrator.songs.stages import Stage
from storage.contract import Store

T = TypeVar("T")

Step = Callable[[Any, Store, Song, Report], T]
"""``step(engine, store, song, report)``: the work of one stage of a song."""


def step_of(stage: Stage, song: Song, early: Early | None = None) -> Step[StepResult]:
    """The function for the ``stage`` of ``song``. It runs in the process of its engine; if ``engine_for``
    returns None, its first argument may be anything. ``early`` is for music that somebody listens to, or for
    a plan."""
    if stage is Stage.TAGS:
        return put_cover_into_audio
    if engine_for(stage, song) is None:
        if stage is Stage.LYRICS:
            return take_song if song.brief.change and song.brief.change.keeps_sound else take_plan
        return take_photo if song.brief.photo_as_cover else take_cover_of_source
    if stage is Stage.MUSIC and early:
        return partial(make_music, hear=early)
    if stage is Stage.LYRICS and early:
        return partial(write_plan, on_cover=early)
    return _STEPS[stage]


_STEPS: Mapping[Stage, Step[StepResult]] = {
    Stage.PHOTO: read_photo,
    Stage.LYRICS: write_plan,
    Stage.MUSIC: make_music,
    Stage.SEPARATE: separate,
    Stage.COVER: paint_cover,
    Stage.LISTEN: listen,
}
