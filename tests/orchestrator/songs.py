"""Songs as a library holds them, made without any engine: for what is read from many manifests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from orchestrator.estimates.costs import cost_of
from orchestrator.estimates.meter import Usage
from orchestrator.songs.brief import Brief
from orchestrator.songs.manifest import EngineFacts, Song, Status, new_id, new_songs

FIRST_S = 1_790_000_000.0
"""When the first of them was asked for; each later one an hour after."""
ENGINES = {"lyrics": "plain", "music": "hum", "art": "blank"}
"""Those of ``tests.orchestrator.engines``."""


def made_song(
    number: int,
    seconds: Mapping[str, float],
    used: Mapping[str, tuple[float, str]],
    *,
    duration_s: float = 60.0,
    engines: Mapping[str, str] = ENGINES,
    status: Status = Status.DONE,
    **brief: object,
) -> Song:
    """Song ``number``: its wall time by stage, and by stage what it used of an engine and on which GPU."""
    asked = {"description": "x", "seed": number, "duration_s": duration_s} | brief
    song = new_songs(Brief.model_validate(asked))[0]
    made_at = FIRST_S + 3600 * number
    return song.changed(status=status).model_copy(
        update={
            "id": new_id(made_at),
            "created_at": datetime.fromtimestamp(made_at, UTC),
            "engines": {
                craft: EngineFacts(name=name, version="1", licence="MIT", seed=number)
                for craft, name in engines.items()
            },
            "timings_s": dict(seconds),
            "costs": {stage: cost_of(Usage(share, share, gpu)) for stage, (share, gpu) in used.items()},
        }
    )
