"""Weights into their volumes, before any GPU waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.downloads import gpu_download
from config.engine import EngineOptions
from orchestrator.modal.deployment.settings import Deployment
from orchestrator.pipeline.engines import REGISTRIES


def fetch_weights(settings: Deployment) -> Iterator[str]:
    """Fetches what the engines in use need, to where a container that has a volume as its ``HF_HOME`` looks,
    says so, and gives the name of each volume that was written to. Raises ``EngineUnavailable`` where the hub
    has no such model, and ``WeightsMissing`` where it cannot be reached."""
    for craft, registry in REGISTRIES.items():
        chosen = getattr(settings, craft)
        spec = registry.spec(chosen.engine)
        if not spec.volume:
            print(f"{craft}: engine {chosen.engine!r} has no weights", flush=True)
            continue
        print(f"{craft}: fetching {chosen.model or spec.default_model} ...", flush=True)
        fetching = spec.fetched_as or chosen.engine
        cache = Path(settings.modal.weights) / spec.volume / "hub"
        options = EngineOptions(model=chosen.model, device=chosen.device, precision=chosen.precision)
        size = registry.fetch(fetching, options, cache)
        print(f"{craft}: {size / 1e9:.1f} GB in volume {spec.volume!r}", flush=True)
        yield spec.volume


def count_weights(settings: Deployment) -> None:
    """Says what ``fetch_weights`` would fetch into empty volumes, engine by engine and in all. Raises
    ``EngineUnavailable`` where the hub has no such model, or has it only pickled."""
    whole, ask_hub = 0, True
    for craft, registry in REGISTRIES.items():
        chosen = getattr(settings, craft)
        spec = registry.spec(chosen.engine)
        if not spec.volume:
            print(f"{craft}: engine {chosen.engine!r} has no weights", flush=True)
            continue
        model = chosen.model or spec.default_model
        size = gpu_download(model, chosen.precision, ask_hub=ask_hub)
        ask_hub = bool(size and size.listed)  # one wait for a hub that does not answer is enough
        print(f"{craft}: {model} for {chosen.engine!r}: {size or 'of unknown size'}", flush=True)
        whole += size.size_bytes if size else 0
    print(f"in all: {whole / 1e9:.1f} GB", flush=True)
