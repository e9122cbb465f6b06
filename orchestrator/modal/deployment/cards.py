"""Whether the GPUs that are set can run the models that are set: known before anything is deployed."""

from __future__ import annotations

from collections.abc import Callable

from config.errors import InvalidRequest
from config.gpus import GPUS, Gpu, choices_of
from config.licences import licence_of, refuse_unless_sellable
from config.spec import BYTES, EngineSpec, Needs
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.pipeline.engines import REGISTRIES

_USABLE, _USABLE_HBM = 0.92, 0.98
"""Of a card's memory: the driver takes the rest and, where the memory is GDDR, error correction (an A10 of
24 GiB has 22.1)."""
_HBM = {(8, 0), (9, 0), (10, 0), (10, 3)}
_BF16_SINCE = (8, 0)  # Ampere; before it PyTorch only emulates bf16


def check_cards(settings: Deployment) -> None:
    """Raises ``InvalidRequest`` for the first craft whose GPU cannot run its model: see ``check_card``."""
    for craft in REGISTRIES:
        check_card(settings, craft)


def check_card(settings: Deployment, craft: str) -> None:
    """Raises ``InvalidRequest`` where any GPU that the setting lists is too small, too old or too new for the
    model: it names setting, GPU and model, what that needs, and the GPUs that do. An engine or a model of
    your own is not judged."""
    chosen = getattr(settings, craft)
    spec = REGISTRIES[craft].spec(chosen.engine)
    needs = spec.needs(chosen.model)
    if needs is None or chosen.device == "cpu":
        return
    precision = needs.precision if chosen.precision == "auto" else chosen.precision
    if precision not in BYTES:
        return  # the engine says which it knows
    model = chosen.model or spec.default_model
    for gpu, _ in choices_of(chosen.gpu):
        reason = _against(gpu, spec, needs, precision)
        if reason:
            others = _that(lambda other: not _against(other, spec, needs, precision))
            fix = f"{gpu.name} cannot run {model}: {reason}; use {others}"
            raise InvalidRequest(f"SONGWRIGHT_{craft.upper()}__GPU", chosen.gpu, fix)


def check_licence(settings: Deployment, craft: str) -> None:
    """Raises ``EngineUnavailable`` where songs are to be sold and the licence of the craft's model does not
    let them. An engine of your own is not judged."""
    chosen = getattr(settings, craft)
    spec = REGISTRIES[craft].spec(chosen.engine)
    if settings.commercial and spec.sellable:
        model = chosen.model or spec.default_model
        refuse_unless_sellable(model, licence_of(model), spec.sellable)


def _against(gpu: Gpu, spec: EngineSpec, needs: Needs, precision: str) -> str:
    """What keeps ``gpu`` from running the model; empty if nothing does."""
    has = gpu.memory_gib * (_USABLE_HBM if gpu.capability in _HBM else _USABLE)
    needed = needs.gpu_gib(precision)
    if precision == "bf16" and gpu.capability < _BF16_SINCE:
        least = _written(_BF16_SINCE)
        return f"bf16 needs compute capability {least} and {gpu.name} has {_written(gpu.capability)}"
    if needed > has:
        return f"it needs {needed:.1f} GiB in {precision} and {gpu.name} has room for {has:.1f}"
    if spec.newest_gpu and gpu.capability > spec.newest_gpu:
        last = _written(spec.newest_gpu)
        return f"its PyTorch ends at compute capability {last} and {gpu.name} has {_written(gpu.capability)}"
    return ""


def _that(fits: Callable[[Gpu], bool]) -> str:
    names = [gpu.name for gpu in GPUS.values() if fits(gpu) and gpu.name[-1] not in "!+"]
    return ", ".join(names[:-1]) + f" or {names[-1]}"


def _written(capability: tuple[int, int]) -> str:
    return ".".join(map(str, capability))
