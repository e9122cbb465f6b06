"""A plan that comes with a request."""

from __future__ import annotations

from lyrics.contract import SongPlan
from orchestrator.songs.manifest import Song


def given_plan(song: Song) -> SongPlan:
    """The plan that came with the request, read as a new one is."""
    assert song.brief.plan
    from lyrics.requests import given  # late: it takes a tenth of a second to import

    return given(song.brief.plan, instrumental=song.brief.instrumental, duration_s=song.brief.duration_s)
