"""The steps that make the cover of a song, or take one."""

from __future__ import annotations

from art.contract import CoverRequest, Painter
from art.encode import png_bytes
from art.photo import photo_cover
from config.engine import Report
from config.version import installed
from lyrics.contract import CoverWords
from orchestrator.pipeline.engines import engine_facts
from orchestrator.pipeline.inputs.sources import source_song
from orchestrator.pipeline.steps.stored import SEED_BOUND, plan_of
from orchestrator.pipeline.worker import COVER_FILE, StepResult
from orchestrator.songs.library import put_asset
from orchestrator.songs.manifest import PHOTO, EngineFacts, Song
from storage.contract import Store, read
from vision.photo import pixels_of


def paint_cover(painter: Painter, store: Store, song: Song, report: Report) -> StepResult:
    """Paints the cover, and stores it as PNG."""
    words = CoverWords.of(plan_of(song))  # and nothing else of the plan: the rest may not be written yet
    request = CoverRequest(
        prompt=words.cover_prompt,
        seed=song.seed % SEED_BOUND,
        titled=song.brief.cover_title,
        **words.model_dump(exclude={"cover_prompt"}),
    )
    cover = painter.paint(request, report)
    png = png_bytes(cover.pixels)
    report("saving", 1.0)  # a plan that has failed meanwhile leaves no cover
    asset = put_asset(store, song.id, COVER_FILE, png, "image/png")
    return StepResult(engine_facts(painter.info, request.seed, cover.warnings), {"cover": asset}, words=words)


def take_cover_of_source(_engine: object, store: Store, song: Song, _report: Report) -> StepResult:
    """Takes the cover of the song that is changed. Needs no engine."""
    assert song.brief.change
    source = source_song(store, song.brief.change.source)
    png = read(store, source.assets["cover"].key)
    asset = put_asset(store, song.id, COVER_FILE, png, "image/png")
    return StepResult(source.engines.get("art"), {"cover": asset})


def take_photo(_engine: object, store: Store, song: Song, _report: Report) -> StepResult:
    """Takes the song's photo as its cover. Needs no engine."""
    title = plan_of(song).title
    pixels = pixels_of(read(store, song.assets["photo"].key))
    cover = photo_cover(pixels, title, titled=song.brief.cover_title)
    asset = put_asset(store, song.id, COVER_FILE, png_bytes(cover.pixels), "image/png")
    facts = EngineFacts(
        name=PHOTO,
        version="",
        licence="the giver's",
        seed=song.seed % SEED_BOUND,
        warnings=cover.warnings,
        libraries=installed("pillow", "numpy"),
    )
    return StepResult(facts, {"cover": asset})
