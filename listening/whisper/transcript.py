"""What Whisper writes down of a song, and when each of its words sounds."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from listening.onsets import onset_s
from listening.timing import Sounding
from listening.voice import HEARD_HZ, Mono, Span
from listening.words import sounds

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_BEAMS = 5
_MOST_COMPRESSED = 2.4
"""Whisper's own measure of a text that repeats itself (Radford et al., "Robust Speech Recognition via
Large-Scale Weak Supervision", 2022, section 4.5)."""
_REPEATING = 1.1
_HALLUCINATED_S = 2.0
"""In a mix: silence around words that are unlikely, after which they are left out."""


@dataclass(frozen=True)
class Piece:
    """A part of a song, ``span``, that Whisper listens to at once."""

    mono: Mono
    span: Span
    alone: bool
    """Whether it is the voice alone, and the piece has no long rest."""


def soundings(
    model: WhisperModel,
    piece: Piece,
    language: str,
    level_db: NDArray[np.float64] | None,
    passed: Callable[[float], None],
) -> list[Sounding]:
    """The words of a piece, as they are compared. ``level_db`` are the levels of the voice alone, if there
    is one. ``passed`` is called with the second of the song up to which Whisper has listened.

    Whisper's known faults are met so: the words of one window are no hint for the next, which would spread
    errors; nothing is sampled; where it writes the same words again and again, which shows in how well its
    text can be compressed, it listens once more and is kept from that; and no detector of speech is run
    before it, for those leave out singing."""
    segments = _segments(model, piece, language, 1.0, passed)
    if max((segment.compression_ratio for segment in segments), default=0.0) > _MOST_COMPRESSED:
        segments = _segments(model, piece, language, _REPEATING, passed)
    return [
        sounding
        for segment in segments
        for word in segment.words or ()
        for sounding in _apart(word, piece.span.start_s, language, level_db)
    ]


def language_of(model: WhisperModel, pieces: Sequence[Piece]) -> str:
    """The language of the longest piece, ISO 639-1 where it has such a code; of a model of English alone
    always that."""
    if not model.model.is_multilingual:
        return "en"
    longest = max(pieces, key=lambda piece: piece.span.length_s)
    language, _, _ = model.detect_language(_samples(longest))
    return str(language)


def knows(model: WhisperModel, language: str) -> bool:
    return language in model.supported_languages


def _segments(
    model: WhisperModel, piece: Piece, language: str, penalty: float, passed: Callable[[float], None]
) -> list[Any]:
    written, _ = model.transcribe(
        _samples(piece),
        language=language,
        beam_size=_BEAMS,
        temperature=0.0,
        repetition_penalty=penalty,
        condition_on_previous_text=False,
        no_speech_threshold=None,  # Whisper takes singing over a band for no speech
        log_prob_threshold=None,
        compression_ratio_threshold=None,
        word_timestamps=True,
        hallucination_silence_threshold=None if piece.alone else _HALLUCINATED_S,
        vad_filter=False,
    )
    found = []
    for segment in written:  # each is heard when it is asked for
        found.append(segment)
        passed(piece.span.start_s + segment.end)
    return found


def _samples(piece: Piece) -> Mono:
    first, last = (round(second * HEARD_HZ) for second in (piece.span.start_s, piece.span.end_s))
    return piece.mono[first:last]


def _apart(
    word: Any, after_s: float, language: str, level_db: NDArray[np.float64] | None
) -> Iterator[Sounding]:
    """A word of the transcript as the words that are spoken, which share its time evenly."""
    start_s, end_s = after_s + word.start, after_s + word.end
    if level_db is not None and end_s > start_s:
        start_s = onset_s(level_db, start_s, end_s)
    parts = sounds(word.word.strip(), language)
    step = (end_s - start_s) / max(len(parts), 1)
    for number, part in enumerate(parts):
        yield Sounding(part, start_s + number * step, start_s + (number + 1) * step)
