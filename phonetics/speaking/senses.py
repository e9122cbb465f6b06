"""Which of two senses a word has in its line, by the words around it.

Each rule looks at the one to three words before and after, up to the next stop. Its docstring shows both
senses.
"""

from __future__ import annotations

from phonetics.speaking.line import Line

_SUBJECTS = frozenset(
    """i you we they he she it who i'd you'd we'd they'd he'd she'd i'll you'll we'll they'll he'll she'll
    it'll""".split()
)
_VERBS_FOLLOW = frozenset(
    """to will would can could can't won't don't didn't doesn't do did should shouldn't must might may let's
    gonna wanna gotta cannot couldn't wouldn't never always please shall not help dare i'll you'll we'll
    they'll he'll she'll it'll i'd you'd we'd they'd he'd she'd y'all ever just still""".split()
)
_DETERMINERS = frozenset(
    """a an the my your his her its our their this these those some any no every each another one single
    that's what's whose what""".split()
)
_OBJECTS = frozenset("me you him her it us them myself yourself ourselves 'em".split())
_NAMED_OBJECTS = _OBJECTS | frozenset(
    "my your his our their the a an this that these those every all".split()
)
_BE = frozenset(
    """is are was were be been being am i'm you're we're they're he's she's it's that's isn't aren't
    wasn't""".split()
)
_HAVE = frozenset("have has had i've you've we've they've having haven't hasn't hadn't".split())
_PAST = frozenset(
    """yesterday ago last once wrote said saw went took knew got came left sent gave was were had found heard
    told cried loved today""".split()
)
_LIVE_NOUNS = frozenset(
    """action act album ammo ammunition audience band bands bait broadcast broadcasts chat concert concerts
    coverage crowd dj entertainment feed gig gigs music news performance performances performer recording
    recordings round rounds session set sets show shows sports stream streams television tv version wire
    wires""".split()
)
_LIVE_BEFORE = _BE | frozenset(
    """a the another going go went goes gone perform performs performing performed broadcasting streaming
    singing sang sing sings playing plays play played recorded watch watching heard filmed taped coming seen
    this""".split()
)
_OF_LEAD = frozenset(
    "pipe pipes balloon balloons bullet bullets weight weights paint pencil feet shoes".split()
)
_NEVER_LIVE = frozenset(
    """your my our their his her a the it for with without like life forever together here again as this
    each""".split()
)
_ON_AIR = frozenset("stage air tv television radio tape camera tour broadway broadcast".split())
_IN_PERSON = frozenset("concert studio person stereo color colour session".split())
_NEAR = frozenset(
    """so too very as how get gets getting got come comes coming came stay staying keep hold held holding real
    pretty more stand near this up pull pulled pulling draw drew sit sleep feel feeling dance lean you're is
    are was were be been i'm we're they're it's that's he's she's really close quite not""".split()
)
_CLOSING = frozenset("doors eyes curtains shops bars windows gates flowers lips stores books".split())


def is_verb(line: Line, n: int) -> bool:
    """Whether a word that can be a noun or a verb is the verb here: after "to", an auxiliary or a subject, or
    before an object ("record me"), unless a determiner stands before it."""
    before, after = line.before(n), line.after(n)
    if before in _DETERMINERS:
        return False
    if not before and after in _NAMED_OBJECTS:
        return True
    if before in _VERBS_FOLLOW or before in _SUBJECTS:
        return not (before == "to" and after in ("day", "and", "of", "music"))
    return after in _OBJECTS and before not in _BE and before not in ("of", "in", "for", "with", "from", "at")


def live(line: Line, n: int) -> bool:
    """ "live music", "going live", "live from New York", "live on air", against "I live here"."""
    before, after, second = line.before(n), line.after(n), line.after(n, 2)
    if (before in _SUBJECTS and not (before == "you" and line.before(n, 2) == "to")) or before in (
        _VERBS_FOLLOW - {"to", "still"}
    ):
        return False
    if after in _LIVE_NOUNS or before in ("a", "the") or (after == "and" and second in ("direct", "kicking")):
        return True
    if after == "on" and (second in _ON_AIR or line.after(n, 3) in _ON_AIR):
        return True
    if after == "in" and second in _IN_PERSON:
        return True
    if before == "you" and line.before(n, 3) in ("coming", "brought", "broadcasting"):
        return True
    return (before in _LIVE_BEFORE and after not in _NEVER_LIVE) or (not before and after in ("from", "at"))


def lives(line: Line, n: int) -> bool:
    """ "our lives", "save lives", against "she lives"."""
    before = line.before(n)
    nouns = "our your their these those the many past whole both of other save saves ruin change"
    return before in nouns.split() or line.counted(n - 1) or line.after(n) == "matter"


def lead_metal(line: Line, n: int) -> bool:
    """ "heavy as lead", "a lead pipe", against "lead me home"."""
    before, after = line.before(n), line.after(n)
    if after in _OF_LEAD:
        return before not in _SUBJECTS
    if before == "to":
        return line.before(n, 2) in ("turn", "turns", "turned", "turning") and after not in _NAMED_OBJECTS
    return before in ("as", "like", "of", "molten", "into") and after not in (
        *_NAMED_OBJECTS,
        "singer",
        "guitar",
    )


def close_verb(line: Line, n: int) -> bool:
    """ "close the door", "to close", against "close to me", "so close", "a close friend"."""
    before, after = line.before(n), line.after(n)
    if after == "to" or before in _NEAR - {"not"}:
        return False
    if before in ("a", "the") and after in ("", "of"):
        return line.before(n, 2) in ("to", "at", "toward", "until", "before", "by") or after == "of"
    if before in _CLOSING or before in _VERBS_FOLLOW:
        return True
    if before in ("i", "we", "they"):
        return True
    return after in _NAMED_OBJECTS | {"down", "out"} and before not in _DETERMINERS


def use_noun(line: Line, n: int) -> bool:
    """ "no use", "what's the use", against "use me", "I can use"."""
    before = line.before(n)
    nouns = "no the any of what's its in for little much good every make makes single a it's there's drug"
    return (before in nouns.split() and line.after(n) not in _OBJECTS) or (
        before in ("my", "your", "his", "our", "their", "some", "what")
    )


def tear_verb(line: Line, n: int) -> bool:
    """ "tear me apart", "to tear", "wear and tear", against "a tear in my eye"."""
    before, after = line.before(n), line.after(n)
    if before in _DETERMINERS or before in ("last", "little", "lonely", "falling", "first", "of"):
        return False
    if before in _VERBS_FOLLOW or before in _SUBJECTS or (before == "and" and line.before(n, 2) == "wear"):
        return True
    return after in _NAMED_OBJECTS | {"down", "up", "apart", "off", "out", "away", "through", "into", "open"}


def tears_verb(line: Line, n: int) -> bool:
    """ "it tears me apart", against "tears in my eyes"."""
    after = line.after(n)
    if after in ("me", "us", "him", "them", "apart"):
        return line.before(n) not in _DETERMINERS
    return line.before(n) in _SUBJECTS | {"that", "love"} and after in _NAMED_OBJECTS | {
        "down",
        "through",
        "up",
    }


def wind_verb(line: Line, n: int) -> bool:
    """ "wind it up", "wind down", "the roads wind", against "the wind blows"."""
    before, after = line.before(n), line.after(n)
    if before in _DETERMINERS or before in (
        "north",
        "south",
        "east",
        "west",
        "summer",
        "winter",
        "cold",
        "like",
    ):
        return False
    if before in "road roads river rivers street streets path paths stairs stair trail it".split():
        return True
    if before in _VERBS_FOLLOW - {"please", "just", "still", "ever", "never"} or before in _SUBJECTS:
        return True
    is_turned = after in ("it", "up", "down", "me", "them", "your", "around")
    is_weather = line.before(n, 2) in ("rain", "snow", "storm", "sun", "water", "fire", "sea", "the")
    return is_turned and before in ("", "just", "and", "then", "please", "never") and not is_weather


def wound_turned(line: Line, n: int) -> bool:
    """ "all wound up", "wound around", against "an open wound", "wound me"."""
    is_turned = line.after(n) in (
        "up",
        "down",
        "around",
        "round",
        "tight",
        "tightly",
        "through",
        "its",
        "back",
    )
    return (is_turned and line.before(n) not in _DETERMINERS) or line.before(n) in ("tightly", "clock")


def read_past(line: Line, n: int) -> bool:
    """ "have you read", "I read it yesterday", "she read", against "read to me", "I can read"."""
    before, second = line.before(n), line.before(n, 2)
    if before in _VERBS_FOLLOW - {"never", "always", "just", "ever", "i'd", "you'd", "he'd", "she'd"}:
        return before == "not" and second in _HAVE
    if before in _HAVE or before in ("was", "were", "been", "well", "he", "she"):
        return second not in ("did", "does", "could", "would", "will", "can", "should", "does")
    if second in _HAVE or line.before(n, 3) in _HAVE:
        return True
    is_told = before in _SUBJECTS or before in ("never", "just", "always", "and", "that")
    is_past = not _PAST.isdisjoint(line.words) or any(
        word.endswith("ed") and len(word) > 4 for at, word in enumerate(line.words) if at != n
    )
    return is_told and second not in ("did", "do", "can", "will") and is_past


def bow_knot(line: Line, n: int) -> bool:
    """ "a bow in her hair", "bow and arrow", against "take a bow", "bow down"."""
    words = frozenset(line.words)
    if line.after(n) in ("tie", "ties") or not words.isdisjoint(
        ("arrow", "arrows", "ribbon", "ribbons", "violin")
    ):
        return True
    is_thing = line.before(n) in _DETERMINERS | {"red", "pink", "blue", "golden", "cupid's"}
    return is_thing and (
        (line.after(n) == "in" and line.after(n, 3) in ("hair", "hands")) or "fiddle" in words
    )


def bass_fish(line: Line, n: int) -> bool:
    """ "sea bass", "bass fishing", against "drop the bass"."""
    fish = ("sea", "striped", "largemouth", "smallmouth")
    return line.before(n) in fish or line.after(n) in ("fishing", "fishin", "fisherman", "boat")


def dove_verb(line: Line, n: int) -> bool:
    """ "he dove in", against "a white dove"."""
    into = ("in", "into", "deep", "headfirst", "under", "off", "straight", "right", "down", "through", "for")
    return line.before(n) in _SUBJECTS | {"and", "then", "just"} and line.after(n) in into


def content_noun(line: Line, n: int) -> bool:
    """ "the content of", "content creator", against "I'm content"."""
    makers = ("creator", "creators", "warning")
    return line.before(n) in _DETERMINERS | {"of", "more", "digital", "new"} or line.after(n) in makers


def row_noise(line: Line, n: int) -> bool:
    """ "we had a row", against "in a row", "row your boat"."""
    quarrels = ("had", "have", "having", "start", "started", "such", "after")
    return line.before(n) in ("a", "another", "blazing", "terrible") and (
        line.before(n, 2) in quarrels or line.before(n) in ("blazing", "terrible")
    )


def people(line: Line, n: int) -> bool:
    """ "Polish girl": a capital within the line, or before a person or a thing of Poland."""
    after = line.after(n) in "girl girls boy boys man woman people song songs vodka food mother".split()
    return line.capital(n) and not line.shouted and (n > 0 or after)


def job_of_the_bible(line: Line, n: int) -> bool:
    """ "the patience of Job", against "a job"."""
    books = ("book", "patience", "trials", "story", "faith", "boils")
    return line.capital(n) and line.before(n) == "of" and line.before(n, 2) in books


def invalid_person(line: Line, n: int) -> bool:
    """ "an invalid in bed", against "an invalid card"."""
    return line.before(n) in ("an", "the", "poor", "this") and line.after(n) in (
        "",
        "in",
        "who",
        "and",
        "with",
    )


def separate_apart(line: Line, n: int) -> bool:
    """ "separate ways", "two separate hearts", against "to separate us"."""
    before = line.before(n)
    if before in _VERBS_FOLLOW or line.after(n) in _OBJECTS:
        return False
    return before in _DETERMINERS | _BE | {"two", "in", "go", "went"} or line.after(n) in (
        "ways",
        "worlds",
        "lives",
    )


def beloved_one(line: Line, n: int) -> bool:
    """ "my beloved", "dearly beloved", against "beloved by all"."""
    return line.before(n) in _DETERMINERS | {"dearly", "oh", "o"}
