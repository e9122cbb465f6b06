"""Who is to sing, and whether anybody is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass

from lyrics.contract import Voice
from lyrics.wishes.polarity import Mention

_WORDS = r"vocals?|vox|voices?|singers?|lead|sung|singing|vocalists?|rapper|rap|mc"
_ADVERB = r"(?:[\w-]+[ -]){0,2}?"
_VOICES: tuple[tuple[str, str], ...] = (
    (r"duets?|(?:fe)?male\s*(?:and|&|\+|/|with)\s*(?:an?\s+)?(?:fe)?male|man and (?:a )?woman|woman and (?:a )?man|(?:boy and girl|girl and boy)(?: vocals)?|"
     r"two singers|both (?:genders|sexes)|m/f|he and she|him and her", "duet"),
    (r"choirs?|choral|chorus of voices|gospel singers|choir vocals|(?:children'?s|boys'?|kids'?) (?:choir|voices)", "choir"),
    (rf"(?:female|woman'?s?|women'?s?|girl'?s?|lady|soprano|alto)[- ]{_ADVERB}(?:{_WORDS})|sung by (?:a|some) {_ADVERB}(?:woman|girl|women|girls|lady|female)|"
     r"female|songstress|soprano(?!\s+(?:sax|recorder|guitar|ukulele))|diva|she sings|frauenstimme|voix féminine|voz femenina", "female"),
    (rf"(?:male|man'?s?|men'?s?|boy'?s?|guy'?s?|baritone|tenor|bass baritone)[- ]{_ADVERB}(?:{_WORDS})|sung by (?:a|some) {_ADVERB}(?:man|boy|men|boys|guy|male)|"
     r"male|baritone(?!\s+(?:sax|guitar|ukulele|horn))|tenor voice|he sings|crooner|männerstimme|voix masculine|voz masculina", "male"),
    (r"(?:an?\s+)?instrumentals?(?!\s+(?:breaks?|solos?|bridges?|intros?|outros?|sections?|interludes?|parts?|hooks?|passages?|verses?))|wordless|vocal-less|voiceless|non-?vocal|non-?sung"
     r"|vocals? ?off|karaoke(?: version| track)?|backing tracks?|minus one", "none"),
    (r"vocals?|voices?|singing|singers?|lyrics|sung|vocalists?|words|vox", "any"),
)  # fmt: skip
_PATTERNS = tuple(
    (re.compile(rf"(?<![\w'’-])(?:{pattern})(?![\w'’])", re.IGNORECASE), name) for pattern, name in _VOICES
)
_BACKING = re.compile(
    r"(?:fe)?male[\s-]+(?:backing|background|backup|harmon(?:y|ies)|ad-?libs?|choir)\b", re.IGNORECASE
)
_BEFORE_SOUND = re.compile(
    r"(?:backing|background|backup|harsh|in other|with other|deep|my own)\s+$", re.IGNORECASE
)
_CAPPELLA = re.compile(
    r"\ba cappella\b|\b(?:no|without|zero) (?:any )?(?:(?:musical |backing )?instruments?|instrumentation|accompaniment|backing(?: track| band| music)?|band)\b|"
    r"\bunaccompanied (?:voices?|vocals?|singing|singers?|choir)\b|\b(?:barbershop|beatbox\w*) (?:quartet|only)\b",
    re.IGNORECASE,
)
_VOICE_ALONE = re.compile(
    r"\b(?:only|just) (?:the |a |my )?(?:human )?(?:vocals?|voices?|singing)(?=\s*(?:$|[,.;!])|\s+and nothing)|"
    r"\b(?:vocals?|voices?) (?:only|alone)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|no|isn't|never|anything but|without)\s+(?:an?\s+)?$", re.IGNORECASE)

_USES = re.compile(
    r"\b(?:soundtracks?|ost|film scores?|movie scores?|game scores?|underscore|bgm|background (?:music|track|beat|loop|sound)s?|"
    r"(?:study|studying|sleep|meditation|yoga|focus|spa|elevator|hold|waiting room|intro|outro|theme|podcast|video game|game|lobby|menu|ambient|boss(?: battle| fight)?|battle|arcade|"
    r"relaxation|concentration|reading|massage) (?:music|tune|track|soundscape|loop)s?|theme music|play-?along|backing music|music bed|"
    r"(?:[\w&'-]+ )?type[ -]beats?|"
    r"(?:rap|trap|drill|hip[- ]?hop|lo-?fi|boom[- ]?bap|freestyle|phonk|study|chill|r&b|reggaeton|afro|grime|dancehall|cypher|chillhop) beats?|"
    r"beats? (?:for|to) (?:\w+ ){0,3}(?:rap|rapping|rhyme|freestyl\w*|mc|rappers?|study|sleep|chill|relax)\b|"
    r"(?:make|create|produce|generate|give|need|want|drop|cook up|build)(?: me| us)? (?:an? |some |the )?(?:[\w-]+ ){0,2}beats?(?=\s*(?:$|[,.;!]|at|in|with|for))|"
    r"ringtones?|soundscapes?|sonatas?|concertos?|fugues?|symphon(?:y|ies)|études?|etudes?|nocturnes?|preludes?|overtures?|"
    r"(?:for|while|to help me) (?:(?:my|a|an|the|some|your|our|deep|late night|night time|better|kids|quiet) )?(?:studying|study|sleeping|sleep|falling asleep|meditation|meditating|yoga|"
    r"focus(?:ing)?|concentration|concentrating|working|work|coding|programming|reading|relaxation|homework|exam prep|massage|background|podcasts?|"
    r"youtube(?: videos?| intro| channel)?|videos?|vlogs?|slideshows?|presentations?|(?:video )?games?|streams?|twitch(?: stream)?|"
    r"karaoke|trailers?|documentar(?:y|ies)|(?:short )?films?|movies?|commercials?|adverts?|ads?|dnd|d&d))\b",
    re.IGNORECASE,
)
"""Music for a use, which has no words unless something else in the description says so."""
_SUNG_FORM = re.compile(
    r"\b(?:songs?|lullab(?:y|ies)|anthems?|ballads?|hymns?|jingles?|carols?|shant(?:y|ies)|sing-?along)\b",
    re.I,
)
_PART_OF_SOUND = re.compile(
    r"\b(?:with|and|heavy|energetic|over|to)\s+(?:an?\s+|some\s+|the\s+)?$", re.IGNORECASE
)


def voices(text: str) -> Iterator[Mention]:
    """The words for voices in ``text``. "any" is a voice of no kind, "none" an instrumental."""
    taken: list[tuple[int, int]] = []
    for pattern, name in _PATTERNS:
        for match in pattern.finditer(text):
            start, end = match.span()
            is_lead = name not in ("male", "female") or not _BACKING.match(text, start)
            if any(a < end and start < b for a, b in taken):
                continue
            taken.append((start, end))
            if is_lead and not (name == "any" and _BEFORE_SOUND.search(text[max(0, start - 14) : start])):
                yield Mention(start, end, "voice", name)


@dataclass(frozen=True)
class Singing:
    """``voice`` is None if the description leaves it open. ``literal`` tells whether it names that voice
    itself, and not only excludes others or a use without words."""

    voice: Voice | None = None
    literal: bool = False
    cappella: bool = False
    barred: frozenset[str] = frozenset()
    """Voices that are not wanted."""
    warnings: tuple[str, ...] = ()
    spans: tuple[tuple[int, int], ...] = ()


def singing(text: str, mentions: Sequence[Mention], denied: Set[int], *, about: bool, alone: bool) -> Singing:
    """Who sings, by the ``mentions`` of which some are ``denied``. ``about`` tells whether the description
    names a subject, ``alone`` whether it wants an instrument alone."""
    named = [(mention.name, n in denied) for n, mention in enumerate(mentions) if mention.kind == "voice"]
    wanted = list(dict.fromkeys(name for name, is_denied in named if not is_denied))
    barred = {name for name, is_denied in named if is_denied}
    spans = [match.span() for match in (*_CAPPELLA.finditer(text), *_VOICE_ALONE.finditer(text))]
    cappella = any(not _DENIED.search(text[max(0, a - 20) : a]) for a, _ in spans)
    uses = [
        match
        for match in _USES.finditer(text)
        if not _PART_OF_SOUND.search(text[max(0, match.start() - 20) : match.start()])
    ]
    spans += [match.span() for match in uses]

    def found(voice: Voice | None, *warnings: str, literal: bool = False) -> Singing:
        against = (f"the description asks for a {name} voice and against one: there is none" for name in both)
        notes = (*against, *warnings)
        return Singing(voice, literal, cappella, frozenset(barred - {"any", "none"}), notes, tuple(spans))

    kinds = [name for name in wanted if name in ("female", "male", "duet", "choir")]
    kinds = [name for name in kinds if name not in barred]
    both = [name for name in wanted if name in barred and name not in ("any", "none")]
    silent = "none" in wanted or "any" in barred or barred >= {"female", "male"}
    if cappella and silent:
        note = "a cappella has a voice and no instruments, and an instrumental the reverse: it is a cappella"
        return found(_kind(kinds, barred), note)
    if silent:
        if not kinds:
            return found("none", literal="none" in wanted or "any" in barred)
        if kinds == ["choir"]:  # it sounds, and sings no words
            return found("none", literal=True)
        return found(
            "none",
            f"the description asks for an instrumental and for a {kinds[0]} voice: it is an instrumental",
            literal=True,
        )
    if "duet" in kinds or {"female", "male"} <= set(kinds):
        notes = (
            []
            if "duet" in kinds
            else ["the description asks for a female and a male voice: both sing, a duet"]
        )
        return found("duet", *notes, literal=True)
    if kinds:
        notes = (
            [f"the description asks for {' and '.join(kinds)}: the voice is {kinds[0]}"]
            if len(kinds) > 1
            else []
        )
        return found(_kind(kinds, barred), *notes, literal=True)
    voice = _kind([], barred)
    wants_words = bool(wanted) or "none" in barred or cappella or voice is not None
    if uses and not wants_words and not (about and _SUNG_FORM.search(text)):
        use = " ".join(uses[0][0].split())
        return found("none", f'"{use}" was taken for an instrumental: say "with vocals" if it is to be sung')
    if alone and not wants_words and not about and not _SUNG_FORM.search(text):
        return found(
            "none", 'an instrument alone was taken for an instrumental: say "with vocals" if it is to be sung'
        )
    return found(voice)


def _kind(kinds: Sequence[str], barred: Set[str]) -> Voice | None:
    """The first voice of ``kinds``; else the one that is left if one of two is barred."""
    for voice in ("female", "male", "duet", "choir"):
        if kinds and voice == kinds[0]:
            return voice
    if "female" in barred and "male" not in barred:
        return "male"
    if "male" in barred and "female" not in barred:
        return "female"
    return None
