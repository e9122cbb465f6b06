"""The names in a description: the song's title, and artists, whom no engine imitates."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lyrics.sketch.theme import PEOPLE
from lyrics.wishes.genres import is_style_word
from lyrics.wishes.instruments import SOUND_WORDS
from lyrics.wishes.known_artists import ARTISTS

_QUOTE_PAIRS = (
    ('"', '"'), ("“", "”“\""), ("„", "“”\""), ("«", "»"), ("»", "«"), ("‹", "›"), ("「", "」"), ("『", "』"), ("《", "》"), ("〈", "〉"),
)  # fmt: skip
_APOSTROPHES = (("'", "'"), ("‘", "’'"), ("‚", "‘’'"), ("`", "`'"))
_QUOTED = "|".join(
    (
        *(
            f"{re.escape(left)}([^{re.escape(right)}]{{1,200}})[{re.escape(right)}]"
            for left, right in _QUOTE_PAIRS
        ),
        *(
            f"(?<!\\w){re.escape(left)}((?:[^{right}]|[{right}](?=\\w)){{1,200}})[{right}](?!\\w)"
            for left, right in _APOSTROPHES
        ),
    )
)
QUOTED = re.compile(_QUOTED)
_ANY_QUOTE = "".join(dict.fromkeys("".join(left + right for left, right in (*_QUOTE_PAIRS, *_APOSTROPHES))))
_CUE = re.compile(
    r"\b(?:(?P<named>called|named)|titled|entitled|name(?: it)?\s*[:=]|(?:name|call|title) (?:it|the song|this song|this)|title\s*[:=]|title(?=\s[\"“„«'‘])|"
    r"(?:with|has|give it) the (?:title|name)(?: of)?|(?:the |its |song )?title (?:is|should be|of the song is|being|must be))\s*[:=]?\s*",
    re.IGNORECASE,
)
_NAMING = re.compile(r"(?:after|for|as|by|the)\b", re.IGNORECASE)
_BEING = re.compile(
    r"\b(?:a|an|my|his|her|our|their|some|two|this|that|\w+'s)\s+(?:[\w-]+\s+){0,3}$", re.IGNORECASE
)
_ABOUT = re.compile(r"\b(?:about|for)\b[^.;,]*$", re.IGNORECASE)
_WORKS = frozenset(
    """song songs track tune piece ballad anthem number jam jingle it one instrumental banger single lullaby hymn music beat
    waltz this album hit demo ditty""".split()
)
_PLACES = frozenset(
    "town city village planet ship boat bar street river place country island car horse man woman star band".split()
)
_PLAIN_END = re.compile(
    r"[,;.!?\n|(\[]|\s[-–—]\s|(?<!\s)\s+(?:about|that|which|where|featuring|feat|sung|and (?:it|make|with|the)|at \d|\d+ ?bpm|in (?:the style|[A-G][#b♯♭]?\b|\d)|"
    rf"with (?:(?:an?|some|only|just)\s+)?(?:[a-z-]+\s+){{0,2}}(?:female|male|{SOUND_WORDS})\b|for (?:my|our|a|an|the)\b|in (?:a|an|english|spanish|french|german|italian)\b)",
)
_SMALL = r"(?:of|the|and|in|on|a|an|to|for|with|from|my|at|by|is|&|or|me|you|it|your|we|i|no|not|be|are|into|over|under)"
_CAPITALISED = re.compile(
    rf"[A-Z0-9¿¡À-ÞЀ-Я][\w'’&!?.-]*(?:\s+(?:{_SMALL}\s+){{0,3}}[A-Z0-9À-ÞЀ-Я][\w'’&-]*){{0,9}}"
)
_LEADING = re.compile(rf"^\s*(?:{_QUOTED})\s*(?:[-–—:]|,?\s*(?:is\s+)?an?\s)")
LONGEST_TITLE = 80
_FILLER_TITLES = frozenset("it this that song".split())


@dataclass(frozen=True)
class Named:
    """The description without its names, and what they are."""

    text: str
    title: str = ""
    artists: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def named(text: str) -> Named:
    """Takes the title and the artists out of ``text``; a comma stays in the place of each."""
    title, text = _title(text)
    artists, text = _artists(text)
    notes = [f'the style of "{artist}" is not imitated: say how it sounds instead' for artist in artists]
    if cover := _COVER.search(text):
        notes.append(f'an existing song cannot be made again: "{cover[0].strip()[:60]}" is not heeded')
        text = f"{text[: cover.start()]} , {text[cover.end() :]}"
    return Named(text, title, artists, tuple(notes[:5]))


def _title(text: str) -> tuple[str, str]:
    """The title as typed, and the text without it."""
    if leading := _LEADING.match(text):
        title = _inner(leading)
        rest = text[leading.end() - (0 if leading[0].rstrip()[-1] in "-–—:" else 2) :]
        return title, rest
    for cue in _CUE.finditer(text):
        if quoted := QUOTED.match(text, cue.end()):
            if not (cue["named"] and _names_a_being(text[: cue.start()], quoted=True)):
                return _inner(quoted), f"{text[: cue.start()]} , {text[quoted.end() :]}"
        elif not _NAMING.match(text, cue.end()) and not (
            cue["named"] and _names_a_being(text[: cue.start()], quoted=False)
        ):
            end = _plain_end(text, cue.end())
            title = text[cue.end() : end].strip(f" ,;:-–—{_ANY_QUOTE}")
            if re.search(r"\w", title) and title.lower() not in _FILLER_TITLES:
                return title[:LONGEST_TITLE].strip(), f"{text[: cue.start()]} , {text[end:]}"
    return "", text


def _plain_end(text: str, start: int) -> int:
    """Where a title without quotes ends that starts at ``start``."""
    stop = _PLAIN_END.search(text, start)
    end = stop.start() if stop else len(text)
    capitals = _CAPITALISED.match(text, start, end)
    if capitals and text[start:end] != text[start:end].title() and capitals.end() > start:
        return capitals.end()
    return end


def _names_a_being(before: str, *, quoted: bool) -> bool:
    """Whether "called" or "named" after ``before`` names somebody or some place in the song's subject."""
    near = before[-80:]
    words = re.findall(r"[\w'-]+", near.lower())
    if not words or words[-1] in _WORKS:
        return False
    if words[-1] in PEOPLE or words[-1] in _PLACES:
        return True
    return not quoted and bool(_ABOUT.search(near) and _BEING.search(f"{near.rstrip()} "))


def _inner(match: re.Match[str]) -> str:
    inner = next(group for group in match.groups() if group is not None and match.group(0).find(group) >= 0)
    return " ".join(inner.split())[:LONGEST_TITLE].strip()


_NAME = r"(?<![\w'’-])[A-Z][\w.'’$-]{0,30}(?:,?\s+(?:(?:and|the|of|&|de|van|von|la|le|los|del|der|x|n')\s+)?(?-i:[A-Z0-9])[\w.'’$-]{0,30}){0,4}"
_LOWER_NAME = r"[^\s,.;!?()]+(?:\s+(?!(?:about|with|but|for|at|in|featuring|feat|on|without|no|and|or|that|which|song|style|vibes?|from|by|sung|please|is|as|my|a|an|the)\b)[^\s,.;!?()]+){0,3}"
_STRONG = re.compile(
    r"\b(?:(?:in|with|after|on)\s+)?(?:(?:the|a|an)\s+)?(?:(?:exact|same|musical|vocal|signature|general)\s+)?(?:style|manner|vein|spirit|fashion|voice)s?\s+of\s+"
    rf"((?-i:{_NAME})|{_LOWER_NAME})|"
    rf"(?<!\w)[àáa]\s+la\s+((?-i:{_NAME})|[^\s,.;!?()]+)|"
    r"\b(?:sounds?|sounding)\s+(?:(?:a bit|just|exactly|something|more|very much|kind of|a lot)\s+)?like\s+"
    rf"(?:an?\s+(?:song|track|tune)\s+(?:by|from)\s+)?((?-i:{_NAME}))|"
    rf"\b(?:similar to|reminiscent of|influenced by|inspired by (?:the )?(?:music|songs?|sound|style|works?) of|vibes? of|sound of|songs? by|tracks? by|music by|sung by|"
    rf"vocals? by|voice of|feat(?:uring)?\.?|ft\.?|imitat(?:e|ing)|copy(?:ing)?|channell?ing|(?:think|fans of))\s+(?:(?:early|late|old|classic|the)\s+)?((?-i:{_NAME}))",
    re.IGNORECASE,
)
_ANOTHER = re.compile(rf"\s+(?:and|&|meets|x|vs\.?|with)\s+({_NAME})")
_LIKE = re.compile(
    rf"(?:^|[,;]|\b(?:song|songs|music|track|something|sing|sings|singing|vocals?|voice|tune|ballad|beat|pop|rock|rap|jazz|soul|folk|one|artists?|bands?))\s*(?:like|such as)\s+({_NAME})"
)
_STYLED = re.compile(
    rf"({_NAME})(?:'s|’s)?[ -]+(?i:styled?|esque|type[ -]beats?|vibes?|inspired|like|ish|influenced|influences?)\b|\b([A-Z]\w+)esque\b"
)
_POSSESSIVE = re.compile(rf"\bin\s+({_NAME})(?:'s|’s|s'|')\s+(?:style|manner|voice)\b", re.IGNORECASE)
_TYPE_BEAT = re.compile(
    r"(?<![\w$.&'-])((?:[\w$.&'-]{1,30} ){0,2}?[\w$.&'-]{1,30}) type[ -]beats?\b", re.IGNORECASE
)
_KNOWN = re.compile(
    rf"(?<![\w'’])({'|'.join(re.escape(name) for name in sorted(ARTISTS, key=len, reverse=True))})(?:'s|’s)?(?:[ -]+(?:style|esque|vibes?|inspired|like|type[ -]beats?|sound|music))?(?!\w)",
    re.IGNORECASE,
)
_COVER = re.compile(
    rf"\b(?:an?\s+)?(?<!album )(?:(?:cover|remix|remake|parody|mashup)(?: version)? of)\s+(?:the song\s+)?(?:(?:{_QUOTED})|(?:{_NAME}))(?:\s+by\s+{_NAME})?"
)
_NO_ARTIST = re.compile(
    r"^(?:(?:a|an|the|my|your|old|early|late|this|that|classic|modern|traditional|vintage|music|songs?|choir|children|women|men|man|woman)\b"
    r"(?!\s+(?-i:[A-Z])))|"
    r"\b(?:\d{2,4}'?s|eighties|nineties|seventies|sixties|songs?|music|films?|movies?|anime|cartoons?|musicals?|carols?|games?|bollywood|"
    r"broadway|disney|hollywood|motown|christmas|halloween|west coast|east coast|new orleans|nashville|chicago|detroit|memphis|atlanta|"
    r"ibiza|berlin|london|miami|vegas|texas|paris|tokyo|seoul|eurovision|tiktok|french|dutch|greek|german|latin|western|eastern|southern|"
    r"northern|monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|june|july|august|september|october|"
    r"november|december|summer|winter|spring|autumn|easter|\w+(?:ish|ese|ian|ican|anic|bic|tic|nese|ltic|ndic))\b",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"^(?:A|An|Make|Create|Write|Some|Something|In|My|Give|I|Slow|Fast|With|Sung|And|Song|Music|Of|Like|Is)\s+"
)
_IN_TOPIC = re.compile(r"\babout\b[^.;,]*$", re.IGNORECASE)


def _artists(text: str) -> tuple[tuple[str, ...], str]:
    """The artists whose style is asked for, and the text without them."""
    found: dict[str, None] = {}
    spans: list[tuple[int, int]] = []

    def take(match: re.Match[str], *, strong: bool) -> None:
        name = next(group for group in match.groups() if group)
        name = re.sub(r"(?:'s|’s)$", "", name.strip(" .'’"))
        name = _OPENER.sub("", name)
        start = (
            match.start(next(n for n, group in enumerate(match.groups(), 1) if group))
            if not strong
            else match.start()
        )
        if not name or len(name) < 2 or _is_no_artist(name):
            return
        if not strong and _IN_TOPIC.search(text[max(0, match.start() - 200) : match.start()]):
            return
        if not any(a < match.end() and start < b for a, b in spans):
            found.setdefault(name[:60])
            end = match.end()
            while (more := _ANOTHER.match(text, end)) and not _is_no_artist(more[1]):
                found.setdefault(more[1][:60])
                end = more.end()
            spans.append((start if strong else match.start(), end))

    for pattern, strong in (
        (_POSSESSIVE, True),
        (_STRONG, True),
        (_TYPE_BEAT, False),
        (_STYLED, False),
        (_LIKE, False),
        (_KNOWN, False),
    ):
        for match in pattern.finditer(text):
            take(match, strong=strong)
    for start, end in sorted(spans, reverse=True):
        kept = " type beat" if re.search(r"type[ -]beats?$", text[start:end], re.IGNORECASE) else ""
        head = re.match(
            r"(?:song|songs|music|track|tune|ballad|beat|pop|rock|rap|jazz|soul|folk|vocals?|voice)\b",
            text[start:end],
            re.I,
        )
        text = f"{text[:start]} {head[0] if head else ''}{kept} , {text[end:]}"
    return tuple(found), text


def _is_no_artist(name: str) -> bool:
    lower = name.lower()
    if lower in ARTISTS:
        return False
    return bool(_NO_ARTIST.search(name)) or is_style_word(name) or lower in _COMMON


_COMMON = frozenset(
    """i you me he she it we they this that these those what there here someone somebody everyone nobody god heaven hell bass
    piano guitar drums strings saxophone sax violin trumpet flute cello synths vocals male female choir bpm edm dj tv usa uk us
    crazy magic home before never""".split()
)
