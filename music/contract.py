"""The contract of composers: ``MusicRequest`` in, ``Audio`` out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field

from config.engine import EngineInfo, Report
from config.registry import Registry
from config.spec import MANY, EngineSpec, Needs

if TYPE_CHECKING:  # the service knows requests and contracts without arrays
    import numpy as np
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[np.float32]"
"""``(channels, samples)`` float32 in [-1, 1]."""

Voice = Literal["female", "male", "duet", "choir", "none"]
Task = Literal["compose", "extend", "repaint", "remix", "reference", "resing", "stems", "complete"]
"""What is asked of a composer: a song (compose); or, of a song or a recording that there is: more of it,
before its beginning or from a second on (extend); another part of it, from second to second (repaint); itself
in another style (remix); a new song that sounds like it (reference); other words on its tune (resing); the
parts that it is mixed of (stems); a band for a voice alone (complete)."""
OF_PARTS: tuple[Task, ...] = ("extend", "repaint")
"""The tasks that make a part of a song new: its words and its style are that part's."""

_NAMED = 5  # excluded instruments that a warning names


class Change(BaseModel):
    """What is to change of a song, in seconds of that song."""

    model_config = ConfigDict(frozen=True)

    start_s: float | None = Field(default=None, ge=0.0, le=600.0)
    """Where the new part begins; None: an extension goes on where the song begins to end."""
    end_s: float | None = Field(default=None, gt=0.0, le=600.0)
    """Where the replaced part ends."""
    by_s: float | None = Field(default=None, ge=1.0, le=600.0)
    """How long an extension is."""
    before: bool = False
    """Whether an extension precedes the song."""
    strength: float | None = Field(default=None, ge=0.0, le=1.0)
    """How far a remix goes from the song, from as near as can be to its essence. None: the engine's best."""
    style_seed: int | None = Field(default=None, ge=0, lt=2**63)
    """The seed of the song: of its band and its harmony. None: the request's."""


class MusicRequest(BaseModel):
    """Everything that a composer may use; each engine uses the fields that it supports."""

    model_config = ConfigDict(frozen=True)

    prompt: str
    """Style words for a text-conditioned model ("dreamy synthwave, 100 BPM, female vocal")."""
    lyrics: str = ""
    """Tagged lyrics (see ``lyrics.contract``); empty for an instrumental."""
    title: str = ""
    duration_s: float = Field(default=180.0, ge=1.0, le=600.0)
    first_s: float | None = Field(default=None, ge=1.0, le=600.0)
    """A draft: only so many seconds are wanted of the song of ``duration_s``, and the whole song begins with
    them. Engines whose spec says ``drafts`` heed it."""
    seed: int = Field(ge=0, lt=2**63)
    genre: str = "pop"
    mood: str = "uplifting"
    energy: int = Field(default=5, ge=0, le=10)
    tempo_bpm: float = Field(default=110.0, ge=40.0, le=220.0)
    tempo_fixed: bool = False
    """If false, the composer may change the tempo by up to 4% to fit the duration."""
    key: str = "C major"
    metre: str = "4/4"
    voice: Voice = "female"
    instruments: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    task: Task = "compose"
    change: Change | None = None
    """For all tasks but "compose". The other fields are those of the new part then: its words, its style."""
    language: str = "en"
    """Of the lyrics, ISO 639-1."""
    line_times_s: tuple[float, ...] = ()
    """When each line of the lyrics is to be sung, in seconds; empty: the composer chooses. An engine that
    cannot place lines says so in a warning."""
    guidance_scale: float | None = None
    """How closely a model follows the prompt; None: the engine's default. Like the fields below, only engines
    that list it in ``info.parameters`` use it."""
    infer_step: int | None = None
    temperature: float | None = None
    """For a model that samples tokens: higher is more random. ``top_k`` is the maximum number of tokens to
    sample from, ``top_p`` their summed probability; 0 for either means all tokens."""
    top_k: int | None = None
    top_p: float | None = None


def unheeded(engine: str, exclude: tuple[str, ...]) -> str:
    """The warning of a model that takes no negative prompt: one that reads "no drums" hears drums, so it is
    not told of them."""
    names = ", ".join(exclude[:_NAMED]) + (" and others" if len(exclude) > _NAMED else "")
    return f"{engine} takes no negative prompt: it is not told to leave out {names}, which may be heard"


@dataclass(frozen=True)
class TimedWord:
    """A word as written and when it is sung, in seconds; ``start_s`` is its first vowel's onset."""

    text: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class TimedLine:
    """A lyric line as written, with its words."""

    text: str
    words: tuple[TimedWord, ...]

    @property
    def start_s(self) -> float:
        return self.words[0].start_s

    @property
    def end_s(self) -> float:
        return self.words[-1].end_s


@dataclass(frozen=True)
class SectionSpan:
    """A section of the song ("verse", "chorus", ...) from ``start_s`` to ``end_s``, in seconds."""

    kind: str
    start_s: float
    end_s: float


@dataclass(frozen=True)
class Audio:
    """A finished mix and its metadata; unknown fields are empty."""

    samples: Samples
    """The mix, ``(2, samples)``."""
    rate_hz: int
    tempo_bpm: float | None = None
    key: str | None = None
    metre: str | None = None
    loudness_lufs: float | None = None
    """Of a mix that the engine has mastered. Without it, the pipeline masters the mix."""
    stems: Mapping[str, Samples] = field(default_factory=dict)
    """By name, each ``(2, samples)``. If given, they add up to ``samples``, within rounding."""
    midi: bytes | None = None
    """A standard MIDI file, format 1, with tempo and lyric events."""
    lines: tuple[TimedLine, ...] = ()
    sections: tuple[SectionSpan, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def duration_s(self) -> float:
        return int(self.samples.shape[1]) / self.rate_hz


@dataclass(frozen=True)
class Source:
    """The song that is to be changed, or a recording; unknown fields are empty."""

    samples: Samples
    rate_hz: int
    tempo_bpm: float | None = None
    key: str | None = None
    metre: str | None = None
    lines: tuple[TimedLine, ...] = ()
    sections: tuple[SectionSpan, ...] = ()
    stems: Mapping[str, Samples] = field(default_factory=dict)
    midi: bytes | None = None
    request: MusicRequest | None = None
    """What the song was composed of, as a whole; None for a recording."""

    @property
    def duration_s(self) -> float:
        return int(self.samples.shape[1]) / self.rate_hz


class Composer(Protocol):
    """A music engine. ``compose`` is deterministic in the request (seed included) and safe in threads."""

    info: EngineInfo

    def compose(self, request: MusicRequest, report: Report) -> Audio: ...


@runtime_checkable
class Changer(Protocol):
    """A composer that can change songs. Its ``info.tasks`` names the tasks that it does."""

    def change(self, request: MusicRequest, source: Source, report: Report) -> Audio:
        """The song of ``source`` after ``request.task``. Where a part of it is kept, it is to the sample the
        same outside of what is new and of the crossfades inside it, with ``loudness_lufs`` as measured.
        Raises ``InvalidRequest`` for a span that is not in the song, or shorter than a bar, and for a source
        that lacks what the task needs. As deterministic as ``compose``."""


@dataclass(frozen=True)
class Beginning:
    """The first seconds of a song, to be heard while the rest is made."""

    samples: Samples
    """``(2, samples)``, at the level that they will have in the song."""
    rate_hz: int


@runtime_checkable
class EarlyComposer(Protocol):
    """A composer that can make the beginning of a song long before the song. A composer need not be one. Its
    ``info`` says so too: ``begins_early``."""

    def begin(self, request: MusicRequest, report: Report) -> Beginning | None:
        """The beginning of the song that ``compose`` will make of ``request``, which has exactly
        ``request.duration_s`` then; None if that song is too short to begin early. Called before ``compose``,
        and only if somebody wants to listen: it must not change what ``compose`` returns."""


# T5 and EnCodec, which decodes in chunks, are in fp32. The caches are of eight songs.
_MUSICGEN = {
    "small": Needs("fp16", 0.42, in_fp32=0.17, cached=1.3, work_gb=4.0, memory_gib=8),
    "medium": Needs("fp16", 1.84, in_fp32=0.17, cached=3.95, work_gb=4.0, memory_gib=16),
    "large": Needs("fp16", 3.2, in_fp32=0.17, cached=5.25, work_gb=4.0, memory_gib=24),
}
# One song at a time, as with AudioCraft; without cross-attention, and with the melody before the song.
_MELODY = {
    "melody": Needs("fp16", 1.41, in_fp32=0.17, cached=0.6, work_gb=4.0, memory_gib=16),
    "melody-large": Needs("fp16", 2.49, in_fp32=0.17, cached=0.8, work_gb=4.0, memory_gib=24),
}
_AUDIOCRAFT = {
    "small": Needs("fp16", 0.42, in_fp32=0.17, cached=0.15, work_gb=4.0, memory_gib=8),
    "medium": Needs("fp16", 1.84, in_fp32=0.17, cached=0.45, work_gb=4.0, memory_gib=16),
    "large": Needs("fp16", 3.2, in_fp32=0.17, cached=0.6, work_gb=4.0, memory_gib=24),
}
_SELLABLE = "SONGWRIGHT_MUSIC__ENGINE=acestep, or sketch"
_of_musicgen = partial(EngineSpec, whole_machine=True, volume="musicgen-models", sellable=_SELLABLE)


def _of_every_size(needs: Mapping[str, Needs]) -> dict[str, Needs]:
    """The needs by the ids of MusicGen's checkpoints, mono first."""
    names = ("facebook/musicgen-{size}", "facebook/musicgen-stereo-{size}")
    return {name.format(size=size): each for name in names for size, each in needs.items()}


COMPOSERS: Registry[Composer] = Registry(
    "music",
    {
        "sketch": EngineSpec(
            "music.sketch.engine:SketchComposer",
            gpu=False,
            prompt="fields",
            languages=("en",),
            tasks=("extend", "repaint", "remix", "resing"),
            changes_recordings=False,
            drafts=True,
            places_lines=True,
            image="web",
        ),
        "acestep": EngineSpec(
            "music.acestep:AceStepComposer",
            models={
                "ACE-Step/acestep-v15-xl-turbo-diffusers": Needs("bf16", 5.55, work_gb=2.5, memory_gib=20)
            },
            batch_size=4,
            whole_machine=True,
            prompt="tags",
            languages=MANY,
            tasks=("extend", "repaint", "reference", "resing", "remix", "stems", "complete"),
            volume="ace-step-models",
            sellable="ACE-Step's own weights",
        ),
        "musicgen": _of_musicgen(
            "music.musicgen.engine:MusicgenComposer",
            models=_of_every_size(_MUSICGEN),
            batch_size=8,
            tasks=("extend",),
            drafts=True,
        ),
        "musicgen_melody": _of_musicgen(
            "music.melody.engine:MelodyComposer",
            models=_of_every_size(_MELODY),
            tasks=("remix",),
        ),
        "audiocraft": _of_musicgen(
            "music.audiocraft.engine:AudiocraftComposer",
            models=_of_every_size(_AUDIOCRAFT),
            image="audiocraft",
            fetched_as="musicgen",
            newest_gpu=(9, 0),
            install="it has an environment of its own: pip install 'songwright[audiocraft]' there",
        ),
    },
    method="compose",
)
