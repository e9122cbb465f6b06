"""Repeats a song with the plan, seeds and engines in its manifest."""

from __future__ import annotations

from collections.abc import Mapping

from config.engine import EngineInfo
from config.errors import Conflict, InvalidRequest
from config.settings import EngineSettings, Settings, options_of
from config.version import installed
from orchestrator.pipeline.engines import REGISTRIES
from orchestrator.pipeline.inputs.photos import photo_of
from orchestrator.songs.brief import Brief
from orchestrator.songs.library import Library
from orchestrator.songs.limits import KeptPlan
from orchestrator.songs.manifest import GIVEN, PHOTO, Song, Status, new_songs

_AUDIO = ("separation", "music")


def crafts_of(song: Song) -> tuple[str, ...]:
    """The crafts that work again. The lyrics are in the manifest; of a song that was taken apart, the music
    is that of its source."""
    return (next((craft for craft in _AUDIO if craft in song.engines), "music"), "art")


def again(
    song: Song, library: Library, settings: Settings, changes: Mapping[str, object]
) -> tuple[list[Song], bytes, Settings]:
    """New songs like ``song`` with ``changes``, its photo (empty if none), and the settings with its engines.
    Raises as the three functions below do."""
    brief = brief_like(song, **changes)
    settings = settings_like(settings, song)
    engines = {
        craft: REGISTRIES[craft].check(getattr(settings, craft).engine, options_of(settings, craft))
        for craft in crafts_of(song)
        if craft in song.engines and song.engines[craft].name != PHOTO
    }
    notes = differences(song, engines)
    return new_songs(brief, like=song.id, notes=notes, scene=song.scene), photo_of(library, song), settings


def brief_like(song: Song, **changes: object) -> Brief:
    """The brief of ``song`` with ``changes``. Raises ``InvalidRequest`` for values out of today's bounds, in
    the changes or in the song itself."""
    if isinstance(song.plan, KeptPlan):
        fix = "it is past today's limits: send it as `plan` of a new request, shortened to them"
        raise InvalidRequest("like", song.id, fix)
    known = song.brief.model_dump() | {"plan": song.plan, "variations": 1, "keep": "all"}
    if song.music and song.music.loudness_lufs is None:
        known["master"] = False  # as the model made it: of a version that did not master, or by wish
    # A song without a plan is planned with the seed of the whole request.
    known["seed"] = song.seed if song.plan else song.brief.seed
    return Brief.model_validate(known | changes)


def finished_brief(song: Song) -> Brief:
    """The brief of the whole song of a draft, with its seed and its plan. Raises ``Conflict`` for a song that
    is none, or not done, and as ``brief_like``."""
    if not song.brief.draft:
        raise Conflict(f"song {song.id} is no draft", "extend it, if it is to be longer")
    if song.status is not Status.DONE:
        raise Conflict(f"song {song.id} is {song.status.value}", "finish it when it is done")
    return brief_like(song, draft=False)


def settings_like(settings: Settings, song: Song) -> Settings:
    """``settings`` with the engines, models, revisions and precisions that made ``song``."""
    chosen: dict[str, EngineSettings] = {}
    for craft in crafts_of(song):
        facts, now = song.engines.get(craft), getattr(settings, craft)
        if facts is None or facts.name == PHOTO:
            continue
        # An engine that is not in the registry was set as package.module:Class, and must be set again.
        engine = facts.name if facts.name in REGISTRIES[craft] else now.engine
        hub = facts.revision and not facts.revision.startswith("sha256-")
        model = f"{facts.model}@{facts.revision}" if hub else facts.model
        chosen[craft] = now.model_copy(
            update={"engine": engine, "model": model, "precision": facts.precision or now.precision}
        )
    return settings.model_copy(update=chosen)


def differences(song: Song, engines: Mapping[str, EngineInfo]) -> tuple[str, ...]:
    """Notes on small differences to ``song`` if ``engines``, by craft, repeat it: other libraries, another
    device. Raises ``Conflict`` if another engine or model would make another song."""
    notes: list[str] = []
    for craft in crafts_of(song):
        facts, info = song.engines.get(craft), engines.get(craft)
        if facts is None or info is None or facts.name in (GIVEN, PHOTO):
            continue
        if facts.identity != info.identity:
            setting = f"SONGWRIGHT_{craft.upper()}__ENGINE"
            fix = f"set {setting}, __MODEL and __PRECISION to the former, or ask anew"
            if (facts.name, facts.model) == (info.name, info.model) and facts.version != info.version:
                fix = f"no {setting} is of that version: use the Songwright that made it, or send the song's "
                fix += "plan as `plan` of a new request: the same words, played anew"
            raise Conflict(
                f"the {craft} of song {song.id} was made by {facts.identity}, and here is {info.identity}",
                fix,
            )
        now = installed(*info.libraries)
        changed = [
            f"{name} {then}, now {now.get(name, 'gone')}"
            for name, then in facts.libraries.items()
            if name != "songwright" and now.get(name) != then
        ]
        if facts.device != info.device:
            changed.append(f"{facts.device}, now {info.device}")
        if changed:
            what = "; ".join(changed)
            notes.append(f"the {craft} was made with {what}: it may differ from song {song.id} in small ways")
    return tuple(notes)
