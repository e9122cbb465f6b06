"""What every engine has in common: its description, its options, how it reports progress, and a Protocol for
each step of its life cycle."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, Self, runtime_checkable

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_core import PydanticCustomError

Report = Callable[[str, float], None]
"""``report(stage, fraction)``: an engine reports its progress. ``fraction`` is in 0..1, never falls, and is 1
at the end. The callback raises ``Cancelled`` when the caller has gone, so an engine calls it every 0.3 s or
more often."""


def ignore_progress(_stage: str, _fraction: float) -> None:
    """A ``Report`` for callers who do not watch."""


@dataclass(frozen=True)
class EngineInfo:
    """What the manifest and ``doctor`` say about an engine.

    The same ``name``, ``version``, request and seed give the same bytes, so ``version`` rises with every
    change of the output."""

    name: str
    version: str
    licence: str
    """SPDX id or name of a licence: of the weights for an engine with a model, of our code for a sketch
    engine."""
    commercial: bool = True
    """Whether that licence allows you to sell the results."""
    summary: str = ""
    parameters: tuple[str, ...] = ()
    """The optional parameters of a request that it uses ("guidance_scale")."""
    model: str = ""
    """The hub id or folder of its weights, if it has any. The fields below belong to it:"""
    revision: str = ""
    """The hub's commit, or a fingerprint of the folder."""
    precision: str = ""
    device: str = ""
    """"cpu", or the GPU's own name."""
    libraries: tuple[str, ...] = ()
    """The installed packages that decide the bits of its results."""
    tasks: tuple[str, ...] = ()
    """Of a composer that is a ``music.contract.Changer``: what it does beside composing."""
    begins_early: bool = False
    """Of a composer: whether it is a ``music.contract.EarlyComposer``."""

    @property
    def identity(self) -> str:
        """All that decides its result for a request, except the rounding of libraries."""
        return identity(self.name, self.version, self.model, self.revision, self.precision)


def identity(name: str, version: str, model: str = "", revision: str = "", precision: str = "") -> str:
    """See ``EngineInfo.identity``."""
    return f"{name} {version}" + (f" with {model}@{revision} in {precision}" if model else "")


_ADDRESS = re.compile(r"https?://(?:[\w.-]+|\[[0-9a-fA-F:.]+\])(?::\d{1,5})?(?:/[\w./~%-]*)?", re.ASCII)


class ServerOptions(BaseModel):
    """The server that an engine without weights of its own asks: one that speaks OpenAI's chat
    completions."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = ""
    """Its address up to ``/chat/completions``; without a path, ``/v1`` is meant."""
    api_key: SecretStr = SecretStr("")
    """Sent as a bearer token; empty: none is sent."""
    timeout_s: float = Field(default=300.0, ge=1.0, le=3600.0)
    """Seconds for one plan, with all tries."""
    max_tokens: int = Field(default=4096, ge=64, le=131_072)
    """The most tokens of an answer."""
    temperature: float = Field(default=0.8, ge=0.0, le=2.0)
    response_format: Literal["json_schema", "json_object", "grammar"] = "json_schema"
    """What binds the answer: a schema, the promise of JSON alone, or a grammar in llama.cpp's notation."""
    licence: str = Field(default="", max_length=100)
    """The licence of the served model, if its name does not tell it and it lets songs be sold."""

    @field_validator("base_url")
    @classmethod
    def _address(cls, address: str) -> str:
        address = address.strip().rstrip("/")
        if address and not _ADDRESS.fullmatch(address):
            fix = "give the server's address as http://127.0.0.1:11434/v1, without a user, a key or a query"
            raise PydanticCustomError("address", "{fix}", {"fix": fix})
        return f"{address}/v1" if address.count("/") == 2 else address

    @property
    def key(self) -> str:
        """The key without the blanks and the byte order mark of a pasted one; empty: none was set."""
        return self.api_key.get_secret_value().strip().strip("\ufeff")


@dataclass(frozen=True)
class EngineOptions:
    """How an engine runs its model. Engines without a model, such as the sketch engines, do not take them."""

    model: str = ""
    """A hub id, which may carry ``@revision``, or a folder; empty: the engine's own choice."""
    device: str = "auto"
    precision: str = "auto"
    commercial: bool = False
    """Whether to refuse weights whose licence does not allow you to sell the results."""
    staged: bool = False
    """Whether to load the model for a GPU but into this machine's memory, before the GPU is there:
    ``move_to_gpu`` moves it later. No effect where ``device`` is ``cpu``."""
    gpu_path: bool = False
    """Whether the model takes the code path of a GPU on any device: slots, graphs, precision and order of
    operations. For tests without a GPU; on a GPU it is always so."""
    server: ServerOptions = field(default_factory=ServerOptions)
    """The server to ask, for an engine whose ``EngineSpec.server`` is set."""
    instructions: str = "auto"
    """Of which instructions of the processor an engine makes its compiled loops, if it has some: MusicGen's
    are in ``music.musicgen.cpu.instructions``; auto: the best that the processor has."""


@runtime_checkable
class Configurable(Protocol):
    """A class whose engines run a model."""

    @classmethod
    def from_options(cls, options: EngineOptions) -> Self:
        """An engine with its model loaded, as the options say."""
        ...


@runtime_checkable
class Checkable(Protocol):
    """A class that can describe its engine without loading it."""

    @classmethod
    def check(cls, options: EngineOptions) -> EngineInfo:
        """The engine's info. Neither loads the model nor fetches anything."""
        ...


@runtime_checkable
class Fetchable(Protocol):
    """A class whose engines have weights."""

    @classmethod
    def fetch(cls, options: EngineOptions, cache: Path) -> int:
        """Fetches them into the folder ``cache``. Returns their size in bytes."""
        ...


@runtime_checkable
class Movable(Protocol):
    """An engine that was loaded with ``EngineOptions.staged``."""

    def move_to_gpu(self) -> None:
        """Moves the model from memory to the GPU."""
        ...


@runtime_checkable
class FormerlyMovable(Protocol):
    """``Movable`` with the method's first name, which engines from outside may still use."""

    def settle(self) -> None: ...


@runtime_checkable
class Relievable(Protocol):
    """An engine whose libraries keep memory for later."""

    def relieve(self) -> None:
        """Frees that memory."""
        ...


@runtime_checkable
class Closable(Protocol):
    """An engine that can be unloaded."""

    def close(self) -> None: ...


def move_to_gpu(engine: object) -> None:
    """Moves the engine's model to the GPU, if the engine is ``Movable`` or ``FormerlyMovable``."""
    if isinstance(engine, Movable):
        engine.move_to_gpu()
    elif isinstance(engine, FormerlyMovable):
        engine.settle()
