"""The typed tree of settings, and the only module that reads the environment.

Each setting is an environment variable ``SONGWRIGHT_NAME`` (``SONGWRIGHT_MUSIC__ENGINE`` inside a group), a
line of a ``.env`` file in the working folder, or an argument to ``Settings``. Arguments win over the
environment, and the environment wins over the file. The token is ``API_BEARER_TOKEN`` and the bucket's
settings are ``R2_...``: the names that users know."""

from __future__ import annotations

import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict, SettingsError

from config.engine import EngineOptions, ServerOptions
from config.errors import InvalidRequest, decoded, encoding_of
from config.gpus import checked_gpu
from config.groups.doors import DoorSettings
from config.groups.webhooks import WebhookSettings

_ENV_FILE = ".env"
_LONGEST_FILE_BYTES = 1_000_000
_LONGEST_S = 1e9
_GIVEN = re.compile(r"^[ \t]*(?:export[ \t]+)?(\w+)[ \t]*=", re.MULTILINE)
_SECRET = re.compile(r"^\w*(KEY|SECRET|TOKEN)=|^\w*URL=.*//.*[@?]")  # of a misspelt name too
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
    """``fp32``, ``bf16``, ``fp16``, ``int8`` or ``int4``, if the engine supports it; auto: the best one for
    the device."""
    instructions: str = "auto"
    """For MusicGen on a processor: ``avx512_bf16``, ``avx512_vnni``, ``avx512``, ``avx_vnni``, ``avx2``."""
    gpu: str = ""
    """The kind of GPU on Modal, by Modal's name; empty: as ``modal.deployment.settings`` has it."""
    processes: int = Field(default=0, ge=0, le=256)
    """How many processes of it the service runs; 0: for music as many as cores and memory allow, else one."""
    together: int = Field(default=0, ge=0, le=64)
    """How many songs one process works on at once; 0: the engine's batch size."""

    @field_validator("gpu")
    @classmethod
    def _known_gpu(cls, gpu: str) -> str:
        """See ``checked_gpu``: several of one type ("H100:2") and lists ("L40S,A100") are allowed too."""
        try:
            return checked_gpu(gpu)
        except InvalidRequest as error:
            # Only ``load_settings`` knows which setting this is.
            raise PydanticCustomError("gpu", "{fix}", {"fix": error.fix}) from error


class Settings(BaseSettings, nested_model_default_partial_update=True):
    """All settings, with defaults that work on any machine."""

    model_config = SettingsConfigDict(
        frozen=True,
        env_prefix="SONGWRIGHT_",
        env_nested_delimiter="__",
        env_file=_ENV_FILE,
        env_file_encoding="utf-8-sig",  # editors on Windows write a byte order mark
        extra="ignore",
        populate_by_name=True,
    )

    home: Path = Path()
    """The local store's folder: songs are kept in ``songs/`` inside it."""
    store: Literal["local", "r2"] = "local"
    """A folder of this machine, or a bucket of Cloudflare R2 or another S3 service."""
    r2_bucket_name: str = Field(default="", validation_alias="R2_BUCKET_NAME")
    r2_endpoint_url: str = Field(default="", validation_alias="R2_ENDPOINT_URL")
    """The address without the bucket's name."""
    r2_access_key_id: SecretStr = Field(default=SecretStr(""), validation_alias="R2_ACCESS_KEY_ID")
    r2_secret_access_key: SecretStr = Field(default=SecretStr(""), validation_alias="R2_SECRET_ACCESS_KEY")
    r2_region: str = Field(default="auto", validation_alias="R2_REGION")
    """``auto`` for R2; the region's name for another S3 service."""
    r2_timeout_s: float = Field(default=60.0, ge=1, le=600, validation_alias="R2_TIMEOUT_S")
    """A request to the bucket is repeated after this many seconds without a byte."""
    lyrics: EngineSettings = Field(default_factory=EngineSettings)
    music: EngineSettings = Field(default_factory=EngineSettings)
    art: EngineSettings = Field(default_factory=EngineSettings)
    vision: EngineSettings = Field(default_factory=EngineSettings)
    listening: EngineSettings = EngineSettings(engine="none")  # none: nobody listens
    separation: EngineSettings = EngineSettings(engine="none")  # none: the composer does it, if it can
    openai: ServerOptions = Field(default_factory=ServerOptions)
    """The server of the engine ``openai``."""

    commercial: bool = False
    """Whether to refuse engines whose weights do not allow you to sell the results."""

    api_bearer_token: SecretStr = Field(default=SecretStr(""), validation_alias="API_BEARER_TOKEN")
    """One token that may use the service, or several with commas. Empty: the first start makes one."""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)  # 0: any free port
    public_url: str = Field(default="", pattern=r"^(https?://[^/]+.*)?$")
    """Where clients reach the service, if not where their request went; signed addresses begin with it."""
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = ()
    """Host names for the service (``songs.example.com``, ``*.example.com``), with commas between, in addition
    to those of this machine and of ``public_url``. Empty: any name, or only those two if the service listens
    to this machine alone."""
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    """Addresses or networks of proxies whose ``X-Forwarded-For`` and ``-Proto`` are trusted, with commas."""
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    """Web origins whose pages may call the service, with commas between; ``*`` for all."""
    queue_limit: int = Field(default=1000, ge=1)
    """Songs that may wait; more are refused."""
    job_timeout_s: float = Field(default=3600.0, gt=0, le=_LONGEST_S)
    """Seconds a song may take, counted from when its work starts."""
    rate_limit_per_minute: int = Field(default=0, ge=0)
    """Requests a minute for each token; 0: no limit."""
    wrong_tokens_per_minute: int = Field(default=10, ge=0)
    """Wrong tokens from one address in a minute; more get a 429, valid tokens do not. 0: no limit."""
    connection_limit: int = Field(default=4000, ge=10, le=1_000_000)
    """Connections at once; above it the oldest one without a whole request is closed."""
    listener_limit: int = Field(default=2000, ge=1, le=1_000_000)
    """Clients that may follow songs at once; more are refused."""
    write_timeout_s: float = Field(default=60.0, ge=1.0, le=_LONGEST_S)
    """A client must read some of its response within this many seconds."""
    unknown_fields: Literal["warn", "refuse"] = "warn"
    """Whether a field of a request that is not known is named in the song's warnings, or refused."""
    body_limit_bytes: int = Field(default=1_000_000, ge=1_000)
    """The largest request body."""
    image_limit_bytes: int = Field(default=10_000_000, ge=1_000, le=100_000_000)
    """The largest photo, and so the largest body of a request that may carry one."""
    audio_limit_bytes: int = Field(default=120_000_000, ge=1_000, le=500_000_000)
    """The largest recording: ten minutes of a CD have 106 million bytes."""
    source_limit: int = Field(default=100, ge=0, le=10_000)
    """Recordings that are kept; more are refused. Ten minutes take up to 90 million bytes."""
    body_timeout_s: float = Field(default=20.0, gt=0, le=_LONGEST_S)
    """Seconds in which a request's headers, and then its body, must arrive."""
    shutdown_grace_s: float = Field(default=5.0, ge=0, le=_LONGEST_S)
    """Seconds that running songs get to end when the service stops; the rest go on at the next start."""
    url_expires_s: int = Field(default=3600, ge=60, le=604_800)
    """Seconds for which a signed address works."""
    log_format: Literal["auto", "json", "text"] = "auto"
    """One JSON object a line, or plain text; ``auto``: text on a terminal."""
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings)
    doors: DoorSettings = Field(default_factory=DoorSettings)
    url: str = Field(default="", pattern=r"^(https?://[^/]+.*)?$")
    """For ``songwright mcp``: the address of the service that makes the songs; empty: this process does."""
    token: SecretStr = SecretStr("")
    """That service's token."""

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
_ADDRESS = "give a whole address, which begins with http:// or https://"
_FIXES = {
    "extra_forbidden": "there is no setting of this name: docs/settings.md and DEPLOY.md have them all",
    "SONGWRIGHT_PUBLIC_URL": _ADDRESS,
    "SONGWRIGHT_URL": _ADDRESS,
}
"""By the kind of the error, or by the setting where pydantic would show a pattern."""
_ALIASES = {str(field.validation_alias) for field in Settings.model_fields.values()} - {"None"}


def options_of(settings: Settings, craft: str) -> EngineOptions:
    """The options for the engine of ``craft``, a key of ``pipeline.engines.REGISTRIES``."""
    chosen: EngineSettings = getattr(settings, craft)
    server, loops = settings.openai, chosen.instructions
    return EngineOptions(
        chosen.model, chosen.device, chosen.precision, settings.commercial, server=server, instructions=loops
    )


def variable_of(name: str, kind: type[Settings] = Settings) -> str:
    """The environment variable of a setting that is not in a group."""
    alias = kind.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"SONGWRIGHT_{name.upper()}"


def variables(settings: Settings) -> Iterator[tuple[str, Any, Any]]:
    """``(variable, value, default)`` of every setting, those in groups included."""
    kind = type(settings)
    usual = kind.model_construct()
    for name, value in settings:
        default = getattr(usual, name)
        if isinstance(value, BaseModel):
            for member, inner in value:
                yield f"{variable_of(name, kind)}__{member.upper()}", inner, getattr(default, member)
        else:
            yield variable_of(name, kind), value, default


def given_names() -> set[str]:
    """The variables with our prefix in the environment and in the file of settings, known ones or not."""
    path = Path(_ENV_FILE)
    data = path.read_bytes() if path.is_file() else b""
    in_file = _GIVEN.findall(data.decode(encoding_of(data), "replace"))
    return {name.upper() for name in (*os.environ, *in_file) if name.upper().startswith("SONGWRIGHT_")}


def load_settings(**arguments: Any) -> Settings:
    """The settings of this process. Raises ``InvalidRequest``, which names the variable, for an invalid
    value."""
    return load(Settings, **arguments)


def load(kind: type[S], **arguments: Any) -> S:
    """Like ``load_settings``, for a subclass of ``Settings``."""
    encoding = _encoding_of(Path(_ENV_FILE))
    try:
        settings = kind(**arguments, _env_file_encoding=encoding)
        settings.home.absolute()
        return settings
    except FileNotFoundError as error:
        fix = "the folder that you are in is gone: change to another, or set it to a whole path"
        raise InvalidRequest("SONGWRIGHT_HOME", "", fix) from error
    except SettingsError as error:  # a whole group that is no JSON
        group = re.search(r'field "(\w+)"', str(error))
        name = variable_of(group[1], kind) if group else "settings"
        fix = f"set its members one by one, as {name}__NAME, or all of them as a JSON object"
        raise InvalidRequest(name, os.environ.get(name, ""), fix) from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "__".join(str(part).upper() for part in first["loc"])
        name = name if first["loc"][0] in _ALIASES else f"SONGWRIGHT_{name}"
        given = "***" if _SECRET.search(f"{name}={first['input']}") else first["input"]
        fix = _FIXES.get(first["type"]) or _FIXES.get(name) or f"{first['msg'][0].lower()}{first['msg'][1:]}"
        raise InvalidRequest(name, given, fix) from error


def _encoding_of(path: Path) -> str:
    """How the file of settings is to be decoded. Raises ``InvalidRequest`` if it cannot be read."""
    field = f"the file {path}"
    if not path.is_file():  # a folder of this name holds somebody's Python, and no settings
        return "utf-8"
    try:
        data = path.read_bytes()
    except OSError as error:
        fix = f"{error.strerror}: let the user that runs this read it, or delete it"
        raise InvalidRequest(field, str(path.absolute()), fix) from error
    if len(data) > _LONGEST_FILE_BYTES:
        raise InvalidRequest(field, f"{len(data):,} bytes", "write a line for each setting, and nothing else")
    decoded(field, data)
    return encoding_of(data)
