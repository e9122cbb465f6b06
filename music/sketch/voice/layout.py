"""When each token of a phrase sounds: vowels begin on their notes and last; consonants before a vowel borrow
their time from the note before, those after it from their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from music.sketch.voice.network import FRAME_S
from music.sketch.voice.phones import BURST_LEAD_S, CLOSED, HELD, SECONDS, STOPS, VOICELESS, Sound, sound_of
from music.sketch.voice.phrases import LEGATO_S, Tone, Words

PAD_S = 0.40
"""Silence before the first consonant, and after the last sound: the network hears what is around."""
_BORROWED, _CODA = 0.60, 0.40
"""The parts of the note before, and of the own note, that consonants may take."""
_LEAST_CODA = 0.2
_MARK_S = 0.0375
"""A stress mark is a token with time of its own: the network was trained so."""
_SPACE_S = 0.025
_GLIDE_S, _LEAST_HELD_S = 0.20, 0.10
"""A diphthong glides this long at its end, if its first vowel is held for so long before."""
_END_S = 0.15
_SHORTEST_VOWEL = 2  # frames
_SOFT_FRAMES = 4
"""A voiced beginning sets in this long before its time: softly, as the network makes it."""


class Consonant(NamedTuple):
    """A consonant as it is heard, in seconds after the first vowel of its phrase."""

    token: str
    start_s: float
    end_s: float

    @property
    def burst_s(self) -> float:
        """When a stop opens; of other consonants, their start."""
        return self.start_s + (CLOSED * (self.end_s - self.start_s) if self.token in STOPS else 0.0)


@dataclass(frozen=True)
class Syllable:
    """A syllable in seconds after the first vowel of its phrase: its consonants, its vowel, its end."""

    sound: Sound
    onset_s: float
    start_s: float
    vowel_end_s: float
    end_s: float
    squeeze: float
    """How much shorter its last consonants are than they would be."""
    closes: str
    """The token after it: a space between words, a comma at the end of the phrase, or none."""

    def before(self) -> Iterator[Consonant]:
        """The consonants before the vowel."""
        wanted = sum(SECONDS[token] for token in self.sound.onset)
        return _in_time(self.sound.onset, self.onset_s, (self.start_s - self.onset_s) / (wanted or 1.0))

    def after(self) -> Iterator[Consonant]:
        """The consonants after the vowel."""
        return _in_time(self.sound.coda, self.vowel_end_s, self.squeeze)


@dataclass(frozen=True)
class Grid:
    """The frames of a phrase, by a singer's throat. Times are in seconds after the first vowel."""

    origin_s: float
    """The time at which frame 0 begins."""
    frame_s: float
    frames: int

    def times_s(self) -> NDArray[np.float64]:
        """``(frames,)``: the middle of each frame."""
        return np.asarray(self.origin_s + (np.arange(self.frames) + 0.5) * self.frame_s, np.float64)

    def frame(self, seconds: float) -> int:
        """The frame that begins at ``seconds``."""
        return round((seconds - self.origin_s) / self.frame_s)

    def vowels(self, syllables: Sequence[Syllable]) -> list[tuple[int, int]]:
        """First and last frame of each vowel as it is heard."""
        spans = [(self.frame(each.start_s), self.frame(each.vowel_end_s)) for each in syllables]
        return [(first, max(last, first + _SHORTEST_VOWEL)) for first, last in spans]

    def for_throat(self, tract: float) -> Grid:
        """The grid of the same time for a throat of ``tract``."""
        frame_s = FRAME_S / tract
        return Grid(self.origin_s, frame_s, round(self.frames * self.frame_s / frame_s))


@dataclass(frozen=True)
class Layout:
    """The tokens of a phrase, and the frame at which each begins."""

    grid: Grid
    tokens: tuple[str, ...]
    starts: tuple[int, ...]
    silent: tuple[tuple[int, int], ...]
    """Frames in which the vocal folds rest: before the phrase, and inside voiceless consonants."""

    def columns(self) -> NDArray[np.intp]:
        """``(frames,)``: the token of each frame."""
        return np.asarray(np.searchsorted(self.starts, np.arange(self.grid.frames), "right") - 1, np.intp)

    def voiced(self) -> NDArray[np.bool_]:
        """``(frames,)``: whether the vocal folds may move."""
        moving = np.ones(self.grid.frames, np.bool_)
        for first, last in self.silent:
            moving[first:last] = False
        return moving


def syllables_of(words: Words) -> list[Syllable]:
    """The syllables of ``words`` in time. Raises ``EngineFailed`` for an unknown phone."""
    sounds = [sound_of(tone.syllable) for tone in words.tones]
    starts_s = [tone.start_s for tone in words.tones]
    wanted = [sum(SECONDS[token] for token in sound.onset) for sound in sounds]
    rooms = [words.room_s, *((after - start) * _BORROWED for start, after in pairwise(starts_s))]
    onsets = [s - min(want, room) for s, want, room in zip(starts_s, wanted, rooms, strict=True)]
    found = []
    for n, (tone, sound) in enumerate(zip(words.tones, sounds, strict=True)):
        after_s = onsets[n + 1] if n + 1 < len(onsets) else None
        found.append(_syllable(tone, sound, onsets[n], after_s))
    return found


def _syllable(tone: Tone, sound: Sound, onset_s: float, after_s: float | None) -> Syllable:
    start_s, own_end_s = tone.start_s, max(tone.end_s, tone.start_s)
    joined = after_s is not None and after_s - own_end_s < LEGATO_S
    end_s = after_s if joined and after_s is not None else own_end_s
    closes = "," if after_s is None else " " if tone.ends_word else ""
    sung_end_s = end_s - (_SPACE_S if joined and closes else 0.0)
    wanted = sum(SECONDS[token] for token in sound.coda)
    share = _CODA * (sung_end_s - start_s) / wanted if wanted else 1.0
    squeeze = min(1.0, max(_LEAST_CODA, share))
    return Syllable(sound, onset_s, start_s, sung_end_s - wanted * squeeze, sung_end_s, squeeze, closes)


def _in_time(tokens: Sequence[str], at_s: float, scale: float) -> Iterator[Consonant]:
    for token in tokens:
        end_s = at_s + SECONDS[token] * scale
        yield Consonant(token, at_s, end_s)
        at_s = end_s


def lay_out(syllables: Sequence[Syllable], tract: float, moves_s: Sequence[float]) -> Layout:
    """The tokens of ``syllables`` in frames. ``moves_s``: what each vowel's column comes later than usual.
    The tokens are the same with any moves, so that they are encoded once."""
    frame_s = FRAME_S / tract
    writer = _Writer(syllables[0].onset_s - PAD_S, frame_s, BURST_LEAD_S / tract)
    first = writer.frame(syllables[0].onset_s)
    whispers = syllables[0].sound.onset[:1] and syllables[0].sound.onset[0] in VOICELESS
    writer.silent.append((0, first + 1 if whispers else first - _SOFT_FRAMES))
    for syllable, move_s in zip(syllables, moves_s, strict=True):
        sound, start_s = syllable.sound, syllable.start_s
        lead_s = sound.lead_s / tract
        writer.consonants(syllable.before(), lead_s)
        at_s = start_s + lead_s
        if sound.mark:
            writer.put(sound.mark, at_s + move_s)
            at_s += _MARK_S / tract
        glides_s = syllable.vowel_end_s - _GLIDE_S + lead_s
        is_long = glides_s - at_s > _LEAST_HELD_S  # however it is moved
        at_s += move_s
        if sound.vowel in HELD and is_long:
            writer.put(HELD[sound.vowel], at_s)
            at_s = glides_s
        writer.put(sound.vowel, at_s)
        writer.consonants(syllable.after(), lead_s)
        if syllable.closes:
            writer.put(syllable.closes, syllable.end_s + lead_s)
    writer.put("", syllables[-1].end_s + _END_S)
    frames = writer.starts[-1] + round(PAD_S / frame_s)
    even = (frames + 1) // 2 * 2  # the loudness has a column for each two
    grid = Grid(writer.origin_s, frame_s, even)
    return Layout(grid, tuple(writer.tokens), tuple(writer.starts), tuple(writer.silent))


class _Writer:
    """Puts tokens at times, each at least a frame long."""

    def __init__(self, origin_s: float, frame_s: float, burst_lead_s: float) -> None:
        self.origin_s = origin_s
        self.frame_s = frame_s
        self.burst_lead_s = burst_lead_s
        self.tokens = [""]
        self.starts = [0]
        self.silent: list[tuple[int, int]] = []

    def frame(self, seconds: float) -> int:
        return round((seconds - self.origin_s) / self.frame_s)

    def put(self, token: str, seconds: float) -> None:
        self.tokens.append(token)
        self.starts.append(max(self.frame(seconds), self.starts[-1] + 1))

    def consonants(self, consonants: Iterable[Consonant], lead_s: float) -> None:
        rests_s = until_s = None  # since when the vocal folds rest, and until when
        for each in consonants:
            # The network has no closed mouth of its own where a song leaves it none: it runs the sound before
            # into the burst, which is heard as an ``h`` then.
            stop = each.token in STOPS
            self.put(each.token, each.burst_s + (self.burst_lead_s if stop else lead_s))
            if each.token not in VOICELESS:
                self._rest(rests_s, each.start_s)
                rests_s = None
            elif rests_s is None:
                rests_s = each.start_s
            until_s = each.end_s
        self._rest(rests_s, until_s)

    def _rest(self, from_s: float | None, to_s: float | None) -> None:
        if from_s is None or to_s is None:
            return
        first, last = self.frame(from_s), self.frame(to_s)
        if last - first > 2:
            self.silent.append((first + 1, last - 1))
