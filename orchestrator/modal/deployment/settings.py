"""The settings of a deployment on Modal: the same tree with the real models as defaults, and Modal's own
settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

from config.settings import EngineSettings, Settings, load, variables
from orchestrator.pipeline.engines import REGISTRIES

SECRET_KEYS = (
    "R2_BUCKET_NAME",
    "R2_ENDPOINT_URL",
    "R2_ACCESS_KEY_ID",
    "R2_SECRET_ACCESS_KEY",
    "API_BEARER_TOKEN",
)
"""The keys that the Modal secret must have."""
_CRON = re.compile(r"[\w*/,-]+( +[\w*/,-]+){4}", re.ASCII)


class ModalSettings(BaseModel):
    """How the containers run, and how many of them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    app: str = Field(default="songwright", pattern=r"^[a-zA-Z0-9._-]{1,63}$")
    """The app's name on Modal."""
    secret: str = "music-gen-secret"
    """The Modal secret with ``SECRET_KEYS``."""
    packages: str = Field(default="", pattern=r"^([a-z_]\w*(,[a-z_]\w*)*)?$")
    """Your own packages that containers need, such as those of your engines, separated by commas."""
    weights: str = Field(default="/weights", pattern=r"^/[\w./-]+$")
    """The folder in which a container mounts the volume of its model."""
    scaledown_s: int = Field(default=60, ge=2, le=3600)
    """Seconds that a GPU container waits for the next song before it ends."""
    startup_s: int = Field(default=900, ge=10, le=3600)
    """Seconds in which a container must have loaded its model."""
    gpu_containers: int = Field(default=4, ge=1, le=100)
    """The most containers of each model."""
    web_containers: int = Field(default=0, ge=0, le=1)
    """1 keeps the web function's container running: no cold start, about 0.20 USD a day."""
    warm: str = ""
    """A cron line (``0 8 * * 1-5``): at its times, a container of each model in use is started and kept warm.
    Empty: never."""
    warm_s: int = Field(default=900, ge=300, le=86_400)
    """Seconds for which they are kept warm; they end up to five minutes later."""
    timezone: str = "UTC"
    """The time zone of ``warm``."""

    @field_validator("warm")
    @classmethod
    def _cron(cls, line: str) -> str:
        """Checks only the form: Modal checks the fields when it deploys."""
        if line and not _CRON.fullmatch(line.strip()):
            fix = "write the five fields of a cron line, minute hour day month weekday: 0 8 * * 1-5"
            raise PydanticCustomError("cron", "{fix}", {"fix": fix})
        return line.strip()


class Deployment(Settings, nested_model_default_partial_update=True):
    """The ``Settings`` of a deployment."""

    home: Path = Path("/tmp/songwright")  # in a container: nothing stays there
    store: Literal["local", "r2"] = "r2"
    lyrics: EngineSettings = EngineSettings(engine="qwen", gpu="A10")
    music: EngineSettings = EngineSettings(engine="acestep", gpu="L40S")
    art: EngineSettings = EngineSettings(engine="sdxl_turbo", gpu="L4")
    vision: EngineSettings = EngineSettings(engine="qwen_vl", gpu="A10")
    listening: EngineSettings = EngineSettings(engine="none", gpu="T4")
    separation: EngineSettings = EngineSettings(engine="none", gpu="T4")
    listener_limit: int = Field(default=250, ge=1, le=1_000_000)  # half of what the web container takes
    log_format: Literal["auto", "json", "text"] = "json"
    modal: ModalSettings = ModalSettings()


def load_deployment() -> Deployment:
    """The current settings, with engines named by package and class, so that containers can import them.
    Raises as ``load`` does."""
    settings = load(Deployment)
    named = {
        craft: getattr(settings, craft).model_copy(
            update={"engine": registry.portable(getattr(settings, craft).engine)}
        )
        for craft, registry in REGISTRIES.items()
    }
    return settings.model_copy(update=named)


def environment(settings: Settings) -> dict[str, str]:
    """The settings that differ from their defaults, as environment variables for a container; without secrets
    and without the keys of the Modal secret."""
    return dict(_changed_settings(settings))


def _changed_settings(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, value, default in variables(settings):
        if value != default and name not in SECRET_KEYS and not isinstance(value, SecretStr):
            text = ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
            yield name, text
