"""What users and callers add to a song: with the request that makes it, or later."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from config.errors import InvalidRequest
from lyrics.contract import TITLE_CHARACTERS
from orchestrator.songs.brief import VISIBLE
from orchestrator.songs.facts.labels import (
    KEY_CHARACTERS,
    LABELS,
    MOST_METADATA,
    MOST_TAGS,
    TAG_CHARACTERS,
    VALUE_CHARACTERS,
)

_SEEN = f"{VISIBLE[:-1]}:]"  # a colon parts key and value where one asks by them
KEY = f"^{_SEEN}+( {_SEEN}+)*$"
_Metadata = Annotated[
    dict[
        Annotated[str, Field(min_length=1, max_length=KEY_CHARACTERS, pattern=KEY)],
        Annotated[str, Field(max_length=VALUE_CHARACTERS)],
    ],
    Field(max_length=MOST_METADATA),
    # pydantic would allow keys of any other pattern.
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MOST_METADATA,
            "propertyNames": {"minLength": 1, "maxLength": KEY_CHARACTERS, "pattern": KEY},
            "additionalProperties": {"type": "string", "maxLength": VALUE_CHARACTERS},
        }
    ),
]
Tag = Annotated[str, Field(min_length=1, max_length=TAG_CHARACTERS, pattern=VISIBLE)]


def _object(value: Any) -> Any:
    """In a form an object is JSON; what is none stays, to be refused as it is."""
    if isinstance(value, str):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


Metadata = Annotated[
    _Metadata,
    Field(
        default_factory=dict,
        description="Keys and values of your own, kept with the song; `GET /songs?metadata=key:value` finds "
        "it by them.",
        examples=[{"order": "1138", "customer": "ada"}],
    ),
]
FormMetadata = Annotated[Metadata, BeforeValidator(_object)]


class Labels(BaseModel):
    """What is to be changed of a song, at least one of it. Fields that are left out stay as they are."""

    model_config = ConfigDict(
        strict=True,
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "minProperties": 1,
            "examples": [{"favourite": True, "tags": ["demo", "for Ada"]}],
        },
    )

    title: str = Field(
        default="",
        min_length=1,
        max_length=TITLE_CHARACTERS,
        pattern=VISIBLE,
        description="What the song is called from now on: in the library, and in the names of its files.",
        examples=["Neon Rain"],
    )
    favourite: bool = False
    tags: Annotated[list[Tag], Field(max_length=MOST_TAGS)] = Field(
        default_factory=list, description="All of its tags: they replace the former."
    )
    metadata: _Metadata = Field(
        default_factory=dict, description="All of its metadata: it replaces the former."
    )

    def given(self) -> dict[str, Any]:
        """The fields that were sent, by name. Raises ``InvalidRequest`` if there are none."""
        given = {name: getattr(self, name) for name in LABELS if name in self.model_fields_set}
        if not given:
            raise InvalidRequest("body", {}, f"send at least one of {', '.join(LABELS)}")
        return given
