"""The registries of the crafts, by the craft's name, and what a manifest says of an engine and of
its music."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from art.contract import PAINTERS
from config.engine import EngineInfo
from config.registry import Registry
from config.settings import Settings
from config.version import installed
from listening.contract import LISTENERS
from lyrics.contract import WRITERS, SongPlan
from music.contract import COMPOSERS, Audio, MusicRequest
from music.singing import not_as_asked
from orchestrator.songs.brief import MODEL_PARAMETERS
from orchestrator.songs.facts.sound import MusicFacts, QualityFacts, SectionTime
from orchestrator.songs.manifest import EngineFacts
from orchestrator.songs.stages import NO_ENGINE, OPTIONAL_CRAFTS
from separation.contract import SEPARATORS
from vision.contract import READERS

REGISTRIES: Mapping[str, Registry[Any]] = {
    "lyrics": WRITERS,
    "music": COMPOSERS,
    "art": PAINTERS,
    "vision": READERS,
    "listening": LISTENERS,
    "separation": SEPARATORS,
}


def crafts_in_use(settings: Settings) -> tuple[str, ...]:
    """The crafts that have an engine: all but the optional ones that are set to ``NO_ENGINE``."""
    return tuple(
        craft
        for craft in REGISTRIES
        if craft not in OPTIONAL_CRAFTS or getattr(settings, craft).engine != NO_ENGINE
    )


def engine_facts(info: EngineInfo, seed: int, warnings: tuple[str, ...]) -> EngineFacts:
    """The facts of the engine that made a part with ``seed``."""
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


def unused_parameters(info: EngineInfo, request: MusicRequest) -> Iterator[str]:
    """Warnings about parameters of the model that the engine does not have."""
    for name in MODEL_PARAMETERS:
        value = getattr(request, name)
        if value is not None and name not in info.parameters:
            yield f"{name} {value:g} was not used: engine {info.name!r} has no such parameter"


def unsung(composer: str, plan: SongPlan) -> Iterator[str]:
    """Warnings about what the engine called ``composer`` cannot sing as the plan has it."""
    return not_as_asked(composer, plan.lyrics, plan.language, plan.line_times_s)


def music_facts(audio: Audio) -> MusicFacts:
    """The composer's facts about ``audio``, and what was measured of it."""
    from music.levels.quality import quality_of  # late: the service knows engines without arrays

    quality = quality_of(audio.samples, audio.rate_hz)
    return MusicFacts(
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
        quality=QualityFacts(
            clipped=round(quality.clipped, 5),
            silent=round(quality.silent, 4),
            end_db=round(quality.end_db, 1),
        ),
    )
