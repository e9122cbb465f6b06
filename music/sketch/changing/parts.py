"""New parts of a song: more of it, or another part in place of one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from config.engine import Report
from config.errors import InvalidRequest
from music.changes.bars import Bars
from music.changes.joins import PICKUP_S, matching_gain, replaced
from music.contract import Audio, Change, MusicRequest, Samples, SectionSpan, Source
from music.levels.meter import loudness
from music.sketch.changing.fragment import Fragment, later, write_fragment
from music.sketch.instruments import RATE_HZ
from music.sketch.midi.joining import moved, with_bars

_ENDING_S = 1.6
"""The shortest time from a song's last chord to its end."""
_SAME_S = 0.02
"""Times that differ by less are one: those of a manifest are rounded."""
_SPAN_NEEDED = "name the span to replace: start_s and end_s, in seconds of the song"


def repaint(request: MusicRequest, source: Source, report: Report) -> Audio:
    """``source`` with other music, and other words if there are some, in the bars nearest to the span."""
    change, bars = _change(request), _bars(source)
    if change.start_s is None or change.end_s is None:
        raise InvalidRequest("start_s", change.start_s, _SPAN_NEEDED)
    first, after = bars.span(change.start_s, change.end_s)
    start, end = _sample(first, bars, source), _sample(after, bars, source)
    kind = _section_at(source, first * bars.bar_s)
    new = write_fragment(
        _of_song(request, source),
        bars=after - first,
        bar_s=bars.bar_s,
        kind=kind,
        opens=first == 0,
        continues=not _begins_at(source, first * bars.bar_s),
        report=report,
    )
    span = (first * bars.bar_s, after * bars.bar_s)
    return _Part(new, source, start, end - start, span, like=slice(start, end)).placed(closes=True)


def extend(request: MusicRequest, source: Source, report: Report) -> Audio:
    """``source`` up to a bar, by default the one in which it begins to end, and ``by_s`` seconds more; or
    these before its beginning, as whole bars."""
    change, bars = _change(request), _bars(source)
    if change.by_s is None:
        raise InvalidRequest("by_s", None, "say by how many seconds the song is to be longer")
    if change.before:
        return _before(request, source, bars, max(round(change.by_s / bars.bar_s), 1), report)
    first = _ending_bar(source, bars) if change.start_s is None else bars.nearest(change.start_s)
    if first == 0:
        fix = (
            f"go on after the first bar, which has {bars.bar_s:.2f} s; for more before it, send before: true"
        )
        raise InvalidRequest("start_s", change.start_s, fix)
    count = int((change.by_s - _ENDING_S) / bars.bar_s)
    if count < 1:
        fix = f"a bar and an ending take {bars.bar_s + _ENDING_S:.1f} s in this song: send more"
        raise InvalidRequest("by_s", f"{change.by_s:g}", fix)
    span = (first * bars.bar_s, first * bars.bar_s + change.by_s)
    start, end = _sample(first, bars, source), round(span[1] * source.rate_hz)
    new = write_fragment(
        _of_song(request, source),
        bars=count,
        bar_s=bars.bar_s,
        kind="instrumental",
        opens=False,
        continues=False,
        ending_s=change.by_s - count * bars.bar_s,
        report=report,
    )
    like = slice(max(2 * start - end, 0), start)
    return _Part(new, _cut(source, span[0], end), start, end - start, span, like=like).placed(closes=False)


def _before(request: MusicRequest, source: Source, bars: Bars, count: int, report: Report) -> Audio:
    frames = round(count * bars.bar_s * source.rate_hz)
    new = write_fragment(
        _of_song(request, source),
        bars=count,
        bar_s=bars.bar_s,
        kind="intro",
        opens=True,
        continues=False,
        report=report,
    )
    later_s = frames / source.rate_hz
    shifted = replace(
        source,
        samples=_padded(source.samples, frames),
        stems={name: _padded(stem, frames) for name, stem in source.stems.items()},
        lines=tuple(later(line, later_s) for line in source.lines),
        sections=tuple(SectionSpan(s.kind, s.start_s + later_s, s.end_s + later_s) for s in source.sections),
        midi=None if source.midi is None else moved(source.midi, bars.beats * count),
    )
    like = slice(frames, min(3 * frames, shifted.samples.shape[1]))
    return _Part(new, shifted, 0, _sample(count, bars, source), (0.0, later_s), like=like).placed(closes=True)


class _Part:
    """A fragment in its place in a song."""

    def __init__(
        self,
        new: Fragment,
        song: Source,
        start: int,
        frames: int,
        span_s: tuple[float, float],
        *,
        like: slice,
    ) -> None:
        """``span_s``: its bars, in seconds of the song. ``like``: the part of it whose loudness it gets."""
        self._new, self._song, self._start, self._frames, self._span_s = new, song, start, frames, span_s
        self._samples = self._at_rate(new.samples)
        self._gain = np.float32(matching_gain(self._samples, song.samples[:, like], song.rate_hz))

    def placed(self, *, closes: bool) -> Audio:
        """The song with it. ``closes``: whether the song goes on after it."""
        song, new, (start_s, end_s) = self._song, self._new, self._span_s

        def with_part(kept: Samples, part: Samples) -> Samples:
            return replaced(
                kept,
                self._gain * part,
                self._start,
                rate_hz=song.rate_hz,
                opens=self._start > 0,
                closes=closes,
            )

        samples = with_part(song.samples, self._samples)
        silence = np.zeros_like(self._samples)
        stems = {}
        for name in song.stems.keys() | new.stems.keys() if song.stems else ():
            kept = song.stems.get(name)
            part = self._at_rate(new.stems[name]) if name in new.stems else silence
            stems[name] = with_part(np.zeros_like(song.samples) if kept is None else kept, part)
        lines = [line for line in song.lines if not start_s < 0.5 * (line.start_s + line.end_s) < end_s]
        lines += [later(line, start_s) for line in new.lines]
        return Audio(
            samples=samples,
            rate_hz=song.rate_hz,
            tempo_bpm=song.tempo_bpm,
            key=song.key,
            metre=song.metre,
            loudness_lufs=loudness(samples, song.rate_hz),
            stems=stems,
            lines=tuple(sorted(lines, key=lambda line: line.start_s)),
            sections=_sections(song.sections, new.sections, start_s, end_s),
            midi=self._midi(closes=closes),
            warnings=new.warnings,
        )

    def _midi(self, *, closes: bool) -> bytes | None:
        song, (start_s, end_s) = self._song, self._span_s
        if song.midi is None or not song.tempo_bpm:
            return None
        at, beats = (seconds * song.tempo_bpm / 60.0 for seconds in (start_s, end_s - start_s))
        return with_bars(
            song.midi, self._new.midi, at=at, beats=beats, new_at=self._new.midi_at, closes=closes
        )

    def _at_rate(self, samples: Samples) -> Samples:
        """Of the length and at the rate of the place."""
        if self._song.rate_hz != RATE_HZ:
            from scipy.signal import resample_poly  # late: it takes half a second

            samples = np.asarray(resample_poly(samples, self._song.rate_hz, RATE_HZ, axis=1), np.float32)
        missing = self._frames - samples.shape[1]
        return np.pad(samples, ((0, 0), (0, missing))) if missing > 0 else samples[:, : self._frames]


def _change(request: MusicRequest) -> Change:
    return request.change or Change()


def _bars(source: Source) -> Bars:
    if not source.tempo_bpm:
        fix = "its tempo is not known, and parts are joined on bar lines here: use an engine that hears it"
        raise InvalidRequest("source", f"{source.duration_s:.0f} s", fix)
    return Bars.of(source.tempo_bpm, source.metre or "4/4", source.duration_s)


def _of_song(request: MusicRequest, source: Source) -> MusicRequest:
    """The request with what the song has decided."""
    facts = {"tempo_bpm": source.tempo_bpm, "key": source.key, "metre": source.metre}
    return request.model_copy(update={name: value for name, value in facts.items() if value})


def _ending_bar(source: Source, bars: Bars) -> int:
    last = source.sections[-1] if source.sections else None
    if last and last.kind == "outro" and last.start_s > 0.0:
        return bars.nearest(last.start_s)
    return bars.last_before_ending(_ENDING_S)


def _sample(bar: int, bars: Bars, source: Source) -> int:
    """The sample at which a join for a bar begins, or ends; there is none at the song's beginning."""
    if bar == 0:
        return 0
    return min(round((bar * bars.bar_s - PICKUP_S) * source.rate_hz), int(source.samples.shape[1]))


def _begins_at(source: Source, seconds: float) -> bool:
    """Whether a section begins there."""
    return any(abs(each.start_s - seconds) < _SAME_S for each in source.sections)


def _section_at(source: Source, seconds: float) -> str:
    """The kind of the section there; for a part without words."""
    inside = (each.kind for each in source.sections if each.start_s <= seconds + 1e-6 < each.end_s)
    return next(inside, "instrumental")


def _sections(
    kept: tuple[SectionSpan, ...], new: tuple[SectionSpan, ...], start_s: float, end_s: float
) -> tuple[SectionSpan, ...]:
    """The sections of the song with the new ones in their place. What is left of one that was cut stays."""
    before = [
        replace(each, end_s=min(each.end_s, start_s)) for each in kept if each.start_s < start_s - _SAME_S
    ]
    after = [replace(each, start_s=max(each.start_s, end_s)) for each in kept if each.end_s > end_s + _SAME_S]
    placed = [
        SectionSpan(each.kind, each.start_s + start_s, min(each.end_s + start_s, end_s)) for each in new
    ]
    return (*before, *placed, *after)


def _cut(source: Source, start_s: float, end: int) -> Source:
    """The song without what comes after ``start_s``, and room up to ``end``. What is kept for the crossfade
    stays until then."""

    def fitted(samples: Samples) -> Samples:
        missing = end - samples.shape[1]
        return np.pad(samples, ((0, 0), (0, missing))) if missing > 0 else samples[:, :end]

    return replace(
        source,
        samples=fitted(source.samples),
        stems={name: fitted(stem) for name, stem in source.stems.items()},
        lines=tuple(line for line in source.lines if line.start_s < start_s),
        sections=tuple(each for each in source.sections if each.start_s < start_s - _SAME_S),
    )


def _padded(samples: Samples, frames: int) -> Samples:
    return np.pad(samples, ((0, 0), (frames, 0)))
