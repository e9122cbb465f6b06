"""The one shape that every request for a song takes, whichever door it came through."""

from __future__ import annotations

import re
import secrets
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator

from config.errors import InvalidRequest
from orchestrator.songs.limits import AnyPlan, is_kept

DESCRIPTION_CHARACTERS = 2_000
LYRICS_CHARACTERS = 10_000
DURATION_S = (5.0, 600.0)
INSTRUMENTAL_S = (1.0, DURATION_S[1])
"""Words take their time to be sung; an instrumental may be shorter."""
VARIATIONS = (1, 4)
GUIDANCE_SCALE = (0.0, 100.0)
INFER_STEP = (1, 1000)
TEMPERATURE = (0.1, 2.0)
TOP_K = (0, 2048)
TOP_P = (0.0, 1.0)
MODEL_PARAMETERS = {
    "guidance_scale": GUIDANCE_SCALE,
    "infer_step": INFER_STEP,
    "temperature": TEMPERATURE,
    "top_k": TOP_K,
    "top_p": TOP_P,
}
"""What some models heed, and its bounds; left out, it is what is best for the engine."""

KEPT_DURATION_S = (0.0, 1e6)
KEPT_SEED = 2**64 - 1
"""What a brief in a manifest may have, whatever the limits on asking were when it was written."""

RANDOM_SEED = -1
LARGEST_SEED = 2**53 - 1  # the largest integer that every JSON reader keeps exact

Format = Literal["wav", "flac", "mp3"]
FORMATS: tuple[Format, ...] = ("wav", "flac", "mp3")
_FORMAT = re.compile(r"[a-z0-9]{1,16}")


class Brief(BaseModel):
    """What is asked for: a description, own lyrics with a style, or described lyrics with a style.

    Raises ``InvalidRequest`` with the field, its value and the fix for anything out of bounds. Those are the
    bounds on asking; a brief that is read from a manifest has wider ones (see ``limits``).
    """

    model_config = ConfigDict(frozen=True, validate_default=True)

    description: str = ""
    """The whole song in a sentence; with ``lyrics`` or ``about``, its style."""
    lyrics: str = ""
    about: str = ""
    instrumental: bool = False
    duration_s: float = 180.0
    seed: int = RANDOM_SEED
    format: str = "wav"
    variations: int = 1
    guidance_scale: float | None = None
    """How closely a model keeps to the prompt; None: what is best for the engine. So with the next four."""
    infer_step: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    cover_title: bool = True
    """Whether the title is set on the cover."""
    cover: bool = True
    """Whether there is to be a cover at all: who asks for music alone need not wait, or pay, for one."""
    photo: str = ""
    """The SHA-256 of the photo that the song is made from, as it is kept; ``description`` may add to it."""
    photo_as_cover: bool = False
    """Whether the photo is the cover."""
    plan: AnyPlan | None = None
    """A plan to follow instead of making one."""

    @field_validator("description", "about")
    @classmethod
    def _short_enough(cls, text: str, info: ValidationInfo) -> str:
        if is_kept(info):
            return text
        return _checked_text(str(info.field_name), text, DESCRIPTION_CHARACTERS).strip()

    @field_validator("lyrics")
    @classmethod
    def _lyrics_as_written(cls, text: str, info: ValidationInfo) -> str:
        return text if is_kept(info) else _checked_text("lyrics", text, LYRICS_CHARACTERS)

    @field_validator("duration_s")
    @classmethod
    def _possible_duration(cls, seconds: float, info: ValidationInfo) -> float:
        low, high = INSTRUMENTAL_S if info.data.get("instrumental") else DURATION_S
        if is_kept(info):
            low, high = KEPT_DURATION_S
        if not low <= seconds <= high:
            raise InvalidRequest("duration", seconds, f"ask for {low:g} to {high:g} seconds")
        return round(seconds, 3)

    @field_validator(*MODEL_PARAMETERS)
    @classmethod
    def _within_reason(cls, value: float | None, info: ValidationInfo) -> float | None:
        low, high = MODEL_PARAMETERS[str(info.field_name)]
        if value is not None and not is_kept(info) and not low <= value <= high:
            raise InvalidRequest(str(info.field_name), value, f"use {low:g} to {high:g}, or leave it out")
        return value

    @field_validator("variations")
    @classmethod
    def _few_variations(cls, count: int, info: ValidationInfo) -> int:
        low, high = VARIATIONS
        if not is_kept(info) and not low <= count <= high:
            raise InvalidRequest("variations", count, f"ask for {low} to {high}")
        return count

    @field_validator("seed")
    @classmethod
    def _drawn_seed(cls, seed: int, info: ValidationInfo) -> int:
        if is_kept(info):
            if not 0 <= seed <= KEPT_SEED:
                raise InvalidRequest("seed", seed, f"a song has 0 to {KEPT_SEED}")
            return seed
        if seed == RANDOM_SEED:
            # 32 bits: enough never to repeat by chance in a library, few enough to type again.
            return secrets.randbits(32)
        if not 0 <= seed <= LARGEST_SEED:
            raise InvalidRequest("seed", seed, f"use 0 to {LARGEST_SEED}, or -1 for another song each time")
        return seed

    @field_validator("format")
    @classmethod
    def _known_format(cls, name: str, info: ValidationInfo) -> str:
        if is_kept(info):
            if not _FORMAT.fullmatch(name):
                raise InvalidRequest("format", name, "a format is a short word")
            return name
        if name not in FORMATS:
            raise InvalidRequest("format", name, f"use one of: {', '.join(FORMATS)}")
        return name

    @property
    def crafts(self) -> tuple[str, ...]:
        """Those whose engines have a part in it: none writes a plan that is given, or paints a cover that is
        not wanted or a photo."""
        wanted = {
            "lyrics": self.plan is None,
            "music": True,
            "art": self.cover and not self.photo_as_cover,
            "vision": bool(self.photo) and self.plan is None,
        }
        return tuple(craft for craft, is_wanted in wanted.items() if is_wanted)

    @model_validator(mode="after")
    def _says_something(self, info: ValidationInfo) -> Brief:
        if is_kept(info):
            return self
        said = self.description or self.lyrics.strip() or self.about
        if self.plan is None and not (said or self.photo):
            raise InvalidRequest("description", self.description, "say in a sentence what the song is to be")
        if self.lyrics.strip() and self.about:
            raise InvalidRequest("about", self.about, "give lyrics or what they are to be about, not both")
        if self.photo_as_cover and not self.photo:
            raise InvalidRequest("photo_as_cover", self.photo_as_cover, "send a photo, or leave it out")
        return self


def _checked_text(field: str, text: str, limit: int) -> str:
    if len(text) > limit:
        raise InvalidRequest(field, text, f"it has {len(text):,} characters, shorten it to {limit:,}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(field, text, "it is not valid Unicode text, send it as UTF-8") from error
    return text
