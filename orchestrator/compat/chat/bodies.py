"""Requests of OpenAI's API, and the briefs they stand for. Fields that only some clients send are those of
ACE-Step's and OpenRouter's forms of it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from config.errors import InvalidRequest
from orchestrator.compat.bodies import (
    Number,
    Whole,
    in_metre,
    is_silent,
    text,
    unused_in,
    unused_note,
    whole,
)
from orchestrator.compat.chat.messages import Words, is_lyrics, last_text, notes_of_messages, words_in
from orchestrator.songs.brief import RANDOM_SEED, Brief
from reading.language import language_code, language_name

MODEL = "songwright"
_FORMATS = ("wav", "mp3", "flac")
_VOICES = {
    **dict.fromkeys(("alloy", "coral", "nova", "sage", "shimmer", "marin", "female"), "female"),
    **dict.fromkeys(("ash", "ballad", "cedar", "echo", "fable", "onyx", "verse", "male"), "male"),
}
_SAYS_WHO_SINGS = re.compile(
    r"\b(fe)?male|\bvoices?\b|\bvocals?\b|\bchoir|\bduet|\binstrumental|\bsing(er|s)\b", re.IGNORECASE
)
_OF_ACESTEP = ("acestep/", "acemusic/", "acestep-")
"""How the models of ACE-Step's server are called. Those on the hub are not."""
_NEW = "text2music"
_NAMES = {
    "duration_s": "duration",
    "description": "messages",
    "about": "messages",
    "lyrics": "lyrics",
    "infer_step": "inference_steps",
}


class AudioConfig(BaseModel):
    """ACE-Step's wishes about the sound."""

    model_config = ConfigDict(extra="allow")

    duration: Number = None
    bpm: Number = None
    format: str | None = None
    instrumental: bool | None = None
    vocal_language: str | None = None
    key_scale: str | None = None
    time_signature: str | None = None


class AudioWish(BaseModel):
    """OpenAI's ``audio``: the voice and the format."""

    model_config = ConfigDict(extra="allow")

    voice: Any = None
    format: str | None = None


class ChatRequest(BaseModel):
    """The body of ``POST /v1/chat/completions``."""

    model_config = ConfigDict(extra="allow")

    messages: list[Any] = Field(min_length=1)
    model: str = MODEL
    modalities: list[str] | None = None
    audio: AudioWish | None = None
    audio_config: AudioConfig | None = None
    stream: bool | None = None
    stream_options: dict[str, Any] | None = None
    n: Whole = None
    seed: Any = None
    """ACE-Step's clients send several, with commas between them."""
    lyrics: str | None = None
    sample_mode: bool | None = None
    task_type: str | None = None
    duration: Number = None
    bpm: Number = None
    instrumental: bool | None = None
    vocal_language: str | None = None
    inference_steps: Whole = None
    guidance_scale: Number = None

    @property
    def form(self) -> str:
        """How the audio is answered: as ``acestep`` or ``openai`` do, or as a ``text`` with its address."""
        if self.audio_config is not None or self.words.tagged or self.model.startswith(_OF_ACESTEP):
            return "acestep"
        if self.audio is not None or "audio" in (self.modalities or ()):
            return "openai"
        return "acestep" if self.sample_mode else "text"

    @property
    def tells_usage(self) -> bool:
        """Whether the client wants to be told, at the end of a stream, how many tokens it took."""
        return bool((self.stream_options or {}).get("include_usage"))

    @cached_property
    def words(self) -> Words:
        """The words of the last message, which ``sample_mode`` and ``lyrics`` say how to read."""
        asked = last_text(self.messages)
        found = words_in(asked)
        if found.tagged:
            return found
        if self.sample_mode:
            return Words(description=asked)
        return Words(style=asked) if self.lyrics else found

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the request was not used, for the song's warnings."""
        wished = [
            *unused_in(self),
            *unused_in(self.audio, "audio."),
            *unused_in(self.audio_config, "audio_config."),
        ]
        return (*notes_of_messages(self.messages), *unused_note([*wished, *self._unsung]))

    @property
    def _unsung(self) -> list[str]:
        lyrics = self.lyrics or self.words.lyrics
        return ["lyrics"] if self._instrumental and lyrics and not is_silent(lyrics) else []

    @property
    def _instrumental(self) -> bool:
        """Left open, it is one where ACE-Step's tags have no words to sing, as there."""
        lyrics, config = self.lyrics or self.words.lyrics, self.audio_config or AudioConfig()
        if is_silent(lyrics):
            return True
        said = self.instrumental if config.instrumental is None else config.instrumental
        return self.words.tagged and not lyrics if said is None else said

    def brief(self, form: str) -> Brief:
        """The brief, for an answer in this form. Raises ``InvalidRequest``."""
        if self.n not in (None, 1):
            raise InvalidRequest("n", self.n, "one song is made at a time: send 1, or leave it out")
        if self.task_type not in (None, "", _NEW):
            fix = f"only {_NEW} is done here: POST /acestep/release_task does others"
            raise InvalidRequest("task_type", self.task_type, fix)
        config, words = self.audio_config or AudioConfig(), self.words
        lyrics, duration_s = self.lyrics or words.lyrics, config.duration or self.duration
        facts = [
            f"{bpm:g} BPM" if (bpm := config.bpm or self.bpm) else "",
            config.key_scale or "",
            in_metre(config.time_signature or ""),
            _sung_in(config.vocal_language or self.vocal_language or "") if not lyrics else "",
        ]
        usual = "wav" if form == "openai" else "mp3"
        given = (self.audio.format if self.audio else None) or config.format
        return brief_of(
            words.style or words.description,
            lyrics,
            facts,
            voice=self.audio.voice if self.audio else None,
            instrumental=self._instrumental,
            duration_s=None if duration_s is not None and duration_s < 0.0 else duration_s,  # -1 there: open
            seed=whole({"seed": text({"seed": self.seed}, "seed").partition(",")[0]}, "seed"),
            format_=checked_format(
                given or usual, "audio_config.format" if config.format else "audio.format"
            ),
            infer_step=self.inference_steps,
            guidance_scale=self.guidance_scale,
        )


class SpeechRequest(BaseModel):
    """The body of ``POST /v1/audio/speech``: ``input`` are the words to sing if there are ``instructions`` or
    if it looks like lyrics, else it describes the song."""

    model_config = ConfigDict(extra="allow")

    input: str
    model: str = MODEL
    voice: Any = None
    instructions: str | None = None
    response_format: str | None = None
    stream_format: str | None = None
    speed: Number = None
    duration: Number = None
    seed: Whole = None
    instrumental: bool | None = None

    @property
    def notes(self) -> tuple[str, ...]:
        """What of the request was not used, for the song's warnings."""
        speed = ["speed"] if self.speed not in (None, 1.0) else []
        return unused_note([*unused_in(self), *speed])

    def brief(self) -> Brief:
        """The brief. Raises ``InvalidRequest``."""
        sung = bool(self.instructions) or is_lyrics(self.input)
        try:
            return brief_of(
                (self.instructions or "") if sung else self.input,
                self.input if sung else "",
                (),
                voice=self.voice,
                instrumental=bool(self.instrumental),
                duration_s=self.duration,
                seed=self.seed,
                format_=checked_format(self.response_format or "mp3", "response_format"),
            )
        except InvalidRequest as error:
            raise InvalidRequest(error.field.replace("messages", "input"), error.value, error.fix) from error


def brief_of(
    style: str,
    lyrics: str,
    facts: Any,
    *,
    voice: object,
    instrumental: bool,
    duration_s: float | None,
    seed: int | None,
    format_: str,
    **parameters: object,
) -> Brief:
    """The brief of these wishes, and of ``parameters`` of the model. Raises ``InvalidRequest``, which calls
    fields as the client does."""
    said = ", ".join(filter(None, (style.strip(), *facts)))
    sung = "" if instrumental else lyrics
    singer = "" if instrumental or _SAYS_WHO_SINGS.search(said) else _VOICES.get(_name(voice), "")
    wished = (said, f"{singer} vocal" if singer and (said or sung.strip()) else "")
    fields: dict[str, object] = {
        "description": ", ".join(filter(None, wished)),
        "lyrics": sung,
        "instrumental": instrumental,
        "seed": RANDOM_SEED if seed is None else seed,
        "format": format_,
        **parameters,
    }
    if duration_s is not None:
        fields["duration_s"] = duration_s
    try:
        return Brief.model_validate(fields)
    except InvalidRequest as error:
        raise InvalidRequest(_NAMES.get(error.field, error.field), error.value, error.fix) from error


def checked_format(name: str, field: str) -> str:
    """The format of this name, if songs are made in it. Raises ``InvalidRequest``."""
    if name.lower() not in _FORMATS:
        raise InvalidRequest(field, name, f"use one of {', '.join(_FORMATS)}")
    return name.lower()


def _name(voice: object) -> str:
    given = voice.get("id") if isinstance(voice, dict) else voice
    return str(given or "").lower()


def _sung_in(code: str) -> str:
    known = language_code(code)
    return f"sung in {language_name(known)}" if known and known != "en" else ""
