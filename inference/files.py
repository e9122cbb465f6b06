"""Which files of a checkpoint are read. Their names alone decide, by one rule for a repository before it is
fetched and for a folder before it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from config.errors import EngineUnavailable

INDEX = "model_index.json"
"""The file in which a pipeline of diffusers names its parts. Each part has a folder of its own."""

CONVERTED = "model.bin"
"""The weights of a model in CTranslate2's format: numbers of one precision, and no code."""
_OF_CONVERTED = ("config.json", "preprocessor_config.json", "tokenizer.json")
_VOCABULARIES = ("vocabulary.json", "vocabulary.txt")
_SIGNED = re.compile(r"[0-9a-f]{8}\.safetensors", re.ASCII)
_TEXT = (".json", ".txt", ".model", ".jinja")
"""Configuration, vocabulary and templates. No code is fetched."""
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".th")
# "model.safetensors", "model.fp16.safetensors", "diffusion_pytorch_model-00001-of-00003.safetensors": the
# only names that transformers and diffusers load. ``sd_xl_turbo_1.0.safetensors`` or
# ``consolidated.safetensors`` hold the same weights for other programs.
_WEIGHTS = re.compile(
    r"(model|diffusion_pytorch_model)(?:\.(\w+))?(?:-(\d{5})-of-(\d{5}))?\.safetensors", re.ASCII
)
_SHARDS = re.compile(r"(model|diffusion_pytorch_model)\.safetensors\.index(?:\.(\w+))?\.json", re.ASCII)
_OTHER_INDEX = re.compile(r".*\.index(\.\w+)?\.json", re.ASCII)

# Variants by preference for each precision. ``None`` is the file without a variant in its name: it is fp32 if
# there is an fp16 variant too (SDXL), and fp16 if there is an fp32 variant (the stereo MusicGens).
_ORDER: Mapping[str, tuple[str | None, ...]] = {
    "fp32": ("fp32", None, "bf16", "fp16"),
    "bf16": ("bf16", None, "fp16", "fp32"),
    "fp16": ("fp16", None, "bf16", "fp32"),
    "int8": ("fp16", None, "bf16", "fp32"),
    "int4": ("bf16", None, "fp16", "fp32"),
}


@dataclass(frozen=True)
class File:
    """A file of a repository or a folder: its path there, with slashes, and its bytes."""

    name: str
    size_bytes: int


@dataclass(frozen=True)
class Choice:
    """The files of a checkpoint that are read."""

    weights: tuple[File, ...]
    """The safetensors files: each tensor is in one of them. Of a model in CTranslate2's
    format it is ``CONVERTED``."""
    texts: tuple[File, ...]
    variant: str | None
    """The argument ``variant`` for ``from_pretrained``."""

    @property
    def files(self) -> tuple[File, ...]:
        return (*self.texts, *self.weights)

    @property
    def size_bytes(self) -> int:
        return sum(file.size_bytes for file in self.files)


def gpu_precision(index: Mapping[str, Any]) -> str:
    """The precision of a pipeline on a GPU, by the class in its ``model_index.json``: fp16 for Stable
    Diffusion up to XL, as it is published, bf16 for all later ones."""
    return "fp16" if str(index.get("_class_name", "")) in _HALF else "bf16"


_HALF = ("StableDiffusionXLPipeline", "StableDiffusionPipeline", "LatentConsistencyModelPipeline")


def parts_of(index: Mapping[str, Any]) -> dict[str, tuple[str, str]]:
    """A pipeline's parts, from its ``model_index.json``: library and class of each. Parts that it leaves out
    are not included."""
    return {
        name: (str(kind[0]), str(kind[1]))
        for name, kind in index.items()
        if isinstance(kind, list | tuple) and len(kind) == 2 and None not in kind
    }


def wanted_files(
    listing: Iterable[File],
    precision: str,
    index: Mapping[str, Any] | None = None,
    *,
    where: str = "the checkpoint",
    instead: str = "",
) -> Choice:
    """The files of ``listing`` to read for ``precision``: one copy of the weights, in one number format, and
    the text files. ``index`` is the content of ``model_index.json``, if there is one.

    If the number format is missing, another one is taken. Raises ``EngineUnavailable`` if there are no
    weights, only pickled ones, or a shard is missing; the message names the place as ``where``, and
    ``instead``, a revision that has safetensors, if one is known."""
    files = sorted(listing, key=lambda file: file.name)
    if index is None and (other := _converted(files) or _bag(files)):
        return other
    places = sorted(parts_of(index)) if index is not None else [""]
    inside = {place: [file for file in files if _folder(file) == place] for place in ("", *places)}
    found = {place: _copies(inside[place]) for place in places}
    for place in places:
        _check_there(place, inside[place], found[place], index, where, instead)
    holding = {place: copies for place, copies in found.items() if copies}
    if not holding:
        raise _no_weights(where, files, instead)
    variant = _variant(holding, precision)
    weights: list[File] = []
    for place, copies in holding.items():
        weights += _whole(copies.get(variant) or copies[None], place, inside[place], where)
    shards = {f"{match[1]}-{match[2]}" for file in weights if (match := _shard_of(file))}
    texts = [file for place in inside for file in inside[place] if _is_text(file, shards)]
    return Choice(tuple(weights), tuple(texts), variant)


def _converted(files: Iterable[File]) -> Choice | None:
    """The files of a model in CTranslate2's own format, which are ``CONVERTED`` and a vocabulary and no
    pickles; None if it has another."""
    there = {file.name: file for file in files}
    vocabulary = [name for name in _VOCABULARIES if name in there]
    if CONVERTED not in there or not vocabulary or any(_WEIGHTS.fullmatch(name) for name in there):
        return None
    texts = [there[name] for name in (*_OF_CONVERTED, *vocabulary) if name in there]
    return Choice((there[CONVERTED],), tuple(texts), None)


def _bag(files: Iterable[File]) -> Choice | None:
    """The files of a bag of Demucs' models (``demucs.hf``): ``NAME.yaml``, and safetensors that are named by
    their signatures; None if it is something else."""
    there = list(files)
    names = [file for file in there if _folder(file) == "" and file.name.endswith(".yaml")]
    weights = [file for file in there if _SIGNED.fullmatch(file.name)]
    if len(names) != 1 or not weights or any(_WEIGHTS.fullmatch(file.name) for file in there):
        return None
    return Choice(tuple(weights), tuple(names), None)


def _folder(file: File) -> str:
    return file.name.rpartition("/")[0]


def _base(file: File) -> str:
    return file.name.rpartition("/")[2]


def _copies(files: Iterable[File]) -> dict[str | None, list[File]]:
    """The weights in one folder by variant: one file, or its shards, whichever the library loads."""
    copies: dict[str | None, dict[tuple[str, bool], list[File]]] = {}
    for file in files:
        if match := _WEIGHTS.fullmatch(_base(file)):
            sharded = match[3] is not None
            copies.setdefault(match[2], {}).setdefault((match[1], sharded), []).append(file)
    # If both exist, transformers loads the single file, and diffusers loads the shards.
    best = (("model", False), ("model", True), ("diffusion_pytorch_model", True))
    last = ("diffusion_pytorch_model", False)
    return {
        variant: next(kinds[kind] for kind in (*best, last) if kind in kinds)
        for variant, kinds in copies.items()
    }


def _variant(holding: Mapping[str, Mapping[str | None, object]], precision: str) -> str | None:
    """The first variant that each part has, or replaces with a file without a variant: the libraries take one
    name for all parts."""
    for variant in _ORDER[precision]:
        if all(variant in copies or None in copies for copies in holding.values()) and any(
            variant in copies for copies in holding.values()
        ):
            return variant
    named = sorted({str(variant) for copies in holding.values() for variant in copies})
    raise EngineUnavailable(
        f"its parts are in different numbers ({', '.join(named)})", "give a checkpoint that is in one"
    )


def _whole(weights: list[File], place: str, siblings: list[File], where: str) -> list[File]:
    """``weights``. Raises ``EngineUnavailable`` if a shard, or the index of the shards, is missing."""
    first = _WEIGHTS.fullmatch(_base(weights[0]))
    assert first
    stem, variant, shard, count = first.groups()
    if shard is None:
        return weights
    path, named = (f"{place}/" if place else ""), f".{variant}" if variant else ""
    wanted = [
        f"{path}{stem}{named}-{number:05d}-of-{count}.safetensors" for number in range(1, int(count) + 1)
    ]
    wanted.append(f"{path}{stem}.safetensors.index{named}.json")
    there = {file.name for file in siblings}
    if missing := [name for name in wanted if name not in there]:
        raise EngineUnavailable(f"{where} lacks {missing[0]}", "fetch it again, or give another revision")
    return [file for file in weights if file.name in wanted]


def _check_there(
    place: str,
    files: list[File],
    copies: Mapping[str | None, object],
    index: Mapping[str, Any] | None,
    where: str,
    instead: str,
) -> None:
    """Raises ``EngineUnavailable`` if a part of a pipeline is missing, or has no readable weights. Parts
    without ``config.json``, such as a tokenizer, have no weights."""
    if index is None or copies:
        return
    if not files:
        raise EngineUnavailable(f"{where} lacks {place}, which {INDEX} names", "fetch it again")
    if any(file.name == f"{place}/config.json" for file in files):
        raise _no_weights(f"{where}, in {place},", files, instead)


def _no_weights(where: str, files: Iterable[File], instead: str) -> EngineUnavailable:
    if any(_base(file).endswith(_PICKLED) for file in files):
        fix = f"use {instead}" if instead else "convert it with save_pretrained"
        return EngineUnavailable(
            f"{where} has only pickled weights", f"{fix}: pickles can run code, and are not read"
        )
    return EngineUnavailable(
        f"{where} has no weights",
        f"use {instead}" if instead else "give a checkpoint with *.safetensors in it",
    )


def _shard_of(file: File) -> re.Match[str] | None:
    match = _WEIGHTS.fullmatch(_base(file))
    return match if match and match[3] else None


def _is_text(file: File, shards: set[str]) -> bool:
    """Whether a file is configuration, vocabulary, or the index of the ``shards`` that are read."""
    if match := _SHARDS.fullmatch(_base(file)):
        return f"{match[1]}-{match[2]}" in shards
    return _base(file).endswith(_TEXT) and not _OTHER_INDEX.fullmatch(_base(file))
