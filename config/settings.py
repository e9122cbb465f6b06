"""The one typed tree of settings, and the only reader of the environment.

Each setting is an environment variable ``SONGWRIGHT_NAME`` (``SONGWRIGHT_MUSIC__ENGINE`` inside a group), a
line of a ``.env`` file in the working folder, or an argument to ``Settings``; arguments win over the
environment, and it over the file. The token alone is ``API_BEARER_TOKEN``, the name its users know.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from config.engine import EngineOptions
from config.errors import InvalidRequest
from config.gpus import checked_gpu

_LABEL = r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?"
_HOST_NAME = re.compile(rf"(\*\.)?{_LABEL}(\.{_LABEL})*|\[[0-9a-f:.]+\]")


class EngineSettings(BaseModel):
    """Which engine a craft uses."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engine: str = "sketch"
    """A name in the craft's registry."""
    model: str = ""
    """A hub id, which may carry ``@revision``, or a folder; empty: the engine's own choice."""
    device: str = "auto"
    """``cpu``, ``cuda``, ``cuda:1``, ``mps``; auto: the GPU where there is one."""
    precision: str = "auto"
    """``fp32``, ``bf16``, ``fp16``, ``int8``, where the engine knows it; auto: what is best on the device."""
    gpu: str = ""
    """The kind of GPU on Modal, by Modal's name; empty: the one that ``main.py`` deploys it to."""
    processes: int = Field(default=0, ge=0, le=256)
    """How many of it the service runs side by side; 0: for music as many as cores and memory carry, else
    one."""
    together: int = Field(default=0, ge=0, le=64)
    """How many songs one process works on together; 0: as many as the engine makes in one batch."""

    @field_validator("gpu")
    @classmethod
    def _known_gpu(cls, gpu: str) -> str:
        """As ``checked_gpu`` has it: also several of one ("H100:2"), and lists ("L40S,A100")."""
        try:
            return checked_gpu(gpu)
        except InvalidRequest as error:
            # Whose setting it is, is only known further up: see ``load_settings``.
            raise PydanticCustomError("gpu", "{fix}", {"fix": error.fix}) from error


class WebhookSettings(BaseModel):
    """How the service calls back when a song has ended."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    secret: SecretStr = SecretStr("")
    """Signs each call; empty: one is made and kept in ``.songwright/webhook-secret``."""
    allow_private: bool = False
    """Whether it may call addresses of private networks and of this machine."""


class Settings(BaseSettings):
    """Everything that can be set, with defaults that work on any machine."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_prefix="SONGWRIGHT_",
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8-sig",  # as editors of Windows write it, with a mark before the first name
        extra="ignore",
        populate_by_name=True,
    )

    home: Path = Path()
    """The local store's folder: songs are kept in ``songs/`` inside it."""
    store: Literal["local", "r2"] = "local"
    """A folder of this machine, or a bucket of Cloudflare R2 or of another S3 service."""
    r2_bucket_name: str = Field(default="", validation_alias="R2_BUCKET_NAME")
    r2_endpoint_url: str = Field(default="", validation_alias="R2_ENDPOINT_URL")
    """An address alone, without a bucket's name in it."""
    r2_access_key_id: SecretStr = Field(default=SecretStr(""), validation_alias="R2_ACCESS_KEY_ID")
    r2_secret_access_key: SecretStr = Field(default=SecretStr(""), validation_alias="R2_SECRET_ACCESS_KEY")
    r2_region: str = Field(default="auto", validation_alias="R2_REGION")
    """``auto`` for R2; another S3 service wants its own."""
    r2_timeout_s: float = Field(default=60.0, ge=1, le=600, validation_alias="R2_TIMEOUT_S")
    """Seconds without a byte after which a request to the bucket is tried again."""
    lyrics: EngineSettings = Field(default_factory=EngineSettings)
    music: EngineSettings = Field(default_factory=EngineSettings)
    art: EngineSettings = Field(default_factory=EngineSettings)
    vision: EngineSettings = Field(default_factory=EngineSettings)
    """What reads a photo that a song is to be made from."""

    commercial: bool = False
    """Whether engines are refused whose weights do not let what they make be sold."""

    api_bearer_token: SecretStr = Field(default=SecretStr(""), validation_alias="API_BEARER_TOKEN")
    """Who may use the service: one token, or several with commas between. Empty: one is made on the first
    start."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    """0: any free port."""
    public_url: str = Field(default="", pattern=r"^(https?://[^/]+.*)?$")
    """Where clients reach the service, if not at the address they asked; signed addresses begin with it."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Names that clients may reach the service by (``songs.example.com``, ``*.example.com``), with commas
    between, besides those of this machine and of ``public_url``. Empty: any name, or none but those two where
    it listens to this machine alone."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of proxies, with commas between, whose ``X-Forwarded-For`` and
    ``X-Forwarded-Proto`` are believed."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Web origins whose pages may call the service, with commas between; ``*`` for all."""
    queue_limit: int = Field(default=1000, ge=1)
    """Songs that may wait; the next is refused until one has gone."""
    job_timeout_s: float = Field(default=3600.0, gt=0)
    """Seconds a song may take, counted from when its work starts."""
    rate_limit_per_minute: int = Field(default=0, ge=0)
    """Requests a minute for each token; 0: no limit."""
    wrong_tokens_per_minute: int = Field(default=10, ge=0)
    """Wrong tokens of one address in a minute; the next are answered 429, good ones are not. 0: no limit."""
    connection_limit: int = Field(default=4000, ge=10, le=1_000_000)
    """Connections at once; past it the oldest that has no whole request is closed."""
    listener_limit: int = Field(default=2000, ge=1, le=1_000_000)
    """Clients that may follow songs at once; the next is refused until one has gone."""
    write_timeout_s: float = Field(default=60.0, ge=1.0)
    """Seconds in which a client must take in some of its answer."""
    body_limit_bytes: int = Field(default=1_000_000, ge=1_000)
    """The largest request body."""
    image_limit_bytes: int = Field(default=10_000_000, ge=1_000, le=100_000_000)
    """The largest photo; only a request that may carry one may be as large."""
    body_timeout_s: float = Field(default=20.0, gt=0)
    """Seconds in which a request, its headers and then its body, must have come in."""
    shutdown_grace_s: float = Field(default=5.0, ge=0)
    """Seconds that songs at work get to end when the service stops; the rest go on at the next start."""
    url_expires_s: int = Field(default=3600, ge=60, le=604_800)
    """Seconds for which a signed address works."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """One JSON object a line, or text to read; ``auto``: text on a terminal."""
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)

    @field_validator("r2_endpoint_url")
    @classmethod
    def _address(cls, address: str) -> str:
        if address and not re.fullmatch(r"https?://[a-zA-Z0-9.:\[\]-]+/?", address):
            fix = (
                "give it as R2's page shows it, https://<account id>.r2.cloudflarestorage.com, "
                "and without a bucket's name"
            )
            raise PydanticCustomError("address", "{fix}", {"fix": fix})
        return address

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/") for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_hosts", "trusted_proxies", mode="before")
    @classmethod
    def _split_lower(cls, value: object) -> object:
        if isinstance(value, str):
            return tuple(part.strip().lower() for part in value.split(",") if part.strip())
        return value

    @field_validator("allowed_hosts")
    @classmethod
    def _host_names(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            if not _HOST_NAME.fullmatch(name):
                fix = f"{name!r}: write names as songs.example.com or *.example.com, without scheme and port"
                raise PydanticCustomError("host_name", "{fix}", {"fix": fix})
        return names

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, addresses: tuple[str, ...]) -> tuple[str, ...]:
        for address in addresses:
            try:
                ipaddress.ip_network(address)
            except ValueError as error:
                fix = f"{address!r}: write addresses or networks, as 10.0.0.7 or 10.0.0.0/24"
                raise PydanticCustomError("network", "{fix}", {"fix": fix}) from error
        return addresses


S = TypeVar("S", bound=Settings)
_FIXES = {"extra_forbidden": "there is no setting of this name: DEPLOY.md and README.md have them all"}
_ALIASES = {str(field.validation_alias) for field in Settings.model_fields.values()} - {"None"}


def options_of(settings: Settings, craft: str) -> EngineOptions:
    """What the engine of ``craft`` ("lyrics", "music", "art", "vision") is told."""
    chosen: EngineSettings = getattr(settings, craft)
    return EngineOptions(chosen.model, chosen.device, chosen.precision, settings.commercial)


def variable_of(name: str, kind: type[Settings] = Settings) -> str:
    """The environment variable of a setting at the tree's root."""
    alias = kind.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"SONGWRIGHT_{name.upper()}"


def variables(settings: Settings) -> Iterator[tuple[str, Any, Any]]:
    """Every setting by the name of its variable, those of a group one by one: the value and the default."""
    kind = type(settings)
    usual = kind.model_construct()
    for name, value in settings:
        default = getattr(usual, name)
        if isinstance(value, BaseModel):
            for member, inner in value:
                yield f"{variable_of(name, kind)}__{member.upper()}", inner, getattr(default, member)
        else:
            yield variable_of(name, kind), value, default


def load_settings(**arguments: Any) -> Settings:
    """The settings of this process. Raises ``InvalidRequest`` naming the variable whose value does not do."""
    return load(Settings, **arguments)


def load(kind: type[S], **arguments: Any) -> S:
    """As ``load_settings``, of a tree that is more than ``Settings``."""
    try:
        return kind(**arguments)
    except UnicodeDecodeError as error:
        raise InvalidRequest("the file .env", "", "it is no UTF-8: save it as such") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "__".join(str(part).upper() for part in first["loc"])
        name = name if first["loc"][0] in _ALIASES else f"SONGWRIGHT_{name}"
        fix = _FIXES.get(first["type"]) or f"{first['msg'][0].lower()}{first['msg'][1:]}"
        raise InvalidRequest(name, first["input"], fix) from error
