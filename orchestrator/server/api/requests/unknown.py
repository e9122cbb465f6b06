"""Fields, headers and parameters that nothing uses: each is named, with the one that may have been meant.

Unknown fields and headers are named in the warnings, or refused as the settings say; unknown parameters of an
address are refused."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, get_args, get_origin

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel

from config.errors import InvalidRequest, shown
from config.settings import Settings
from orchestrator.server.api.requests.bodies.body import Body, names
from orchestrator.server.api.requests.bodies.plan import EditedPlan
from orchestrator.server.api.values import json_shown

MOST_NAMED = 20
_LONGEST_NAME = 60  # characters of a name that are compared with known ones
_ALIKE = 0.6
_ALIKE_HEADERS = 0.86  # "Referer" is not meant for "Prefer"

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "audio_duration": ("duration", "length", "seconds", "duration_s", "song_length", "music_length_ms"),
    "duration": ("audio_duration", "length", "seconds", "duration_s", "max_new_tokens"),
    "full_described_song": ("description", "text", "gpt_description_prompt", "input", "idea"),
    "prompt": ("style", "style_prompt", "text", "description", "caption", "tags", "descriptions", "input"),
    "lyrics": ("words", "lyric", "text"),
    "described_lyrics": ("about", "topic", "theme", "subject", "lyrics_prompt"),
    "instrumental": ("make_instrumental", "is_instrumental", "no_vocals"),
    "format": ("output_format", "audio_format", "file_format", "response_format"),
    "seed": ("manual_seed", "manual_seeds", "random_seed", "rng_seed"),
    "variations": ("n", "count", "num_samples", "batch_size", "num_songs", "takes"),
    "guidance_scale": ("cfg", "cfg_scale", "cfg_coef", "cfg_coefficient", "classifier_free_guidance"),
    "cfg_coef": ("guidance_scale", "cfg", "cfg_scale", "classifier_free_guidance"),
    "infer_step": ("steps", "num_inference_steps", "infer_steps", "inference_steps"),
    "webhook": ("callback_url", "callback", "webhook_url", "notify_url"),
    "image": ("photo", "file", "picture"),
    "tempo_bpm": ("tempo", "bpm"),
    "metre": ("meter", "time_signature", "time_sig", "signature"),
    "voice": ("singer", "vocal", "vocals", "gender", "vocal_gender"),
    "vocal_type": ("vocals", "voice", "singer"),
    "exclude": ("negative_prompt", "negative_tags", "without"),
    "language": ("lang", "vocal_language"),
    "key": ("keyscale", "scale", "tonic"),
    "style_level": ("style",),
    "favourite": ("favorite", "starred", "liked"),
    "metadata": ("meta", "custom", "user_data", "custom_fields"),
}
"""What other services call a field of ours."""

_MOST_HEADERS = 100
_OUR_HEADERS = ("Idempotency-Key", "Prefer")
_SIGNATURE = "signature"
_OWN = ("the request's field", "the plan's field", "the request's header")
_PLAN = "plan"


@dataclass(frozen=True)
class Unknown:
    """A field that is not used: where it is, its value, and what to do instead."""

    place: tuple[str, ...]
    value: object
    advice: str
    known_elsewhere: bool = False

    @property
    def note(self) -> str:
        """One sentence for the warnings."""
        what = f"{_OWN[len(self.place) - 1]} {shown(self.place[-1])}"
        if self.known_elsewhere:
            return f"{what} was not used: {self.advice}"
        return f"{what} is not known and was not used" + (f", {self.advice}" if self.advice else "")

    @property
    def fix(self) -> str:
        """What a refusal says."""
        if self.known_elsewhere:
            return f"it is not used here: {self.advice}"
        return "there is no such field" + (f", {self.advice}" if self.advice else ", leave it out")


def same(name: str, known: Iterable[str]) -> str:
    """The known name that ``name`` is in other letters, or by another service; empty if there is none."""
    letters = _letters(name[:_LONGEST_NAME])
    for field in known:
        if letters in (_letters(field), *(_letters(other) for other in OTHER_NAMES.get(field, ()))):
            return field
    return ""


def alike(name: str, known: Iterable[str], cutoff: float = _ALIKE) -> str:
    """The known name that is most like ``name``; empty if there is none."""
    by_letters = {_letters(field): field for field in known}
    close = difflib.get_close_matches(_letters(name[:_LONGEST_NAME]), by_letters, n=1, cutoff=cutoff)
    return by_letters[close[0]] if close else ""


def meant(name: str, known: Iterable[str], *, planned: Iterable[str] = ()) -> str:
    """The question whether another field was meant, or one of the plan; empty if there is none like it."""
    known, planned = list(known), list(planned)
    for find in (same, alike):
        if near := find(name, known):
            return f"did you mean {near}?"
        if near := find(name, planned):
            return f"did you mean {_PLAN}.{near}?"
    return ""


def unknown_fields(body: BaseModel) -> Iterator[Unknown]:
    """The fields of ``body``, and of the plan in it, that are not used."""
    for each, place in _objects(body):
        yield from _unknown(each, place)


def notes_of(body: BaseModel) -> tuple[str, ...]:
    """Sentences that name the fields that are not used."""
    notes = [field.note for field in islice(unknown_fields(body), MOST_NAMED)]
    more = sum(len(each.model_extra or ()) for each, _ in _objects(body)) - MOST_NAMED
    return (*notes, f"{_OWN[0]}s: {more} more are not known and were not used") if more > 0 else tuple(notes)


def check_unknown(body: BaseModel, settings: Settings) -> None:
    """Raises ``RequestValidationError`` for fields that are not used, where the settings refuse them."""
    if settings.unknown_fields == "refuse":
        fields = list(islice(unknown_fields(body), MOST_NAMED))
        if fields:
            raise RequestValidationError([_refused(field) for field in fields])


def notes_of_headers(headers: Iterable[str]) -> tuple[str, ...]:
    """Sentences that name headers which look like ours and are not."""
    notes = []
    for name in islice(headers, _MOST_HEADERS):
        near = alike(name.removeprefix("x-"), _OUR_HEADERS, _ALIKE_HEADERS)
        if near and name != near.lower():
            notes.append(f"{_OWN[2]} {shown(name)} was not used, did you mean {near}?")
    return tuple(notes)


async def _known_query(request: Request) -> None:
    given = request.query_params.multi_items()
    if not given:
        return
    known = _parameters(request.scope["route"].dependant)
    if _SIGNATURE in known:
        return  # whoever passes such an address on may add to it
    for name, value in given:
        if name not in known:
            raise InvalidRequest(json_shown(name)[1:-1], value, _fix(request, name, known))
    several = _lists(request.scope["route"].dependant)
    for name, count in Counter(name for name, _ in given).items():
        if count > 1 and name not in several:
            values = [value for each, value in given if each == name]
            raise InvalidRequest(name, values, f"it is given {count} times: give it once")


KNOWN_QUERY = Depends(_known_query)
"""Raises ``InvalidRequest`` for a parameter that the route does not know, or that comes twice and is no
list."""


def of_other_requests(notes: Iterable[str]) -> tuple[str, ...]:
    """Those of an earlier song's notes that hold for this request too: not what that request misspelt."""
    return tuple(note for note in notes if not note.startswith(_OWN))


def _objects(body: BaseModel) -> Iterator[tuple[BaseModel, tuple[str, ...]]]:
    yield body, ()
    plan = getattr(body, _PLAN, None)
    if isinstance(plan, BaseModel):
        yield plan, (_PLAN,)


def _unknown(body: BaseModel, above: tuple[str, ...]) -> Iterator[Unknown]:
    unused = body.UNUSED if isinstance(body, Body) else {}
    for name, value in (body.model_extra or {}).items():
        if name in unused:
            yield Unknown((*above, name), value, unused[name], known_elsewhere=True)
        else:
            planned = names(EditedPlan) if _takes_plans(body) else ()
            yield Unknown((*above, name), value, meant(name, names(type(body)), planned=planned))


def _takes_plans(body: BaseModel) -> bool:
    field = type(body).model_fields.get(_PLAN)
    return field is not None and field.annotation is not type(None)


def _refused(field: Unknown) -> dict[str, object]:
    return {"type": "unknown", "loc": ("body", *field.place), "msg": field.fix, "input": field.value}


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _parameters(dependant: Any) -> list[str]:
    own = [field.alias for field in dependant.query_params]
    return own + [name for inner in dependant.dependencies for name in _parameters(inner)]


def _lists(dependant: Any) -> set[str]:
    """The parameters that may be given several times."""
    own = {field.alias for field in dependant.query_params if _is_list(field.field_info.annotation)}
    return own.union(*(_lists(inner) for inner in dependant.dependencies))


def _is_list(kind: object) -> bool:
    return get_origin(kind) is list or any(get_origin(each) is list for each in get_args(kind))


def _fix(request: Request, name: str, known: list[str]) -> str:
    if request.method == "POST":
        return "the address has no parameters here: send fields in the body"
    if not known:
        return "the address has no parameters here: leave it out"
    question = meant(name, known) or f"there are {' and '.join(known)}"
    return f"there is no such parameter, {question}"
