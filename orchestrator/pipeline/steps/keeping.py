"""The step that takes a song as it is, for a change that keeps its sound."""

from __future__ import annotations

from config.engine import Report
from config.errors import InvalidRequest, NotFound
from orchestrator.pipeline.inputs.sources import source_song
from orchestrator.pipeline.steps.writing import take_plan
from orchestrator.pipeline.worker import StepResult
from orchestrator.songs.library import put_asset
from orchestrator.songs.manifest import Asset, Song
from orchestrator.songs.stages import Stage
from storage.contract import Store, read

_NEW = frozenset({"cover", "lyrics", "photo"})
"""The files that are not the source's: its cover is what changes, and the plan brings the lyrics."""
_OF_SOUND = (Stage.MUSIC, Stage.SEPARATE, Stage.LISTEN)


def take_song(engine: object, store: Store, song: Song, report: Report) -> StepResult:
    """Takes the plan of the request, and the sound of the song that is changed with all that is known of it:
    stems, score, timed words, what was heard. Needs no engine. A second run changes nothing. Raises
    ``InvalidRequest`` if the song was deleted meanwhile."""
    assert song.brief.change
    planned, source = take_plan(engine, store, song, report), source_song(store, song.brief.change.source)
    kept = {role: asset for role, asset in source.assets.items() if role not in _NEW}
    assets = {}
    for number, (role, asset) in enumerate(kept.items()):
        report("taking the song", number / len(kept))
        assets[role] = _copied(store, song.id, source.id, asset)
    crafts = [stage.craft for stage in _OF_SOUND]
    return StepResult(
        planned.engine,
        planned.assets | assets,
        taken={craft: source.engines[craft] for craft in crafts if craft and craft in source.engines},
        plan=planned.plan,
        music=source.music,
        listening=source.listening,
    )


def _copied(store: Store, song_id: str, source_id: str, asset: Asset) -> Asset:
    name = asset.key.partition(f"{source_id}/")[2]
    try:
        data = read(store, asset.key)
    except NotFound as error:
        raise InvalidRequest(
            "source", source_id, "the song that was to be changed was just deleted"
        ) from error
    made = put_asset(store, song_id, name, data, asset.content_type)
    return made.model_copy(update={"cover_sha256": asset.cover_sha256})
