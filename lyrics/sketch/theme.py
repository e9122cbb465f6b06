"""The forms of the theme: with its article inside a line, without it in a hook, in title case on the
cover."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from lyrics.sketch.clauses import clause_of
from lyrics.sketch.nouns import DETERMINERS, JOINT, is_bad, is_plural, named, pronoun, with_article
from phonetics.words import count_syllables

_STOP = DETERMINERS | frozenset(
    """and or but of in on at by for from to with into over under who that which when where while because how
    why is are was were be been being i you he she it we they me him us them my not as if so than then there
    here very about all just can will would could should do does did have has had learns learn loves
    love's""".split()
)
# ``(?<!\s)`` lets a run of spaces match only from its first space, here and in all patterns that begin with
# spaces: else a long run takes quadratic time.
_CLAUSE = re.compile(
    r"(?<!\s)\s+(?:who|that|which|when|where|while|because|and then|as)\s+.*$", re.IGNORECASE
)
OPEN_ENDED = frozenset(
    """a an the and or but of in on at by for to with from into my your our his her their is are was were
    i""".split()
)
"""Words that no title ends with."""
_QUESTION = re.compile(
    r"^(?:how|when|why|that|what it's like to|the way|what)\s+(?=(?:my|our|the|a|an|his|her)\s)",
    re.IGNORECASE,
)
_PREPOSITIONS = frozenset(
    """in on of at by for with and to from under over into through after before without between behind about
    against near beyond during around across above below""".split()
)
_MOST_WORDS, _LONGEST_WORD = 50, 100  # of ``Theme.words``: the limits of an edited plan
_LONGEST_PHRASE = 6  # syllables: no line has room for more
_VERB_AFTER = re.compile(r"^((?:my|our|his|her|the|a|an)\s+(?:\w+\s)?[\w'’]+)\s+\w+(?:s|ed)\s+.*$")


Kind = Literal["thing", "doing", "who", "clause"]
"""What the phrase names: a thing, an activity ("leaving home") or a person; or it is a sentence. It decides
which verbs suit it."""
_OF_OTHERS = {
    "me": "a life like mine", "myself": "a life like mine", "us": "the two of us", "we": "the two of us",
    "her": "that girl", "him": "that boy", "them": "those people", "it": "that feeling",
}  # fmt: skip
"""Phrases for pronouns, which would need another form as a subject."""

_NOT_DONE = frozenset(
    """morning evening king thing string ring spring wing something nothing everything anything wedding
    building ceiling sibling lightning darling duckling pudding viking""".split()
)
PEOPLE = frozenset(
    """mother father mom mum dad mama papa parents grandmother grandma granny grandfather grandpa sister
    brother sisters brothers son daughter baby child children kid kids wife husband girlfriend
    boyfriend girl girls boy boys friend friends lover man woman men women king queen knight knights
    pirate pirates astronaut astronauts sailor sailors soldier teacher doctor keeper dancer singer
    stranger neighbour neighbours neighbor neighbors cowboy robot robots dragon dragons witch wizard
    ghost ghosts vampire alien aliens angel angels dog dogs puppy cat cats kitten horse horses
    rabbit hamster pony wolf wolves owl owls whale whales bird birds fox bear bears butterfly
    butterflies boxer soldiers teachers doctors nurse nurses driver drivers farmer farmers
    fisherman fishermen writer writers poet poets clown clowns painter singers dancers twins grandparents
    parents cousin cousins uncle aunt strangers princess prince warrior warriors viking vikings giant
    giants fairy fairies mermaid mermaids unicorn unicorns penguin penguins elephant elephants dinosaur
    dinosaurs fireman firefighter firefighters student students baker bakers miner miners hero heroes
    explorer traveller travelers twins rebel rebels bride widow refugee refugees somebody someone
    people nobody everyone""".split()
)
_NAMES = frozenset(
    """Maria Anna Emma Olivia Sophia Mia Lily Grace Alice Clara Julia Laura Sarah Sara Hannah Rachel
    Rebecca Emily Lucy Eva Nora Ruby Rose Ella Chloe Zoe Jane Mary Kate Helen Linda Susan Nancy
    Jenny Amy Tom Thomas John Jack James William Harry George Noah Liam Lucas Oliver Leo Max Sam Ben
    Daniel David Michael Peter Paul Mark Adam Alex Charlie Henry Oscar Robert Joe Jim Mike Tim Billy
    Johnny Frank Carlos Pedro Juan Marco Luca""".split()
)
_COMPOUND = frozenset(
    """rain water stars star cars car shoes room rooms machine machines pool sun light lights fish dragons
    dragon robot robots saucers saucer dead ring rings song songs bells stone stones""".split()
)
"""What an "-ing" word before it describes: "falling stars" are a thing, "falling leaves" may be too."""
_LONGEST_SENTENCE = 9  # syllables: the hook of a chorus has room for it
_BEING, _LONGEST_BEING = re.compile(r"being\s"), 8
"""A song says "I'm tired of Mondays" for "being tired of Mondays"."""
_SAD = re.compile(
    r"\b(?:died|dies|dead|dying|killed|kills|passed|lost|left (?:me|us)|suicide|murder\w*)\b", re.I
)
"""What no chorus says again and again."""
_LONGEST_PLACE = 6
_LONGEST_LINE = 60  # characters
_PLACE = re.compile(
    r"(?<!\s)\s((?:in|on|at|by|under|over|through|near|behind|beyond|across|above|between)"
    r" (?!an? )[^,;]+|in \d{4})$",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Theme:
    """``phrase`` is part of a line ("the neon rain"), ``hook`` is sung alone ("neon rain"), ``words`` are the
    keywords."""

    phrase: str
    hook: str
    title: str
    words: tuple[str, ...]
    kind: Kind = "thing"
    is_plural: bool = False
    pronoun: str = "it"
    """"it", "they", "she", "he" or "you"; empty for somebody who may be she or he."""
    sentence: str = ""
    """What the description says of the subject: "the robot learns to cry"."""
    place: str = ""
    """Where it is, if the phrase leaves that out: "in the mountains"."""
    is_bad: bool = False
    """Whether it is an evil, such as war."""
    whole: str = ""
    """The phrase before it was shortened, if a line has room for it: "the summer of 1969"."""

    @property
    def to_you(self) -> bool:
        """Whether the phrase speaks to "you"."""
        return bool(re.search(r"\b(?:you|your|yours)\b", f"{self.phrase} {self.sentence}", re.IGNORECASE))


def theme_of(text: str) -> Theme:
    """The theme in a phrase of the description. ``text`` has at least one Latin letter."""
    whole = " ".join(text.split()).strip(" .,;:!?-")
    words = tuple(
        dict.fromkeys(w for w in re.findall(r"[\w'’-]+", whole.lower()) if w not in _STOP and len(w) > 1)
    )
    clause = clause_of(_OF_OTHERS.get(whole.lower(), whole), PEOPLE)
    core = _QUESTION.sub("", clause.core)
    core = _CLAUSE.sub("", core)
    core = _VERB_AFTER.sub(r"\1", core) if count_syllables(core) > _LONGEST_PHRASE else core
    long = core
    core = named(core if _BEING.match(core) and count_syllables(core) <= _LONGEST_BEING else _short(core))
    bare = _without_article(core)
    if not any(word in words for word in re.findall(r"[\w'’-]+", bare.lower())):
        words = (*re.findall(r"[\w'’-]+", bare.lower())[:3], *words)
    kind = "clause" if clause.is_statement else _kind(core)
    said = "" if _SAD.search(clause.sentence) else clause.sentence
    whole_phrase = with_article(long) if long.strip() and not clause.is_statement else ""
    return Theme(
        phrase=core if clause.is_statement else with_article(core),
        hook=_capital(bare),
        title=title_case(_title_words(whole)),
        words=tuple(word[:_LONGEST_WORD] for word in words[:_MOST_WORDS]),
        kind=kind,
        is_plural=kind != "doing" and is_plural(core),
        pronoun="it" if kind == "doing" else _pronoun(core, said, somebody=kind == "who"),
        sentence=said if count_syllables(said) <= _LONGEST_SENTENCE else "",
        place=_place(long, core),
        is_bad=is_bad(core) or is_bad(long),
        whole=whole_phrase if len(whole_phrase) <= _LONGEST_LINE else "",
    )


def _pronoun(core: str, said: str, *, somebody: bool) -> str:
    """The pronoun of ``core``; what is said of somebody may name it: "misses his kids"."""
    found = pronoun(core, somebody=somebody)
    if not found and (own := re.search(r"\b(his|her|their)\b", said)):
        return {"his": "he", "her": "she", "their": "they"}[own[1]]
    return found


def _place(long: str, core: str) -> str:
    """Where the subject is, if ``core`` has lost it on the way from ``long``: "in 1969"."""
    left = long[len(core) :] if long.startswith(core) else ""
    if year := re.match(r"\s+(?:of|in|from|since) (\d{4})\b", left):
        return f"in {year[1]}"
    found = _PLACE.search(left)
    return found[1] if found and count_syllables(found[1]) <= _LONGEST_PLACE else ""


def _kind(core: str) -> Kind:
    """The kind of ``core``: by its first word if that is a gerund, else by its head noun or a name."""
    words = JOINT.sub("", core).split()
    first = core.split()[0].lower()
    if first in ("not", "never") and len(words) > 1:
        first, words = words[1].lower(), words[1:]
    compound = len(words) == 2 and words[1].lower() in _COMPOUND
    if first.endswith("ing") and first not in _NOT_DONE and not compound and count_syllables(first) > 1:
        return "doing"
    last = words[-1].lower()
    somebody = last in PEOPLE or (not last.endswith("ss") and last.removesuffix("s") in PEOPLE)
    if any(word.endswith(("'s", "’s")) for word in words):
        return "who" if somebody else "thing"
    is_name = len(words) > 1 and words[-1][:1].isupper() and words[-2].lower() in PEOPLE
    return "who" if is_name or somebody or words[-1] in _NAMES else "thing"


def title_case(text: str) -> str:
    """Title case: small words inside stay in lower case; words that the user capitalised stay as they are."""
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
    """At most six syllables. First the part after a preposition is removed, then words with digits, then
    adjectives, down to the last noun. Takes linear time."""
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
    first, rest = 0, 1  # what is left: this word, and the words from ``rest`` on
    while total > _LONGEST_PHRASE and rest < len(words):
        is_article = words[first].lower() in DETERMINERS and not words[rest].endswith(("'s", "’s"))
        if is_article and rest + 1 < len(words):
            total -= counts[rest]
        else:
            total -= counts[first]
            first = rest
        rest += 1
    return " ".join([*words[first : first + 1], *words[rest:]])


def _without_article(core: str) -> str:
    words = core.split()
    return " ".join(words[1:]) if len(words) > 1 and words[0].lower() in ("a", "an", "the", "some") else core


def _title_words(whole: str) -> str:
    """Up to five words of the user's phrase, without a small word at the end."""
    core = _without_article(_CLAUSE.sub("", _QUESTION.sub("", whole)))
    words = core.split()[:5]
    cut = len(words) < len(core.split())
    while cut and len(words) > 1 and words[-1].lower() in _STOP | {"without", "through"}:
        words.pop()
    return " ".join(words)[:80]


def _capital(word: str) -> str:
    """The first letter as a capital, the rest as it is."""
    return word[:1].upper() + word[1:]
