"""A bag of Demucs' models from a folder, in the format of the hub (``demucs.hf``): ``NAME.yaml`` names the
models and says how much each counts for each stem, and each is one safetensors file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.errors import EngineUnavailable
from inference.loading import first_line

_KIND = "demucs.htdemucs.HTDemucs"
_FIX = "give a Hybrid Transformer Demucs, such as adefossez/HTDemucs"


@dataclass(frozen=True)
class Bag:
    """Models that listen to the same song."""

    models: tuple[Any, ...]
    """``HTDemucs``, each in fp32 and ready to be used."""
    weights: tuple[tuple[float, ...], ...]
    """By model, how much its stems count."""
    stems: tuple[str, ...]
    rate_hz: int


def load_bag(folder: Path) -> Bag:
    """The bag in ``folder``. Raises ``EngineUnavailable`` if it has none, or one of another kind of Demucs.
    No code of a checkpoint runs."""
    import yaml
    from demucs.hf import load_safetensors_model

    names = sorted(folder.glob("*.yaml"))
    if len(names) != 1:
        raise EngineUnavailable(
            f"{folder} has {len(names)} files *.yaml and not one that names its models", _FIX
        )
    try:
        listed = yaml.safe_load(names[0].read_text())
        signatures = [str(each) for each in listed["models"]]
        if any(Path(each).name != each for each in signatures):
            raise ValueError("a model is not beside it")
        files = [folder / f"{each}.safetensors" for each in signatures]
        for file in files:
            _check_kind(file)
        models = tuple(load_safetensors_model(file).eval() for file in files)
        stems = tuple(map(str, models[0].sources))
        weights = listed.get("weights") or [[1.0] * len(stems)] * len(models)
        rows = tuple(tuple(float(weight) for weight in row) for row in weights)
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, yaml.YAMLError) as error:
        raise EngineUnavailable(f"{names[0]} is damaged ({first_line(error)})", "fetch it again") from error
    same = {(tuple(model.sources), model.samplerate, model.audio_channels) for model in models}
    if len(rows) != len(models) or any(len(row) != len(stems) for row in rows) or len(same) != 1:
        raise EngineUnavailable(f"the models of {names[0]} do not fit together", _FIX)
    if models[0].audio_channels != 2 or "other" not in stems:
        raise EngineUnavailable(f"{names[0]} has stems of another kind ({', '.join(stems)})", _FIX)
    return Bag(models, rows, stems, int(models[0].samplerate))


def _check_kind(file: Path) -> None:
    """Raises ``EngineUnavailable`` unless the file is of a plain ``HTDemucs``. Its metadata name a class,
    which is imported and called: it may be no other."""
    from safetensors import safe_open

    with safe_open(str(file), framework="pt") as opened:
        metadata = opened.metadata() or {}
    if metadata.get("klass") != _KIND or "structure" in metadata:
        kind = metadata.get("klass", "no model of Demucs") + " in a packed form" * ("structure" in metadata)
        raise EngineUnavailable(f"{file} is {kind}", _FIX)
