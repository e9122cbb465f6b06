"""What several steps need of a song."""

from __future__ import annotations

from lyrics.contract import SongPlan
from orchestrator.songs.manifest import Song

SEED_BOUND = 2**63
"""Engines take smaller seeds; a manifest may have larger ones."""


def plan_of(song: Song) -> SongPlan:
    if song.plan is None:
        raise ValueError(f"song {song.id} has no plan yet: steps run in the order of make_song")
    return song.plan
