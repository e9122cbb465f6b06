"""The parameters of a request, by all the names that ACE-Step's server knows them by, wherever they are: in
the body, in ``param_obj``, or in its metadata."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from orchestrator.compat.bodies import number, text, truth, unused_note, whole

_ALIASES: Mapping[str, tuple[str, ...]] = {
    "prompt": ("caption",),
    "sample_query": ("description", "desc"),
    "audio_duration": ("duration", "target_duration"),
    "key_scale": ("keyscale", "key"),
    "time_signature": ("timesignature",),
    "vocal_language": ("language",),
    "src_audio_path": ("ctx_audio_path", "source_audio_path"),
    "reference_audio_path": ("ref_audio_path",),
    "audio_cover_strength": ("cover_strength",),
}
"""Beside each name in camel case."""
_KNOWN = frozenset(
    {
        *_ALIASES,
        *("lyrics", "bpm", "seed", "use_random_seed", "batch_size", "audio_format", "inference_steps"),
        *("guidance_scale", "task_type", "repainting_start", "repainting_end"),
        *("sample_mode", "sample_type", "rights"),
    }
)
_OF_NEW_SONGS = frozenset(
    {
        *("bpm", "key_scale", "time_signature", "vocal_language", "audio_duration"),
        *("inference_steps", "guidance_scale", "sample_query", "sample_mode"),
    }
)
_IGNORED = frozenset(
    {"ai_token", "param_obj", "task_id_list", "src_audio", "ctx_audio", "reference_audio", "ref_audio"}
)
_METADATA = ("metas", "meta", "metadata", "user_metadata", "userMetadata")


class Parameters:
    """The parameters of one request. A reader raises ``InvalidRequest`` for a value that is none of its
    kind."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = fields
        metadata = next((fields[name] for name in _METADATA if fields.get(name)), None)
        self._sources = (fields, _object(fields.get("param_obj")), _object(metadata))

    def text(self, name: str) -> str:
        return text({name: self._of(name)}, name)

    def number(self, name: str) -> float | None:
        return number({name: self._of(name)}, name)

    def whole(self, name: str) -> int | None:
        return whole({name: self._of(name)}, name)

    def truth(self, name: str, *, default: bool = False) -> bool:
        return truth({name: self._of(name)}, name, default=default)

    def unused(self, *, changes: bool, without: Iterable[str] = ()) -> tuple[str, ...]:
        """A sentence that names what was sent and is not used, if there is such. ``changes``: whether a song
        or a recording is changed, which has a tempo, a key and a length of its own; ``without``: what else
        the task has no use for."""
        used = (_KNOWN - _OF_NEW_SONGS if changes else _KNOWN) - {*without}
        known = {_letters(each) for name in used for each in _names(name)}
        known |= {_letters(name) for name in (*_IGNORED, *_METADATA)}
        sent = {**self._sources[1], **self._fields}
        wished = (name for name, value in sent.items() if value not in (None, "", [], {}))
        return unused_note(name for name in wished if _letters(name) not in known)

    def _of(self, name: str) -> object:
        for source in self._sources:
            for each in _names(name):
                if source.get(each) not in (None, ""):
                    return source[each]
        return None


def _names(name: str) -> Iterator[str]:
    for each in (name, *_ALIASES.get(name, ())):
        yield each
        if "_" in each:
            first, *rest = each.split("_")
            yield first + "".join(word.capitalize() for word in rest)


def _object(value: object) -> Mapping[str, Any]:
    """An object, as such or as JSON text; one that cannot be read counts as empty, as there."""
    if isinstance(value, str) and value.strip():
        with suppress(ValueError, RecursionError):
            value = json.loads(value)
    return value if isinstance(value, dict) else {}


def _letters(name: str) -> str:
    return re.sub("[^a-z0-9]", "", name.lower())
