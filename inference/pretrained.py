"""Models and pipelines of transformers and diffusers, read from a checkpoint of which nothing is missing."""

from __future__ import annotations

from typing import Any

from inference.devices import Placement, dtype_of
from inference.files import parts_of
from inference.quantized.formats import BYTES
from inference.weights import chosen_files, pipeline_index


def chat_model(kind: Any, place: Placement) -> Any:
    """A model of one of transformers' classes, ``kind``, ready to be used. In a precision of ``BYTES`` it is
    narrowed in main memory, from bf16, and is still there: a GPU need not have room for it as it was.
    Raises ``ValueError`` where the checkpoint lacks a tensor, which would be filled with chance, and what
    transformers raises."""
    narrow = place.precision in BYTES
    model, loading = kind.from_pretrained(
        place.folder,
        dtype=dtype_of("bf16") if narrow else place.dtype,
        device_map={"": "cpu" if narrow else place.device},
        use_safetensors=True,
        variant=place.variant,
        trust_remote_code=False,
        output_loading_info=True,
    )
    if loading["missing_keys"]:
        raise ValueError(f"{min(loading['missing_keys'])} is missing")
    if narrow:
        from inference.quantized.linear import quantize

        quantize(model, place.precision)
    return model.eval()


def pipeline(kind: Any, place: Placement) -> Any:
    """A pipeline of one of diffusers' classes, ``kind``. Raises ``ValueError`` where a text encoder lacks a
    tensor, which diffusers would fill with chance, and what diffusers and transformers raise."""
    return kind.from_pretrained(
        place.folder,
        dtype=place.dtype,
        use_safetensors=True,
        variant=place.variant,
        **_language_parts(place),
    )


def _language_parts(place: Placement) -> dict[str, Any]:
    """The parts of a pipeline that are transformers' models, which its own loading does not look at."""
    import transformers

    found = {}
    for part, (library, name) in parts_of(pipeline_index(place.folder) or {}).items():
        kind = getattr(transformers, name, None) if library == "transformers" else None
        if kind is None or not issubclass(kind, transformers.PreTrainedModel):
            continue
        files = chosen_files(place.folder, place.precision).weights
        has_variant = any(file.name.startswith(f"{part}/model.{place.variant}") for file in files)
        model, loading = kind.from_pretrained(
            place.folder / part,
            dtype=place.dtype,
            use_safetensors=True,
            variant=place.variant if has_variant else None,
            output_loading_info=True,
        )
        if loading["missing_keys"]:
            raise ValueError(f"{part} lacks {min(loading['missing_keys'])}")
        found[part] = model.eval()
    return found
