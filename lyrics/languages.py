"""Which language a song is in: the one of the user's words, the one that is asked for, and who can write or
sing it."""

from __future__ import annotations

from config.spec import MANY
from lyrics.contract import WRITERS, PlanRequest, SongPlan
from reading.language import asked_language, described_language, language_code, language_name, language_of
from reading.lyrics import Lyrics

_DEFAULT = "en"


def wanted_language(description: str, about: str) -> str:
    """The language that lyrics are to be written in: the one that is asked for, else a foreign one that the
    request itself is in; empty for no wish."""
    asked = asked_language(description) or asked_language(about)
    described = described_language(about or description)
    return asked or (described if described != _DEFAULT else "")


def own_language(own: Lyrics, description: str) -> tuple[str, tuple[str, ...]]:
    """The language of the user's own words, and a note if another one is asked for."""
    found, asked = language_of(words_of(own)), asked_language(description)
    if found and asked and found != asked:
        note = (
            f"{language_name(asked)} is asked for, and the lyrics are in {language_name(found)}: they are"
            " sung as they are"
        )
        return found, (note,)
    return found or asked, ()


def with_language(plan: SongPlan, request: PlanRequest, writer: str) -> SongPlan:
    """``plan`` with the language of its lyrics, and a warning if it is not the one that is asked for."""
    wanted = request.language
    if not plan.lyrics:
        return plan
    if request.lyrics:
        return plan.model_copy(update={"language": wanted or _DEFAULT})
    written = _written_language(plan)
    notes = plan.warnings
    if wanted and written != wanted:
        able = [name for name in WRITERS.built_in if WRITERS.spec(name).languages == MANY]
        note = (
            f"lyrics in {language_name(wanted)} were wanted, and engine {writer!r} wrote them in"
            f" {language_name(written)}"
        )
        first, *more = [name for name in able if name != writer]
        note += f": engine {first!r} writes {language_name(wanted)}"
        if more:
            note += f", and so does {' or '.join(map(repr, more))}"
        notes = (*notes, note)
    return plan.model_copy(update={"language": written, "warnings": notes})


def _written_language(plan: SongPlan) -> str:
    """What the writer says, unless the words show another."""
    lines = (line for line in plan.lyrics.splitlines() if not line.startswith("["))
    return language_of("\n".join(lines)) or language_code(plan.language) or _DEFAULT


def given_language(plan: SongPlan, own: Lyrics) -> tuple[str, tuple[str, ...]]:
    """The language of a plan that the user gave as ISO 639-1, and a note if it cannot be right."""
    found = language_of(words_of(own))
    code = language_code(plan.language)
    if not code:
        used = found or _DEFAULT
        return used, (f"plan.language {plan.language!r} is not a language that is known: {used!r} is used",)
    if found and found != code:
        note = (
            f"plan.language is {code!r}, and the lyrics look like {language_name(found)}: set {found!r} if"
            " they are"
        )
        return code, (note,)
    return code, ()


def words_of(lyrics: Lyrics) -> str:
    """The lines to sing."""
    return "\n".join(line.text for line in lyrics.lines)
