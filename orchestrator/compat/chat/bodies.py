"""Requests of OpenAI's API, and the briefs they stand for. Fields that only some clients send are those of
ACE-Step's and OpenRouter's forms of it."""

from __future__ import annotations

import re
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from config.errors import InvalidRequest
from orchestrator.compat.bodies import unused_in, unused_note
from orchestrator.compat.chat.messages import Words, is_lyrics, notes_of_messages, words_of
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
_NAMES = {"duration_s": "duration", "description": "messages", "about": "messages", "lyrics": "lyrics"}


class AudioConfig(BaseModel):
    """ACE-Step's wishes about the sound."""

    model_config = ConfigDict(extra="allow")

    duration: float | None = None
    bpm: float | None = None
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
    n: int | None = None
    seed: int | None = None
    lyrics: str | None = None
    duration: float | None = None
    bpm: float | None = None
    instrumental: bool | None = None
    vocal_language: str | None = None

    @property
    def form(self) -> str:
        """How the audio is answered: as ``acestep`` or ``openai`` do, or as a ``text`` with its address."""
        if self.audio_config is not None or self.words.tagged:
            return "acestep"
        return "openai" if self.audio is not None or "audio" in (self.modalities or ()) else "text"

    @property
    def words(self) -> Words:
        return words_of(self.messages)

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
        instrumental = self.instrumental or (self.audio_config and self.audio_config.instrumental)
        return ["lyrics"] if instrumental and (self.lyrics or self.words.lyrics) else []

    def brief(self) -> Brief:
        """The brief. Raises ``InvalidRequest``."""
        if self.n not in (None, 1):
            raise InvalidRequest("n", self.n, "one song is made at a time: send 1, or leave it out")
        config, words = self.audio_config or AudioConfig(), self.words
        lyrics = self.lyrics or words.lyrics
        facts = [
            f"{bpm:g} BPM" if (bpm := config.bpm or self.bpm) else "",
            config.key_scale or "",
            f"{config.time_signature}/4" if (config.time_signature or "").isdigit() else "",
            _sung_in(config.vocal_language or self.vocal_language or "") if not lyrics else "",
        ]
        usual = "mp3" if self.form == "text" or self.form == "acestep" else "wav"
        given = (self.audio.format if self.audio else None) or config.format
        return brief_of(
            words.style or words.description,
            lyrics,
            facts,
            voice=self.audio.voice if self.audio else None,
            instrumental=bool(config.instrumental or self.instrumental),
            duration_s=config.duration or self.duration,
            seed=self.seed,
            format_=checked_format(
                given or usual, "audio_config.format" if config.format else "audio.format"
            ),
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
    speed: float | None = None
    duration: float | None = None
    seed: int | None = None
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
) -> Brief:
    """The brief of these wishes. Raises ``InvalidRequest``, which calls fields as the client does."""
    said = ", ".join(filter(None, (style, *facts)))
    singer = "" if instrumental or _SAYS_WHO_SINGS.search(said) else _VOICES.get(_name(voice), "")
    fields: dict[str, object] = {
        "description": f"{said}, {singer} vocal" if singer and said else said or f"{singer} vocal".strip(),
        "lyrics": "" if instrumental else lyrics,
        "instrumental": instrumental,
        "seed": RANDOM_SEED if seed is None else seed,
        "format": format_,
    }
    if duration_s is not None:
        fields["duration_s"] = duration_s
    try:
        return Brief.model_validate(fields)
    except InvalidRequest as error:
        raise InvalidRequest(_NAMES.get(error.field, error.field), error.value, error.fix) from error


def checked_format(name: str, field: str) -> str:
    """``name`` if songs are made in this format. Raises ``InvalidRequest``."""
    if name not in _FORMATS:
        raise InvalidRequest(field, name, f"use one of {', '.join(_FORMATS)}")
    return name


def _name(voice: object) -> str:
    given = voice.get("id") if isinstance(voice, dict) else voice
    return str(given or "").lower()


def _sung_in(code: str) -> str:
    known = language_code(code)
    return f"sung in {language_name(known)}" if known and known != "en" else ""
