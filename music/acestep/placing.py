"""What ACE-Step has made of a song, in its place in the song."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from music.acestep.tasks import resampled
from music.changes.joins import matched
from music.changes.places import Place, place_in
from music.contract import Samples, Source

_AROUND_S = 5.0
"""So much before and after a new part says how loud the model makes what is kept."""
_SECTION = re.compile(r"\[\s*([A-Za-z][A-Za-z -]*?)\s*\d*\s*\]")


def with_parts(source: Source, made: Samples, rate_hz: int, places: Sequence[Place]) -> Samples:
    """The song with the new parts of ``made``, which is all of it as the model makes it, at ``rate_hz``.
    Parts are as loud as the song, by what the model makes of the sound around them."""
    rate = source.rate_hz
    made = resampled(made, rate_hz, rate)
    samples = source.samples
    for place in places:
        start, end = round(place.join_s * rate), round(place.last_s * rate)
        song = np.pad(source.samples, ((0, 0), (round(place.end_s * rate) if place.before else 0, 0)))
        near = round(_AROUND_S * rate)
        around = [slice(max(start - near, 0), start)]
        if place.closes:
            around.append(slice(end, end + near))
        mine, theirs = (np.concatenate([sound[:, part] for part in around], axis=1) for sound in (made, song))
        if not mine.size:  # all of it is new
            mine, theirs = made[:, start:end], song[:, start:end]
        part = matched(made[:, start:end], mine, theirs, rate)
        samples = place_in(replace(source, samples=samples), part, place)
    return samples


def section_of(lyrics: str) -> str:
    """What the part with these words is called."""
    named = _SECTION.search(lyrics)
    if named:
        return named[1].lower()
    return "verse" if lyrics.strip() else "instrumental"
