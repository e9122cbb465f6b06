"""What every engine has in common: its facts, how it reports progress, the registry that finds it by name."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from config.cuda import gpu_hidden
from config.errors import EngineUnavailable, InvalidRequest
from config.spec import EngineSpec

Report = Callable[[str, float], None]
"""``report(stage, fraction)``: an engine says how far it is, ``fraction`` in 0..1, never falling, 1 at last.
It raises ``Cancelled`` when the caller has gone, so an engine calls it often (every 0.3 s or more often)."""


def ignore_progress(_stage: str, _fraction: float) -> None:
    """A ``Report`` for callers who do not watch."""


@dataclass(frozen=True)
class EngineInfo:
    """What the manifest and ``doctor`` say about an engine.

    The same ``name``, ``version``, request and seed give the same bytes; so ``version`` rises with every
    change that can be heard, read or seen.
    """

    name: str
    version: str
    licence: str
    """SPDX id or name of the licence of what runs: the weights' for a model, ours for a sketch engine."""
    commercial: bool = True
    """Whether that licence lets what is made be sold."""
    summary: str = ""
    parameters: tuple[str, ...] = ()
    """Which of a request's optional parameters it heeds ("guidance_scale")."""
    model: str = ""
    """The hub id or folder of its weights, if it has any; then also:"""
    revision: str = ""
    """The hub's commit, or a fingerprint of the folder."""
    precision: str = ""
    device: str = ""
    """"cpu", or the GPU's own name."""
    libraries: tuple[str, ...] = ()
    """The installed packages on which its results hang, bit for bit."""

    @property
    def identity(self) -> str:
        """What decides what it makes of a request, the libraries' rounding apart."""
        return identity(self.name, self.version, self.model, self.revision, self.precision)


def identity(name: str, version: str, model: str = "", revision: str = "", precision: str = "") -> str:
    """See ``EngineInfo.identity``."""
    return f"{name} {version}" + (f" with {model}@{revision} in {precision}" if model else "")


@dataclass(frozen=True)
class EngineOptions:
    """How an engine is to run its model. One that has none, as every sketch engine, does not take them."""

    model: str = ""
    """A hub id, which may carry ``@revision``, or a folder; empty: the engine's own choice."""
    device: str = "auto"
    precision: str = "auto"
    commercial: bool = False
    """Whether weights are refused whose licence does not let what they make be sold."""
    staged: bool = False
    """Whether the model is only loaded into this machine's memory, as a GPU wants it that is not there yet:
    ``settle`` then takes it there. Without meaning where ``device`` is ``cpu``."""
    gpu_path: bool = False
    """Whether the model takes the code path of a GPU wherever it runs: slots, graphs, precision and order of
    computing. A test without a GPU asks for it; on a GPU it is always so."""


T = TypeVar("T")

_INSTALL = "install it"

_LOADING = threading.RLock()
"""One engine at a time: the libraries' lazy imports break where two threads meet in them."""


class Registry(Generic[T]):
    """Engines of one craft by name: those in its table, and those of installed packages, which say so with an
    entry point ``NAME = "package.module:SPEC"`` in the group ``songwright.CRAFT``."""

    def __init__(self, craft: str, specs: Mapping[str, EngineSpec]) -> None:
        self.craft = craft
        self._specs = dict(specs)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._specs, *self._installed_elsewhere()]))

    def spec(self, name: str) -> EngineSpec:
        """What is known of the engine called ``name``, which may also be an engine of your own:
        ``"package.module:SPEC"``, in capitals, names its ``EngineSpec``, whose module is imported, and so
        should import nothing heavy; ``"package.module:Class"`` is the engine itself, is not imported, and
        has the spec of a model that nobody knows.

        Raises ``InvalidRequest`` for a name that is none of these, and ``EngineUnavailable`` where a package
        that the spec's module imports is not installed.
        """
        if name in self._specs:
            return self._specs[name]
        entry = name if ":" in name else self._installed_elsewhere().get(name, "")
        module, _, attribute = entry.partition(":")
        if not module or not attribute:
            fix = f"use one of: {', '.join(self)}; or your own package.module:Class"
            raise InvalidRequest(f"{self.craft} engine", name, fix)
        if not attribute.isupper():
            return EngineSpec(entry, install=_INSTALL)
        try:
            spec = self._named(name, module, attribute)
        except ImportError as error:
            raise self._missing(name, error, _INSTALL) from error
        return spec if isinstance(spec, EngineSpec) else EngineSpec(entry, install=_INSTALL)

    def portable(self, name: str) -> str:
        """The name by which the engine is found where its package is not installed but only copied."""
        return name if name in self._specs else self._installed_elsewhere().get(name, name)

    def _installed_elsewhere(self) -> dict[str, str]:
        return {point.name: point.value for point in entry_points(group=f"songwright.{self.craft}")}

    def load(self, name: str, options: EngineOptions | None = None) -> T:
        """A new engine called ``name``, which may also be an entry of one's own: ``"package.module:Class"``.
        One that runs a model has a class method ``from_options``, which is given ``options``. With ``staged``
        no library asks CUDA anything, neither when it is imported nor while the model is loaded.

        Raises ``InvalidRequest`` for a name that is neither, and ``EngineUnavailable`` where a package that
        the engine stands on is not installed.
        """
        options = options or EngineOptions()
        with _LOADING, gpu_hidden() if options.staged else nullcontext(), self._installed(name):
            factory = self._factory(name)
            from_options = getattr(factory, "from_options", None)
            return cast(T, from_options(options) if from_options else factory())

    def check(self, name: str, options: EngineOptions | None = None) -> EngineInfo:
        """What the engine called ``name`` would be. One that runs a model has a class method ``check``, which
        looks without loading it, or fetching anything; another is loaded. Raises as ``load`` does."""
        with _LOADING, self._installed(name):
            factory = self._factory(name)
            look = getattr(factory, "check", None)
            info = look(options or EngineOptions()) if look else factory().info
            return cast(EngineInfo, info)

    def fetch(self, name: str, options: EngineOptions, cache: Path) -> int:
        """Fetches the weights of the engine called ``name`` into the folder ``cache``, and answers their
        bytes, 0 for an engine without a model. Raises as ``load`` does."""
        with _LOADING, self._installed(name):
            fetch = getattr(self._factory(name), "fetch", None)
            return int(fetch(options, cache)) if fetch else 0

    def _factory(self, name: str) -> Any:
        module, _, attribute = self.spec(name).entry.partition(":")
        return self._named(name, module, attribute)

    def _named(self, name: str, module: str, attribute: str) -> Any:
        try:
            found = importlib.import_module(module)
        except RuntimeError as error:  # what transformers and diffusers make of an ImportError
            raise ImportError(str(error)) from error
        try:
            return getattr(found, attribute)
        except AttributeError as error:
            raise InvalidRequest(
                f"{self.craft} engine", name, f"there is no {attribute} in {module}"
            ) from error

    @contextmanager
    def _installed(self, name: str) -> Iterator[None]:
        """Around all that may import what is not there: the libraries do so as late as they can."""
        install = self.spec(name).install
        try:
            yield
        except ImportError as error:
            raise self._missing(name, error, install) from error

    def _missing(self, name: str, error: ImportError, install: str) -> EngineUnavailable:
        package = (error.name or "").partition(".")[0]
        why = f"({str(error).strip().partition(chr(10))[0]})"
        what = f"the package {package!r}" if package else f"packages that are not all there {why}"
        return EngineUnavailable(f"{self.craft} engine {name!r} needs {what}", install)
