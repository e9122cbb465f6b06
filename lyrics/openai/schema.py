"""The form of the answer: as a JSON schema, as a grammar in llama.cpp's notation, and as types that check it.

The schema has what every server's grammar engine knows: enumerations, bounds of integers, and of the items of
a list. It has no lengths of strings: xgrammar, which vLLM and SGLang bind answers with, takes 8.7 CPU-seconds
to compile it with them for Qwen's vocabulary, and 0.02 without. What is too long is cut in ``answer``. The
grammar has them: llama.cpp compiles nothing, and models that are small enough for a processor run on and on.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field

from lyrics.contract import GENRES, MOODS, Voice

METRES = ("4/4", "3/4", "6/8", "12/8", "5/4", "7/8", "2/4")
KEYS = tuple(
    f"{tonic} {mode}"
    for tonic in (
        "C",
        "C#",
        "Db",
        "D",
        "D#",
        "Eb",
        "E",
        "F",
        "F#",
        "Gb",
        "G",
        "G#",
        "Ab",
        "A",
        "A#",
        "Bb",
        "B",
    )
    for mode in ("major", "minor", "dorian", "mixolydian", "phrygian", "lydian")
)
VOICES: tuple[Voice, ...] = ("female", "male", "duet", "choir")
SECTIONS = ("intro", "verse", "pre-chorus", "chorus", "bridge", "outro")
TAGS, CATEGORIES, LINES = (3, 6), (3, 5), (2, 8)
"""The fewest and the most items of each list."""
LENGTHS = {"title": 60, "tags": 24, "categories": 20, "language": 2, "cover_prompt": 180, "lines": 70}
"""The most characters of each text in the grammar."""
ENERGY, TEMPO_BPM = (0, 10), (40, 220)
_SECONDS_A_SECTION = 12.0
_MOST_SECTIONS = 12


def sections_for(duration_s: float) -> int:
    """The most sections of lyrics for a song of this duration."""
    return max(1, min(_MOST_SECTIONS, round(duration_s / _SECONDS_A_SECTION)))


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    def check(value: str) -> str:
        if value not in known:
            raise ValueError(f"{value[:40]!r} is none of {', '.join(known[:8])}{' ...' * (len(known) > 8)}")
        return value

    return check


class Section(BaseModel):
    """A part of the lyrics."""

    section: Annotated[str, AfterValidator(_one_of(SECTIONS))]
    lines: list[str]


class Answer(BaseModel):
    """An answer, as it came. What the server did not bind it to is checked by this."""

    title: str
    genre: Annotated[str, AfterValidator(_one_of(GENRES))]
    mood: Annotated[str, AfterValidator(_one_of(MOODS))]
    tags: list[str] = Field(min_length=TAGS[0])
    categories: list[str] = Field(min_length=CATEGORIES[0])
    energy: int = Field(ge=ENERGY[0], le=ENERGY[1])
    tempo_bpm: float = Field(ge=TEMPO_BPM[0], le=TEMPO_BPM[1])
    key: Annotated[str, AfterValidator(_one_of(KEYS))]
    metre: Annotated[str, AfterValidator(_one_of(METRES))]
    language: str
    cover_prompt: str


class SungAnswer(Answer):
    """The answer for a song with the user's lyrics."""

    voice: Voice


class WrittenAnswer(SungAnswer):
    """The answer for a song whose lyrics the model writes."""

    lyrics: list[Section] = Field(min_length=1)


def json_schema(kind: type[Answer], sections: int) -> dict[str, Any]:
    """The schema of an answer of this ``kind``, with up to ``sections`` sections of lyrics. A model writes
    the fields in this order."""
    text = {"type": "string"}
    fields: dict[str, Any] = {
        "title": text,
        "genre": _enum(GENRES),
        "mood": _enum(MOODS),
        "tags": _list(text, TAGS),
        "categories": _list(text, CATEGORIES),
        "energy": {"type": "integer", "minimum": ENERGY[0], "maximum": ENERGY[1]},
        "tempo_bpm": {"type": "integer", "minimum": TEMPO_BPM[0], "maximum": TEMPO_BPM[1]},
        "key": _enum(KEYS),
        "metre": _enum(METRES),
        "language": text,
        "cover_prompt": text,
        "voice": _enum(VOICES),
        "lyrics": _list(
            _object({"section": _enum(SECTIONS), "lines": _list(text, LINES)}), (1, max(1, sections))
        ),
    }
    return _object({name: form for name, form in fields.items() if name in kind.model_fields})


def grammar(schema: dict[str, Any]) -> str:
    """A schema of ``json_schema`` in GBNF, the notation of llama.cpp's grammars
    (github.com/ggml-org/llama.cpp/blob/master/grammars/README.md)."""
    return "\n".join(
        (
            f"root ::= {_rule(schema)}",
            r'mark ::= [^"\\\x00-\x1F\x7F]',  # none that JSON would escape
            *(rf'{name.replace("_", "-")} ::= "\"" mark{{1,{most}}} "\""' for name, most in LENGTHS.items()),
            'energy ::= [0-9] | "10"',
            'tempo-bpm ::= [4-9] [0-9] | "1" [0-9] [0-9] | "2" [0-1] [0-9] | "220"',
        )
    )


def _rule(form: dict[str, Any], name: str = "") -> str:
    """The right side of a rule for ``form``, the field called ``name``."""
    if "enum" in form:
        return "(" + " | ".join(f'"\\"{value}\\""' for value in form["enum"]) + ")"
    if form["type"] == "object":
        pairs = (f'"\\"{field}\\": " {_rule(inner, field)}' for field, inner in form["properties"].items())
        return '"{" ' + ' ", " '.join(pairs) + ' "}"'
    if form["type"] == "array":
        fewest, most = form["minItems"] - 1, form["maxItems"] - 1
        item = _rule(form["items"], name)
        return f'"[" {item} (", " {item}){{{fewest},{most}}} "]"'
    return name.replace("_", "-")


def _enum(values: tuple[str, ...]) -> dict[str, Any]:
    return {"type": "string", "enum": list(values)}


def _list(item: dict[str, Any], bounds: tuple[int, int]) -> dict[str, Any]:
    return {"type": "array", "items": item, "minItems": bounds[0], "maxItems": bounds[1]}


def _object(fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": fields,
        "required": list(fields),
        "additionalProperties": False,
    }
