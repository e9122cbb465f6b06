"""Where a change is in a song whose model hears all of it, and the song with the new sound in that place."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from config.errors import InvalidRequest
from music.changes.bars import Bars
from music.changes.joins import FADE_S, PICKUP_S, replaced
from music.contract import Audio, Change, Samples, SectionSpan, Source, TimedLine
from music.levels.meter import loudness

SHORTEST_S = 1.0
"""Of a span, and of what an extension goes on from, where the tempo is not known."""
_SAME_S = 0.02
_LEVEL_S = 0.4
_FADED_DB = 12.0
"""A song begins to end where it stays so far below its level."""


@dataclass(frozen=True)
class Place:
    """Where a new part is, in seconds of the new song."""

    start_s: float
    end_s: float
    before: bool = False
    """Whether the song comes after it, as long later as the part is long. Otherwise it has the times that it
    had."""
    closes: bool = False
    """Whether the song goes on after it."""

    around_s: float = 0.0
    """How much the model makes of what is kept next to it: its crossfades are there."""

    def has(self, seconds: float) -> bool:
        """Whether the new song is new there, or not the old one any more."""
        return seconds >= self.start_s and (not self.closes or seconds < self.end_s)

    @property
    def new_s(self) -> tuple[float, float]:
        """What is new, with what comes before a beat. A song begins with its first sample: a part before it
        ends there."""
        if self.before:
            return 0.0, self.end_s
        return max(self.start_s - PICKUP_S, 0.0), self.end_s - (PICKUP_S if self.closes else 0.0)

    @property
    def join_s(self) -> float:
        """Where its first crossfade begins; up to here the song is kept."""
        return max(self.new_s[0] - self.around_s, 0.0)

    @property
    def last_s(self) -> float:
        """Where its last crossfade ends; from here the song is kept."""
        return self.new_s[1] + (self.around_s if self.closes else 0.0)


def extended(change: Change, source: Source) -> Place:
    """The place of an extension. After the song it begins with the bar nearest to ``start_s``, or the last
    one before the song begins to end; without a tempo, there itself. Before the song it has whole bars.

    Raises ``InvalidRequest`` without ``by_s``, and for a ``start_s`` that is not in the song or in its first
    bar."""
    bars = _bars(source)
    if change.by_s is None:
        raise InvalidRequest("by_s", None, "say by how many seconds the song is to be longer")
    if change.before:
        length = max(round(change.by_s / bars.bar_s), 1) * bars.bar_s if bars else change.by_s
        return Place(0.0, length, before=True, closes=True, around_s=FADE_S)
    asked = change.start_s
    if asked is not None and asked > source.duration_s + 0.5:
        raise InvalidRequest("start_s", f"{asked:g}", f"the song has {source.duration_s:.1f} s")
    at = _ending_s(source) if asked is None else min(asked, source.duration_s)
    if bars:
        at = (int(at / bars.bar_s + 1e-6) if asked is None else bars.nearest(at)) * bars.bar_s
    least = bars.bar_s if bars else SHORTEST_S
    if at < least - 1e-6:
        fix = f"go on after the first {least:.2f} s"
        raise InvalidRequest("start_s", f"{at if asked is None else asked:g}", fix)
    return Place(at, at + change.by_s)


def repainted(change: Change, source: Source) -> Place:
    """The place of a span that is replaced: the bars nearest to it, or itself without a tempo. Raises
    ``InvalidRequest`` for a span that is not in the song, or shorter than a bar."""
    if change.start_s is None or change.end_s is None:
        value = change.start_s if change.start_s is None else change.end_s
        field = "start_s" if change.start_s is None else "end_s"
        fix = "name the span to replace: start_s and end_s, in seconds of the song"
        raise InvalidRequest(field, value, fix)
    bars = _bars(source)
    if bars:
        first, after = bars.span(change.start_s, change.end_s)
        start_s, end_s = first * bars.bar_s, after * bars.bar_s
        if change.end_s > source.duration_s - 0.5 * bars.bar_s:
            end_s = source.duration_s  # the rest after the last whole bar
    else:
        # A bar of a second: the same bounds, and the same messages.
        Bars(60.0, SHORTEST_S, source.duration_s).span(change.start_s, change.end_s)
        start_s, end_s = change.start_s, min(change.end_s, source.duration_s)
    return Place(start_s, end_s, closes=end_s < source.duration_s - _SAME_S)


def in_stereo(source: Source) -> Source:
    """A recording of one channel with two."""
    if len(source.samples) == 2:
        return source
    return replace(source, samples=np.repeat(source.samples[:1], 2, axis=0))


def place_in(source: Source, new: Samples, place: Place) -> Samples:
    """The song with ``new``, which has its rate, from the place's ``join_s`` on to its ``last_s``."""
    rate = source.rate_hz
    start, end = round(place.join_s * rate), round(place.last_s * rate)
    kept = source.samples
    if place.before:
        kept = np.pad(kept, ((0, 0), (round(place.end_s * rate), 0)))
    elif not place.closes:
        kept = kept[:, :end]
    return replaced(
        kept,
        fitted(new, end - start),
        start,
        rate_hz=rate,
        opens=start > 0,
        closes=place.closes,
        continues=True,
    )


def song_with(
    source: Source,
    samples: Samples,
    *places: Place,
    kind: str = "",
    warnings: tuple[str, ...] = (),
) -> Audio:
    """The song of these samples with what is known of it. What was sung where it is new, is left out.
    ``kind`` is the section that the first of ``places`` is; empty: the sections stay."""
    place = places[0]
    later_s = place.end_s if place.before else 0.0
    kept = [
        line
        for line in (_later(line, later_s) for line in source.lines)
        if not any(each.has(0.5 * (line.start_s + line.end_s)) for each in places)
    ]
    sections = tuple(
        replace(each, start_s=each.start_s + later_s, end_s=each.end_s + later_s) for each in source.sections
    )
    return Audio(
        samples=samples,
        rate_hz=source.rate_hz,
        tempo_bpm=source.tempo_bpm,
        key=source.key,
        metre=source.metre,
        loudness_lufs=loudness(samples, source.rate_hz),
        lines=tuple(kept),
        sections=_sections(sections, place, kind) if kind and sections else sections,
        warnings=warnings,
    )


def as_it_is(source: Source) -> Audio:
    """The song that nothing is new in."""
    return Audio(
        source.samples,
        source.rate_hz,
        source.tempo_bpm,
        source.key,
        source.metre,
        loudness(source.samples, source.rate_hz),
        lines=source.lines,
        sections=source.sections,
    )


def fitted(samples: Samples, length: int) -> Samples:
    """``samples``, cut or with silence after them."""
    missing = length - samples.shape[1]
    return np.pad(samples, ((0, 0), (0, missing))) if missing > 0 else samples[:, :length]


def _sections(sections: tuple[SectionSpan, ...], place: Place, kind: str) -> tuple[SectionSpan, ...]:
    before = [
        replace(each, end_s=min(each.end_s, place.start_s))
        for each in sections
        if each.start_s < place.start_s - _SAME_S
    ]
    after = [
        replace(each, start_s=max(each.start_s, place.end_s))
        for each in sections
        if place.closes and each.end_s > place.end_s + _SAME_S
    ]
    return (*before, SectionSpan(kind, place.start_s, place.end_s), *after)


def _bars(source: Source) -> Bars | None:
    if not source.tempo_bpm:
        return None
    return Bars.of(source.tempo_bpm, source.metre or "4/4", source.duration_s)


def _ending_s(source: Source) -> float:
    """Where the song begins to end: at its outro, or after the last of it that is as loud as the song."""
    last = source.sections[-1] if source.sections else None
    if last and last.kind == "outro" and last.start_s > 0.0:
        return last.start_s
    width = round(_LEVEL_S * source.rate_hz)
    count = source.samples.shape[1] // width
    if not count:
        return source.duration_s
    blocks = source.samples[:, : count * width].reshape(len(source.samples), count, width)
    power = np.mean(np.square(blocks), axis=(0, 2), dtype=np.float64)
    loud = np.flatnonzero(power >= np.mean(power) * 10.0 ** (-_FADED_DB / 10.0))
    if not len(loud) or loud[-1] == count - 1:
        return source.duration_s
    return float((loud[-1] + 1) * width / source.rate_hz)


def _later(line: TimedLine, seconds: float) -> TimedLine:
    words = (replace(word, start_s=word.start_s + seconds, end_s=word.end_s + seconds) for word in line.words)
    return replace(line, words=tuple(words))
