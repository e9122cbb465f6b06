"""Where on Modal each engine's weights are; the first two names are those of the system that Songwright
replaces."""

_VOLUMES = {
    "qwen": "qwen-hf-cache",
    "qwen_vl": "qwen-hf-cache",
    "acestep": "ace-step-models",
    "musicgen": "musicgen-models",
    "audiocraft": "musicgen-models",  # the same checkpoints
    "sdxl_turbo": "sdxl-turbo-models",
    "diffusion": "sdxl-turbo-models",
}
NAMES = tuple(dict.fromkeys(_VOLUMES.values()))


def volume_of(engine: str) -> str:
    """The name of the volume with an engine's weights; empty for one that has none."""
    return _VOLUMES.get(engine, "")
