"""The engines of a craft by name."""

from __future__ import annotations

import importlib
import inspect
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, Generic, TypeVar, cast

from config.cuda import gpu_hidden
from config.engine import Checkable, Configurable, EngineInfo, EngineOptions, Fetchable
from config.errors import EngineUnavailable, InvalidRequest, SongwrightError
from config.spec import EngineSpec

T = TypeVar("T")

_OWN = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
_INSTALL = "install it, or put the folder that has it on PYTHONPATH"

_LOADING = threading.RLock()
"""Held while an engine is loaded: the libraries' lazy imports break when two threads run them at once."""


class Registry(Generic[T]):
    """Engines of one craft by name: those in its table, and those of installed packages, which declare an
    entry point ``NAME = "package.module:SPEC"`` in the group ``songwright.CRAFT``."""

    def __init__(self, craft: str, specs: Mapping[str, EngineSpec], method: str = "") -> None:
        """``method`` is the one that makes an object an engine of the craft; empty: any class will do."""
        self.craft = craft
        self.method = method
        self._specs = dict(specs)

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys([*self._specs, *self._installed_elsewhere()]))

    @property
    def built_in(self) -> tuple[str, ...]:
        """The names of the engines in its table."""
        return tuple(self._specs)

    def spec(self, name: str) -> EngineSpec:
        """The spec of the engine called ``name``. ``name`` can also be an engine of your own:
        ``"package.module:SPEC"``, in capitals, names its ``EngineSpec``; that module is imported, so it
        should import nothing heavy. ``"package.module:Class"`` names the engine itself; it is not imported
        and gets the spec of an unknown model.

        Raises ``InvalidRequest`` for any other name, and ``EngineUnavailable`` if the spec's module imports a
        package that is not installed."""
        if name in self._specs:
            return self._specs[name]
        entry = name if _OWN.fullmatch(name) else self._installed_elsewhere().get(name, "")
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

    def look_up(self, name: str) -> None:
        """Raises as ``load`` does if ``name`` leads to no engine. Loads none, and imports only one from
        outside."""
        self.spec(name)
        if name not in self._specs:
            with _LOADING, self._installed(name):
                self._class(name)

    def portable(self, name: str) -> str:
        """The engine's name on a machine where its package is copied but not installed."""
        return name if name in self._specs else self._installed_elsewhere().get(name, name)

    def _installed_elsewhere(self) -> dict[str, str]:
        return {point.name: point.value for point in entry_points(group=f"songwright.{self.craft}")}

    def load(self, name: str, options: EngineOptions | None = None) -> T:
        """A new engine called ``name``, or an engine of your own, ``"package.module:Class"``. An engine with
        a model is made by its class method ``from_options``, with ``options``. With ``staged``, no library
        calls CUDA, neither at import nor while the model loads.

        Raises ``InvalidRequest`` for an unknown name and for one that names no engine, and
        ``EngineUnavailable`` if a package that the engine needs is not installed, or the code of an engine
        from outside breaks."""
        options = options or EngineOptions()
        with _LOADING, gpu_hidden() if options.staged else nullcontext(), self._installed(name):
            kind = self._class(name)
            with self._outside(name):
                engine = kind.from_options(options) if isinstance(kind, Configurable) else kind()
            return self._engine(name, engine)

    def check(self, name: str, options: EngineOptions | None = None) -> EngineInfo:
        """The info of the engine called ``name``. An engine with a model has a class method ``check``, which
        neither loads nor fetches anything; other engines are loaded. Raises as ``load`` does."""
        with _LOADING, self._installed(name):
            kind = self._class(name)
            with self._outside(name):
                if isinstance(kind, Checkable):
                    return kind.check(options or EngineOptions())
                engine = kind()
            return cast(EngineInfo, getattr(self._engine(name, engine), "info"))  # noqa: B009 - T is any engine

    def fetch(self, name: str, options: EngineOptions, cache: Path) -> int:
        """Fetches the weights of the engine called ``name`` into the folder ``cache``. Returns their size in
        bytes, 0 for an engine without a model. Raises as ``load`` does."""
        with _LOADING, self._installed(name):
            kind = self._class(name)
            return kind.fetch(options, cache) if isinstance(kind, Fetchable) else 0

    def _class(self, name: str) -> Any:
        """The class that ``name`` names. Raises ``InvalidRequest`` if it is none, or none of an engine."""
        module, _, attribute = self.spec(name).entry.partition(":")
        kind = self._named(name, module, attribute)
        if not isinstance(kind, type):
            raise self._no_engine(name, f"{attribute} in {module} is no class")
        if self.method and not callable(getattr(kind, self.method, None)):
            raise self._no_engine(name, f"the class {attribute} has no method {self.method!r}")
        if not isinstance(kind, Configurable | Checkable) and (missing := _wanted(kind)):
            raise self._no_engine(name, f"the class {attribute} cannot be called without {missing}")
        return kind

    def _engine(self, name: str, engine: Any) -> T:
        """``engine``, if it says what it is."""
        if self.method and not isinstance(getattr(engine, "info", None), EngineInfo):
            raise self._no_engine(name, "it has no info, which is an EngineInfo")
        return cast(T, engine)

    def _no_engine(self, name: str, why: str) -> InvalidRequest:
        known = ", ".join(self)
        fix = f"{why}: name the class of an engine, as docs/engines.md describes it, or one of {known}"
        return InvalidRequest(f"{self.craft} engine", name, fix)

    def _named(self, name: str, module: str, attribute: str) -> Any:
        try:
            found = importlib.import_module(module)
        except RuntimeError as error:  # transformers and diffusers turn an ImportError into this
            raise ImportError(str(error)) from error
        except ImportError:
            raise
        except (Exception, SystemExit) as error:
            raise self._broken(name, error) from error
        try:
            return getattr(found, attribute)
        except AttributeError as error:
            raise InvalidRequest(
                f"{self.craft} engine", name, f"there is no {attribute} in {module}"
            ) from error

    @contextmanager
    def _outside(self, name: str) -> Iterator[None]:
        """Translates what the code of an engine from outside raises; an error of ours is left as it is."""
        try:
            yield
        except (SongwrightError, ImportError, MemoryError):
            raise
        except (Exception, SystemExit) as error:
            if name in self._specs:
                raise
            raise self._broken(name, error) from error

    def _broken(self, name: str, error: BaseException) -> EngineUnavailable:
        why = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        return EngineUnavailable(
            f"{self.craft} engine {name!r} does not load: {why}", "correct its code, or use another engine"
        )

    @contextmanager
    def _installed(self, name: str) -> Iterator[None]:
        """Translates an ImportError. Wraps loading too, because the libraries import as late as they can."""
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


def _wanted(kind: type) -> str:
    """The arguments, by name, that ``kind`` cannot be called without."""
    try:
        parameters = inspect.signature(kind).parameters.values()
    except ValueError:  # a class of C code, which does not tell
        return ""
    needed = (
        p for p in parameters if p.default is p.empty and p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
    )
    return ", ".join(parameter.name for parameter in needed)
