"""Weights into a volume, before any GPU waits for them."""

from __future__ import annotations

from pathlib import Path

from config.engine import EngineOptions
from orchestrator.engines import REGISTRIES


def fetch_weights(craft: str, engine: str, model: str, volume: Path) -> int:
    """Fetches them to where a container that sees ``volume`` as its ``HF_HOME`` will look, and answers their
    bytes. Raises ``EngineUnavailable`` where the hub has no such model or cannot be reached."""
    return REGISTRIES[craft].fetch(engine, EngineOptions(model=model), volume / "hub")
