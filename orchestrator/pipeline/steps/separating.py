"""The step that takes a song apart, and stores it again with its stems."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from config.engine import Report
from music.contract import Audio, Source
from music.formats import FORMATS
from orchestrator.pipeline.engines import engine_facts, music_facts
from orchestrator.pipeline.inputs.sources import recording_source, source_of, source_song
from orchestrator.pipeline.steps.composing import File, music_files, music_request, store_files
from orchestrator.pipeline.steps.stored import SEED_BOUND
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.manifest import Song
from separation.contract import SeparateRequest, Separator
from storage.contract import Store, read

_FACTS = ("midi", "lrc", "waveform")
"""The files that say something of the audio: they are kept with it."""


def separate(separator: Separator, store: Store, song: Song, report: Report) -> StepResult:
    """Takes the song or the recording that is named apart. The audio is that of the source, as it is stored
    if it has the wanted format, and so is what is known of it; a recording is measured as any song is."""
    began_s, change = time.monotonic(), song.brief.change
    assert change  # see ``Brief.audio_stage``
    parent = None if change.of_recording else source_song(store, change.source)
    source = source_of(store, parent) if parent else recording_source(store, change.source)
    stems = separator.separate(SeparateRequest(source.samples, source.rate_hz), report)
    audio = replace(_audio(source), stems=stems)
    facts = parent.music if parent and parent.music else music_facts(audio)
    files = list(_files(audio, store, song, parent))
    del source, stems, audio  # each stem is freed as soon as it is written
    assets = store_files(files, store, song, began_s, report)
    made = engine_facts(separator.info, song.seed % SEED_BOUND, ())
    music = parent.engines.get("music") if parent else None
    return StepResult(made, assets, taken={"music": music} if music else {}, music=facts)


def _audio(source: Source) -> Audio:
    return Audio(
        samples=source.samples,
        rate_hz=source.rate_hz,
        tempo_bpm=source.tempo_bpm,
        key=source.key,
        metre=source.metre,
        midi=source.midi,
        lines=source.lines,
        sections=source.sections,
    )


def _files(audio: Audio, store: Store, song: Song, parent: Song | None) -> Iterator[File]:
    """The files to store, the audio first: those of ``parent``, as they are, and the new ones."""
    kept = {role: asset for role, asset in parent.assets.items() if role in _FACTS} if parent else {}
    kind = FORMATS[song.brief.format]
    if parent and parent.assets["audio"].key.endswith(kind.extension):
        kept["audio"] = parent.assets["audio"]
    for file in music_files(audio, song, music_request(song)):
        asset = kept.get(file.role)
        yield replace(file, make=partial(read, store, asset.key)) if asset else file
