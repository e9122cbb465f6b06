"""The language of a text, and the language that a description asks for."""

from functools import partial

import pytest

from reading.language import (
    asked_language,
    described_language,
    language_code,
    language_name,
    language_of,
    three_letters,
    without_language,
)
from reading.languages.names import ABROAD, NAMES, THREE_LETTERS
from tests.clock import first_run_s

TEXTS = {
    "": (
        "la la la",
        "oh yeah na na na hey hey",
        "bossa nova samba",
        "chill lo-fi beats",
        "dreamy synthwave, 100 BPM",
        "lo-fi hip hop, chill, rainy",
        "flamenco guitar, cajón",
        "saranghae",
        "99 Luftballons",
        "Sunshine reggae",
        "Neon",
        "Amsterdam",
        "Dum dum diddy",
        "Paper boats",
        "Silver wings",
        "Ocean waves crashing",
        "Garota de Ipanema",
        "Ring ding dong",
        "Gangnam style, hey sexy lady",
        "Hallelujah",
        "Amen",
    ),
    "it": (
        "ti amo",
        "Bella ciao",
        "O sole mio",
        "Volare, cantare",
        "Piove sulla città",
        "Sotto la pioggia cammino da solo",
    ),
    "fr": (
        "Bonjour mon amour",
        "je t'aime",
        "Ne me quitte pas",
        "La vie en rose",
        "Sous le ciel de Paris",
        "Sur le pont d'Avignon",
        "Marchant sous la pluie",
    ),
    "en": (
        "night drive",
        "hello world",
        "a sad song about rain",
        "Walking home in the rain",
        "deep house techno",
        "Hasta la vista, baby, I'm going home tonight",
        "C'est la vie, that's what they say",
        "Fly me to the moon",
        "Rain",
        "Shake it off",
        "Paper boats on the morning tide",
        "Midnight city lights",
        "Neon rain on empty streets",
        "Summer breeze",
        "I walk a lonely road, the only one that I have ever known",
        "One two three four",
        "Come on Eileen",
        "Under pressure",
        "die another day",
        "Mother Mary comes to me",
        "We will rock you",
        "No woman no cry",
        "Man in the mirror",
    ),
    "de": (
        "ein trauriges Lied über den Regen",
        "Ich liebe dich",
        "Die Nacht ist kurz",
        "Über den Wolken",
        "Atemlos durch die Nacht",
    ),
    "es": (
        "Te quiero mucho mi amor",
        "una canción sobre el mar",
        "Despacito, quiero respirar tu cuello despacito",
        "Viva la vida",
        "Porque te vas",
        "Bésame mucho",
        "Mi corazón late por ti",
        "Caminando bajo la lluvia",
        "Lluvia en la ciudad",
    ),
    "pt": (
        "Saudade do meu bem",
        "Eu te amo, meu bem",
        "Eu não sei parar de te olhar",
        "Andando na chuva",
    ),
    "sv": (
        "jag älskar dig",
        "En att hålla om, natten är lång",
    ),
    "no": ("jeg elsker deg",),
    "da": ("jeg elsker dig",),
    "pl": (
        "kocham cię",
        "W starym domu pada deszcz",
        "Idąc w deszczu do domu",
    ),
    "hr": ("volim te",),
    "tl": ("mahal kita",),
    "id": (
        "aku cinta kamu",
        "Sampai jumpa lagi, sayang",
    ),
    "zh": ("我爱你",),
    "ru": ("Я тебя люблю",),
    "uk": ("Я тебе кохаю",),
    "bg": ("Обичам те",),
    "sr": ("Волим те",),
    "ar": ("أحبك",),
    "fa": ("دوستت دارم",),
    "ur": ("میں تم سے پیار کرتا ہوں",),
    "he": ("אני אוהב אותך",),
    "el": ("Σ' αγαπώ",),
    "hi": ("मैं तुमसे प्यार करता हूँ",),
    "th": ("ฉันรักเธอ",),
    "fi": ("Minä rakastan sinua",),
    "tr": ("Seni seviyorum",),
    "vi": ("Em yêu anh",),
    "hu": ("Szeretlek",),
    "ro": ("Te iubesc",),
    "cs": (
        "Miluju tě",
        "Stará láska nerezaví",
    ),
    "sw": ("Nakupenda sana",),
    "nl": (
        "Ik hou van jou",
        "De regen valt op straat",
        "Hou me vast",
    ),
    "is": ("Ég elska þig",),
}
ASKED = {
    "es": (
        "a pop song in Spanish",
        "una canción en español",
        "Spanish song about rain",
        "sad ballad, in Spanish, female voice",
        "in Spanish, not English",
        "idioma: español",
        "por favor en castellano",
        "English and Spanish lyrics",
        "spanish version",
    ),
    "de": (
        "ein Lied auf Deutsch",
        "rock with German vocals",
        "Language=German",
        "deutscher Text",
        "deutschsprachiger Schlager mit deutschem Gesang",
    ),
    "fr": (
        "une chanson en français",
        "lyrics: French",
        "French rap, 95 BPM",
        "Sing it in French please",
        "a love song sung in French about a girl",
    ),
    "it": ("una canzone in italiano",),
    "ko": (
        "sung in Korean",
        "k-pop in Korean",
        "한국어로 불러줘",
        "a Korean song",
        "half English half Korean lyrics",
    ),
    "ja": (
        "Japanese lyrics",
        "日本語で",
        "vocals should be in Japanese",
        "lang: ja",
        "in Japanese",
    ),
    "zh": (
        "中文歌",
        "用中文唱",
    ),
    "ru": (
        "на русском",
        "по-русски",
    ),
    "pt": (
        "language: pt-BR",
        "a song in brazilian portuguese about saudade",
        "em português",
        "bossa nova in Portuguese",
    ),
    "": (
        "Spanish guitar ballad",
        "French horn and strings",
        "English breakfast tea",
        "a summer in Germany",
        "Latin jazz",
        "Italian restaurant romance",
        "learning Spanish",
        "a song about learning Spanish in Madrid",
        "flamenco in Spanish style",
        "in an Italian restaurant",
        "not in English",
        "French house",
        "Turkish delight",
        "Latin pop song",
        "Irish folk song",
        "Irish song",
        "Urlaub in Italien",
        "un voyage en Italie",
        "a song about a girl who whispers in French",
        "song about love letters in French",
        "Korean drama OST",
        "Greek islands",
        "Russian roulette",
        "Swedish house mafia style",
        "German techno",
        "Chinese New Year",
        "Chinese new year song",
        "Danish pastry",
        "Dutch angle",
        "in English accent",
        "in french quarter of New Orleans",
        "Walking in Spanish Harlem",
        "in Japanese garden",
        "Arabic scales",
        "Arabic scale oud",
        "без слов",
        "a French singer in Paris",
        "made in China",
        "born in the USA",
        "Spanish moss",
        "sung by a Spanish woman",
        "Persian rug",
    ),
    "hi": (
        "lyrics in Hindi",
        "हिंदी में",
    ),
    "tr": ("Turkish song",),
    "en": (
        "english lyrics only",
        "ein Lied auf Englisch",
        "auf englisch",
        "in het Engels",
        "in English and Spanish",
        "em inglês",
        "en anglais",
    ),
    "la": (
        "in Latin",
        "choir in Latin, epic",
    ),
    "ga": ("in Irish",),
    "pl": (
        "Polish song about nail art",
        "po polsku",
        "rap in polish",
    ),
    "hu": ("magyarul",),
    "fi": ("suomeksi",),
    "uk": ("українською мовою",),
    "sv": ("på svenska",),
    "nl": (
        "op z'n Nederlands",
        "in het Nederlands",
    ),
    "th": ("in Thai language",),
    "id": (
        "bahasa Indonesia",
        "dalam bahasa Indonesia",
    ),
    "vi": ("tiếng Việt",),
    "sw": ("Swahili vocals",),
    "ar": (
        "Arabic lyrics",
        "باللغة العربية",
    ),
    "tl": ("please write the lyrics in Tagalog",),
    "he": ("בעברית",),
    "el": ("στα ελληνικά",),
    "cs": ("česky",),
    "ca": ("cantada en catalán",),
}


STYLES = {
    "ja": ("japanese female vocals, city pop", "Japanese, city pop", "city pop, Japanese"),
    "ko": ("k-pop, korean, female vocal", "pop (Korean)", "Korean male rap"),
    "es": ("Spanish-speaking female singer", "bilingual Spanish/English", "sung in Mexican Spanish"),
    "zh": ("mandopop in Simplified Chinese",),
    "": ("Latin, salsa", "Irish, folk, fiddle", "Mexican Spanish guitar", "a Polish, shiny sound"),
}
"""In lists of style words."""


def pairs(table: dict[str, tuple[str, ...]]) -> list[tuple[str, str]]:
    return [(text, code) for code, texts in table.items() for text in texts]


@pytest.mark.parametrize(("text", "code"), pairs(TEXTS))
def test_a_text_is_in_its_language(text: str, code: str) -> None:
    assert language_of(text) == code


@pytest.mark.parametrize(("text", "code"), pairs(TEXTS))
def test_tags_and_vocables_do_not_change_it(text: str, code: str) -> None:
    assert language_of(f"[verse 1]\n{text}\nla la la la\n[chorus - female]\noh oh, hey yeah\n{text}") == code


def test_of_two_languages_the_one_with_more_words_counts() -> None:
    korean, english = "너를 사랑해 오늘 밤에도", "baby tonight"
    assert language_of(f"{korean}\n{english}") == "ko"
    assert language_of(f"{english} I want to dance with you until the morning light\n사랑해") == "en"
    assert language_of("Quiero bailar contigo toda la noche\nbaby come on") == "es"


def test_the_detector_knows_what_small_words_do_not() -> None:
    assert language_of("Labas rytas mano brangioji širdie, saulė teka virš jūros") == "lt"
    assert language_of("Ma armastan sind üle kõige siin maailmas ja igavesti koos") == "et"


@pytest.mark.parametrize(("text", "code"), [*pairs(ASKED), *pairs(STYLES)])
def test_a_description_asks_for_a_language(text: str, code: str) -> None:
    assert asked_language(text) == code


@pytest.mark.parametrize("code", NAMES)
def test_every_language_can_be_asked_for_by_each_of_its_names(code: str) -> None:
    for name in NAMES[code]:
        for sentence in (f"a pop song in {name}", f"pop, {name.lower()} lyrics", f"pop; language: {name}"):
            assert asked_language(sentence) == code, sentence
        assert language_code(name.upper()) == code


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a pop song in Spanish about love", "a pop song about love"),
        ("sad ballad, in Spanish, female voice", "sad ballad, female voice"),
        ("about love in French", "about love"),
        ("ein Lied auf Deutsch über Regen", "ein Lied über Regen"),
        ("Spanish guitar in a Spanish bar", "Spanish guitar in a Spanish bar"),
        ("city pop with Japanese lyrics", "city pop with lyrics"),
        ("rock with German vocals", "rock with vocals"),
        ("Hindi female vocals, sad", "female vocals, sad"),
        ("vocals in Hindi, sad", "vocals, sad"),
        ("lo-fi, lyrics: French", "lo-fi"),
        ("pop, language: pt-BR", "pop"),
        ("a Turkish song, slow", "a Turkish song, slow"),
        ('pop in Spanish called "Luna" about rain', 'pop called "Luna" about rain'),
        ("k-pop, korean, female vocal", "k-pop, female vocal"),
        ("Japanese, city pop", "city pop"),
        ("pop (Korean)", "pop"),
    ],
)
def test_the_wish_is_no_part_of_the_subject(text: str, left: str) -> None:
    assert without_language(text) == left


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("ein trauriges Lied über den Regen", "de"),
        ("canción alegre de verano, pop, 120 BPM", "es"),
        ("雨についての悲しい歌", "ja"),
        ("a sad song about rain", "en"),
        ("dreamy synthwave retro neon arpeggio pads", ""),
        ("lo-fi chill samba bossa nova rain", ""),
        ("salsa cumbia merengue bachata", ""),
        ("minimal piano solo", ""),
        ("chanson accordion Paris café", ""),
        ("celtic harp bodhrán uilleann pipes", ""),
        ("tango bandoneon milonga", ""),
    ],
)
def test_words_of_all_languages_show_no_language_of_a_description(text: str, code: str) -> None:
    assert described_language(text) == code


@pytest.mark.parametrize(
    ("text", "code", "three"),
    [
        ("en", "en", "eng"), ("EN", "en", "eng"), ("en-US", "en", "eng"), ("pt_BR", "pt", "por"),
        ("eng", "en", "eng"), ("ger", "de", "deu"), ("English", "en", "eng"), ("español", "es", "spa"),
        ("日本語", "ja", "jpn"), ("zh-Hant", "zh", "zho"), ("nb", "no", "nor"), ("iw", "he", "heb"),
        ("yue", "yue", "yue"), ("qq", "qq", "und"), ("Klingon tongue", "", "und"), ("", "", "und"),
        ("e\n", "", "und"), ("12", "", "und"),
    ],
)  # fmt: skip
def test_a_language_has_one_code(text: str, code: str, three: str) -> None:
    assert language_code(text) == code
    assert three_letters(code) == three


def test_the_tables_agree() -> None:
    assert set(ABROAD) <= set(NAMES)
    assert set(NAMES) <= set(THREE_LETTERS)
    assert (language_name("pt"), language_name("qq")) == ("Portuguese", "qq")


@pytest.mark.parametrize(
    "text",
    [
        "in Spanish about who " * 500,
        "about " * 2000,
        "lyrics is in " * 800,
        "not be sing " * 900 + "in French",
        "a" * 10_000,
        "in " * 3000 + "Spanish",
        "language: " * 1000,
        "日本語 " * 2000,
        "[" * 10_000,
        "la " * 3000,
    ],
)
def test_long_texts_are_read_in_no_time(text: str) -> None:
    language_of("Labas rytas mano brangioji")  # the detector is loaded before the clock runs
    for reader in (language_of, described_language, asked_language, without_language):
        assert first_run_s(partial(reader, text)) < 1.0
