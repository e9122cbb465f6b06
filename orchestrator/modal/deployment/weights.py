"""Fetches weights into their volumes before a GPU needs them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.engine import EngineOptions
from config.models import gpu_download
from config.settings import EngineSettings
from config.spec import EngineSpec
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.pipeline.engines import REGISTRIES, crafts_in_use


def fetch_weights(settings: Deployment) -> Iterator[str]:
    """Fetches the weights of the engines in use into their volumes, which containers use as ``HF_HOME``.
    Prints each, and yields the name of each volume that was written to. Raises ``EngineUnavailable`` if the
    hub has no such model, and ``WeightsMissing`` if the hub cannot be reached."""
    for craft, chosen, spec in _with_weights(settings):
        print(f"{craft}: fetching {chosen.model or spec.default_model} ...", flush=True)
        fetching = spec.fetched_as or chosen.engine
        cache = Path(settings.modal.weights) / spec.volume / "hub"
        options = EngineOptions(model=chosen.model, device=chosen.device, precision=chosen.precision)
        size = REGISTRIES[craft].fetch(fetching, options, cache)
        print(f"{craft}: {size / 1e9:.1f} GB in volume {spec.volume!r}", flush=True)
        yield spec.volume


def count_weights(settings: Deployment) -> None:
    """Prints what ``fetch_weights`` would fetch into empty volumes, for each engine and in all. Raises
    ``EngineUnavailable`` if the hub has no such model, or has it only pickled."""
    whole, ask_hub = 0, True
    for craft, chosen, spec in _with_weights(settings):
        model = chosen.model or spec.default_model
        size = gpu_download(model, chosen.precision, ask_hub=ask_hub)
        ask_hub = bool(size and size.listed)  # waits only once for a hub that does not respond
        print(f"{craft}: {model} for {chosen.engine!r}: {size or 'of unknown size'}", flush=True)
        whole += size.size_bytes if size else 0
    print(f"in all: {whole / 1e9:.1f} GB", flush=True)


def _with_weights(settings: Deployment) -> Iterator[tuple[str, EngineSettings, EngineSpec]]:
    """The crafts in use whose engine has weights, with its settings and spec. Prints the others."""
    for craft in crafts_in_use(settings):
        chosen: EngineSettings = getattr(settings, craft)
        spec = REGISTRIES[craft].spec(chosen.engine)
        if spec.volume:
            yield craft, chosen, spec
        else:
            print(f"{craft}: engine {chosen.engine!r} has no weights", flush=True)
