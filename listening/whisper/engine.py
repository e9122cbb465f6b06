"""Whisper as a listener: by default large-v3-turbo, by faster-whisper."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from config.engine import EngineInfo, EngineOptions, Report
from config.errors import EngineUnavailable, WeightsMissing
from config.spec import EngineSpec
from inference.devices import precision_of
from inference.hub import download_of, folder_of
from inference.weights import chosen_files, model_name
from listening.contract import LISTENERS, Heard, ListenRequest
from listening.matching import left_out, match
from listening.timing import Lyrics, Sounding
from listening.voice import HEARD_HZ, Span, levels, mono_of, phrases, stretches
from listening.whisper.model import ON_GPU, Place, load, placed, read_into_memory
from listening.whisper.transcript import Piece, knows, language_of, soundings

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

_CALLED = {"nb": "no", "fil": "tl", "iw": "he", "in": "id", "jv": "jw"}
"""Languages that Whisper knows by another code."""
_MANY, _LONG_S = 4, 2.0
"""So many words that were not heard, in so many seconds, are listened to once more."""


class WhisperListener:
    """Transcribes a song and matches the transcript with its lyrics.

    A word that was heard begins where Whisper has it, or, where the voice is there alone, where it gets loud
    after that: ``TimedWord.start_s`` is a vowel's onset, and Whisper's words begin with their first sound. On
    twelve songs of the embedded engine, whose times are known, Whisper tiny is so 0.06 s off in the median,
    late rather than early, with 97% of the words within 0.35 s; in their mixes it is 0.08 s and 93%. Larger
    models and other voices were not measured against known times."""

    name: ClassVar[str] = "whisper"
    version: ClassVar[str] = "1"
    spec: ClassVar[EngineSpec] = LISTENERS.spec("whisper")
    on_gpu: ClassVar[str] = ON_GPU
    libraries: ClassVar[tuple[str, ...]] = ("faster-whisper", "ctranslate2")

    info: EngineInfo

    def __init__(self, options: EngineOptions) -> None:
        """Loads the model; with ``options.staged`` only reads its files, for CTranslate2 cannot move a model
        from memory to a GPU. Raises ``InvalidRequest`` for options that make no sense, and
        ``EngineUnavailable`` where weights, device or memory are missing, the checkpoint is of another kind,
        or songs are sold and the licence forbids it."""
        self._place = placed(self.spec, options)
        self._files = (
            read_into_memory(self._place) if options.staged and self._place.gpu is not None else None
        )
        self._model = None if self._files else self._loaded()
        self.info = _info(self._place)

    @classmethod
    def from_options(cls, options: EngineOptions) -> Self:
        """Raises as ``__init__`` does."""
        return cls(options)

    @classmethod
    def check(cls, options: EngineOptions) -> EngineInfo:
        """The engine's facts, without loading it or fetching weights. Raises as ``__init__`` does; where
        weights are missing, with how much there is to fetch, which it looks up on the hub."""
        try:
            return _info(placed(cls.spec, options, fetch=False))
        except WeightsMissing as error:
            size = download_of(options.model or cls.spec.default_model)
            raise WeightsMissing(error.what + (f": {size}" if size else ""), error.fix) from error

    @classmethod
    def fetch(cls, options: EngineOptions, cache: Path) -> int:
        """Fetches the weights into ``cache``, a folder laid out as the hub's own, and returns their bytes.
        Raises as ``folder_of`` does."""
        precision = precision_of(options.precision, ON_GPU)
        folder = folder_of(model_name(options.model or cls.spec.default_model), precision, cache=cache)
        return chosen_files(folder, precision).size_bytes

    def move_to_gpu(self) -> None:
        """Loads the files that were read onto the GPU. Raises ``EngineUnavailable`` where that fails."""
        if self._files:
            self._model, self._files = self._loaded(), None
            self.info = replace(self.info, device=self._place.device)

    def close(self) -> None:
        """Unloads the model: each later call raises ``EngineUnavailable``."""
        self._model = self._files = None

    def listen(self, request: ListenRequest, report: Report) -> Heard:
        """Hears ``request.samples``, and reports after each of Whisper's segments."""
        if (model := self._model) is None:
            raise EngineUnavailable(f"the model of engine {self.name!r} was unloaded", "load it again")
        report("listening", 0.0)
        mono = mono_of(request.samples, request.rate_hz)
        duration_s = len(mono) / HEARD_HZ
        level_db = levels(mono) if request.voice_alone else None
        sung = phrases(level_db) if level_db is not None else []
        spans = stretches(sung, duration_s) if request.voice_alone else [Span(0.0, duration_s)]
        pieces = [Piece(mono, span, request.voice_alone) for span in spans]
        language = _CALLED.get(request.language, request.language)
        if not knows(model, language):
            language = language_of(model, pieces) if pieces else ""
        of_song = request.language or language
        lyrics = Lyrics(request.lines, of_song)
        heard: list[Sounding] = []
        if lyrics.sounds:
            furthest_s = 0.0

            def passed(second: float) -> None:
                nonlocal furthest_s
                furthest_s = max(furthest_s, second)
                report("listening", min(0.99, furthest_s / duration_s))

            for piece in pieces:
                heard += soundings(model, piece, language, level_db, passed)
                passed(piece.span.end_s)
            if not request.voice_alone:
                for span in _missed(lyrics, heard, duration_s):
                    again = soundings(model, Piece(mono, span, alone=False), language, None, passed)
                    heard = _with(heard, again, span)
        matches = match(lyrics.sounds, [each.sounds for each in heard])
        lines = lyrics.timed(matches, heard, sung, duration_s)
        understood = sum(each.last - each.first for each in matches if each.alike)
        report("listening", 1.0)
        return Heard(lines, understood / max(len(lyrics.sounds), 1), of_song)

    def _loaded(self) -> WhisperModel:
        try:
            return load(self._place, self._files)
        except (OSError, ValueError, LookupError, RuntimeError) as error:
            why = str(error).strip().partition("\n")[0][:100]
            raise EngineUnavailable(
                f"engine {self.name!r} cannot load {self._place.model} ({why})",
                f"give a Whisper in CTranslate2's format, such as {self.spec.default_model}",
            ) from error


def _missed(lyrics: Lyrics, heard: Sequence[Sounding], duration_s: float) -> list[Span]:
    """Where words of the lyrics were not heard in a mix: Whisper sometimes leaves out the rest of a window,
    and may hear it when that is a window of its own."""
    matches = match(lyrics.sounds, [each.sounds for each in heard])
    spans = []
    for before, after in left_out(matches, len(lyrics.sounds), _MANY):
        start_s = heard[before.heard_last - 1].end_s if before else 0.0
        end_s = heard[after.heard_first].start_s if after else duration_s
        if end_s - start_s >= _LONG_S:
            spans.append(Span(start_s, end_s))
    return spans


def _with(heard: Sequence[Sounding], again: Sequence[Sounding], span: Span) -> list[Sounding]:
    """``heard``, with ``again`` for what was heard in ``span``."""
    before = [each for each in heard if each.start_s < span.start_s]
    return [*before, *again, *(each for each in heard if each.start_s >= span.end_s)]


def _info(place: Place) -> EngineInfo:
    return EngineInfo(
        name=WhisperListener.name,
        version=WhisperListener.version,
        licence=place.licence.name,
        commercial=place.licence.commercial,
        summary=place.summary,
        model=place.name,
        revision=place.revision,
        precision=place.precision,
        device=place.device,
        libraries=WhisperListener.libraries,
    )
