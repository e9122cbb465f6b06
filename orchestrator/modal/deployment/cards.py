"""Checks before a deployment whether the chosen GPUs can run the chosen models."""

from __future__ import annotations

from collections.abc import Callable

from config.errors import InvalidRequest
from config.gpus import GPUS, Gpu, choices_of
from config.models import licence_of, refuse_unless_sellable
from config.spec import BYTES, EngineSpec, Needs
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use

_USABLE, _USABLE_HBM = 0.92, 0.98
"""The usable part of a GPU's memory. The driver takes the rest and, for GDDR memory, error correction (an A10
of 24 GiB has 22.1)."""
_HBM = {(8, 0), (9, 0), (10, 0), (10, 3)}
_BF16_SINCE = (8, 0)  # Ampere; before it PyTorch only emulates bf16


def check_cards(settings: Deployment) -> None:
    """Raises ``InvalidRequest`` for the first craft whose GPU cannot run its model: see ``check_card``."""
    for craft in crafts_in_use(settings):
        check_card(settings, craft)


def check_card(settings: Deployment, craft: str) -> None:
    """Raises ``InvalidRequest`` if a GPU of the setting is too small, too old or too new for the model. The
    message names the setting, the GPU, the model and its needs, and the GPUs that can run it. The user's own
    engines and models are not checked."""
    chosen = getattr(settings, craft)
    spec = REGISTRIES[craft].spec(chosen.engine)
    needs = spec.needs(chosen.model)
    if needs is None or chosen.device == "cpu":
        return
    precision = needs.precision if chosen.precision == "auto" else chosen.precision
    if precision not in BYTES:
        return  # the engine itself refuses an unknown one
    model = chosen.model or spec.default_model
    for gpu, _ in choices_of(chosen.gpu):
        reason = _against(gpu, spec, needs, precision)
        if reason:
            others = _names(lambda other: not _against(other, spec, needs, precision))
            fix = f"{gpu.name} cannot run {model}: {reason}; use {others}"
            raise InvalidRequest(f"SONGWRIGHT_{craft.upper()}__GPU", chosen.gpu, fix)


def check_licence(settings: Deployment, craft: str) -> None:
    """Raises ``EngineUnavailable`` if songs are sold and the licence of the craft's model forbids that. The
    user's own engines are not checked."""
    chosen = getattr(settings, craft)
    spec = REGISTRIES[craft].spec(chosen.engine)
    if settings.commercial and spec.sellable:
        model = chosen.model or spec.default_model
        refuse_unless_sellable(model, licence_of(model), spec.sellable)


def _against(gpu: Gpu, spec: EngineSpec, needs: Needs, precision: str) -> str:
    """Why ``gpu`` cannot run the model; empty if it can."""
    has = gpu.memory_gib * (_USABLE_HBM if gpu.capability in _HBM else _USABLE)
    needed = needs.gpu_gib(precision)
    if (
        precision in ("bf16", "int8", "int4") and gpu.capability < _BF16_SINCE
    ):  # the narrow ones compute in it
        least = _version(_BF16_SINCE)
        return f"{precision} needs compute capability {least} and {gpu.name} has {_version(gpu.capability)}"
    if needed > has:
        return f"it needs {needed:.1f} GiB in {precision} and {gpu.name} has room for {has:.1f}"
    if spec.newest_gpu and gpu.capability > spec.newest_gpu:
        last = _version(spec.newest_gpu)
        return f"its PyTorch ends at compute capability {last} and {gpu.name} has {_version(gpu.capability)}"
    return ""


def _names(fits: Callable[[Gpu], bool]) -> str:
    names = [gpu.name for gpu in GPUS.values() if fits(gpu) and gpu.name[-1] not in "!+"]
    return ", ".join(names[:-1]) + f" or {names[-1]}"


def _version(capability: tuple[int, int]) -> str:
    return ".".join(map(str, capability))
