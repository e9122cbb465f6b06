"""What is known of each engine, whatever its craft."""

from __future__ import annotations

from config.spec import EngineSpec
from orchestrator.pipeline.engines import REGISTRIES

SPECS = {engine: registry.spec(engine) for registry in REGISTRIES.values() for engine in registry}
WITH_MODELS = {engine: spec for engine, spec in SPECS.items() if spec.gpu}
VOLUMES = {spec.volume for spec in WITH_MODELS.values()}


def spec_of(engine: str) -> EngineSpec:
    """Of an engine of your own too."""
    return SPECS.get(engine) or REGISTRIES["music"].spec(engine)
