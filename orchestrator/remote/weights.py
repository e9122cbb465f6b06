"""Weights into their volumes, before any GPU waits for them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from config.deployment import Deployment
from config.engine import EngineOptions
from config.volumes import volume_of
from orchestrator.engines import REGISTRIES

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
        print(f"{craft}: fetching {chosen.model or f'the model of {chosen.engine!r}'} ...", flush=True)
        fetching = _FETCHED_AS.get(chosen.engine, chosen.engine)
        cache = Path(settings.modal.weights) / volume / "hub"
        size = registry.fetch(fetching, EngineOptions(model=chosen.model), cache)
        print(f"{craft}: {size / 1e9:.1f} GB in volume {volume!r}", flush=True)
        yield volume
