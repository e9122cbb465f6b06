"""A song in another style: the same words and tune, played by another band."""

from __future__ import annotations

from config.errors import InvalidRequest
from music.contract import Change, MusicRequest, Source
from music.sketch.compose import write_score
from music.sketch.score import Score

KEEPS_TUNE = 0.75
"""Up to this strength a remix keeps the song's form, harmony and tune; above, its words, tempo and key."""
DEFAULT_STRENGTH = 0.5
_STYLE = ("genre", "mood", "energy", "instruments", "exclude", "prompt")


def remixed(request: MusicRequest, source: Source) -> Score:
    """The score of the song of ``source`` in the style of ``request``. Raises ``InvalidRequest`` for a
    recording: nothing is known of its tune."""
    song = source.request
    if song is None:
        fix = "the embedded composer plays from its own score, and a recording has none: use engine 'acestep'"
        raise InvalidRequest("source", f"{source.duration_s:.0f} s", fix)
    strength = (request.change or Change()).strength
    if (DEFAULT_STRENGTH if strength is None else strength) <= KEEPS_TUNE:
        style = {name: getattr(request, name) for name in _STYLE}
        return write_score(song.model_copy(update=style), tune_of=song)
    kept = {"lyrics": song.lyrics, "key": song.key, "metre": song.metre, "voice": song.voice}
    tempo = {"tempo_bpm": source.tempo_bpm or song.tempo_bpm, "tempo_fixed": True}
    return write_score(request.model_copy(update={**kept, **tempo, "duration_s": song.duration_s}))
