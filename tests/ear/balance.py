"""How far the lead voice stands over the band while it sings, by the stems as they are delivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import stft

from music.contract import TimedLine
from tests.music.analysis import Floats

WORDS_HZ = (300.0, 4000.0)
"""Where the words are."""
VOICES = ("vocals", "backing")
WINDOW = 4096


def voice_over_band_db(
    stems: Mapping[str, Floats],
    rate_hz: int,
    lines: Sequence[TimedLine],
    band_hz: tuple[float, float] = WORDS_HZ,
) -> float:
    """The mean power of the lead against that of all instruments, in dB, within ``band_hz`` and while words
    are sung."""
    band: Floats = np.sum([stem for name, stem in stems.items() if name not in VOICES], axis=0)
    voice, times = _power(stems["vocals"], rate_hz, band_hz)
    sung = _sung(times, lines)
    return float(10.0 * np.log10(voice[sung].mean() / _power(band, rate_hz, band_hz)[0][sung].mean()))


def _power(samples: Floats, rate_hz: int, band_hz: tuple[float, float]) -> tuple[Floats, Floats]:
    """The power in the band of each frame, summed over channels, and the middle of the frame in seconds."""
    total: Floats = np.zeros(1)
    for channel in samples:
        hz, times, bins = stft(channel, rate_hz, nperseg=WINDOW, noverlap=WINDOW // 2)
        inside = (hz >= band_hz[0]) & (hz < band_hz[1])
        total = total + np.sum(np.abs(bins[inside]) ** 2, axis=0)
    return total, times


def _sung(times: Floats, lines: Sequence[TimedLine]) -> NDArray[np.bool_]:
    sung = np.zeros(len(times), dtype=bool)
    for word in (word for line in lines for word in line.words):
        sung |= (times >= word.start_s) & (times < word.end_s)
    return sung
