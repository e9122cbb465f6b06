"""The melody of a sound, as MusicGen's melody checkpoints take it: which of the twelve pitch classes is the
loudest, eight times a second.

This is what transformers' ``MusicgenMelodyFeatureExtractor`` computes, which cannot be used here: it needs
torchaudio, and no torchaudio fits our torch.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor
from transformers.audio_utils import chroma_filter_bank

from music.contract import Samples, Source
from music.sources.resampling import resampled

PITCHES = 12
"""Pitch classes, C first."""
_WIDTH = 16_384  # samples of a spectrum
_HOP = 4_096  # samples between two
_LEAST = 1e-6
_BEAT = ("drums", "bass")


def melody_of(source: Source, rate_hz: int) -> Tensor:
    """``(samples,)`` float32 at ``rate_hz``: what the melody of a song is read off. Where its stems are
    known, it has neither drums nor bass, as in AudioCraft, which separates the song by Demucs first."""
    tuneful = [stem for name, stem in source.stems.items() if name not in _BEAT]
    whole = sum(tuneful[1:], tuneful[0]) if tuneful and len(tuneful) < len(source.stems) else source.samples
    mono: Samples = whole.mean(axis=0, dtype=np.float32)[:, None]
    pieces = list(resampled(iter([mono]), source.rate_hz, rate_hz))
    return torch.from_numpy(np.concatenate(pieces)[:, 0].copy())


def chroma(sound: Tensor, rate_hz: int) -> Tensor:
    """``(frames, 12)`` float32 of ``sound (samples,)``: 1 at the loudest pitch class, and 0 at the others;
    of silence it is C. Frames are 4,096 samples apart, the first around the first sample."""
    missing = max(_WIDTH - len(sound), 0)
    sound = torch.nn.functional.pad(sound, (missing // 2, missing - missing // 2))
    window = torch.hann_window(_WIDTH)
    spectrum = torch.stft(
        sound, _WIDTH, _HOP, window=window, center=True, pad_mode="reflect", return_complex=True
    )
    power = (spectrum / window.square().sum().sqrt()).abs().square()
    raw = _filters(rate_hz) @ power
    normal = torch.nn.functional.normalize(raw, p=float("inf"), dim=0, eps=_LEAST)
    return torch.nn.functional.one_hot(normal.argmax(0), PITCHES).float()


@lru_cache(maxsize=4)
def _filters(rate_hz: int) -> Tensor:
    """``(12, frequencies)``: how much of each frequency's power counts for each pitch class."""
    bank = chroma_filter_bank(num_frequency_bins=_WIDTH, num_chroma=PITCHES, sampling_rate=rate_hz, tuning=0)
    return torch.from_numpy(bank).float()
