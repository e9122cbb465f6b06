"""The brief: the one form of every request for a song, from the command line, the service or Modal."""

from __future__ import annotations

import re
import secrets
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationInfo, field_validator, model_validator

from config.errors import InvalidRequest
from lyrics.contract import TITLE_CHARACTERS, SongPlan
from orchestrator.songs.facts.change import SongChange
from orchestrator.songs.limits import AnyPlan, is_kept
from orchestrator.songs.stages import Stage
from reading.cleaning import stripped, without_html

DESCRIPTION_CHARACTERS = 2_000
LYRICS_CHARACTERS = 10_000
DURATION_S = (5.0, 600.0)
DEFAULT_DURATION_S = 180.0
INSTRUMENTAL_S = (1.0, DURATION_S[1])
"""An instrumental may be shorter: words need time to be sung."""
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
"""Parameters that some models use, and their bounds. One that is left out has the engine's best value."""

# Python, Rust and JavaScript read these patterns, and differ in \S, \w and \p. So each names what it leaves
# out: code points of the basic plane, and the tags, which are no others' part.
_CONTROLS_AND_SPACES = (
    r"\x00-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180e\u2000-\u200f\u2028-\u202f"
    r"\u205f-\u206f\u2800\u3000\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff" + "\U000e0000-\U000e0fff"
)
_PUNCTUATION_AND_MARKS = (
    r"\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e\xa1-\xa9\xab-\xac\xae-\xb1\xb4\xb6-\xb8\xbb\xbf\xd7\xf7\u02b0-\u036f"
    r"\u0483-\u0489\u055a-\u055f\u0589\u058a\u0591-\u05c7\u05f3\u05f4\u0600-\u061f\u064b-\u065f\u066a-\u066d"
    r"\u06d4\u0964\u0965\u2010-\u2027\u2030-\u205e\u2190-\u21ff\u2500-\u25ff\u2e00-\u2e7f\u3001-\u3004"
    r"\u3008-\u3020\u3030\u30fb\ufe10-\ufe6f\uff00-\uff0f\uff1a-\uff20\uff3b-\uff40\uff5b-\uff65\uffe0-\uffef"
)
VISIBLE = f"[^{_CONTROLS_AND_SPACES}]"
"""At least one character that can be seen: neither space nor control character nor an invisible one."""
SOMETHING = f"[^{_CONTROLS_AND_SPACES}{_PUNCTUATION_AND_MARKS}]"
"""At least one letter, digit or picture: more than punctuation."""

KEPT_DURATION_S = (0.0, 1e6)
KEPT_SEED = 2**64 - 1
"""Bounds of a brief in a manifest. They are wider than those of a request, which change with versions."""

DRAFT_S = 30.0
Keep = Literal["all", "best", "only_best"]
KEEPS: tuple[Keep, ...] = ("all", "best", "only_best")

RANDOM_SEED = -1
LARGEST_SEED = 2**53 - 1  # the largest integer that every JSON reader keeps exact

Format = Literal["wav", "flac", "mp3"]
FORMATS: tuple[Format, ...] = ("wav", "flac", "mp3")
_FORMAT = re.compile(r"[a-z0-9]{1,16}")
_PLAN_LINES = ("genre", "mood", "key", "metre", "language", "cover_prompt")
_PLAN_LISTS = ("tags", "categories", "instruments", "exclude", "theme", "warnings")


class Brief(BaseModel):
    """The requested song: a description, the user's lyrics with a style, or described lyrics with a style.

    Raises ``InvalidRequest`` with the field, its value and the fix for anything out of bounds. These are the
    bounds of a request; a brief that is read from a manifest has wider ones (see ``limits``).
    """

    model_config = ConfigDict(frozen=True, validate_default=True)

    description: str = ""
    """The whole song in a sentence; with ``lyrics`` or ``about``, its style."""
    lyrics: str = ""
    about: str = ""
    instrumental: bool = False
    duration_s: float = DEFAULT_DURATION_S
    """Left out, it is the length that ``description`` asks for ("a 30 second jingle"), if it does."""
    seed: int = RANDOM_SEED
    format: str = "wav"
    variations: int = 1
    keep: str = "all"
    """Of several takes: "best" says which is the best, "only_best" deletes the others too."""
    guidance_scale: float | None = None
    """How closely a model follows the prompt. None: the engine's best value, as for the next four."""
    infer_step: int | None = None
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    master: bool = True
    """Whether the song of a model is brought to the usual loudness. The embedded composer always does."""
    cover_title: bool = True
    """Whether the cover shows the title."""
    cover: bool = True
    """Whether a cover is made. Without one, a request for music alone is faster and cheaper."""
    photo: str = ""
    """The SHA-256 of the stored photo that the song is made from; ``description`` may add to it."""
    photo_as_cover: bool = False
    """Whether the photo becomes the cover."""
    draft: bool = False
    """Whether only the beginning is composed, ``DRAFT_S`` seconds of a song of ``duration_s``, to be finished
    later."""
    plan: AnyPlan | None = None
    """A plan to follow instead of making one."""
    change: SongChange | None = None
    """The song to change, instead of making a new one; ``plan`` is what that song is then, with its words."""

    @model_validator(mode="before")
    @classmethod
    def _asked_duration(cls, fields: Any, info: ValidationInfo) -> Any:
        if is_kept(info) or not isinstance(fields, dict) or "duration_s" in fields:
            return fields
        from lyrics.wishes.lengths import (
            asked_duration,  # late: its patterns would delay each start
        )

        words = fields.get("description")
        asked = asked_duration(words[:DESCRIPTION_CHARACTERS]) if isinstance(words, str) else None
        return fields if asked is None else {**fields, "duration_s": asked}

    @field_validator("description", "about")
    @classmethod
    def _short_enough(cls, text: str, info: ValidationInfo) -> str:
        if is_kept(info):
            return text
        checked = _checked_text(str(info.field_name), text, DESCRIPTION_CHARACTERS)
        return _line(checked)

    @field_validator("lyrics")
    @classmethod
    def _lyrics_as_written(cls, text: str, info: ValidationInfo) -> str:
        if is_kept(info):
            return text
        return stripped(_checked_text("lyrics", text, LYRICS_CHARACTERS), lines=True)

    @field_validator("plan")
    @classmethod
    def _clean_plan(cls, plan: SongPlan | None, info: ValidationInfo) -> SongPlan | None:
        return plan if plan is None or is_kept(info) else _cleaned(plan)

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

    @field_validator("keep")
    @classmethod
    def _known_keep(cls, keep: str, info: ValidationInfo) -> str:
        if not is_kept(info) and keep not in KEEPS:
            raise InvalidRequest("keep", keep, f"use one of {', '.join(KEEPS)}")
        return keep

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

    @model_validator(mode="after")
    def _in_words(self, info: ValidationInfo) -> Brief:
        """Marks alone describe no song: a writer would make one of its own."""
        if self.plan is None and not is_kept(info):
            for field in ("description", "about"):
                text: str = getattr(self, field)
                if text and not re.search(SOMETHING, text):
                    raise InvalidRequest(field, text, "it is blank: say it in words")
        return self

    @property
    def takes_cover(self) -> bool:
        """Whether a picture that is there becomes the cover: the photo, or the cover of the song that is
        changed."""
        return self.photo_as_cover or (self.change is not None and self.change.keeps_cover)

    @property
    def new_s(self) -> float:
        """How many seconds are composed."""
        if self.change:
            return self.change.new_s(self.duration_s)
        return min(DRAFT_S, self.duration_s) if self.draft else self.duration_s

    @property
    def crafts(self) -> tuple[str, ...]:
        """The crafts whose engines are needed. A given plan needs no writer; a photo as cover, no cover, or
        the cover of the song that is changed, needs no painter; a new cover of a song, no composer."""
        wanted = {
            "lyrics": self.plan is None,
            "music": self.change is None or not self.change.keeps_sound,
            "art": self.cover and not self.takes_cover,
            "vision": bool(self.photo) and self.plan is None,
        }
        return tuple(craft for craft, is_wanted in wanted.items() if is_wanted)

    def audio_stage(self, *, separates: bool) -> Stage:
        """The stage in which the audio is made. ``separates``: whether an engine takes songs apart; if none
        does, a composer may."""
        stems = self.change is not None and self.change.task == "stems"
        return Stage.SEPARATE if stems and separates else Stage.MUSIC

    def crafts_by(self, *, separates: bool) -> tuple[str, ...]:
        """As ``crafts``, with the craft of ``audio_stage``."""
        makes = self.audio_stage(separates=separates).craft or ""
        return tuple(makes if craft == "music" else craft for craft in self.crafts)

    @model_validator(mode="after")
    def _says_something(self, info: ValidationInfo) -> Brief:
        if is_kept(info):
            return self
        said = _seen(self.description) or self.lyrics.strip() or _seen(self.about)
        if self.plan is None and not (said or self.photo):
            raise InvalidRequest("description", self.description, "say in a sentence what the song is to be")
        if self.lyrics.strip() and self.about:
            raise InvalidRequest("about", self.about, "give lyrics or what they are to be about, not both")
        if self.photo_as_cover and not self.photo:
            raise InvalidRequest("photo_as_cover", self.photo_as_cover, "send a photo, or leave it out")
        return self


def _seen(text: str) -> str:
    """The words of ``text``; brackets alone ("[/b]") may be words, and tags of HTML alone are none."""
    return without_html(text).strip() or (text if "[" in text else "")


def _checked_text(field: str, text: str, limit: int) -> str:
    if len(text) > limit:
        raise InvalidRequest(field, text, f"it has {len(text):,} characters, shorten it to {limit:,}")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(field, text, "it is not valid Unicode text, send it as UTF-8") from error
    return text


def _cleaned(plan: SongPlan) -> SongPlan:
    """``plan`` without control and invisible characters. Raises ``InvalidRequest`` if no title is left."""
    title = _line(plan.title)[:TITLE_CHARACTERS].strip()
    if not title:
        raise InvalidRequest("plan.title", plan.title, "give it a title that can be seen")
    cleaned: dict[str, Any] = {
        "title": title,
        "lyrics": stripped(plan.lyrics, lines=True),
        **{name: _line(getattr(plan, name)) for name in _PLAN_LINES},
        **{name: tuple(_line(text) for text in getattr(plan, name)) for name in _PLAN_LISTS},
    }
    return plan.model_copy(update=cleaned)


def _line(text: str) -> str:
    return stripped(text, lines=False).strip()
