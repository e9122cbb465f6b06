"""The stages of a song: listed here, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum


class Stage(StrEnum):
    """The stages of a song, in this order; the cover is made beside the music and the listening. Manifests,
    events, metrics and quotes use the values as names."""

    PHOTO = "photo"
    """The photo is read, if the song is made from one."""
    LYRICS = "lyrics"
    """The plan is written: lyrics, title, tempo, key, prompts."""
    MUSIC = "music"
    SEPARATE = "separate"
    """A song that there is, is taken apart, in the place of the music: if its stems are wanted, and an engine
    for that is set."""
    COVER = "cover"
    LISTEN = "listen"
    """An engine listens to the song, if one is set and the song has words."""
    TAGS = "tags"
    """The cover is put into the audio file."""

    @property
    def craft(self) -> str | None:
        """The craft whose engine runs the stage; None for the tags, which need no engine."""
        return _CRAFTS.get(self)

    @property
    def follows_length(self) -> bool:
        """Whether it takes longer for a longer song."""
        return self in (Stage.MUSIC, Stage.SEPARATE, Stage.LISTEN, Stage.TAGS)


_CRAFTS: Mapping[Stage, str] = {
    Stage.PHOTO: "vision",
    Stage.LYRICS: "lyrics",
    Stage.MUSIC: "music",
    Stage.SEPARATE: "separation",
    Stage.COVER: "art",
    Stage.LISTEN: "listening",
}
_ONLY_SOME = (Stage.PHOTO, Stage.SEPARATE, Stage.LISTEN)
NO_ENGINE = "none"
"""Instead of an engine's name: the craft is not wanted. For those of ``OPTIONAL_CRAFTS``."""
WITH_ENGINES = tuple(_CRAFTS)
"""The stages that report progress."""
ALWAYS = tuple(stage for stage in Stage if stage not in _ONLY_SOME)
"""The stages of every song with a cover; only some begin with a photo, or are listened to."""
SONG_CRAFTS = tuple(_CRAFTS[stage] for stage in WITH_ENGINES if stage in ALWAYS)
CRAFTS = (*SONG_CRAFTS, *(_CRAFTS[stage] for stage in _ONLY_SOME))
OPTIONAL_CRAFTS = (_CRAFTS[Stage.SEPARATE], _CRAFTS[Stage.LISTEN])

StageReport = Callable[[Stage, str, float], None]
"""A callback with the progress of a stage: what its engine does, in words, and the fraction from 0 to 1."""


def ignore_stages(_stage: Stage, _doing: str, _fraction: float) -> None:
    """A ``StageReport`` that does nothing."""


def craft_of(stage: str) -> str | None:
    """The craft of a stage, by the stage's value; None for the tags and for stages of a later version."""
    return Stage(stage).craft if stage in list(Stage) else None


def elapsed(times: Mapping[str, float]) -> float:
    """The total time of stages that took ``times``, in the same unit. The cover is made beside the music and
    the listening, all others run one after the other. It is less where a cover that outlasts the music began
    with the plan."""

    def of(stage: Stage) -> float:
        return times.get(stage, 0.0)

    beside = max(of(Stage.MUSIC) + of(Stage.SEPARATE) + of(Stage.LISTEN), of(Stage.COVER))
    return of(Stage.PHOTO) + of(Stage.LYRICS) + beside + of(Stage.TAGS)
