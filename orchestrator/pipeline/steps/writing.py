"""The steps that read a photo and write a plan."""

from __future__ import annotations

from config.engine import Report
from lyrics.contract import OnCover, SongPlan, Writer, is_early
from orchestrator.pipeline.engines import engine_facts
from orchestrator.pipeline.inputs.photos import full_description
from orchestrator.pipeline.inputs.plans import given_plan
from orchestrator.pipeline.steps.stored import SEED_BOUND
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.library import put_asset
from orchestrator.songs.manifest import GIVEN, Asset, EngineFacts, Song
from storage.contract import Store, read
from vision.contract import ImageRequest, Reader
from vision.photo import pixels_of


def read_photo(reader: Reader, store: Store, song: Song, report: Report) -> StepResult:
    """Reads the song's photo."""
    seed = song.brief.seed % SEED_BOUND
    pixels = pixels_of(read(store, song.assets["photo"].key))
    scene = reader.read(ImageRequest(pixels, seed), report)
    return StepResult(engine_facts(reader.info, seed, ()), {}, scene=scene)


def write_plan(
    writer: Writer, store: Store, song: Song, report: Report, on_cover: OnCover | None = None
) -> StepResult:
    """Writes the plan, and stores the lyrics."""
    plan = draft(writer, store, song, report, on_cover)
    facts = engine_facts(writer.info, song.brief.seed, plan.warnings)
    return StepResult(facts, _lyrics(store, song, plan), plan=plan)


def take_plan(_engine: object, store: Store, song: Song, _report: Report) -> StepResult:
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


def _lyrics(store: Store, song: Song, plan: SongPlan) -> dict[str, Asset]:
    if not plan.lyrics:
        return {}
    text = plan.lyrics.encode()
    return {"lyrics": put_asset(store, song.id, "lyrics.txt", text, "text/plain; charset=utf-8")}
