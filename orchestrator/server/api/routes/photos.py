"""A song from a photo, which comes in a form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ConfigDict, Field, GetJsonSchemaHandler, ValidationError
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema
from python_multipart.multipart import parse_options_header
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException

from config.errors import InvalidRequest, shown
from orchestrator.pipeline.inputs.photos import photo_name
from orchestrator.server.api.context import BEARER
from orchestrator.server.api.middleware.auth import PHOTO_PATH
from orchestrator.server.api.openapi import SONG_ANSWERS
from orchestrator.server.api.problems import CHARSET, MALFORMED_FORM, NOT_FORM, TOO_LARGE, problem
from orchestrator.server.api.requests.bodies.labels import FormMetadata
from orchestrator.server.api.requests.bodies.songs import Options
from orchestrator.server.api.requests.call import TheCall
from orchestrator.server.api.requests.connection import while_connected
from orchestrator.server.api.song_requests import SongRequest, generate, song_route
from orchestrator.songs.brief import DESCRIPTION_CHARACTERS, Brief

router = APIRouter(tags=["generate"], dependencies=[BEARER])

_MOST_FIELDS = 40
_FIELD_BYTES = 4 * DESCRIPTION_CHARACTERS + 1024
_CHARSETS = ("utf-8", "utf8", "us-ascii", "ascii")
_MULTIPART = "multipart/form-data"
_NOTHING = ("null", "undefined")
_TEXTS = ("prompt",)


class FromImage(Options):
    """A photo, and words that add to it."""

    # All fields of a form are text, so "30" must pass for a number.
    model_config = ConfigDict(strict=False, frozen=True, extra="allow")
    FIELDS: ClassVar[Mapping[str, str]] = {"description": "prompt", "duration": "audio_duration"}
    UNUSED: ClassVar[Mapping[str, str]] = {
        "lyrics": "send it with prompt to /generate-with-lyrics",
        "described_lyrics": "say it in the prompt",
        "full_described_song": "say it in the prompt",
    }

    image: str = Field(description="The photo: PNG, JPEG or WebP.")
    """The name under which the photo is stored."""
    prompt: str = Field(
        default="",
        max_length=DESCRIPTION_CHARACTERS,
        description="Words that add to the photo; where they say otherwise, they hold.",
        examples=["with a female vocal, about my dog"],
    )
    photo_as_cover: bool = Field(default=False, description="Whether the photo is the song's cover.")
    metadata: FormMetadata
    plan: None = None

    def brief(self) -> Brief:
        return self._brief(
            {
                "description": self.prompt,
                "photo": self.image,
                "photo_as_cover": self.photo_as_cover,
                **self._common(),
            }
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return handler(core_schema)  # a form has no null


def _form_schema() -> dict[str, Any]:
    schema = FromImage.model_json_schema()
    properties = {name: value for name, value in schema["properties"].items() if name != "plan"}
    properties["image"] = {
        "type": "string",
        "format": "binary",
        "description": properties["image"]["description"],
    }
    return {"type": "object", "required": ["image"], "properties": properties}


_REFUSED = "The body is not a form, or the photo is neither PNG nor JPEG nor WebP."


@song_route(
    router,
    PHOTO_PATH,
    "A song from a photo",
    responses={**SONG_ANSWERS, 415: {**SONG_ANSWERS[415], "description": _REFUSED}},
    openapi_extra={"requestBody": {"required": True, "content": {_MULTIPART: {"schema": _form_schema()}}}},
)
async def generate_from_image(call: TheCall) -> Response:
    """Mood, energy, tempo, genres and what is to be seen are read from the photo (`scene` in the answer), and
    the song is made from them; `prompt` adds to them. What is kept is the picture alone, written anew: no
    place, no camera, nothing else that came in the file.
    """
    request, service = call.request, call.service
    media_type, parameters = parse_options_header(request.headers.get("content-type", ""))
    if media_type.decode("latin-1") != _MULTIPART:
        return problem(NOT_FORM, f"Send 'Content-Type: {_MULTIPART}', with the photo as the file 'image'.")
    charset = parameters.get(b"charset", b"utf-8").decode("latin-1")
    if charset.lower() not in _CHARSETS:
        return problem(CHARSET, f"Send the form in UTF-8, not in {shown(charset)}, or leave the charset out.")
    limit = service.settings.image_limit_bytes
    try:
        async with request.form(max_files=1, max_fields=_MOST_FIELDS, max_part_size=_FIELD_BYTES) as form:
            upload = _upload(form)
            if (upload.size or 0) > limit:
                return problem(TOO_LARGE, f"The photo may have {limit:,} bytes.")
            body = _body(form)  # before the photo is decoded, which takes longer
            photo = await while_connected(request, service.uploads.kept_photo(upload.read))
    except HTTPException as error:
        if error.status_code != 400:
            raise
        why = error.detail.rstrip(".")
        return problem(MALFORMED_FORM, f"{why}: send one photo, and up to {_MOST_FIELDS} fields.")
    body = body.model_copy(update={"image": photo_name(photo)})
    return await generate(SongRequest(body, body.brief(), body.notes(), photo=photo), call)


def _upload(form: FormData) -> UploadFile:
    found = form.get("image")
    if isinstance(found, UploadFile):
        return found
    named = next((name for name, value in form.multi_items() if isinstance(value, UploadFile)), "")
    question = f", not as {shown(named)}" if named else ""
    raise InvalidRequest("image", found or "", f"send the photo as a file of this name{question}")


def _body(form: FormData) -> FromImage:
    """The fields beside the photo. An empty one was not filled in, and counts as missing, as does one that a
    page made of its ``null``."""
    fields: dict[str, str] = {}
    for name, value in form.multi_items():
        if isinstance(value, str) and value and (value not in _NOTHING or name in _TEXTS):
            if name in fields:
                raise InvalidRequest(name, [fields[name], value], "it is given twice: send it once")
            fields[name] = value
    try:
        return FromImage.model_validate(fields | {"image": ""})
    except ValidationError as error:
        errors = [{**item, "loc": ("body", *item["loc"])} for item in error.errors(include_url=False)]
        raise RequestValidationError(errors) from error
