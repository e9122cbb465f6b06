"""What all bodies share: null stands for a field's default, and fields that are not known are named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from pydantic import AliasChoices, BaseModel, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Body(BaseModel):
    """A body, or an object in one. A known field that is null counts as missing."""

    UNUSED: ClassVar[Mapping[str, str]] = {}
    """Fields of other requests that this one does not use, and what to do instead."""

    @model_validator(mode="before")
    @classmethod
    def _null_is_the_default(cls, given: Any) -> Any:
        if not isinstance(given, dict) or None not in given.values():
            return given
        known = set(names(cls))
        return {name: value for name, value in given.items() if value is not None or name not in known}

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        schema = handler(core_schema)
        whole = handler.resolve_ref_schema(schema)
        for name, field in whole.get("properties", {}).items():
            if name not in whole.get("required", ()):
                whole["properties"][name] = _nullable(field)
        return schema


def names(kind: type[BaseModel]) -> Iterator[str]:
    """The names of the fields of ``kind``, aliases included."""
    for name, field in kind.model_fields.items():
        yield name
        if isinstance(field.validation_alias, AliasChoices):
            yield from (str(alias) for alias in field.validation_alias.choices)


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema``, which takes null too. What is said about the field stays outside the choice."""
    choices = schema.get("anyOf", ())
    if {"type": "null"} in choices:
        return schema
    about: dict[str, Any] = {
        name: schema[name] for name in ("title", "description", "default", "examples") if name in schema
    }
    rest = {name: value for name, value in schema.items() if name not in about}
    return {"anyOf": [*(choices or [rest]), {"type": "null"}], **about}
