"""The one typed tree of settings, and the only reader of the environment.

Each setting is an environment variable ``SONGWRIGHT_NAME`` (``SONGWRIGHT_MUSIC__ENGINE`` inside a group), a
line of a ``.env`` file in the working folder, or an argument to ``Settings``; arguments win over the
environment, and it over the file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from config.errors import InvalidRequest


class EngineSettings(BaseModel):
    """Which engine a craft uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str = "sketch"
    """A name in the craft's registry."""


class Settings(BaseSettings):
    """Everything that can be set, with defaults that work on any machine."""

    model_config = SettingsConfigDict(
        frozen=True, env_prefix="SONGWRIGHT_", env_nested_delimiter="__", env_file=".env", extra="ignore"
    )

    home: Path = Path()
    """The local store's folder: songs are kept in ``songs/`` inside it."""
    store: Literal["local"] = "local"
    lyrics: EngineSettings = Field(default_factory=EngineSettings)
    music: EngineSettings = Field(default_factory=EngineSettings)
    art: EngineSettings = Field(default_factory=EngineSettings)


def load_settings(**arguments: Any) -> Settings:
    """The settings of this process. Raises ``InvalidRequest`` naming the variable whose value does not do."""
    try:
        return Settings(**arguments)
    except ValidationError as error:
        first = error.errors()[0]
        name = "SONGWRIGHT_" + "__".join(str(part).upper() for part in first["loc"])
        raise InvalidRequest(name, first["input"], f"{first['msg'][0].lower()}{first['msg'][1:]}") from error
