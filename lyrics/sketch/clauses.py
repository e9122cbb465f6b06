"""A sentence that the description itself says of its subject: "two robots who fall in love" fall in love."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lyrics.sketch.nouns import is_plural, with_article
from phonetics.words import count_syllables

_ASKED = {
    "how": "the way",
    "why": "the reason",
    "when": "the day",
    "where": "the place",
    "what": "the things",
}
_PRONOUNS = "i|we|you|they|he|she|it|everybody|nobody|everyone|someone"
_QUESTION = re.compile(rf"^(how|why|when|where|what)\s+((?:{_PRONOUNS})(?:'\w+|’\w+)?\s.+)$", re.IGNORECASE)
_QUESTION_NOUN = re.compile(
    r"^(?:how|why|when|that)\s+(((?:my|our|the|a|an|his|her)\s+(?:\w+\s)?[\w'’]+)\s+"
    r"(?:\w+(?:[a-rt-z]s|ed)|is|are|were|went|came|fell|left|met|won|lost|ran|flew|made)\b.*)$",
    re.IGNORECASE,
)
_TO = re.compile(
    r"^(?:how\s+|what it(?:'s|’s| is| feels| was)\s+like\s+)?(not\s+)?to\s+([a-z]+)(.*)$", re.IGNORECASE
)
_RELATIVE = re.compile(r"(?<!\s)\s+(?:who|that|which)\s+(?=\S)", re.IGNORECASE)
_OBJECT = re.compile(
    rf"^(?:{_PRONOUNS}|my|our|your|his|her|their|the|a|an|people)(?:['’]\w+)?\s", re.IGNORECASE
)
_STATEMENT = re.compile(
    r"^(?:(?:i|we|you|they|he|she|it)(?:['’](?:m|re|s|ve|ll|d))?\s+\S+"
    r"|(?:never|don['’]t|let|keep|stop|hold|carry|stay|be|always|please|goodbye|hello)\s+(?!\w+ing\b)\S+)",
    re.IGNORECASE,
)
_DOUBLED = frozenset(
    """run swim stop let get win sit cut forget begin hit plan quit hug dig shop put set spin grab drop
    jog""".split()
)
_LONGEST_CORE = 6
_NOT_SAID = frozenset("they you it everyone everything".split())


@dataclass(frozen=True)
class Clause:
    """``core`` is the noun phrase that the song is about, ``sentence`` what is said of it, if anything."""

    core: str
    sentence: str = ""
    is_statement: bool = False
    """Whether the description is a sentence itself ("never give up"), with no noun phrase."""


def clause_of(whole: str, people: frozenset[str]) -> Clause:
    """The subject of ``whole`` and the sentence about it. ``people`` are the nouns for somebody."""
    if asked := _QUESTION.match(whole):
        noun, rest = _ASKED[asked[1].lower()], _small(asked[2])
        core = f"{noun} {rest}"
        core = core if count_syllables(core) <= _LONGEST_CORE else noun
        return Clause(core, rest if asked[1].lower() in ("how", "why", "when") else "")
    if asked := _QUESTION_NOUN.match(whole):
        return Clause(asked[2], _small(asked[1]))
    if to := _TO.match(whole):
        return Clause(f"{to[1] or ''}{gerund(to[2].lower())}{to[3]}".strip())
    if (relative := _RELATIVE.search(whole)) and relative.start():
        subject, said = whole[: relative.start()], whole[relative.end() :]
        if not _OBJECT.match(f"{said} ") and subject.lower() not in _NOT_SAID:
            return Clause(subject, f"{with_article(subject)} {said}")
        return Clause(whole)
    if _STATEMENT.match(whole) and not re.match(r"(?:you|i|we|they|he|she|it)\s+and\s", whole, re.IGNORECASE):
        return Clause(whole, _small(whole), is_statement=True)
    words = whole.split()
    # From the left: the first word for somebody that an "-ing" form or a verb follows.
    for n in range(1, min(len(words), 8)):
        subject, verb = " ".join(words[:n]), words[n].lower()
        if words[n - 1].lower() not in people:
            continue
        if verb.endswith("ing") and len(verb) > 4 and len(words) > n:
            be = " are" if is_plural(subject) else "'s"
            return Clause(subject, f"{with_article(subject)}{be} {' '.join(words[n:])}")
        if len(words) > n + 1 and re.fullmatch(r"[a-z]+(?:[a-rt-z]s|ed)", verb) and not is_plural(subject):
            return Clause(subject, f"{with_article(subject)} {' '.join(words[n:])}")
        break
    return Clause(whole)


def gerund(verb: str) -> str:
    """The "-ing" form of a verb."""
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("ie"):
        return f"{verb[:-2]}ying"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")) and verb != "be":
        return f"{verb[:-1]}ing"
    return f"{verb}ing"


def first_person(doing: str) -> str:
    """ "I'm leaving home" for "leaving home"; "I'm tired" for "being tired"."""
    return f"I'm {re.sub(r'^being (?=.)', '', doing)}"


def _small(sentence: str) -> str:
    """The sentence as it stands inside another one."""
    first = sentence.split()[0]
    kept = re.match(r"I\b", first) or (first[1:] and not first[1:].islower() and "'" not in first)
    text = sentence if kept else sentence[0].lower() + sentence[1:]
    return re.sub(r"\bi\b", "I", text)
