"""What a noun phrase asks of the words around it: an article, a verb's number, a pronoun.

A table of exceptions and the endings of words decide; no dictionary of nouns is needed."""

from __future__ import annotations

import re

from phonetics.words import count_syllables

DETERMINERS = frozenset(
    """a an the my our your his her their this that these those some every no one two three four five six
    seven eight nine ten many all both another each any""".split()
)
_FOREIGN_ARTICLES = frozenset("la le les los las el der das une ein eine".split())
_OWN_ARTICLE = frozenset(
    """you me us everything nothing something anything everyone everybody nobody someone somebody anyone
    home life""".split()
)
"""Words that are a whole noun phrase."""
_MASS = frozenset(
    """love hope faith peace honey rain snow fire time money music coffee thunder chess summer winter spring
    physics mathematics maths economics politics news science chemistry biology history geography
    autumn grief joy trust truth home sleep water wine gold youth courage mercy grace silence luck magic light
    darkness christmas anger shame pride power glory heaven hell death life fear sunshine sorrow war
    cheese bread tea chocolate pizza soup jazz football soccer basketball tennis baseball hockey rugby boxing
    school work space nature poverty justice liberty equality heartbreak jealousy regret nostalgia boredom
    homework traffic weather lightning fog mist smoke dust sand grass rust steel iron silver glass paper
    childhood memory autumn halloween easter ramadan hanukkah poetry art travel technology society
    democracy corruption pollution depression anxiety addiction cancer insomnia rage desire lust passion
    beauty wisdom knowledge gravity electricity oil salt sugar butter rice pasta beer whisky vodka rum milk
    ice""".split()
)
"""Nouns without an article."""
_MASS_HEADS = frozenset(
    """physics mathematics maths economics politics homework news love music science chemistry biology coffee
    jealousy happiness sadness loneliness traffic travel weather courage freedom peace justice poetry money
    tea football jazz hope luck magic history geography philosophy""".split()
)
"""Nouns that need no article behind an adjective either: "quantum physics"."""
_MASS_ENDINGS = ("ness", "dom", "ship", "hood", "ity", "ance", "ence", "ism")
_PLURALS = frozenset(
    """people children men women mice feet teeth geese kids folk folks two police cattle wolves leaves lives
    wives women mothers us we they you""".split()
)
_SINGULARS = frozenset(
    """chess news christmas paris texas bus gas glass grass kiss boss loss dress mess class cross princess
    witness compass canvas atlas lens iris process success happiness business press address physics
    mathematics maths politics economics athletics tennis goddess circus cactus virus genius venus mars
    campus octopus hippopotamus rhinoceros bass brass darkness sadness loneliness wilderness kindness
    was is his this always cosmos chaos pancreas dallas vegas wales james thomas lucas charles jesus
    carlos marcos nicholas dennis chris boris xmas guess stress progress duchess actress waitress
    highness las los""".split()
)
_SHE = frozenset(
    """mother mom mum mama mommy mummy grandmother grandma granny gran nana sister daughter wife girlfriend
    girl woman lady queen witch princess aunt bride mermaid goddess niece nurse waitress duchess""".split()
)
_HE = frozenset(
    """father dad papa daddy grandfather grandpa granddad grandad brother son husband boyfriend boy man king
    knight prince uncle groom wizard cowboy nephew fisherman postman sailor pirate vampire""".split()
)
_IT = frozenset(
    """robot robots machine android computer dragon monster alien ghost bird owl raven crow eagle swan whale
    dolphin shark fish bee butterfly spider snail frog fox bear lion tiger elephant mouse penguin unicorn
    hedgehog rabbit turtle""".split()
)
_BAD = frozenset(
    """war wars death grief hate hatred racism cancer depression anxiety heartbreak breakup divorce loneliness
    poverty bullying addiction pain fear fears tears monday mondays taxes tax debt prison hunger pollution
    corruption nightmare nightmares crime betrayal regret regrets sorrow sadness violence abuse lies
    greed jealousy insomnia boredom stress drought famine plague genocide hangover funeral funerals
    landlord landlords rent bills unemployment
    burnout dementia alzheimer's trauma guilt shame darkness despair homework rejection failure extinction
    traffic""".split()
)
"""What nobody sings the praise of."""
_BAD_DOINGS = frozenset(
    "losing dying breaking missing drowning failing crying hurting suffering fighting starving hating".split()
)
_BAD_PHRASE = re.compile(
    r"\b(?:tired of|sick of|out of|running out|without (?:you|him|her|them|work)|climate change|"
    r"global warming)\b",
    re.IGNORECASE,
)
_MASS_PHRASE = re.compile(
    r"(?:climate change|global warming|time travel|artificial intelligence|mental health|social media|"
    r"hip hop|free speech|ice cream|outer space|rock and roll|self love|true love|first love|pure joy)",
    re.IGNORECASE,
)
_NAMES = frozenset(
    """maria anna emma olivia sophia mia alice clara julia laura sarah sara hannah rachel rebecca emily lucy
    eva nora ella chloe zoe jane mary kate helen linda susan nancy jenny amy tom thomas john james william
    harry george noah liam lucas oliver leo sam ben daniel david michael peter paul alex charlie henry
    oscar robert joe jim mike tim billy johnny carlos pedro juan marco luca paris london berlin rome tokyo
    amsterdam madrid barcelona lisbon vienna prague dublin chicago texas california brooklyn memphis nashville
    hollywood vegas mexico japan italy france spain germany ireland scotland england america africa india
    china brazil canada australia greece egypt norway sweden""".split()
)
"""Names that may be typed without a capital."""
JOINT = re.compile(
    r"(?<!\s)\s+(?:in|on|of|at|by|for|with|to|from|under|over|into|through|next|without|between|behind|about|"
    r"after|before|against|across|above|below|near|beyond|during|around|inside|outside|like|than)\s+.*$",
    re.IGNORECASE,
)


def head(core: str) -> str:
    """The last word of the phrase before a preposition, in lower case."""
    words = JOINT.sub("", core).lower().split()
    while len(words) > 1 and words[-1] in ("home", "away", "again", "back"):  # "the last train home"
        words.pop()
    return words[-1].strip(",.'’") if words else ""


def is_plural(core: str) -> bool:
    """Whether the verb after ``core`` is plural: "two robots are", "my dog is", "coffee and toast are"."""
    lower = JOINT.sub("", core).lower()
    words = lower.split()
    if not words:
        return False
    if " and " in f" {lower} " or (words[0] in DETERMINERS and words[0] in ("two", "three", "both", "many")):
        return True
    if re.fullmatch(r"\d+", words[0]) and len(words) > 1 and words[0] != "1":
        return True
    last = words[-1]
    if last in _SINGULARS or last.endswith(("'s", "’s", "ss", "us", "is")):
        return False
    return last in _PLURALS or (last.endswith("s") and len(last) > 2)


def pronoun(core: str, *, somebody: bool) -> str:
    """ "it", "they", "she", "he" or "you" for the phrase; empty for somebody who may be she or he."""
    last = head(core)
    if core.lower() == "you":
        return "you"
    if is_plural(core):
        return "they"
    for words, name in ((_SHE, "she"), (_HE, "he"), (_IT, "it")):
        if last in words:
            return name
    return "" if somebody else "it"


def is_bad(core: str) -> bool:
    """Whether the phrase names an evil: nobody calls for more of it."""
    words = core.lower().split()
    if _BAD_PHRASE.search(core):
        return True
    return head(core) in _BAD or (bool(words) and words[0] in _BAD_DOINGS)


def named(core: str) -> str:
    """``core`` with a capital if it is a name in small letters."""
    return " ".join(word.capitalize() if word in _NAMES else word for word in core.split())


def with_article(core: str) -> str:
    """The phrase inside a sentence: a bare singular noun gets "the"; plurals, names, possessives, uncountable
    nouns and "-ing" forms need no article."""
    first = core.split()[0]
    lower = first.lower()
    if lower in ("a", "an"):  # the song names "a dragon" again and again, so it is "the dragon"
        return f"the{core[len(first) :]}"
    if lower in DETERMINERS or lower in _FOREIGN_ARTICLES:
        return lower + core[len(first) :]
    if lower in ("me", "you", "us", "not", "never") or lower in _OWN_ARTICLE:
        return lower + core[len(first) :]
    if lower.endswith(("'s", "’s", "s'", "s’")) or re.fullmatch(r"\d+", lower):
        return core
    if lower.endswith("ing") and count_syllables(first) > 1 and lower not in ("morning", "evening"):
        return core[0].lower() + core[1:]
    if (first != lower and not first.isupper()) or is_mass(core) or is_plural(core):
        return core
    return f"the {core}"


def is_mass(core: str) -> bool:
    """Whether ``core`` is uncountable: it needs no article, also before "in the city"."""
    words = JOINT.sub("", core).lower().split()
    if _MASS_PHRASE.fullmatch(core):
        return True
    if words and words[0] not in DETERMINERS and words[-1] in _MASS_HEADS:
        return True
    return len(words) == 1 and (words[0] in _MASS or words[0].endswith(_MASS_ENDINGS))
