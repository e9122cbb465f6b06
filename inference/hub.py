"""A model's files from the hub: their listing, and fetching those that are read into the cache."""

from __future__ import annotations

import glob
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from config.errors import EngineUnavailable, WeightsMissing, shown
from config.models import Download, known_download
from inference.files import INDEX, Choice, File, gpu_precision, wanted_files
from inference.weights import SAFETENSORS_AT, ModelName, chosen_files, model_name, pipeline_index

_HUB_S = 10.0


@dataclass(frozen=True)
class Listing:
    """The files of a repository at a revision. ``index`` is the content of its ``model_index.json``, if it
    has one."""

    files: tuple[File, ...]
    index: dict[str, Any] | None


def folder_of(model: ModelName, precision: str, *, fetch: bool = True, cache: Path | None = None) -> Path:
    """The folder with the model's files: the model itself if it is a folder, else one in the hub's cache.
    With ``fetch``, the files that ``precision`` needs are fetched first. ``cache`` replaces the hub's usual
    cache.

    Raises ``EngineUnavailable`` if the hub has no such model or revision, denies access, or has no
    safetensors of it, and ``WeightsMissing`` if the files are not here and the hub cannot be reached."""
    local = Path(model.name)
    if local.is_dir():
        return local
    if fetch:
        from huggingface_hub import snapshot_download

        try:
            with _hub(model):
                choice = _choice(model, _listing(model, cache), precision)
                folder = snapshot_download(
                    model.name,
                    revision=model.revision,
                    cache_dir=cache,
                    allow_patterns=[glob.escape(file.name) for file in choice.files],
                )
            return Path(folder)
        except WeightsMissing:
            if _cached(model, cache) is None:
                raise
    if (cached := _cached(model, cache)) is None:
        raise _missing(model, "")
    try:
        chosen_files(cached, precision)
    except EngineUnavailable as error:  # a fetch was interrupted, or was for another precision
        raise _missing(model, f": {error.what}", "all ") from error
    return cached


def index_of(model: ModelName, *, fetch: bool = True, cache: Path | None = None) -> dict[str, Any] | None:
    """The content of a pipeline's ``model_index.json``, fetched if necessary; None if there is none. Raises
    as ``folder_of`` does."""
    local = Path(model.name)
    if local.is_dir():
        return pipeline_index(local)
    if fetch:
        try:
            with _hub(model):
                return _listing(model, cache).index
        except WeightsMissing:
            if _cached(model, cache) is None:
                raise
    if (cached := _cached(model, cache)) is None:
        raise _missing(model, "")
    return pipeline_index(cached)


def download_of(name: str, precision: str = "auto") -> Download | None:
    """The download of ``name`` in ``precision``; ``auto`` is the precision of a GPU. By the hub's listing if
    the hub answers, else by ``known_download``; None for a folder or an unknown model. Fetches only a
    pipeline's ``model_index.json``. Raises ``InvalidRequest`` for an invalid name, and ``EngineUnavailable``
    if the hub has no such model, or only pickled weights of it."""
    model = model_name(name)
    if Path(model.name).is_dir():
        return None
    try:
        # Not the hub's cache: a lone index there would look like a model.
        with TemporaryDirectory() as folder, _hub(model):
            listing = _listing(model, Path(folder))
    except WeightsMissing:
        return known_download(name, precision)
    auto = gpu_precision(listing.index or {})
    choice = _choice(model, listing, auto if precision == "auto" else precision)
    return Download(choice.size_bytes, "by the hub's listing", listed=True)


def _listing(model: ModelName, cache: Path | None) -> Listing:
    """The hub's listing, with a timeout of ten seconds; ``snapshot_download`` has none."""
    from huggingface_hub import HfApi, hf_hub_download

    info = HfApi().model_info(model.name, revision=model.revision, files_metadata=True, timeout=_HUB_S)
    files = tuple(File(entry.rfilename, entry.size or 0) for entry in info.siblings or ())
    index = None
    if any(file.name == INDEX for file in files):
        path = hf_hub_download(model.name, INDEX, revision=model.revision, cache_dir=cache)
        index = json.loads(Path(path).read_text())
    return Listing(files, index)


def _choice(model: ModelName, listing: Listing, precision: str) -> Choice:
    known = SAFETENSORS_AT.get(model.name, "")
    instead = f"{model.name}@{known}" if known and known != model.revision else ""
    return wanted_files(listing.files, precision, listing.index, where=str(model), instead=instead)


def _cached(model: ModelName, cache: Path | None) -> Path | None:
    """The folder of the model's revision in the hub's cache, if any part of it was fetched."""
    from huggingface_hub import try_to_load_from_cache

    of_bag = model.name.rpartition("/")[2].lower().replace("-", "_") + ".yaml"  # ``demucs.hf.hf_repo_name``
    for name in (INDEX, "config.json", of_bag):
        found = try_to_load_from_cache(model.name, name, cache_dir=cache, revision=model.revision)
        if isinstance(found, str):
            return Path(found).parent
    return None


@contextmanager
def _hub(model: ModelName) -> Iterator[None]:
    """Translates the errors of the hub's client. ``WeightsMissing``: the hub cannot be reached."""
    import httpx2
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    try:
        yield
    except GatedRepoError as error:
        raise EngineUnavailable(
            f"the model {shown(str(model))} is open only to those who accept its licence",
            f"accept it on the page of {model.name} at the hub, and set HF_TOKEN to a token of that account",
        ) from error
    except RevisionNotFoundError as error:
        raise EngineUnavailable(
            f"the model {shown(model.name)} has no revision {shown(str(model.revision))}",
            "give one of its branches, tags or commits after the @, or none",
        ) from error
    except RepositoryNotFoundError as error:
        raise EngineUnavailable(
            f"the hub has no model {shown(str(model))}, or it is not open to you",
            "check the id; for a private one set HF_TOKEN",
        ) from error
    except HfHubHTTPError as error:
        raise _missing(model, f", and the hub answers {error.response.status_code}") from error
    except (httpx2.HTTPError, OSError, ValueError) as error:  # or a proxy's page
        raise _missing(model, ", and the hub cannot be reached") from error


def _missing(model: ModelName, why: str, some: str = "") -> WeightsMissing:
    return WeightsMissing(
        f"the weights of {shown(str(model))} are not {some}here{why}",
        "connect to the network and make a song once, or set MODEL to a folder that has them",
    )
