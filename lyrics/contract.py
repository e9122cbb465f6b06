"""The contract of writers: ``PlanRequest`` in, ``SongPlan`` out.

Tagged lyrics are plain text in the form of ``reading.lyrics``: a section starts with a line such as
``[verse]``, ``[verse 2]`` or ``[chorus - male]``; each other non-blank line is one line to sing.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import Literal, Protocol, TypeGuard

from pydantic import BaseModel, ConfigDict, Field

from config.engine import EngineInfo, Report
from config.registry import Registry
from config.spec import MANY, EngineSpec, Needs

Voice = Literal["female", "male", "duet", "choir", "none"]

VOICE_TAGS: dict[Voice, str] = {
    "female": "female vocal",
    "male": "male vocal",
    "duet": "duet",
    "choir": "choir",
    "none": "instrumental",
}
"""The style word of each voice."""

GENRES = (
    "pop", "rock", "indie", "metal", "punk", "folk", "country", "blues", "jazz", "soul", "r&b", "funk",
    "disco", "house", "techno", "trance", "drum and bass", "synthwave", "ambient", "lo-fi", "hip hop", "trap",
    "reggae", "latin", "bossa nova", "gospel", "cinematic", "classical",
)  # fmt: skip
"""The genres that all sketch engines know. A model may give others."""

MOODS = (
    "joyful", "uplifting", "energetic", "playful", "romantic", "hopeful", "dreamy", "calm", "nostalgic",
    "melancholic", "mysterious", "dark", "angry", "epic",
)  # fmt: skip
"""The moods that all sketch engines know."""


TITLE_CHARACTERS = 80


class PlanRequest(BaseModel):
    """The user's request. At least one of the three texts is given; all are within their limits."""

    model_config = ConfigDict(frozen=True)

    description: str = ""
    """The song in the user's words: style, theme or both ("a dreamy synthwave song about neon rain")."""
    lyrics: str = ""
    """The user's own words to sing, verbatim, tagged or not. Empty: the writer writes them."""
    lyrics_about: str = ""
    """The subject of the lyrics, if ``description`` gives only the style."""
    instrumental: bool = False
    language: str = ""
    """The language to write the lyrics in, ISO 639-1; empty if the user asked for none. With ``lyrics`` it is
    the language that they are in."""
    duration_s: float = Field(default=180.0, ge=1.0, le=600.0)
    seed: int = Field(ge=0, lt=2**63)


class SongPlan(BaseModel):
    """The plan of a song: all that composer and painter need. Users can read it, edit it and send it back."""

    model_config = ConfigDict(frozen=True)

    title: str = Field(min_length=1, max_length=TITLE_CHARACTERS)
    tags: tuple[str, ...]
    """Style words for a music model, most important first: genre, mood, tempo, voice, instruments."""
    lyrics: str
    """Tagged lyrics; empty for an instrumental."""
    categories: tuple[str, ...] = Field(min_length=3, max_length=5)
    """Library categories in title case ("Electronic", "Synthwave", "Dreamy")."""
    genre: str
    mood: str
    energy: int = Field(ge=0, le=10)
    tempo_bpm: float = Field(ge=40.0, le=220.0)
    tempo_fixed: bool = False
    """Whether the user named the tempo. If not, a composer may change it by up to 4% to fit the duration."""
    key: str
    """Tonic and mode: "D minor", "F# major"; also "dorian", "mixolydian", "phrygian" and "lydian"."""
    metre: str = "4/4"
    voice: Voice
    instruments: tuple[str, ...] = ()
    """Instruments that the user wants, in plain words."""
    exclude: tuple[str, ...] = ()
    """Instruments the user does not want ("drums")."""
    theme: tuple[str, ...] = ()
    """Keywords of the song's subject, from the description, most important first."""
    language: str = "en"
    """Of the lyrics, ISO 639-1."""
    line_times_s: tuple[float, ...] = ()
    """When each line of the lyrics is to be sung, in seconds; empty if the user named no times."""
    cover_prompt: str
    warnings: tuple[str, ...] = ()


class CoverWords(BaseModel):
    """The part of a plan that a cover is made from; equal to that part of the whole plan."""

    model_config = ConfigDict(frozen=True)

    title: str = Field(min_length=1, max_length=TITLE_CHARACTERS)
    genre: str
    mood: str
    theme: tuple[str, ...] = ()
    cover_prompt: str

    @classmethod
    def of(cls, plan: SongPlan) -> CoverWords:
        """Those of ``plan``."""
        return cls(**plan.model_dump(include=set(cls.model_fields)))

    def as_plan(self) -> SongPlan:
        """A plan with these words and nothing else, for a painter that works while the rest is written."""
        return SongPlan(
            **self.model_dump(),
            tags=(),
            lyrics="",
            categories=("", "", ""),
            energy=0,
            tempo_bpm=120.0,
            key="",
            voice="none",
        )


class Writer(Protocol):
    """A lyrics engine. ``plan`` is deterministic in the request (seed included) and safe in threads."""

    info: EngineInfo

    def plan(self, request: PlanRequest, report: Report) -> SongPlan: ...


OnCover = Callable[[CoverWords], None]


class EarlyWriter(Protocol):
    """A writer that can say what a cover needs long before the plan is whole. A writer need not be one."""

    info: EngineInfo

    def plan(self, request: PlanRequest, report: Report, on_cover: OnCover | None = None) -> SongPlan:
        """As ``Writer.plan``. ``on_cover`` is called once, in the caller's thread, as soon as these words are
        written; what it raises ends the plan."""
        ...


def is_early(writer: Writer) -> TypeGuard[EarlyWriter]:
    """Whether ``writer`` can say what a cover needs before the plan is whole."""
    return "on_cover" in signature(writer.plan).parameters


WRITERS: Registry[Writer] = Registry(
    "lyrics",
    {
        "sketch": EngineSpec("lyrics.sketch.engine:SketchWriter", gpu=False, languages=("en",), image="web"),
        "qwen": EngineSpec(
            "lyrics.qwen.engine:QwenWriter",
            models={
                "Qwen/Qwen2-7B-Instruct": Needs(
                    "bf16", 7.62, kept=1.09, cached=1.9, work_gb=1.5, memory_gib=24
                ),
            },
            batch_size=8,
            languages=MANY,
            volume="qwen-hf-cache",
            sellable="a Qwen model under Apache-2.0, such as Qwen/Qwen2-7B-Instruct",
        ),
        "openai": EngineSpec(
            "lyrics.openai.engine:OpenAIWriter",
            gpu=False,
            server=True,
            batch_size=32,
            languages=MANY,
            image="web",
            install="install it: pip install 'songwright[openai]'",
        ),
        "vllm": EngineSpec(
            "lyrics.vllm.engine:VllmWriter",
            models={
                # The caches are those of 32 plans of 1,850 tokens with their prompts.
                "Qwen/Qwen2-7B-Instruct": Needs("bf16", 7.62, kept=1.09, cached=1.7, memory_gib=24),
            },
            batch_size=32,
            whole_machine=True,
            languages=MANY,
            image="vllm",
            volume="qwen-hf-cache",
            fetched_as="qwen",
            sellable="a Qwen model under Apache-2.0, such as Qwen/Qwen2-7B-Instruct",
            install="install it in an environment of its own: pip install 'songwright[vllm]', or only the "
            "command: uv tool install vllm",
        ),
    },
    method="plan",
)
