"""What ACE-Step is to make for each task: its words, the sound that it hears, and where it is to be new."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.signal import resample_poly

from config.errors import InvalidRequest
from music.acestep.memory import LONGEST_S
from music.changes.joins import FADE_S, PICKUP_S
from music.changes.places import SHORTEST_S, Place, extended, repainted
from music.contract import Change, MusicRequest, Samples, Source, TimedLine

BASE = "ACE-Step/acestep-v15-xl-base-diffusers"
"""A published checkpoint that does all tasks."""
OF_ALL = ("extend", "repaint", "reference", "resing")
"""Tasks of every checkpoint."""
OF_TOKENIZERS = ("remix",)
"""Of those that can write a song as semantic tokens, 5 a second."""
OF_BASE = ("stems", "complete")
"""What only base checkpoints were trained for (ACE-Step 1.5, acestep/constants.py)."""
STEMS = ("vocals", "drums", "bass")
"""The tracks that are extracted; the rest of the song is one more."""

_LOOSEST = 0.2
"""How much of the song's tokens a remix of strength 1 has: what ACE-Step 1.5, docs/en/INFERENCE.md, gives for
another style. With less it is another song."""
_BAND = ("drums", "bass", "guitar", "keyboard")
# The tracks that the models know (ACE-Step 1.5, acestep/constants.py), by words in the names of instruments.
_TRACKS = {
    "drums": ("drum",),
    "percussion": ("percussion", "conga", "bongo", "shaker", "tambourine"),
    "bass": ("bass",),
    "guitar": ("guitar", "banjo", "ukulele", "mandolin"),
    "keyboard": ("piano", "organ", "rhodes", "keyboard", "harpsichord", "accordion"),
    "strings": ("string", "violin", "viola", "cello", "fiddle", "harp"),
    "brass": ("brass", "trumpet", "trombone", "horn", "tuba"),
    "woodwinds": ("flute", "sax", "clarinet", "oboe", "bassoon", "woodwind"),
    "synth": ("synth", "pad", "lead", "arpeggio"),
}
_SPAN_S = 0.3
"""What belongs to a sung line before and after it: consonants, and a voice that dies away."""
_NEAR_S = 1.5
"""Lines that are no further apart are one span."""
_TAG = re.compile(r"\s*\[[^\[\]]*\]\s*")


@dataclass(frozen=True, eq=False)
class Work:
    """One call of the pipeline."""

    task: str
    """The pipeline's name for it."""
    seconds: float
    lyrics: str
    source: Source | None = None
    """The song that it works on."""
    sound: Samples | None = None
    """``(2, samples)`` at the model's rate: that song, with room for what is new."""
    reference: Samples | None = None
    """Likewise: what the song is to sound like."""
    places: tuple[Place, ...] = ()
    """What is new; empty: all is."""
    cover_strength: float = 1.0
    track: str | None = None
    tracks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether what is made is a song, and no part of one."""
        return not self.places and self.task != "extract"

    @property
    def spans_s(self) -> tuple[tuple[float, float], ...]:
        """What the model is to make new. The crossfades are beside it, where it makes what is kept."""
        return tuple(place.new_s for place in self.places)


def tasks_of(folder: Path) -> tuple[str, ...]:
    """What a checkpoint does to songs, read off its configuration; what is damaged is said by loading it."""
    index, transformer = (_read(folder / name) for name in ("model_index.json", "transformer/config.json"))
    version = str(transformer.get("model_version"))
    turbo = bool(transformer.get("is_turbo")) or "turbo" in version  # as the pipeline
    found: tuple[str, ...] = OF_ALL
    if all(_has(index, part) for part in ("audio_tokenizer", "audio_token_detokenizer")):
        found += OF_TOKENIZERS
    if not turbo and version != "sft":
        found += OF_BASE
    return found


def work_of(request: MusicRequest, source: Source, tasks: Sequence[str], rate_hz: int) -> Work:
    """What ``request`` makes of ``source``, for a model at ``rate_hz`` that does ``tasks``. Raises
    ``InvalidRequest`` as ``Changer.change``, for a song that would be longer than ten minutes, and for words
    that cannot take the place of those before."""
    change = request.change or Change()
    if source.duration_s < SHORTEST_S:
        fix = f"it is to have {SHORTEST_S:g} s at the least"
        raise InvalidRequest("source", f"{source.duration_s:.2f} s", fix)
    if request.task == "reference":
        heard = _at_rate(source, rate_hz)
        return Work("text2music", request.duration_s, request.lyrics, reference=heard)
    if source.duration_s > LONGEST_S + 0.5:
        fix = f"ACE-Step makes {LONGEST_S} s at the most: send a part of it"
        raise InvalidRequest("source", f"{source.duration_s:.0f} s", fix)
    if request.task in ("extend", "repaint"):
        place = (extended if request.task == "extend" else repainted)(change, source)
        return _repainting(request, source, (place,), _words_around(request.lyrics, source, place), rate_hz)
    sound, words = _at_rate(source, rate_hz), request.lyrics or _words_of(source)
    if request.task == "resing":
        if places := _other_lines(request.lyrics, source):
            return _repainting(request, source, places, request.lyrics, rate_hz)
        if "remix" not in tasks:
            fix = (
                "it is not known when its lines are sung, and without that only a checkpoint with audio"
                f" tokenizers sings other words: set the model to {BASE}"
            )
            raise InvalidRequest("source", f"{source.duration_s:.0f} s", fix)
        warning = (
            "it is not known when the song's lines are sung: all of it was made anew, on the same tune, and"
            " nothing is kept to the sample"
        )
        return Work("cover", source.duration_s, words, source, sound, warnings=(warning,))
    if request.task == "remix":
        strength = 1.0 - (1.0 - _LOOSEST) * (change.strength or 0.0)
        return Work("cover", source.duration_s, words, source, sound, cover_strength=strength)
    if request.task == "stems":
        [track] = request.instruments
        return Work("extract", source.duration_s, words, source, sound, track=track)
    return Work("complete", source.duration_s, words, source, sound, tracks=band(request.instruments))


def band(instruments: Sequence[str]) -> tuple[str, ...]:
    """The tracks of these instruments, in the model's names; a usual band's where it knows none of them."""
    names = [name.lower() for name in instruments]
    found = [
        track for track, words in _TRACKS.items() if any(word in name for word in words for name in names)
    ]
    return tuple(found) or _BAND


def resampled(samples: Samples, rate_hz: int, to_hz: int) -> Samples:
    if rate_hz == to_hz:
        return samples
    return np.asarray(resample_poly(samples, to_hz, rate_hz, axis=1), np.float32)


def _repainting(
    request: MusicRequest, source: Source, places: tuple[Place, ...], lyrics: str, rate_hz: int
) -> Work:
    """The song with room for what is new."""
    sound, first = _at_rate(source, rate_hz), places[0]
    if first.before:
        sound = np.pad(sound, ((0, 0), (round(first.end_s * rate_hz), 0)))
    elif not first.closes:
        length = round(first.end_s * rate_hz)
        sound = np.pad(sound[:, :length], ((0, 0), (0, max(length - sound.shape[1], 0))))
    seconds = sound.shape[1] / rate_hz
    if seconds > LONGEST_S + 0.5:
        asked = request.change.by_s if request.change else None
        fix = f"ACE-Step makes {LONGEST_S} s at the most: this song would have {seconds:.0f}"
        raise InvalidRequest("by_s", asked, fix)
    places = tuple(replace(place, around_s=FADE_S) for place in places)
    return Work("repaint", seconds, lyrics, source, sound, places=places)


def _at_rate(source: Source, rate_hz: int) -> Samples:
    return resampled(source.samples, source.rate_hz, rate_hz)


def _words_around(words: str, source: Source, place: Place) -> str:
    """The words of the whole song with those of the new part: the model hears all of it, and sings what
    comes next. Of a song whose lines have no times, a span without words of its own keeps what it had."""
    if place.before:
        return _together(words, _words_of(source))
    if not source.lines:
        return words.strip() or _words_of(source) if place.closes else _together(_words_of(source), words)
    middles = [0.5 * (line.start_s + line.end_s) for line in source.lines]
    timed = list(zip(source.lines, middles, strict=True))
    before = [line for line, at in timed if at < place.start_s]
    after = [line for line, at in timed if place.closes and at >= place.end_s]
    return _together(_tagged(source, before), words, _tagged(source, after))


def _words_of(source: Source) -> str:
    """All that is sung in a song, as far as it is known."""
    if source.lines or source.request is None:
        return _tagged(source, source.lines)
    return source.request.lyrics


def _together(*parts: str) -> str:
    return "\n\n".join(part.strip() for part in parts if part.strip())


def _tagged(source: Source, lines: Sequence[TimedLine]) -> str:
    """The lines under the names of their sections, as lyrics are written."""
    parts: list[list[str]] = []
    last: object = None
    for line in lines:
        middle = 0.5 * (line.start_s + line.end_s)
        section = next((each for each in source.sections if each.start_s <= middle < each.end_s), None)
        if section is not last or not parts:
            parts.append([f"[{section.kind}]"] if section else [])
            last = section
        parts[-1].append(line.text)
    return "\n\n".join("\n".join(part) for part in parts)


def _other_lines(words: str, source: Source) -> tuple[Place, ...]:
    """Where the song's lines are sung that are to have other words; none if that is not known. Raises
    ``InvalidRequest`` where none is to have other words."""
    old = source.lines
    new = [line.strip() for line in words.splitlines() if line.strip() and not _TAG.fullmatch(line)]
    if not new:
        raise InvalidRequest("lyrics", words, "write the words that are to be sung")
    if not old:
        return ()
    other = [n for n, line in enumerate(old) if n >= len(new) or new[n] != line.text.strip()]
    if len(new) > len(old):
        fix = f"the song has {len(old)} lines, and these are {len(new)}: write a line for each"
        raise InvalidRequest("lyrics", words, fix)
    if not other:
        raise InvalidRequest("lyrics", words, "these words are sung already: change a line at the least")
    spans: list[list[float]] = []
    for n in other:
        start = max(old[n].start_s - _SPAN_S, old[n - 1].end_s if n else 0.0)
        end = min(old[n].end_s + _SPAN_S, old[n + 1].start_s if n + 1 < len(old) else source.duration_s)
        if spans and start - spans[-1][1] < _NEAR_S and n - 1 in other:
            spans[-1][1] = end
        else:
            spans.append([start, end])
    # A place's end is a beat, and what is new ends before it.
    last = source.duration_s - 0.02
    return tuple(
        Place(start, min(end + PICKUP_S, source.duration_s), closes=end + PICKUP_S < last)
        for start, end in spans
    )


def _read(file: Path) -> dict[str, object]:
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _has(index: dict[str, object], part: str) -> bool:
    entry = index.get(part)
    return isinstance(entry, list) and bool(entry) and entry[0] is not None
