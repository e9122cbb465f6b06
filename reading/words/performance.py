"""Words about how lyrics are performed: who sings, how often, and what is done but not sung."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Literal

Singer = Literal["", "female", "male", "duet", "choir"]
"""Who sings: empty for the song's own voice, "duet" for both singers together."""

MOST_REPEATS = 8
"""The most times that lines are written out for one mark such as "(x2)"."""

_SINGERS: dict[Singer, str] = {
    "female": """
        female woman women girl girls she her lady ladies females soprano alto mezzo femenina
        femenino mujer mujeres chica ella feminina mulher ela garota femme femmes fille elle
        féminine féminin frau frauen weiblich weibliche sie mädchen femminile donna donne lei vrouw
        vrouwen vrouwelijk kvinna kvinnlig kvinde kvinne kvinnelig kvindelig nainen naisääni kobieta
        żeński žena ženský ženy nő női femeie feminin жена женская жен женский женщина женщины девушка
        она жінка жіночий γυναίκα γυναικεία kadın امرأة أنثى زن אישה נשית महिला स्त्री औरत wanita
        perempuan nữ หญิง 女 女声 女聲 女性 女生 女子 여 여자 여성
    """,
    "male": """
        male man men boy boys he him guy guys males gentleman tenor baritone bass-baritone masculina
        masculino hombre hombres chico él homem homens ele rapaz homme hommes garçon lui masculine
        masculin mann männer männlich männliche er junge maschile uomo uomini man mannen mannelijk
        manlig mandlig mannlig mand mies miesääni mężczyzna męski muž mužský muži férfi bărbat мъж
        мъжки мужской муж мужчина мужчины парень он чоловік чоловічий άνδρας άντρας ανδρική erkek رجل
        ذكر مرد גבר גברי पुरुष आदमी pria lelaki nam ชาย 男 男声 男聲 男性 男生 男子 남 남자 남성
    """,
    "duet": """
        both duet together duo unison tutti ambos juntos dúo dueto beide gemeinsam zusammen tous
        ensemble deux entrambi insieme samen båda tillsammans begge sammen molemmat yhdessä oboje
        razem společně spolu mindketten együtt împreună amândoi вместе оба дуэт двое разом обоє
        заедно μαζί birlikte ikisi düet معا دويتو باهم ביחד שניהם דואט दोनों साथ युगल berdua bersama
        cùng คู่ 合 两人 二人 齐唱 対唱 对唱 對唱 둘다 함께 듀엣
    """,
    "choir": """
        choir crowd everyone everybody audience gang chorale kids children chœur choeur chor koor
        kör kor kuoro chór sbor kórus хор хором толпа χορωδία koro كورال گروه מקהלה समूह paduan 合唱団
        合唱團 合唱团 합창
    """,
}
_SINGER_NOISE = frozenset(
    """
        vocal vocals voice voices singer singers lead sung sings singing part parts only solo the a
        by with and voz vozes voix stimme gesang voce stem röst stemme ääni głos hlas hang вокал
        голос φωνή ses صوت صدا קול स्वर suara giọng เสียง 1 2 one two & + backing
    """.split()
)
"""Words that stand beside a singer's and say no more."""

_STAGE = frozenset(
    """
        spoken whisper whispers whispered whispering shout shouts shouted shouting scream screams
        screaming yell yells laugh laughs laughing laughter giggle giggles chuckle chuckles sigh
        sighs sighing gasp gasps cough coughs cries sob sobs sobbing applause cheer cheers cheering
        claps clapping handclaps gunshot gunshots siren sirens hum hums humming whistle whistles
        whistling scat scatting beatbox beatboxing silence pause fade fades fading fadeout
        instrumental interlude solo break breakdown drop drops outro intro ending repeat repeats
        repeated ad-lib ad-libs adlib adlibs vocalizing vocalise inaudible indistinct unintelligible
        ♪ ♫ bis solos riff acapella modulation crescendo susurrado susurra susurrando risas aplausos
        hablado silencio falado sussurrado risos murmuré chuchoté parlé rires applaudissements
        geflüstert gesprochen lachen lacht applaus gelächter flüstert sussurrato parlato risate
        applausi шёпотом шепот шёпот говорит смех смеётся аплодисменты проигрыш повтор 笑 笑声 笑い 拍手 掌声
        念白 旁白 台詞 セリフ 重复 重複 繰り返し 웃음 박수 반복 속삭임 내레이션
        wiederholen wiederholung repetir répéter
        ripetere powtórz
    """.split()
)
"""Words that make a line in round brackets a direction, if the others belong to a stage too."""
_INSTRUMENTS = frozenset(
    """
        guitar guitars piano keys keyboard keyboards synth synths bass drum drums sax saxophone
        trumpet violin violins fiddle cello strings string horn horns brass organ flute harmonica
        banjo mandolin ukulele accordion harp orchestra orchestral percussion beat beats band tabla
        sitar riff 808 guitarra guitarras violão bajo batería bateria violín guitare batterie basse
        gitarre klavier schlagzeug chitarra pianoforte basso batteria gitaar gitarr gitar kitara
        gitara kytara gitár chitară гитара гитары гитарное гитаре китара барабаны скрипка piyano ギター
        ピアノ ドラム 吉他 钢琴 鼓 기타 피아노 드럼
    """.split()
)
_MANNERS = frozenset(
    """
        soft softly quiet quietly loud loudly slow slowly fast gentle gently acoustic electric heavy
        distorted clean long short big huge epic dreamy ambient melodic energetic powerful emotional
        intimate breathy raspy falsetto belting belted building build builds rising swelling swells
        swell stripped down up in out and with of the a to on no only then back again key change
        tempo double half time music musical plays playing played kicks enters continues continue
        stops stop section part section rap rapped auto-tune autotune layered harmonies harmony
        vocals vocal voice voices background backing ad-libs adlibs chant chanted sung spoken word
        whispered final last over de à el la le con mit in on di da e et und y crowd audience
        mid-tempo uptempo minimal sparse dramatic hard soulful sad happy angry dark bright warm airy
        high low pitched reverb echo echoes echoing times x
    """.split()
)

_TIMES_WORDS = {"twice": 2, "thrice": 3, "bis": 2, "doppelt": 2, "zweimal": 2, "dreimal": 3, "deux fois": 2}
_REPEAT = (
    r"(?:repeat(?:s|ed)?|repetir|repite|repeti[çc][aã]o|r[ée]p[ée]ter|wiederhol(?:en|ung)|ripet(?:ere|i)"
    r"|повтор(?:ить)?|重复|重複|繰り返し|반복)"
)
_COUNT = (
    r"(?:[x×х*]\s?(\d{1,3})|(\d{1,3})\s?(?:[x×х]|times|veces|vezes|fois|mal|volte|раза?|次|回|遍|번)"
    r"|(twice|thrice|bis|doppelt|zweimal|dreimal|deux fois))"
)
_MARK = re.compile(rf"(?:{_REPEAT}\s*(?:{_COUNT})?|{_COUNT})[.!:]?", re.IGNORECASE)


def tokens(text: str) -> tuple[str, ...]:
    """The words of ``text`` without capitals, accents and vowel signs; a number is a word of its own, except
    behind one Latin letter ("x2", "v1")."""
    flat = "".join(
        letter
        for letter in unicodedata.normalize("NFKD", text.casefold())
        if unicodedata.category(letter)[0] != "M" and letter not in "\u200c\u200d'’"
    )
    return tuple(unicodedata.normalize("NFKC", part) for part in _TOKEN.findall(flat))


_TOKEN = re.compile(r"(?<![^\W_])[a-z]\d+(?![^\W_])|\d+|[^\W\d_]+|[&+♪♫]")


def _plain(words: str | frozenset[str]) -> frozenset[str]:
    split = words.split() if isinstance(words, str) else words
    return frozenset(token for word in split for token in tokens(word))


_SINGER_OF: dict[str, Singer] = {
    token: singer for singer, words in _SINGERS.items() for token in _plain(words) if token
}
_NOISE = _plain(_SINGER_NOISE)
STAGE = _plain(_STAGE)
_AROUND = STAGE | _plain(_INSTRUMENTS) | _plain(_MANNERS)
PERFORMED = _AROUND | _plain("nylon vinyl rain wind crackle choir strings pad pads lofi lo-fi a cappella")
"""Words that say how something is played or sung, rather than who made it."""


@lru_cache(maxsize=4096)
def singer_of(text: str) -> Singer | None:
    """The singer that ``text`` names ("female vocals", "singer 2: male", "both"); None if it names none, or
    says more."""
    words = [word for word in tokens(text) if word not in _NOISE]
    named = {_SINGER_OF.get(word) for word in words}
    if not words or None in named:
        return None
    if {"female", "male"} <= named or "duet" in named:
        return "duet"
    return "choir" if "choir" in named else _SINGER_OF[words[0]]


def repeats_in(text: str) -> int | None:
    """How often ``text``, a mark and no more ("x2", "repeat 3x"), says to sing; None if it is none."""
    match = _MARK.fullmatch(text.strip())
    return _count(match) if match else None


def _count(match: re.Match[str]) -> int:
    found = next((group for group in match.groups() if group), "2")
    return _TIMES_WORDS.get(found.lower()) or int(found) if not found.isdecimal() else int(found)


_AT_END = re.compile(
    r"\s*[(\[（［{](?P<mark>[^()\[\]（）［］{}]{1,24})[)\]）］}]\s*[.:]?$"
    r"|\s+(?P<bare>[x×х]\s?[1-9]\d?|[2-8]\s?[x×х])$",
    re.IGNORECASE,
)


def without_repeat(text: str) -> tuple[str, int]:
    """``text`` without the mark at its end ("la la (x2)"), and how often that says to sing it; else 1."""
    match = _AT_END.search(text[-48:])
    if match is None:
        return text, 1
    count = repeats_in(match["mark"] or match["bare"])
    before = text[: len(text) - (len(text[-48:]) - match.start())].rstrip()
    # "2 x 4" is a sum.
    if count is None or not before or (match["bare"] and before[-1].isdecimal()):
        return text, 1
    return before, count


_VOCAL = re.compile(
    r"(?:(?:o+h+|o{2,}h*|a+h+|ye+|yea+h*|l+a+|n+a+|hey+|who?a+h*|uh+|huh|mm+h*|hm+|da+|do+|ba+|sha+|ay+|ey+|aye|yo)"
    r"(?:[\s,.!~-]+|$))+",
    re.IGNORECASE,
)


def is_vocal(text: str) -> bool:
    """Whether ``text`` is sounds such as "ooh yeah", which are sung in any brackets."""
    return len(text) <= 80 and _VOCAL.fullmatch(text) is not None


def is_stage_direction(text: str) -> bool:
    """Whether ``text``, without brackets, says what is done on a stage ("guitar solo"), and no more."""
    words = tokens(text)
    return (
        bool(words) and len(words) <= 8 and any(word in STAGE for word in words) and _AROUND.issuperset(words)
    )
