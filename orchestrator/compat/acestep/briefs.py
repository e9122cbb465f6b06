"""What the tasks of ACE-Step's server stand for: briefs, and changes of a song or a recording."""

from __future__ import annotations

import re
from collections.abc import Mapping

from config.errors import InvalidRequest
from orchestrator.compat.acestep.parameters import Parameters
from orchestrator.compat.acestep.samples import random_description
from orchestrator.compat.bodies import checked, in_metre, is_silent
from orchestrator.compat.making import called
from orchestrator.server.api.requests.bodies.changes import (
    Changing,
    Complete,
    Extend,
    Reference,
    Remix,
    Repaint,
    Stems,
)
from orchestrator.songs.brief import FORMATS, RANDOM_SEED, VARIATIONS, Brief, Format
from reading.language import language_name

TEXT, STEMS = "text2music", ("extract", "stem_separation")
TASKS = (TEXT, "repaint", "cover", *STEMS, "complete", "extend")
_TAKES = 2  # as there, where the request does not say
_KEY = re.compile(r"([A-Ga-g][#♯b♭]?)\s*(major|maj|minor|min|m)?", re.IGNORECASE)
_UNSAID = ("", "en", "unknown", "auto")
_SLACK_S = 0.5
NAMES: Mapping[str, str] = {
    "description": "prompt",
    "duration": "audio_duration",
    "variations": "batch_size",
    "format": "audio_format",
    "infer_step": "inference_steps",
    "start_s": "repainting_start",
    "end_s": "repainting_end",
    "by_s": "repainting_end",
    "strength": "audio_cover_strength",
    "source": "src_audio",
    "task": "task_type",
}
"""What our fields are called there."""
_BEFORE: Mapping[str, str] = {**NAMES, "by_s": "repainting_start"}
UNUSED: Mapping[str, tuple[str, ...]] = {
    "cover": ("lyrics", "reference_audio_path"),
    **dict.fromkeys(STEMS, ("prompt", "lyrics", "batch_size", "reference_audio_path")),
    **dict.fromkeys(("repaint", "extend", "complete"), ("reference_audio_path",)),
}
"""The parameters that a task has no use for."""


def task_of(parameters: Parameters) -> str:
    """The task. Raises ``InvalidRequest`` for one that nobody does here."""
    task = parameters.text("task_type").lower() or TEXT
    if task not in TASKS:
        fix = f"it is not done here: {', '.join(TASKS)} are"
        if task == "lego":
            fix = "no engine adds one track to others here: complete makes a band for a voice"
        raise InvalidRequest("task_type", task, fix)
    return task


def text2music(parameters: Parameters) -> Brief:
    """The brief of a new song: of a description (``sample_query``, or one that is drawn), or of a style and
    words, without which it is an instrumental, as there. Raises ``InvalidRequest``."""
    described = parameters.text("sample_query")
    if not described and parameters.truth("sample_mode"):
        described = random_description()
    words = "" if described else parameters.text("lyrics")
    wished = [described or parameters.text("prompt"), *_wishes(parameters, written=bool(described))]
    if is_silent(words):
        words = ""
    fields: dict[str, object] = {
        "description": ", ".join(filter(None, wished)),
        "lyrics": words,
        "instrumental": not (words or described),
        "seed": _seed(parameters),
        "variations": takes(parameters),
        "format": format_of(parameters),
        "infer_step": parameters.whole("inference_steps"),
        "guidance_scale": parameters.number("guidance_scale"),
    }
    duration_s = parameters.number("audio_duration")
    if duration_s is not None and duration_s > 0.0:  # -1 there: as long as suits it
        fields["duration_s"] = duration_s
    try:
        return Brief.model_validate(fields)
    except InvalidRequest as error:
        raise called(error, NAMES) from error


def change(task: str, parameters: Parameters, long_s: float) -> Changing:
    """The change of a song or a recording of ``long_s`` seconds. Raises ``InvalidRequest``."""
    style, words = parameters.text("prompt"), parameters.text("lyrics")
    shared = {
        "seed": _seed(parameters),
        "variations": takes(parameters),
        "format": format_of(parameters),
    }
    words = "" if is_silent(words) else words
    if task in STEMS:
        return checked(Stems, {"seed": shared["seed"], "format": shared["format"]}, NAMES)
    if task == "complete":
        return checked(Complete, {"prompt": style, "lyrics": words, **shared}, NAMES)
    if task == "cover":
        _needed(style)
        kept = parameters.number("audio_cover_strength")
        strength = None if kept is None else 1.0 - min(max(kept, 0.0), 1.0)
        return checked(Remix, {"prompt": style, "strength": strength, **shared}, NAMES)
    if task == TEXT:
        _needed(style)
        return checked(Reference, {"prompt": style, "lyrics": words, **shared}, NAMES)
    return _part(task, parameters, long_s, {"prompt": style, "lyrics": words, **shared})


def takes(parameters: Parameters) -> int:
    """How many songs a request is for. Raises ``InvalidRequest``."""
    count = parameters.whole("batch_size")
    if count is None:
        return _TAKES
    low, high = VARIATIONS
    if not low <= count <= high:
        raise InvalidRequest("batch_size", count, f"ask for {low} to {high}")
    return count


def format_of(parameters: Parameters) -> Format:
    """The format of the file. Raises ``InvalidRequest``."""
    wanted = parameters.text("audio_format").lower() or "mp3"
    for known in FORMATS:
        if wanted == known:
            return known
    raise InvalidRequest("audio_format", wanted, f"use one of: {', '.join(FORMATS)}")


def _part(task: str, parameters: Parameters, long_s: float, shared: dict[str, object]) -> Changing:
    """Another part of a song; one past its end or before its beginning makes it longer, as there."""
    start_s = parameters.number("repainting_start") or 0.0
    end_s = parameters.number("repainting_end")
    if end_s is None or end_s < 0.0:
        end_s = long_s + (30.0 if task == "extend" else 0.0)
    if start_s < 0.0:
        return checked(Extend, {"by_s": -start_s, "before": True, **shared}, _BEFORE)
    if task == "extend" or end_s > long_s + _SLACK_S:
        from_s = start_s if 0.0 < start_s < long_s else None
        by_s = end_s - (from_s or long_s)
        if by_s < 1.0:
            raise InvalidRequest("repainting_end", end_s, f"the song has {long_s:.1f} s: go past its end")
        return checked(Extend, {"by_s": by_s, "from_s": from_s, **shared}, NAMES)
    return checked(Repaint, {"start_s": start_s, "end_s": min(end_s, long_s), **shared}, NAMES)


def _needed(style: str) -> None:
    if not style:
        raise InvalidRequest("prompt", "", 'say how the song is to sound: "bossa nova with soft strings"')


def _wishes(parameters: Parameters, *, written: bool) -> list[str]:
    """Tempo, key and metre, and the language of words that are yet to be ``written``, as writers read
    them."""
    wishes = []
    if (bpm := parameters.number("bpm")) is not None and bpm > 0.0:
        wishes.append(f"{bpm:g} BPM")
    if key := _KEY.fullmatch(parameters.text("key_scale")):
        mode = "minor" if (key[2] or "") == "m" or (key[2] or "").lower().startswith("min") else "major"
        wishes.append(f"in {key[1][0].upper()}{key[1][1:]} {mode}")
    if metre := in_metre(parameters.text("time_signature")):
        wishes.append(metre)
    language = parameters.text("vocal_language").lower()
    if written and language not in _UNSAID and language_name(language):
        wishes.append(f"sung in {language_name(language)}")
    return wishes


def _seed(parameters: Parameters) -> int:
    """One that is drawn, unless the request names one and wants it used."""
    if parameters.truth("use_random_seed", default=True):
        return RANDOM_SEED
    first = parameters.text("seed").split(",")[0]
    seed = Parameters({"seed": first}).whole("seed")
    return RANDOM_SEED if seed is None or seed < 0 else seed
