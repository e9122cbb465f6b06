"""What a song is to be that is another with a new cover."""

from __future__ import annotations

from orchestrator.pipeline.inputs.changes import finished_parts, style_seed_of
from orchestrator.songs.brief import Brief
from orchestrator.songs.facts.change import COVER, SongChange
from orchestrator.songs.manifest import Song

MOST_ABOUT = 80
"""Characters of a prompt that are taken for what the cover shows."""
_NOT_KEPT = set("duration_s plan change variations keep draft seed photo photo_as_cover cover".split())


def brief_of_cover(song: Song, prompt: str, seed: int) -> Brief:
    """The brief of ``song`` with a new cover by ``seed``, which shows what ``prompt`` says; empty: what the
    song's own plan says. Raises ``Conflict`` for a song that is not done, and ``InvalidRequest`` for one that
    is past today's limits."""
    plan, music = finished_parts(song)
    if prompt:
        # A painter that reads what a song is about shows that before the prompt: here they are the same.
        about = prompt.partition(",")[0][:MOST_ABOUT]
        plan = plan.model_copy(update={"cover_prompt": prompt, "theme": (about,)})
    return Brief.model_validate(
        {
            **song.brief.model_dump(exclude=_NOT_KEPT),
            "seed": seed,
            "duration_s": round(music.duration_s, 3),
            "cover": True,
            "plan": plan.model_copy(update={"warnings": ()}),
            "change": SongChange(task=COVER, source=song.id, style_seed=style_seed_of(song)),
        }
    )
