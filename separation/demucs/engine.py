"""Demucs as a separator: by default HTDemucs, by the package ``demucs``."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, ClassVar

import torch

from config.engine import EngineOptions, Report
from config.errors import EngineUnavailable
from inference.devices import Placement
from inference.loading import ModelEngine
from separation.contract import SEPARATORS, Samples, SeparateRequest
from separation.demucs.bag import Bag, load_bag
from separation.stems import REST, checked, resampled, summing_up

_OVERLAP = 0.25
"""Of the stretches that the model hears, as its authors have it."""
_DOING = "taking the song apart"
_SEPARATED = 0.95
_LEAST = 1e-8


class DemucsSeparator(ModelEngine):
    """Takes songs apart into drums, bass, voice and the rest; HTDemucs-6s also into guitar and piano.

    What the stems of the model leave of the mix goes into the rest: then they add up. Without the random
    shifts of Demucs' own command line, which cost a fifth of a dB of the quality. One song at a time."""

    name: ClassVar[str] = "demucs"
    spec = SEPARATORS.spec("demucs")
    precisions: ClassVar[tuple[str, ...]] = ("fp32",)
    on_gpu: ClassVar[str] = "fp32"
    libraries: ClassVar[tuple[str, ...]] = ("demucs", "torch")

    def __init__(self, options: EngineOptions) -> None:
        place = self.placed(options)
        self._place = place
        self._bag: Bag = load_bag(place.folder)
        self._move(place.device)
        self._free = threading.Lock()
        self.info = self.facts(place, detail=f", {len(self._bag.stems)} stems")

    @classmethod
    def placed(cls, options: EngineOptions, *, fetch: bool = True) -> Placement:
        """As for every engine. Raises ``ImportError`` where Demucs is not installed: weights are fetched
        without it, but not told to be ready."""
        import demucs.hf  # noqa: F401

        return super().placed(options, fetch=fetch)

    def _move(self, device: torch.device) -> None:
        for model in self._bag.models:
            model.to(device)
        self._device = device

    def separate(self, request: SeparateRequest, report: Report) -> Mapping[str, Samples]:
        """Raises ``InvalidRequest`` for samples that are none. Memory grows with the song by the stems alone:
        the model hears eight seconds at a time."""
        mix, rate_hz, bag = checked(request.samples, request.rate_hz), request.rate_hz, self._bag
        report(_DOING, 0.0)
        with self._free:
            found = self._found(torch.from_numpy(resampled(mix, rate_hz, bag.rate_hz)), report)
        stems: dict[str, Samples] = {}
        for number, name in enumerate(bag.stems):
            report("putting the stems together", _SEPARATED)
            if name != REST:  # that of the model is part of what the others leave
                stems[name] = resampled(found[number].numpy(), bag.rate_hz, rate_hz, mix.shape[1])
        del found
        whole = summing_up(mix, stems)
        report("putting the stems together", 1.0)
        return {name: whole[name] for name in bag.stems}

    def _found(self, mix: torch.Tensor, report: Report) -> torch.Tensor:
        """What the models find in ``mix``, ``(2, samples)`` at their rate: ``(stems, 2, samples)``.
        Normalised before, as Demucs' own interface does (``demucs.api.Separator.separate_tensor``)."""
        from demucs.apply import apply_model

        bag, length = self._bag, mix.shape[1]
        mono = mix.mean(0)
        mean = mono.mean()
        spread = (mono - mean).square().mean().sqrt() + _LEAST
        normal = (mix - mean) / spread
        found: torch.Tensor | None = None
        totals = torch.tensor(bag.weights).sum(0)
        for number, (model, weights) in enumerate(zip(bag.models, bag.weights, strict=True)):
            ahead = _Ahead(report, number / len(bag.models), 1 / len(bag.models), length)
            with ahead.told(model):
                one = apply_model(
                    model,
                    normal[None],
                    shifts=0,
                    split=True,
                    overlap=_OVERLAP,
                    device=self._device,
                    callback=ahead.heard,
                )[0]
            for stem, weight in enumerate(weights):
                one[stem] *= weight / totals[stem]
            found = one if found is None else found.add_(one)
        if found is None or not bool(torch.isfinite(found).all()):
            raise EngineUnavailable("the stems are no numbers", "use Demucs' own weights in fp32")
        return found.mul_(spread).add_(mean)


class _Ahead:
    """How far one model has come. The report raises ``Cancelled`` once nobody waits for the stems: in front
    of each layer, for a stretch takes seconds on a processor."""

    def __init__(self, report: Report, start: float, share: float, length: int) -> None:
        self._report, self._start, self._share, self._length = report, start, share, length
        self._done = 0.0

    def heard(self, state: Mapping[str, Any]) -> None:
        """Called by Demucs before and after each stretch of the song."""
        self._done = max(self._done, min(1.0, state["segment_offset"] / self._length))
        self._tell()

    @contextmanager
    def told(self, model: Any) -> Iterator[None]:
        layers = [*model.encoder, *model.tencoder, *model.decoder, *model.tdecoder]
        if model.crosstransformer:
            layers += [*model.crosstransformer.layers, *model.crosstransformer.layers_t]
        with ExitStack() as hooks:
            for layer in layers:
                hooks.callback(layer.register_forward_pre_hook(lambda *_: self._tell()).remove)
            yield

    def _tell(self) -> None:
        self._report(_DOING, _SEPARATED * (self._start + self._share * self._done))
