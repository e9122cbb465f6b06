"""The theme as grammar needs it: with its article inside a line, bare in a hook, in title case on the
cover."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from phonetics.words import count_syllables

_DETERMINERS = frozenset(
    "a an the my our your his her their this that these those some every no one two three".split()
)
_STOP = _DETERMINERS | frozenset(
    """and or but of in on at by for from to with into over under who that which when where while because how
    why is are was were be been being i you he she it we they me him us them my not as if so than then there
    here very about all just can will would could should do does did have has had learns learn loves
    love's""".split()
)
# A run of spaces is tried from its first alone, here and wherever a pattern opens on one: else a long run
# takes time in proportion to its square.
_CLAUSE = re.compile(
    r"(?<!\s)\s+(?:who|that|which|when|where|while|because|and then|as)\s+.*$", re.IGNORECASE
)
_QUESTION = re.compile(
    r"^(?:how|when|why|that|what it's like to|the way|what)\s+(?=(?:my|our|the|a|an|his|her)\s)",
    re.IGNORECASE,
)
_MASS = frozenset(
    """love hope faith peace honey rain snow fire time money music coffee thunder chess summer winter spring
    autumn grief joy trust truth home sleep water wine gold youth courage mercy grace silence luck magic light
    darkness christmas anger shame pride power glory heaven hell death life fear sunshine sorrow""".split()
)
_MASS_ENDINGS = ("ness", "dom", "ship", "hood", "ity", "ance", "ence")
_PREPOSITIONS = frozenset("in on of at by for with and to from under over into through".split())
_MOST_WORDS, _LONGEST_WORD = 50, 100  # of ``Theme.words``: as many as an edited plan may have
_LONGEST_PHRASE = 6  # syllables: longer ones fit no line
_VERB_AFTER = re.compile(r"^((?:my|our|his|her|the|a|an)\s+(?:\w+\s)?[\w'’]+)\s+\w+(?:s|ed)\s+.*$")


Kind = Literal["thing", "doing", "who"]
"""What the phrase names, and so which verbs suit it: a thing, a doing ("leaving home") or somebody."""

_NOT_DONE = frozenset(
    """morning evening king thing string ring spring wing something nothing everything anything wedding
    building ceiling sibling lightning darling duckling pudding viking""".split()
)
_PEOPLE = frozenset(
    """mother father mom mum dad mama papa parents grandmother grandma granny grandfather grandpa sister
    brother sisters brothers son daughter baby child children kid kids wife husband girlfriend
    boyfriend girl girls boy boys friend friends lover man woman men women king queen knight knights
    pirate pirates astronaut astronauts sailor sailors soldier teacher doctor keeper dancer singer
    stranger neighbour neighbours neighbor neighbors cowboy robot robots dragon dragons witch wizard
    ghost ghosts vampire alien aliens angel angels dog dogs puppy cat cats kitten horse horses
    rabbit hamster pony wolf wolves owl owls whale whales bird birds fox bear bears butterfly
    butterflies""".split()
)
_NAMES = frozenset(
    """Maria Anna Emma Olivia Sophia Mia Lily Grace Alice Clara Julia Laura Sarah Sara Hannah Rachel
    Rebecca Emily Lucy Eva Nora Ruby Rose Ella Chloe Zoe Jane Mary Kate Helen Linda Susan Nancy
    Jenny Amy Tom Thomas John Jack James William Harry George Noah Liam Lucas Oliver Leo Max Sam Ben
    Daniel David Michael Peter Paul Mark Adam Alex Charlie Henry Oscar Robert Joe Jim Mike Tim Billy
    Johnny Frank Carlos Pedro Juan Marco Luca""".split()
)
_JOINT = re.compile(
    r"(?<!\s)\s+(?:in|on|of|at|by|for|with|and|to|from|under|over|into|through|next|without)\s+.*$", re.I
)


@dataclass(frozen=True)
class Theme:
    """``phrase`` goes into a line ("the neon rain"), ``hook`` is sung alone ("neon rain"), ``words`` carry
    it."""

    phrase: str
    hook: str
    title: str
    words: tuple[str, ...]
    kind: Kind = "thing"


def theme_of(text: str) -> Theme:
    """The theme that a phrase of the description names; ``text`` has at least one Latin letter."""
    whole = " ".join(text.split()).strip(" .,;:!?-")
    words = tuple(
        dict.fromkeys(w for w in re.findall(r"[\w'’-]+", whole.lower()) if w not in _STOP and len(w) > 1)
    )
    core = _QUESTION.sub("", whole)
    core = _CLAUSE.sub("", core)
    core = _VERB_AFTER.sub(r"\1", core) if count_syllables(core) > _LONGEST_PHRASE else core
    core = _short(core)
    bare = _without_article(core)
    if not any(word in words for word in re.findall(r"[\w'’-]+", bare.lower())):
        words = (*re.findall(r"[\w'’-]+", bare.lower())[:3], *words)
    return Theme(
        phrase=_with_article(core),
        hook=_sentence(bare),
        title=title_case(_title_words(whole)),
        words=tuple(word[:_LONGEST_WORD] for word in words[:_MOST_WORDS]),
        kind=_kind(core),
    )


def _kind(core: str) -> Kind:
    """The kind of ``core`` by its first word where it is a gerund, else by its head noun or a name."""
    words = _JOINT.sub("", core).split()
    first = core.split()[0].lower()
    if first.endswith("ing") and first not in _NOT_DONE and count_syllables(first) > 1:
        return "doing"
    if any(word.endswith(("'s", "’s")) for word in words):
        return "who" if words[-1].lower() in _PEOPLE else "thing"
    named = len(words) > 1 and words[-1][:1].isupper() and words[-2].lower() in _PEOPLE
    return "who" if named or words[-1].lower() in _PEOPLE or words[-1] in _NAMES else "thing"


def title_case(text: str) -> str:
    """Title case by the usual rule: small words stay small inside; a word the user capitalised stays so."""
    small = {
        "a",
        "an",
        "the",
        "and",
        "or",
        "but",
        "of",
        "in",
        "on",
        "at",
        "by",
        "for",
        "to",
        "with",
        "from",
        "into",
    }
    words = text.split()
    shown = []
    for n, word in enumerate(words):
        inside = 0 < n < len(words) - 1
        shown.append(word if word != word.lower() else word if inside and word in small else _capital(word))
    return " ".join(shown)


def _short(core: str) -> str:
    """At most six syllables: first what follows a preposition goes, then words with digits, then adjectives,
    down to the last noun. Takes time in proportion to the words."""
    words = core.split()
    counts = [count_syllables(word) for word in words]
    total = sum(counts)
    joints = [n for n in range(1, len(words)) if words[n].lower() in _PREPOSITIONS]
    while total > _LONGEST_PHRASE and joints:
        joint = joints.pop()
        total -= sum(counts[joint:])
        del words[joint:], counts[joint:]
    if total > _LONGEST_PHRASE:
        plain = [n for n, word in enumerate(words) if not re.search(r"\d", word)]
        if plain:
            words, counts = [words[n] for n in plain], [counts[n] for n in plain]
            total = sum(counts)
    first, rest = 0, 1  # what is left: this word, and those from the other on
    while total > _LONGEST_PHRASE and rest < len(words):
        is_article = words[first].lower() in _DETERMINERS and not words[rest].endswith(("'s", "’s"))
        if is_article and rest + 1 < len(words):
            total -= counts[rest]
        else:
            total -= counts[first]
            first = rest
        rest += 1
    return " ".join([*words[first : first + 1], *words[rest:]])


def _with_article(core: str) -> str:
    """The phrase as the object of a sentence: a bare noun gets "the"; names, possessives and "-ing" need
    none."""
    first = core.split()[0]
    lower = first.lower()
    if lower in ("a", "an"):  # a song comes back to its dragon, and then it is the dragon
        return f"the{core[len(first) :]}"
    if lower in _DETERMINERS or lower.endswith(("'s", "’s", "s'", "s’")):
        return lower + core[len(first) :] if lower in _DETERMINERS else core
    if lower.endswith("ing") and count_syllables(first) > 1:
        return core[0].lower() + core[1:]
    if (first != lower and not first.isupper()) or _is_mass(core):
        return core
    return f"the {core}"


def _is_mass(core: str) -> bool:
    """Whether ``core`` is one word for something that is not counted, and so needs no article."""
    lower = core.lower()
    return " " not in core and (lower in _MASS or lower.endswith(_MASS_ENDINGS))


def _without_article(core: str) -> str:
    words = core.split()
    return " ".join(words[1:]) if len(words) > 1 and words[0].lower() in ("a", "an", "the", "some") else core


def _title_words(whole: str) -> str:
    """Up to five words of the user's phrase that can stand alone."""
    core = _without_article(_CLAUSE.sub("", _QUESTION.sub("", whole)))
    words = core.split()[:5]
    cut = len(words) < len(core.split())
    while cut and len(words) > 1 and words[-1].lower() in _STOP | {"without", "through"}:
        words.pop()
    return " ".join(words)[:80]


def _sentence(text: str) -> str:
    return _capital(text)


def _capital(word: str) -> str:
    """The first letter as a capital, the rest as it is."""
    return word[:1].upper() + word[1:]
