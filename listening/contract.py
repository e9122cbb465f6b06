"""The contract of listeners: ``ListenRequest`` in, ``Heard`` out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from config.engine import EngineInfo, Report
from config.registry import Registry
from config.spec import MANY, EngineSpec, Needs

if TYPE_CHECKING:  # a manifest says what was heard, and is read without numpy
    import numpy as np
    from numpy.typing import NDArray

Samples: TypeAlias = "NDArray[np.float32]"
"""``(channels, samples)`` float32 in [-1, 1]."""


@dataclass(frozen=True, eq=False)
class ListenRequest:
    """A song to listen to, and the words that it should have."""

    samples: Samples
    rate_hz: int
    """8,000 to 192,000."""
    lines: tuple[str, ...]
    """The lyrics as written, in the order in which they are sung, without tags; no line is blank. Empty: all
    that is looked for is the language."""
    language: str = ""
    """Of the lyrics, ISO 639-1; empty: it is heard."""
    voice_alone: bool = False
    """Whether ``samples`` are the stem of the voice and not the mix. Then silence is silence, and words are
    found better."""


@dataclass(frozen=True)
class HeardWord:
    """A word of the lyrics as written, and when it is sung, in seconds. A word is what has spaces around it;
    in languages that write none, a letter."""

    text: str
    start_s: float
    end_s: float
    heard: bool
    """Whether it was understood. A contraction must be understood whole."""
    interpolated: bool
    """Whether its times are only a guess, from those of its neighbours. A word that is taken for another has
    times and is not heard."""


@dataclass(frozen=True)
class HeardLine:
    """A line of the lyrics as written, with its words: one or more."""

    text: str
    words: tuple[HeardWord, ...]


@dataclass(frozen=True)
class Heard:
    """What was heard."""

    lines: tuple[HeardLine, ...]
    """All of ``ListenRequest.lines`` that have a word. Their words are in order and inside the song; each
    begins after the one before, and none ends after the next one begins. Empty where no word was heard."""
    share: float
    """The share of the words of the lyrics that was understood, in 0..1; a contraction counts as the words
    that it stands for. 0 where the lyrics have no words."""
    language: str
    """Of the song, ISO 639-1: the one that was asked for, or that was heard."""

    @property
    def interpolated(self) -> int:
        """How many words have guessed times."""
        return sum(word.interpolated for line in self.lines for word in line.words)


class Listener(Protocol):
    """A listening engine. ``listen`` is deterministic in the request and safe in threads. It raises
    ``InvalidRequest`` for invalid samples."""

    info: EngineInfo

    def listen(self, request: ListenRequest, report: Report) -> Heard: ...


LISTENERS: Registry[Listener] = Registry(
    "listening",
    {
        "whisper": EngineSpec(
            "listening.whisper.engine:WhisperListener",
            models={
                # Its 809 million numbers, and beside them five beams and the features of 30 s.
                "mobiuslabsgmbh/faster-whisper-large-v3-turbo": Needs(
                    "fp16", 0.81, work_gb=1.5, memory_gib=4
                ),
            },
            languages=MANY,
            image="listening",
            volume="whisper-models",
            sellable="a Whisper model under MIT, such as mobiuslabsgmbh/faster-whisper-large-v3-turbo",
            install="install it: pip install 'songwright[listening]'",
        ),
    },
    method="listen",
)
