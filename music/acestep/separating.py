"""Stems of a song by tracks that a model has made of it.

What a generative model extracts has the track's sound, but neither its exact phase nor its exact level: such
tracks do not add up to the song. So they only say whose each frequency is at each moment, as a Wiener filter
takes it (see Liutkus and Badeau, "Generalized Wiener filtering with fractional power spectrograms", 2015),
and the stems are parts of the song itself."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from music.contract import Samples
from music.stems import MOST_BYTES, blank

REST = "other"
"""The stem of what no track has."""
_SIZE, _HOP = 4096, 1024
_TOGETHER = 256  # windows
_LEAST = 1e-10


def separated(song: Samples, tracks: Mapping[str, Samples]) -> dict[str, Samples]:
    """Stems ``(2, samples)`` of ``song``, one for each of ``tracks``, which are as long, and one more of the
    ``REST``. They add up to the song, within rounding."""
    length = song.shape[1]
    in_file = 4 * 2 * length * (len(tracks) + 1) > MOST_BYTES
    stems = {name: blank(2, length, in_file=in_file) for name in tracks}
    window = np.sqrt(np.hanning(_SIZE + 1)[:-1]).astype(np.float32)
    scale = np.float32(_HOP / np.sum(np.square(window)))
    count = -(-length // _HOP) + _SIZE // _HOP - 1
    for first in range(0, count, _TOGETHER):
        some = min(_TOGETHER, count - first)
        begin = first * _HOP - _SIZE + _HOP
        spectrum = _spectra(song, begin, some, window)
        sizes = {name: np.abs(_spectra(track, begin, some, window)) for name, track in tracks.items()}
        rest = np.square(np.maximum(np.abs(spectrum) - sum(sizes.values()), 0.0))
        powers = {name: np.square(size) for name, size in sizes.items()}
        everything = rest + sum(powers.values()) + _LEAST
        for name, power in powers.items():
            parts = np.fft.irfft(spectrum * (power / everything), _SIZE, axis=2).astype(np.float32)
            parts *= window * scale
            for number in range(some):
                _add(stems[name], parts[:, number], begin + number * _HOP)
    other = blank(2, length, in_file=in_file)
    np.copyto(other, song)
    for stem in stems.values():
        other -= stem
    return {**stems, REST: other}


def _spectra(
    samples: Samples, begin: int, count: int, window: Samples
) -> np.ndarray[tuple[int, ...], np.dtype[np.complex64]]:
    """``(2, count, frequencies)``: of windows from ``begin`` on, with silence around the song."""
    end = begin + (count - 1) * _HOP + _SIZE
    inside = samples[:, max(begin, 0) : max(min(end, samples.shape[1]), 0)]
    piece = np.pad(inside, ((0, 0), (max(-begin, 0), 0)))
    piece = np.pad(piece, ((0, 0), (0, end - begin - piece.shape[1])))
    frames = sliding_window_view(piece, _SIZE, axis=1)[:, ::_HOP]
    return np.asarray(np.fft.rfft(frames * window, axis=2), np.complex64)


def _add(stem: Samples, part: Samples, start: int) -> None:
    first, last = max(start, 0), min(start + _SIZE, stem.shape[1])
    if first < last:
        stem[:, first:last] += part[:, first - start : last - start]
