"""What a song is that was made of another one, or of a recording."""

from __future__ import annotations

import re

from pydantic import BaseModel, ConfigDict

RECORDING_ID = re.compile(r"rec-[0-9a-hjkmnp-tv-z]{20}")
"""The id of a recording that the user has sent. No song has such a one."""
COVER = "cover"
"""The task of a song that is another with a new cover: no composer does it."""


class SongChange(BaseModel):
    """What is to change of a song of the library, or of a recording. Seconds are its own."""

    model_config = ConfigDict(frozen=True)

    task: str
    """A ``music.contract.Task`` or ``COVER``, in a manifest perhaps one of a later version."""
    source: str
    """The id of the song or of the recording."""
    rights: str = ""
    """Why the recording may be used, in the user's word when this was asked for: see
    ``pipeline.inputs.recordings.Rights``. Empty for a song."""
    words: str = ""
    """The words of the new part."""
    start_s: float | None = None
    end_s: float | None = None
    by_s: float | None = None
    """How many seconds the new part of an extension has."""
    anew_s: float = 0.0
    """So many of them stand for the old ending, which is left out: by the others the song gets longer."""
    before: bool = False
    strength: float | None = None
    style_seed: int | None = None

    @property
    def of_recording(self) -> bool:
        """Whether a recording is changed, which has neither cover nor score."""
        return RECORDING_ID.fullmatch(self.source) is not None

    @property
    def keeps_cover(self) -> bool:
        """Whether the cover is that of the source; a recording has none."""
        return not (self.of_recording or self.keeps_sound)

    @property
    def keeps_sound(self) -> bool:
        """Whether the sound is that of the source, byte for byte but for its tags."""
        return self.task == COVER

    def new_s(self, duration_s: float) -> float:
        """How many seconds of a song of ``duration_s`` are new."""
        if self.keeps_sound:
            return 0.0
        if self.task == "extend" and self.by_s is not None:
            return self.by_s
        if self.task == "repaint" and self.start_s is not None and self.end_s is not None:
            return self.end_s - self.start_s
        return duration_s
