"""Weights into their volumes, before any GPU waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.downloads import DEFAULT_MODELS, gpu_download
from config.engine import EngineOptions
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.modal.deployment.volumes import volume_of
from orchestrator.pipeline.engines import REGISTRIES

_FETCHED_AS = {"audiocraft": "musicgen"}
"""Engines whose packages are not where weights are fetched, and that with the same checkpoints that is."""


def fetch_weights(settings: Deployment) -> Iterator[str]:
    """Fetches what the engines in use need, to where a container that has a volume as its ``HF_HOME`` looks,
    says so, and gives the name of each volume that was written to. Raises ``EngineUnavailable`` where the hub
    has no such model, and ``WeightsMissing`` where it cannot be reached."""
    for craft, registry in REGISTRIES.items():
        chosen = getattr(settings, craft)
        volume = volume_of(chosen.engine)
        if not volume:
            print(f"{craft}: engine {chosen.engine!r} has no weights", flush=True)
            continue
        model = chosen.model or DEFAULT_MODELS[chosen.engine]
        print(f"{craft}: fetching {model} ...", flush=True)
        fetching = _FETCHED_AS.get(chosen.engine, chosen.engine)
        cache = Path(settings.modal.weights) / volume / "hub"
        options = EngineOptions(model=chosen.model, device=chosen.device, precision=chosen.precision)
        size = registry.fetch(fetching, options, cache)
        print(f"{craft}: {size / 1e9:.1f} GB in volume {volume!r}", flush=True)
        yield volume


def count_weights(settings: Deployment) -> None:
    """Says what ``fetch_weights`` would fetch into empty volumes, engine by engine and in all. Raises
    ``EngineUnavailable`` where the hub has no such model, or has it only pickled."""
    whole, ask_hub = 0, True
    for craft in REGISTRIES:
        chosen = getattr(settings, craft)
        if not volume_of(chosen.engine):
            print(f"{craft}: engine {chosen.engine!r} has no weights", flush=True)
            continue
        size = gpu_download(chosen.engine, chosen.model, chosen.precision, ask_hub=ask_hub)
        ask_hub = bool(size and size.listed)  # one wait for a hub that does not answer is enough
        model = chosen.model or DEFAULT_MODELS[chosen.engine]
        print(f"{craft}: {model} for {chosen.engine!r}: {size or 'of unknown size'}", flush=True)
        whole += size.size_bytes if size else 0
    print(f"in all: {whole / 1e9:.1f} GB", flush=True)
